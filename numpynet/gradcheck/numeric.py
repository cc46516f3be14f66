"""Gradients without formulas: move a number up a little and down a little, and see how much the loss changes.

This is slow and never exact, but it knows nothing about backpropagation, so it cannot repeat a mistake made there. In
float64 a step of 1e-5 gives a relative error of about 1e-10; in float32 the result would be useless.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numpynet.arguments import Array

STEP = 1e-5


def central_differences(f: Callable[[Array], Any], X: Array, h: float = STEP) -> Array:
    """∂f/∂X for a scalar f, entry by entry: (f(X + h) − f(X − h)) / 2h.

    Why: f(X ± h) = f(X) ± h f′ + h²/2 f″ ± h³/6 f‴ ...; the even terms cancel in the difference, so the error is
    h²/6 f‴. The one-sided difference (f(X + h) − f(X)) / h would have an error of h/2 f″. Each call of f gets its own
    copy of X.

    Shapes: X any -> the same. dtype: float64. Cost: two calls of f for each entry.

    >>> central_differences(lambda X: X[0] ** 2 * X[1], np.array([3.0, 5.0])).round(6)  # 2·3·5 and 3²
    array([30.,  9.])
    """
    gradient = np.empty(X.shape, np.float64)
    for index in np.ndindex(X.shape):
        above, below = X.copy(), X.copy()
        above[index] += h
        below[index] -= h
        gradient[index] = (f(above) - f(below)) / (2 * h)
    return gradient


def directional_difference(f: Callable[[Array], Any], X: Array, V: Array, h: float = 1e-4) -> float:
    """Σ V ∘ ∂f/∂X, the derivative of f along V, from four calls of f whatever the size of X.

    Why: (f(X + hV) − f(X − hV)) / 2h has an error of h²/6 f‴; with 2h for h the error is four times as large. In 4/3 of
    the first minus 1/3 of the second, the two errors cancel. A gradient with any wrong entry gives the wrong derivative
    along a random direction: one number checks all entries, but does not say which one is wrong.

    Shapes: X and V the same, any -> a number. Cost: four calls of f.

    >>> print(round(directional_difference(lambda X: X[0] * X[1], np.array([3.0, 5.0]), np.array([1.0, 10.0])), 6))
    35.0
    """
    near = (f(X + h * V) - f(X - h * V)) / (2 * h)
    far = (f(X + 2 * h * V) - f(X - 2 * h * V)) / (4 * h)
    return float((4 * near - far) / 3)


def kink_size(f: Callable[[Array], Any], X: Array, index: tuple[int, ...], h: float = STEP) -> float:
    """The difference between the one-sided derivatives along one entry: about h f″, or, at a kink, the jump.

    Shapes: X any, index an entry of it -> a number. Cost: three calls of f.

    >>> kink_size(lambda X: abs(X[0]), np.array([0.0]), (0,))  # from −1 to +1
    2.0
    """
    above, below = X.copy(), X.copy()
    above[index] += h
    below[index] -= h
    return float(abs(f(above) - 2 * f(X) + f(below)) / h)


def shifts_away_from_zero(Z: Array, margin: float) -> Array:
    """For each column of Z, the smallest shift that moves all its entries at least `margin` away from 0.

    A central difference across the ReLU's kink at 0 averages the derivatives on the two sides, and equals neither.

    Shapes: Z (n, m) -> (m,). Cost: n² passes over a row of Z: each entry is tried at −margin and at +margin.

    >>> shifts_away_from_zero(np.array([[0.0, 2.0, 0.3], [5.0, -3.0, -0.1]]), margin=0.5)
    array([0.5, 0. , 0.6])
    """
    edges = np.concatenate([margin - Z, -margin - Z])  # shifts that move an entry to +margin or to −margin
    edges = np.concatenate([np.zeros((1, Z.shape[1])), edges])
    distances = np.abs(Z[None] + edges[:, None]).min(axis=1, initial=np.inf)
    sizes = np.where(distances >= margin * (1 - 1e-9), np.abs(edges), np.inf)
    shifts: Array = edges[sizes.argmin(axis=0), np.arange(Z.shape[1])]
    return shifts
