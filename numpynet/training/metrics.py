"""How good the predictions are: the share of examples whose largest logit is that of the right class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.data.batches import minibatches


def accuracy(O: Array, y: Array) -> float:
    """The share of the rows of O whose largest logit is that of the right class.

    Shapes: O (n, q), y (n,) integer classes -> a number in [0, 1]. Cost: three passes over O.
    Raises: as `functional.softmax_cross_entropy`; ValueError for a row that contains NaN, which has no largest logit.
    Source: D2L 3.6.

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    arguments.check_labels("accuracy", "O", O, y)
    if np.isnan(O).any():
        row = int(np.isnan(O).any(axis=1).argmax())
        raise ValueError(f"accuracy: O must not hold NaN, got NaN in row {row}")
    return float(np.count_nonzero(O.argmax(axis=1) == y) / len(y))


def evaluate_accuracy(net: Callable[[Array], Array], X: Array, y: Array, batch_size: int = 256) -> float:
    """The accuracy of net, a network or any function from X to logits, over a whole data set, a batch at a time.

    Shapes: X (n, ...), y (n,). dtype: uint8 X are passed to net as float32 in [0, 1]. Cost: a forward pass for every
    example. Raises: as `accuracy`; ValueError for a data set without examples. Source: D2L 3.6.
    """
    batches = minibatches(X, y, batch_size)
    if len(X) == 0:
        raise ValueError("evaluate_accuracy: X must have at least one example, got none")
    right = sum(accuracy(net(X_batch), y_batch) * len(y_batch) for X_batch, y_batch in batches)
    return right / len(X)


def evaluate(
    predict: Callable[[Array], Array], X: Array, y: Array, batch_size: int, loss: Callable[[Array, Array], Any] | None
) -> tuple[float | None, float]:
    """The mean loss, None where it is not known, and the accuracy over a whole data set, a batch at a time."""
    total_loss = right = 0.0
    for X_batch, y_batch in minibatches(X, y, batch_size):
        O = predict(X_batch)
        right += accuracy(O, y_batch) * len(y_batch)
        if loss is not None:
            total_loss += float(loss(O, y_batch)) * len(y_batch)  # weighted, because the last batch may be short
    return None if loss is None else total_loss / len(X), right / len(X)
