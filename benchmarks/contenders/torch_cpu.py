"""PyTorch on the CPU: eager, compiled, and with a DataLoader."""

import warnings

import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.contenders import Contender
from reference import convert, training


class Torch(Contender):
    """PyTorch, eager: the loop of `reference.training`, on tensors in memory."""

    device = "cpu"

    def __init__(self, problem):
        X, y = problem.floats()
        self.X, self.y = torch.from_numpy(X).to(self.device), torch.from_numpy(y).to(self.device)
        self.batch_size = problem.batch_size
        self.net = convert.to_torch(problem.network()).to(self.device)
        self.loss = convert.LOSSES[problem.book.loss]
        self.optimizer = torch.optim.SGD(self.net.parameters(), problem.lr)

    def batches(self, order):
        for rows in torch.from_numpy(order).split(self.batch_size):
            yield self.X[rows], self.y[rows]

    def epoch(self, order):
        history = training.train(self.net, self.loss, self.optimizer, self.batches(order), num_epochs=1)
        return history.train_loss[-1]


class TorchCompile(Torch):
    """PyTorch, with the network and the loss compiled by torch.compile."""

    def __init__(self, problem):
        super().__init__(problem)
        warnings.filterwarnings("ignore", module=r"torch\._inductor")  # its advice would stand between the tables
        self.net, self.loss = torch.compile(self.net), torch.compile(self.loss)


class TorchTensorDataset(Torch):
    """PyTorch with its usual DataLoader over a TensorDataset: tensors in memory, batches collated by example."""

    def batches(self, order):
        return DataLoader(TensorDataset(self.X, self.y), self.batch_size, sampler=order.tolist())
