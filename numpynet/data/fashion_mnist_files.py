"""The four files of Fashion-MNIST: what each must hold, where they may be, and reading one with its SHA-256 checked."""

from __future__ import annotations

import io
import math
import os
import sys
import tempfile
from typing import NamedTuple

from numpynet.arguments import Array
from numpynet.data.dataset import ChecksumError, DataError
from numpynet.data.idx import TruncatedError, idx_header, parse_idx


class File(NamedTuple):
    """One of the four files: its name, the shape of its array, and the SHA-256 digests that identify it."""

    name: str
    shape: tuple[int, ...]
    sha256: str
    packed_size: int  # of NAME.gz, as it is published
    packed_sha256: str
    mnist_sha256: str  # of MNIST's file of the same name, which differs only in its numbers


FILES = (
    File(
        "train-images-idx3-ubyte",
        (60000, 28, 28),
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        26421880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    File(
        "train-labels-idx1-ubyte",
        (60000,),
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        29515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    File(
        "t10k-images-idx3-ubyte",
        (10000, 28, 28),
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        4422102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    File(
        "t10k-labels-idx1-ubyte",
        (10000,),
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        5148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def forms_in(folder: str, file: File) -> list[str]:
    """The paths in folder of a file's two forms, uncompressed and compressed, if they exist."""
    paths = (os.path.join(folder, file.name + form) for form in ("", ".gz"))
    return [path for path in paths if os.path.isfile(path)]


def fashion_mnist_folders(root: str | os.PathLike[str] | None = None) -> list[str]:
    """The folders in which a copy may be, in order. If root is given, or else $NUMPYNET_DATA is set, it is the only
    place; otherwise ./data, ../data, Keras's folder and the user's cache. Each also has torchvision's FashionMNIST/raw.
    """
    given = root if root is not None else os.environ.get("NUMPYNET_DATA")
    if given:
        roots = [os.path.expanduser(os.fspath(given))]
    else:
        roots = ["data", os.path.join("..", "data"), _in_home(".keras", "datasets", "fashion-mnist"), _user_cache()]
    return [folder for root in roots for folder in (root, os.path.join(root, "FashionMNIST", "raw"))]


def _in_home(*names: str) -> str:
    home = os.path.expanduser("~")
    return os.path.join(tempfile.gettempdir() if home == "~" else home, *names)  # a user may have no home


def _user_cache() -> str:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or _in_home("AppData", "Local")
    elif sys.platform == "darwin":
        base = _in_home("Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or _in_home(".cache")
    return os.path.join(base, "numpynet")


def read_file(path: str, file: File) -> Array:
    """The array in one form of a file; DataError or ChecksumError, beginning with its path, if the file is wrong."""
    import hashlib  # here, because it takes longer to import than all of numpynet's core

    packed = path.endswith(".gz")
    header = idx_header(file.shape)
    unpacked_size = len(header) + math.prod(file.shape)
    size, wanted = (file.packed_size, file.packed_sha256) if packed else (unpacked_size, file.sha256)
    with open(path, "rb") as stream:
        content = stream.read(unpacked_size + (1 << 20))  # more than any compressed form needs
    try:
        array = parse_idx(io.BytesIO(content), path, file.shape)
    except DataError as error:
        if isinstance(error, TruncatedError) and len(content) < size:
            raise DataError(f"{path}: truncated at byte {len(content)} of {size}") from None
        what = str(error).removeprefix(f"{path}: ")
    else:
        digest = hashlib.sha256(header)
        digest.update(array.data)
        found = digest.hexdigest()
        if found == file.sha256:
            return array
        if found == file.mnist_sha256:
            raise ChecksumError(f"{path}: this is MNIST, not Fashion-MNIST")
        what = "complete, but with different numbers, like MNIST or a modified copy"
    seen = hashlib.sha256(content).hexdigest()
    raise ChecksumError(f"{path}: changed ({what}): SHA-256 must be {wanted}, got {seen}")
