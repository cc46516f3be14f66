"""The NumPy calls of each step written bare: beside them, what numpynet's checks, objects and loop cost."""

import numpy as np

from benchmarks.contenders import Contender


class Bare(Contender):
    """Nothing is checked, remembered or named. The operations are numpynet's, in the same order."""

    def __init__(self, problem):
        self.X, self.y = problem.data()
        self.params = list(problem.params().values())
        self.batch_size, self.lr = problem.batch_size, problem.lr

    def epoch(self, order):
        step = self.squared_loss if self.y.dtype.kind == "f" else self.cross_entropy
        total = 0.0
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            total += len(rows) * float(step(self.X.take(rows, axis=0), self.y.take(rows, axis=0)))
        return total / len(order)

    def squared_loss(self, X, y):
        W, b = self.params
        y_hat = X @ W + b
        loss = ((y_hat - y) ** 2).sum() / y.size / 2
        grad_y_hat = (y_hat - y) / y.size
        grad_W, grad_b = X.T @ grad_y_hat, grad_y_hat.sum(axis=0)
        W -= self.lr * grad_W
        b -= self.lr * grad_b
        return loss

    def cross_entropy(self, X, y):
        X = (X / np.float32(255)).reshape(len(X), -1)
        W, b = self.params[-2:]
        H = X
        if len(self.params) > 2:
            W1, b1 = self.params[:2]
            H = np.maximum(X @ W1 + b1, 0)
        O = H @ W + b
        O -= O.max(axis=1, keepdims=True)
        E = np.exp(O)
        sums = E.sum(axis=1, keepdims=True)
        rows = np.arange(len(y))
        loss = (np.log(sums[:, 0]) - O[rows, y]).sum() / len(y)
        grad_O = E / sums
        grad_O[rows, y] -= 1
        grad_O /= len(y)
        grads = [H.T @ grad_O, grad_O.sum(axis=0)]
        if H is not X:
            grad_Z = grad_O @ W.T * (H > 0)
            grads = [X.T @ grad_Z, grad_Z.sum(axis=0), *grads]
        for param, grad in zip(self.params, grads, strict=True):
            param -= self.lr * grad
        return loss
