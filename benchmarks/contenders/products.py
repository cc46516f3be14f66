"""The floor under all contenders: the matrix products of every step, in NumPy, and nothing else."""

import numpy as np

from benchmarks.contenders import Contender


class Products(Contender):
    """The products of forward and backward pass, on batches prepared in advance. It learns nothing."""

    def __init__(self, problem):
        rng = np.random.default_rng(0)
        self.batch_size = problem.batch_size
        self.W = [W for W in problem.params().values() if W.ndim == 2]
        widths = [self.W[0].shape[0], *(W.shape[1] for W in self.W)]
        self.A = [rng.normal(size=(self.batch_size, width)).astype(np.float32) for width in widths]

    def epoch(self, order):
        for start in range(0, len(order), self.batch_size):
            A = [a[: len(order) - start] for a in self.A]
            for i, W in enumerate(self.W):
                A[i] @ W  # forward
                A[i].T @ A[i + 1]  # the gradient of W
                if i > 0:
                    A[i + 1] @ W.T  # the gradient of the layer's input, which the first layer does not need
