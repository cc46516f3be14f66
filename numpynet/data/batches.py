"""Minibatches: the training data in random order, a few examples at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array


def minibatches(
    X: Array, y: Array, batch_size: int, *, rng: np.random.Generator | None = None
) -> Iterator[tuple[Array, Array]]:
    """The examples in batches of batch_size, in an order drawn from rng, or in their original order if rng is None.

    Every example appears exactly once; the last batch is short if batch_size does not divide n. uint8 images stay uint8
    in memory, where float32 would take four times as much, and each batch is returned as float32 in [0, 1]: x / 255.

    Shapes: X (n, ...), y (n, ...) -> batches (batch_size, ...), (batch_size, ...).
    dtype: that of X and y, but uint8 and float16 X become float32. Cost: one copy of the data, a batch at a time.
    Raises: TypeError or ValueError, at once, unless batch_size is a whole number of at least 1 and X and y are
    arrays of the same length.
    Source: D2L 3.2, 3.5; torch.utils.data.DataLoader.

    >>> X, y = np.array([[0], [51], [255]], np.uint8), np.array([7, 8, 9])
    >>> for batch in minibatches(X, y, 2):
    ...     print(*batch)
    [[0. ]
     [0.2]] [7 8]
    [[1.]] [9]
    """
    arguments.check_size("minibatches", "batch_size", batch_size)
    if rng is not None:
        arguments.check_rng("minibatches", rng)
    arguments.check_examples("minibatches", X, y)
    return batches_in_order(X, y, batch_size, np.arange(len(X)) if rng is None else rng.permutation(len(X)))


def batches_in_order(X: Array, y: Array, batch_size: int, order: Array) -> Iterator[tuple[Array, Array]]:
    """The examples whose indices are in order, in that order, batch_size at a time."""
    floats = as_floats(X[:0]).dtype == X.dtype  # then there is nothing to convert
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        X_batch, y_batch = X.take(rows, axis=0), y.take(rows, axis=0)  # X[rows] and y[rows], but faster
        yield (X_batch if floats else as_floats(X_batch)), y_batch


def as_floats(X: Array) -> Array:
    """uint8 images as float32 in [0, 1], x / 255; float16, which is too coarse for sums, as float32; else X itself."""
    if X.dtype == np.uint8:
        return X / np.float32(255)
    return X.astype(np.float32) if X.dtype == np.float16 else X
