"""Gradients without any formula: move a number up a little and down a little, and see how the loss follows.

Slow, and never exact, but it knows nothing about backpropagation, so it cannot share a mistake with it. A step of 1e-5
leaves an error of about 1e-10 of the gradient's size in float64; in float32 nothing useful would be left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numpynet.arguments import Array

STEP = 1e-5


def central_differences(f: Callable[[Array], Any], X: Array, h: float = STEP) -> Array:
    """∂f/∂X for a scalar f, entry by entry: (f(X + h) − f(X − h)) / 2h.

    Why: f(X ± h) = f(X) ± h f′ + h²/2 f″ ± h³/6 f‴ ...; in the difference every even term cancels, so the error is
    h²/6 f‴ and not h/2 f″, as it would be for (f(X + h) − f(X)) / h. Each call of f gets a fresh copy of X.

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
    """Σ V ∘ ∂f/∂X, the slope of f along V, from four calls of f whatever the size of X.

    Why: (f(X + hV) − f(X − hV)) / 2h is off by h²/6 f‴, and with 2h in place of h by four times that. Taking 4/3 of the
    first less 1/3 of the second, the two errors cancel. A gradient that is wrong anywhere gives, along a direction
    drawn at random, the wrong slope: one number checks all entries, but does not say which is wrong.

    Shapes: X and V alike, any -> a number. Cost: four calls of f.

    >>> print(round(directional_difference(lambda X: X[0] * X[1], np.array([3.0, 5.0]), np.array([1.0, 10.0])), 6))
    35.0
    """
    near = (f(X + h * V) - f(X - h * V)) / (2 * h)
    far = (f(X + 2 * h * V) - f(X - 2 * h * V)) / (4 * h)
    return float((4 * near - far) / 3)


def bend(f: Callable[[Array], Any], X: Array, index: tuple[int, ...], h: float = STEP) -> float:
    """How far the slopes on the two sides of X differ along one entry: about h f″, or, at a kink, its jump.

    Shapes: X any, index an entry of it -> a number. Cost: three calls of f.

    >>> bend(lambda X: abs(X[0]), np.array([0.0]), (0,))  # from −1 to +1
    2.0
    """
    above, below = X.copy(), X.copy()
    above[index] += h
    below[index] -= h
    return float(abs(f(above) - 2 * f(X) + f(below)) / h)


def shifts_away_from_zero(Z: Array, least: float) -> Array:
    """For each column of Z the smallest shift after which none of its entries is nearer to 0 than `least`.

    A central difference that straddles the ReLU's bend at 0 measures half of each slope: no gradient at all.

    Shapes: Z (n, m) -> (m,). Cost: n² passes over a row of Z, as each entry is tried at −least and at +least.

    >>> shifts_away_from_zero(np.array([[0.0, 2.0, 0.3], [5.0, -3.0, -0.1]]), least=0.5)
    array([0.5, 0. , 0.6])
    """
    edges = np.concatenate([least - Z, -least - Z])  # shifts that bring an entry to +least, or to −least
    edges = np.concatenate([np.zeros((1, Z.shape[1])), edges])
    distances = np.abs(Z[None] + edges[:, None]).min(axis=1, initial=np.inf)
    sizes = np.where(distances >= least * (1 - 1e-9), np.abs(edges), np.inf)
    shifts: Array = edges[sizes.argmin(axis=0), np.arange(Z.shape[1])]
    return shifts
