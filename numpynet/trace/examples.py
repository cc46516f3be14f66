"""The three models of the book, cut so small that a pencil can follow them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from numpynet import models
from numpynet.arguments import Array
from numpynet.layers import Sequential
from numpynet.losses import CrossEntropyLoss, SquaredLoss
from numpynet.trace.passes import trace
from numpynet.trace.record import Trace


class Example(NamedTuple):
    """What `trace` takes."""

    net: Sequential
    loss: Any
    X: Array
    y: Array


SMALL: dict[str, Callable[[np.random.Generator], tuple[Sequential, int]]] = {  # a network, and a number of examples
    "linear": lambda rng: (models.linear_regression(2, rng=rng, dtype=np.float64), 3),
    "softmax": lambda rng: (models.softmax_regression(2, 3, rng=rng, dtype=np.float64), 4),
    "mlp": lambda rng: (models.mlp(2, 3, 2, rng=rng, dtype=np.float64), 3),
}


def example(model: str, seed: int = 0) -> Example:
    """A small model called "linear", "softmax" or "mlp" and a few examples, all in numbers of two decimals.

    Every class occurs, no gradient of a parameter is tiny, and each hidden unit is on for some examples and off for
    others.
    Raises: ValueError for an unknown model.
    """
    if model not in SMALL:
        raise ValueError(f"example: model must be one of {', '.join(SMALL)}, got {model!r}")
    rng = np.random.default_rng(seed)
    while True:
        net, n = SMALL[model](rng)
        for parameter in net.parameters():
            parameter.data = rng.uniform(-1.5, 1.5, parameter.data.shape).round(2)
        X = rng.uniform(-2, 2, (n, 2)).round(2)
        loss, y = (SquaredLoss(), rng.uniform(-2, 2, (n, 1)).round(2)) if model == "linear" else _classes(net, n, rng)
        if _is_clear(trace(net, loss, X, y)):
            return Example(net, loss, X, y)


def _classes(net: Sequential, n: int, rng: np.random.Generator) -> tuple[CrossEntropyLoss, Array]:
    return CrossEntropyLoss(), rng.permutation(np.arange(n) % net.parameters()[-1].data.size)


def _is_clear(t: Trace) -> bool:
    """Whether there is something to see in each array."""
    gradients = [np.abs(t[name]) for name in t.names if name.startswith(("grad_W", "grad_b"))]
    if any(each.max() < 0.05 or np.median(each) < 0.01 for each in gradients):
        return False
    if "P" in t and max(t["P"].max(), 1 - t["P"].min()) > 0.95:
        return False
    on = (t["Z1"] > 0).sum(axis=0) if "Z1" in t else np.ones(1)
    return "Z1" not in t or bool((on > 0).all() and (on < len(t["X"])).all() and np.abs(t["Z1"]).min() > 0.05)


def example_trace(model: str, seed: int = 0) -> Trace:
    """The trace of an example. Raises: as `example`.

    >>> t = example_trace("linear")
    >>> t.names
    ['X', 'y_hat', 'loss', 'grad_y_hat', 'grad_W', 'grad_b']
    """
    return trace(*example(model, seed))
