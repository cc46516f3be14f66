"""JAX on the CPU, with the training step compiled by jit."""

import jax
import jax.numpy as jnp

from benchmarks.contenders import Contender
from numpynet import CrossEntropyLoss, SquaredLoss

jax.config.update("jax_platforms", "cpu")  # this contender races on the CPU even where JAX could use a GPU


def predict(params, X):
    *hidden, (W, b) = params
    for V, c in hidden:
        X = jnp.maximum(X @ V + c, 0)
    return X @ W + b


def squared_loss(y_hat, y):
    return jnp.mean((y_hat - y) ** 2) / 2


def cross_entropy(O, y):
    return jnp.mean(jax.nn.logsumexp(O, axis=1) - O[jnp.arange(len(y)), y])


LOSSES = {SquaredLoss: squared_loss, CrossEntropyLoss: cross_entropy}


class Jax(Contender):
    """JAX: data in JAX arrays; the compiled step also gathers its batch."""

    def __init__(self, problem):
        X, y = problem.floats()
        self.X, self.y, self.batch_size = jnp.asarray(X), jnp.asarray(y), problem.batch_size
        arrays = [jnp.asarray(array) for array in problem.params().values()]
        self.params = list(zip(arrays[::2], arrays[1::2], strict=True))  # W and b of each layer
        loss, lr = LOSSES[problem.book.loss], problem.lr

        @jax.jit
        def step(params, X, y, rows):
            value, grads = jax.value_and_grad(lambda params: loss(predict(params, X[rows]), y[rows]))(params)
            return jax.tree.map(lambda W, grad_W: W - lr * grad_W, params, grads), value * len(rows)

        self.step = step

    def epoch(self, order):
        total = 0.0
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            self.params, value = self.step(self.params, self.X, self.y, rows)
            total = total + value
        return float(total) / len(order)
