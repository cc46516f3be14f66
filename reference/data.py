"""Fashion-MNIST by the book's route (D2L 3.5): torchvision's data set, a transform to floats, a DataLoader."""

import gzip
import shutil
import tempfile
from pathlib import Path

from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import FashionMNIST

from numpynet.data import DataError
from numpynet.data.fashion_mnist import FILES, find_fashion_mnist


def load_fashion_mnist(root=None):
    """torchvision's training and test set, from the copy that `numpynet.load_fashion_mnist(root)` reads; no download.

    torchvision wants the four files unpacked in FashionMNIST/raw. They are put there in a temporary folder, which is
    gone when they have been read.
    """
    source = find_fashion_mnist(root)
    if source is None:
        raise DataError("load_fashion_mnist: missing: no copy of Fashion-MNIST was found (numpynet info says where)")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "FashionMNIST", "raw")
        raw.mkdir(parents=True)
        for file in FILES:
            unpacked, packed = Path(source, file.name), Path(source, f"{file.name}.gz")
            path, open_file = (unpacked, open) if unpacked.exists() else (packed, gzip.open)
            with open_file(path, "rb") as content, (raw / file.name).open("wb") as copy:
                shutil.copyfileobj(content, copy)
        return tuple(FashionMNIST(folder, train=train, transform=transforms.ToTensor()) for train in (True, False))


def loaders(batch_size, root=None):
    """A shuffled DataLoader of the training set, and one of the test set, as the book makes them."""
    train, test = load_fashion_mnist(root)
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size, shuffle=False)
