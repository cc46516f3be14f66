"""PyTorch as the book uses it: torchvision's FashionMNIST, ToTensor for every image, a DataLoader."""

from torch.utils.data import DataLoader

from benchmarks.contenders import CannotRaceError
from benchmarks.contenders.torch_cpu import Torch
from numpynet import DataError
from reference.data import load_fashion_mnist


class TorchBook(Torch):
    """PyTorch, eager, with the book's data set and DataLoader."""

    def __init__(self, problem):
        if "fashion-mnist" not in problem.book.data:
            raise CannotRaceError("it trains on images only")
        super().__init__(problem)
        try:
            self.dataset, _ = load_fashion_mnist()
        except DataError:
            raise CannotRaceError("it reads nothing but Fashion-MNIST, and there is no copy here") from None

    def batches(self, order):
        return DataLoader(self.dataset, self.batch_size, sampler=order.tolist())
