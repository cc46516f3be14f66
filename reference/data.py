"""Fashion-MNIST as the book loads it (D2L 3.5): torchvision's data set, a transform to floats, a DataLoader."""

import tempfile
from pathlib import Path

from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import FashionMNIST

import numpynet
from numpynet.data.fashion_mnist_files import FILES
from numpynet.data.idx import idx_header


def load_fashion_mnist(root=None):
    """torchvision's training and test sets, from the copy that `numpynet.load_fashion_mnist(root)` finds and verifies.

    torchvision reads four unpacked files from FashionMNIST/raw. They are written to a temporary folder, which is
    deleted once they have been read.
    """
    own = numpynet.load_fashion_mnist(root)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "FashionMNIST", "raw")
        raw.mkdir(parents=True)
        for file, array in zip(FILES, [*own.train, *own.test], strict=True):
            (raw / file.name).write_bytes(idx_header(array.shape) + array.tobytes())
        return tuple(FashionMNIST(folder, train=train, transform=transforms.ToTensor()) for train in (True, False))


def loaders(batch_size, root=None):
    """The book's two DataLoaders: a shuffled one for the training set, and one for the test set."""
    train, test = load_fashion_mnist(root)
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size, shuffle=False)
