"""Fashion-MNIST from a copy on this machine: 60,000 + 10,000 pictures of clothes, 28 by 28, in 10 classes (Xiao, Rasul
and Vollgraf, 2017). Every load checks the content of each file against its published SHA-256.
"""

from __future__ import annotations

import os

from numpynet.arguments import Array
from numpynet.data import fashion_mnist_files
from numpynet.data.dataset import DataError, ImageDataset, Split
from numpynet.data.fashion_mnist_files import File, fashion_mnist_folders, forms_in, read_file

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


def load_fashion_mnist(root: str | os.PathLike[str] | None = None, *, download: bool = False) -> ImageDataset:
    """Fashion-MNIST, from the first of `fashion_mnist_folders(root)` that has a correct copy, compressed or not.

    Every load checks each file's SHA-256. With download=True, missing or wrong files are downloaded first
    (`numpynet.data.download`); if a correct copy is found, the network is not used.

    Shapes: train.X (60000, 28, 28), train.y (60000,), test.X (10000, 28, 28), test.y (10000,). dtype: uint8.
    Cost: 55 MB; half a second, most of it unpacking. A download is 31 MB.
    Raises: DataError if no copy is found, or a file is missing or truncated; ChecksumError, a DataError, if its content
    has changed or belongs to a different data set; DownloadError, an OSError, if no mirror provided a file.
    Source: D2L 3.5; torchvision.datasets.FashionMNIST, whose folders are read too.
    """
    return load_copy(root, download=download)[0]


def load_copy(root: str | os.PathLike[str] | None = None, *, download: bool = False) -> tuple[ImageDataset, str]:
    """The data set, and the folder that it was read from."""
    errors = []
    for folder in fashion_mnist_folders(root):
        if any(forms_in(folder, file) for file in fashion_mnist_files.FILES):
            try:
                train_X, train_y, test_X, test_y = (_load(folder, file) for file in fashion_mnist_files.FILES)
            except DataError as error:
                errors.append(error)
            else:
                return ImageDataset(Split(train_X, train_y), Split(test_X, test_y), CLASS_NAMES), folder
    if download:
        from numpynet.data.download import download_fashion_mnist

        download_fashion_mnist(root)
        return load_copy(root)
    if errors:
        raise errors[0]
    names, looked = ", ".join(file.name for file in fashion_mnist_files.FILES), ", ".join(fashion_mnist_folders(root))
    raise DataError(
        f"load_fashion_mnist: missing: none of its files ({names}, with or without .gz) is in {looked}; "
        "`numpynet data --download` fetches them; if you have them, name their folder with root or NUMPYNET_DATA"
    )


def find_fashion_mnist(root: str | os.PathLike[str] | None = None) -> str | None:
    """The first of `fashion_mnist_folders(root)` that holds any of the four files, or None."""
    for folder in fashion_mnist_folders(root):
        if any(forms_in(folder, file) for file in fashion_mnist_files.FILES):
            return folder
    return None


def _load(folder: str, file: File) -> Array:
    """One file's array, from its first correct form; DataError says what is wrong with the first form that exists."""
    errors = []
    for path in forms_in(folder, file):
        try:
            return read_file(path, file)
        except DataError as error:
            errors.append(error)
    path = os.path.join(folder, file.name)
    raise errors[0] if errors else DataError(f"{path}.gz: missing; `numpynet data --download` fetches it")
