"""Fashion-MNIST from a copy on this machine: 60,000 + 10,000 pictures of clothes, 28 by 28, in 10 classes (Xiao, Rasul
and Vollgraf, 2017). Every file is checked against its published SHA-256 at every load; nothing is downloaded.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from numpynet.data.dataset import ChecksumError, DataError, ImageDataset, Split
from numpynet.data.idx import parse_idx
from numpynet.functional import Array

CLASS_NAMES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


class _File(NamedTuple):
    name: str
    shape: tuple[int, ...]
    packed: tuple[int, str]  # size and SHA-256 of NAME.gz
    unpacked: tuple[int, str]  # and of NAME


FILES = (
    _File(
        "train-images-idx3-ubyte",
        (60000, 28, 28),
        (26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (47040016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    ),
    _File(
        "train-labels-idx1-ubyte",
        (60000,),
        (29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (60008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    ),
    _File(
        "t10k-images-idx3-ubyte",
        (10000, 28, 28),
        (4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (7840016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    ),
    _File(
        "t10k-labels-idx1-ubyte",
        (10000,),
        (5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        (10008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ),
)


def load_fashion_mnist(root: str | os.PathLike[str] | None = None) -> ImageDataset:
    """Fashion-MNIST, from the first of `fashion_mnist_folders(root)` that holds any of its four files, packed or not.

    Shapes: train.X (60000, 28, 28), train.y (60000,), test.X (10000, 28, 28), test.y (10000,). dtype: uint8.
    Cost: 55 MB; half a second, most of it unpacking.
    Raises: DataError where no copy is found, a file is missing or truncated, or it is another data set's;
    ChecksumError, a DataError, where its content has changed.
    Source: D2L 3.5; torchvision.datasets.FashionMNIST, whose folders are read too.
    """
    folder = find_fashion_mnist(root)
    if folder is None:
        names, looked = ", ".join(file.name for file in FILES), ", ".join(fashion_mnist_folders(root))
        raise DataError(
            f"load_fashion_mnist: missing: none of its files ({names}, with or without .gz) is in {looked}; "
            "they come from github.com/zalandoresearch/fashion-mnist, and root or NUMPYNET_DATA can name their folder"
        )
    train_X, train_y, test_X, test_y = (_load(folder, file) for file in FILES)
    return ImageDataset(Split(train_X, train_y), Split(test_X, test_y), CLASS_NAMES)


def find_fashion_mnist(root: str | os.PathLike[str] | None = None) -> str | None:
    """The first of `fashion_mnist_folders(root)` that holds any of the four files, or None."""
    for folder in fashion_mnist_folders(root):
        if any(os.path.isfile(os.path.join(folder, file.name + form)) for file in FILES for form in ("", ".gz")):
            return folder
    return None


def fashion_mnist_folders(root: str | os.PathLike[str] | None = None) -> list[str]:
    """Where a copy is looked for, in order. A root given, or else $NUMPYNET_DATA, is the only place; without either:
    ./data, ../data, Keras's folder and the user's cache. Below each of them also torchvision's FashionMNIST/raw.
    """
    given = root if root is not None else os.environ.get("NUMPYNET_DATA")
    if given:
        roots = [os.fspath(given)]
    else:
        roots = ["data", os.path.join("..", "data"), _in_home(".keras", "datasets", "fashion-mnist"), _user_cache()]
    return [folder for root in roots for folder in (root, os.path.join(root, "FashionMNIST", "raw"))]


def _in_home(*names: str) -> str:
    return os.path.join(os.path.expanduser("~"), *names)


def _user_cache() -> str:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or _in_home("AppData", "Local")
    elif sys.platform == "darwin":
        base = _in_home("Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or _in_home(".cache")
    return os.path.join(base, "numpynet")


def _load(folder: str, file: _File) -> Array:
    """One file's array, from its unpacked form if it is there, else from the packed one; or what is wrong with it."""
    import hashlib  # here, as it takes longer to import than all of numpynet's core

    path, (size, digest) = os.path.join(folder, file.name), file.unpacked
    if not os.path.isfile(path):
        path, (size, digest) = path + ".gz", file.packed
    if not os.path.isfile(path):
        raise DataError(f"load_fashion_mnist: missing: {path}")
    with open(path, "rb") as stream:
        content = stream.read(size + 1)  # one byte more shows that a file is too long
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise _what_is_wrong(path, content, file.shape, size, f"SHA-256 must be {digest}, got {found}")
    return parse_idx(content, path, file.shape)


def _what_is_wrong(path: str, content: bytes, shape: tuple[int, ...], size: int, digests: str) -> DataError:
    if len(content) > size:
        return DataError(
            f"load_fashion_mnist: {path} must have {size} bytes, got more: "
            "this is another data set (MNIST?), or packed anew"
        )
    try:
        parse_idx(content, path, shape)
    except DataError as error:
        if "shape must be" in str(error):
            return DataError(f"load_fashion_mnist: this is another data set: {error}")
        if len(content) < size:
            return DataError(f"load_fashion_mnist: {path} is truncated: {len(content)} of {size} bytes")
        return ChecksumError(f"load_fashion_mnist: {path} is damaged: {digests}")
    return ChecksumError(
        f"load_fashion_mnist: {path} is whole, but this is another data set (MNIST?), or packed anew: {digests}"
    )
