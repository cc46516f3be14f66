"""Data for linear regression, generated from a known W and b, so that we can see whether training recovers them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from numpynet import arguments
from numpynet.arguments import Array


def synthetic_regression(
    w: Sequence[float] = (2.0, -3.4),
    b: float = 4.2,
    num_examples: int = 1000,
    *,
    rng: np.random.Generator,
    noise: float = 0.01,
    dtype: DTypeLike = np.float32,
) -> tuple[Array, Array]:
    """X ~ N(0, 1) and y = X w + b + ε, with ε ~ N(0, noise²).

    Shapes: w (d,) -> X (num_examples, d), y (num_examples, 1). dtype: float32 by default, or float64.
    Cost: d + 1 random numbers per example.
    Raises: TypeError or ValueError for a num_examples that is not a whole number of at least 1, a negative noise, or
    other arguments of the wrong shape or kind.
    Source: D2L 3.2.

    >>> X, y = synthetic_regression([2.0, -3.4], 4.2, 1000, rng=np.random.default_rng(0))
    >>> X.shape, y.shape
    ((1000, 2), (1000, 1))
    """
    arguments.check_size("synthetic_regression", "num_examples", num_examples)
    arguments.check_number("synthetic_regression", "noise", noise)
    arguments.check_float_dtype("synthetic_regression", dtype)
    arguments.check_rng("synthetic_regression", rng)
    if np.ndim(w) != 1 or np.ndim(b) != 0 or len(w) == 0:
        raise ValueError(f"synthetic_regression: w must have shape (d,) and b (), got {np.shape(w)} and {np.shape(b)}")
    W = np.asarray(w, np.float64)[:, None]
    X = rng.normal(0, 1, (num_examples, len(W)))
    y = X @ W + b + rng.normal(0, noise, (num_examples, 1))
    return X.astype(dtype), y.astype(dtype)
