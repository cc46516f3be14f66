"""An image data set: a training and a test part, each with images and labels, and the names of the classes."""

from typing import NamedTuple

from numpynet.arguments import Array


class DataError(ValueError):
    """A data file is missing, truncated, damaged, or not the one it should be; the message says which, and where."""


class ChecksumError(DataError):
    """A data file's SHA-256 differs from the published one."""


class DownloadError(OSError):
    """No mirror provided a data file; the message says why for each, and which folder to put the files into by hand."""


class Split(NamedTuple):
    """Examples X, such as uint8 images (n, 28, 28), and their targets y, such as uint8 classes (n,).

    It is a tuple, so it can be unpacked: X, y = data.train.
    """

    X: Array
    y: Array


class ImageDataset(NamedTuple):
    """A training and a test part, and a name for each class."""

    train: Split
    test: Split
    class_names: tuple[str, ...]
