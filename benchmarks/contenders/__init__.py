"""The contenders, one class per implementation, one file per library.

All start from the same weights and train on the examples in the same order, so all must arrive at the same loss. A
library is imported only when one of its contenders is made; a contender whose library is missing is left out.
"""

import importlib
import time


class CannotRaceError(Exception):
    """A contender that cannot take part: it does not apply to the problem, or needs something that is not there."""


class Contender:
    """Trains a problem (`problems.Problem`), one epoch at a time."""

    def __init__(self, problem):
        raise NotImplementedError

    def epoch(self, order):
        """Train on the examples in this order, an array of their indices, and return the mean loss."""
        raise NotImplementedError

    def timed_epoch(self, order):
        """The mean loss and the seconds."""
        start = time.perf_counter()
        loss = self.epoch(order)
        return loss, time.perf_counter() - start


CONTENDERS = {  # by name: the module in this folder, and the class
    "numpynet": ("numpynet", "Numpynet"),
    "numpynet scratch": ("numpynet", "NumpynetScratch"),
    "bare NumPy": ("bare", "Bare"),
    "matrix products": ("products", "Products"),
    "PyTorch": ("torch_cpu", "Torch"),
    "torch.compile": ("torch_cpu", "TorchCompile"),
    "TensorDataset + DataLoader": ("torch_cpu", "TorchTensorDataset"),
    "torchvision + DataLoader": ("torchvision", "TorchBook"),
    "scikit-learn": ("sklearn", "ScikitLearn"),
    "JAX jit": ("jax", "Jax"),
    "PyTorch, GPU": ("torch_gpu", "TorchGpu"),
    "torch.compile, GPU": ("torch_gpu", "TorchGpuCompile"),
    "CUDA graph, GPU": ("torch_gpu", "TorchGpuGraph"),
}
ON_GPU = [name for name in CONTENDERS if name.endswith(", GPU")]


def make_contender(name, problem):
    """The contender of this name, ready to train problem.

    Raises: ImportError if its library is missing, CannotRaceError if it cannot take part for another reason.
    """
    module, class_name = CONTENDERS[name]
    return getattr(importlib.import_module(f"benchmarks.contenders.{module}"), class_name)(problem)
