"""Where to ask a function for its gradients: at the caller's own numbers, and at random ones that reveal mistakes.

With one example a mean equals a sum, square weights fit even if not transposed, and units that are never negative need
no mask. So the check draws its own numbers in the caller's shapes: 5 or more examples, a number that differs from all
layer widths; weights and biases such that each hidden unit is positive on some examples and negative on others, and
never near 0.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import ACTIVATIONS, Chain, Point, forward, onehot
from numpynet.gradcheck.numeric import shifts_away_from_zero

# Pre-activations stay at least this far from the ReLU's kink (times the largest input, if that is above 1).
MARGIN = 1e-3


@dataclass(frozen=True)
class Layout:
    """How the caller's arrays map to those of a chain: which parameters are W and b of which layer, in which shapes.

    The formulas use W (inputs, outputs), b (outputs,), X (n, d), and y as (n,) classes or (n, m) numbers. A caller may
    have W (inputs,), b () or (1, outputs), images, y as (n,) numbers, or classes as one-hot rows.
    """

    chain: Chain
    shapes: dict[str, tuple[int, ...]]
    example_shape: tuple[int, ...]
    y_shape: tuple[int, ...] = ()
    y_dtype: Any = np.float64
    alternatives: tuple[Chain, ...] = ()

    def arguments(self, point: Point) -> tuple[dict[str, Array], Array, Array]:
        """Copies of params, X and y in the shapes that the caller's function takes."""
        params = {name: point.params[name].reshape(shape).copy() for name, shape in self.shapes.items()}
        X = point.X.reshape(len(point.X), *self.example_shape).copy()
        if self.chain.kind == "cross_entropy" and len(self.y_shape) == 1:
            y = onehot(point.y, np.empty((len(point.y), self.y_shape[0]))).astype(self.y_dtype)
        else:
            y = point.y.reshape(len(point.X), *self.y_shape).astype(self.y_dtype)
        return params, X, y

    def point(self, params: Mapping[str, Array], X: Array, y: Array) -> Point:
        """The caller's numbers in float64 and in the formulas' shapes."""
        if self.chain.kind == "cross_entropy":
            classes = y.argmax(axis=1) if self.y_shape else y
        else:
            classes = y.reshape(len(y), -1).astype(np.float64)
        arrays = {name: self.canonical(name, params[name].astype(np.float64)) for name in self.shapes}
        return Point(arrays, X.reshape(len(X), -1).astype(np.float64), classes)

    def canonical(self, name: str, array: Array) -> Array:
        """A parameter or its gradient in the formulas' shape; an array of an unexpected shape is returned unchanged."""
        if array.shape != self.shapes[name]:
            return array
        is_bias = any(name == b for _, b in self.chain.weights)
        return array.reshape(-1) if is_bias else array.reshape(len(array), -1)

    def widths(self) -> list[int]:
        """The number of inputs, hidden units, ..., outputs."""
        shapes = [self.shapes[W] for W, _ in self.chain.weights]
        if not shapes:
            return [int(np.prod(self.example_shape))]
        return [shapes[0][0], *(shape[1] if len(shape) > 1 else 1 for shape in shapes)]

    def square(self, width: int) -> Layout:
        """The same with every layer this wide, so that a weight and its transpose have the same shape."""
        shapes = {name: (width,) * len(shape) for name, shape in self.shapes.items()}
        return replace(self, shapes=shapes, example_shape=(width,), y_shape=tuple(width for _ in self.y_shape))


def recognise(params: Mapping[str, Array], X: Array, y: Array) -> list[Layout]:
    """The known models that these arrays may belong to, the likeliest first; [] if there is none."""
    numbered = [re.fullmatch(r"(?:[Ww]|[Bb])_?(\d*)", name) for name in params]
    names = list(params)
    if all(numbered):
        order = {name: int(match[1] or 0) for name, match in zip(names, numbered, strict=True) if match}
        names.sort(key=lambda name: (order[name], name[0] in "bB"))
    weights: list[tuple[str, str | None]] = []
    width = int(np.prod(X.shape[1:]))
    for name in names:
        shape = params[name].shape
        if weights and weights[-1][1] is None and params[name].size == width and shape in {(width,), (1, width), ()}:
            weights[-1] = weights[-1][0], name
        elif shape[:1] == (width,) and len(shape) in (1, 2):
            weights.append((name, None))
            width = shape[1] if len(shape) == 2 else 1
        else:
            return []
    if not weights or len(X) == 0:
        return []
    shapes = {name: array.shape for name, array in params.items()}
    kinds = []
    if width > 1 and y.dtype.kind in "iu" and y.shape == (len(X),) and y.min() >= 0 and y.max() < width:
        kinds = ["cross_entropy"]
    elif y.shape == (len(X), width) or (width == 1 and y.shape == (len(X),)):
        rows = y.reshape(len(X), -1)
        binary = bool(np.all(np.isin(rows, (0, 1))))
        onehot = width > 1 and binary and bool(np.all(rows.sum(axis=1) == 1))
        kinds = ["cross_entropy"] * onehot + ["binary_cross_entropy" if binary else "squared_loss"]
    y_dtype = y.dtype if y.dtype.kind in "iub" else np.float64
    chains = {kind: _possible_chains(kind, tuple(weights)) for kind in kinds}
    return [
        Layout(
            first, shapes, X.shape[1:], y.shape[1:], np.float64 if kind == "squared_loss" else y_dtype, tuple(others)
        )
        for kind, (first, *others) in chains.items()
    ]


def _possible_chains(kind: str, weights: tuple[tuple[str, str | None], ...]) -> list[Chain]:
    """The chains with these weights, the likeliest first: each activation, and each that may follow the last layer."""
    ends = ("", "sigmoid", "tanh", "relu")
    heads: dict[str, tuple[str, ...]] = {kind: ends if kind == "squared_loss" else ("",)}
    if kind == "binary_cross_entropy":
        heads["squared_loss"] = ends
    chains = []
    for loss, possible in heads.items():
        for end, activation in itertools.product(possible, ACTIVATIONS if len(weights) > 1 else ("",)):
            steps = ("linear", activation) * (len(weights) - 1) + ("linear",) + (end,) * bool(end)
            chains.append(Chain(steps, loss, weights, "y_hat" if loss == "squared_loss" else "O"))
    return chains


def draw(layout: Layout, n: int, rng: np.random.Generator) -> Point:
    """Random numbers, n examples: no unit is on for all examples or off for all, and none is near the ReLU's kink."""
    chain, widths = layout.chain, layout.widths()
    params = {}
    for (W, b), d, m in zip(chain.weights, widths[:-1], widths[1:], strict=True):
        params[W] = rng.normal(0, 1.2 / np.sqrt(d), (d, m))
        if b:
            params[b] = np.zeros(m)
    point = Point(params, rng.normal(size=(n, widths[0]) if chain.weights else (n, *layout.example_shape)))
    for step, kind in enumerate(chain.steps):
        _, b = chain.weight_names(step) if kind == "linear" else ("", None)
        if b:
            Z = forward(chain, point)[step + 1]
            params[b] = rng.normal(0, 0.3, Z.shape[1]) - Z.mean(axis=0)  # in the same dict as point.params
    move_away_from_kinks(chain, point, 10 * MARGIN)
    if not chain.kind:
        point.G = rng.normal(size=forward(chain, point)[-1].shape)
    elif chain.kind == "cross_entropy":
        point.y = rng.integers(0, widths[-1], n)  # classes of unequal frequency, so that no mistake averages out
        point.y[0] = (point.y[-1] + (n > 1)) % widths[-1]
        point.y[n // 2] = widths[-1] - 1  # some code counts the classes by the largest label
    elif chain.kind == "binary_cross_entropy":
        shape = (n, widths[-1]) if chain.weights else (n, *layout.example_shape)
        point.y = (rng.random(shape) < 0.4).astype(np.float64)
        if point.y.size > 1:
            point.y.reshape(-1)[:2] = 0.0, 1.0
    else:
        point.y = rng.normal(size=(n, widths[-1]) if chain.weights else (n, *layout.example_shape))
    return point


def move_away_from_kinks(chain: Chain, point: Point, margin: float = MARGIN) -> dict[str, float]:
    """Shift biases so that no pre-activation is within `margin` of 0; return the largest shift of each, by name."""
    moved = {}
    margin *= max(1.0, float(np.max(np.abs(point.X), initial=0.0)))
    for step, kind in enumerate(chain.steps):
        if kind == "relu" and step > 0 and chain.steps[step - 1] == "linear":
            _, b = chain.weight_names(step - 1)
            shifts = shifts_away_from_zero(forward(chain, point)[step], margin)
            if b and np.any(shifts):
                point.params = point.params | {b: point.params[b] + shifts}
                moved[b] = float(np.max(np.abs(shifts)))
        elif kind == "relu":
            near = np.abs(point.X) < margin
            if np.any(near):
                point.X = np.where(near, np.copysign(margin, point.X), point.X)
                moved["X"] = margin
    return moved


def batch_sizes(layout: Layout, n: int) -> tuple[int, int]:
    """Two numbers of examples, both at least 5, that differ from n and from all the widths."""
    free = [size for size in range(5, 200) if size not in {n, *layout.widths()}]
    return free[0], free[1]
