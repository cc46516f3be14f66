"""Data: minibatches, Fashion-MNIST from a copy on this machine, generated shapes, and data for linear regression."""

from numpynet.data.batches import minibatches
from numpynet.data.dataset import ChecksumError, DataError, DownloadError, ImageDataset, Split
from numpynet.data.fashion_mnist import load_fashion_mnist
from numpynet.data.idx import read_idx
from numpynet.data.shapes import make_shapes
from numpynet.data.synthetic import synthetic_regression

__all__ = [
    "ChecksumError",
    "DataError",
    "DownloadError",
    "ImageDataset",
    "Split",
    "load_fashion_mnist",
    "make_shapes",
    "minibatches",
    "read_idx",
    "synthetic_regression",
]
