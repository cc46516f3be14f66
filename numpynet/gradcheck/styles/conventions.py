"""How people lay out their arrays: examples in rows or columns, W or its transpose, labels or one-hot rows.

A check thinks in one form: X (n, d), W (d, m), b (m,), y as classes (n,) or numbers (n, m). Here that form is turned
into the learner's, and the learner's gradients are turned back.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.files.host import Path
from numpynet.gradcheck.styles.names import kind_of_parameter


@dataclass(frozen=True, eq=False)
class Slot:
    """Where a parameter is kept, in an array of this shape: its entry k is entry positions[k] of the array."""

    name: str
    path: Path
    shape: tuple[int, ...]
    positions: Array

    def read(self, array: Array) -> Array:
        """The parameter, or its gradient, from the learner's array. Raises: ValueError if that has another size."""
        if array.size != np.prod(self.shape, dtype=int):
            raise ValueError(f"an array of shape {array.shape} where {self.shape} belongs")
        return np.asarray(np.asarray(array, np.float64).reshape(-1)[self.positions])

    def write(self, own: Array, value: Array) -> None:
        own.reshape(-1)[self.positions] = value


def fill(slots: Sequence[Slot], params: Mapping[str, Array]) -> dict[Path, Array]:
    """The learner's arrays, by path, with these parameters in them."""
    arrays: dict[Path, Array] = {}
    for slot in slots:
        if slot.name in params:
            slot.write(arrays.setdefault(slot.path, np.zeros(slot.shape)), params[slot.name])
    return arrays


@dataclass(frozen=True)
class Layer:
    """One linear layer of a network: the names of W and b (None: it has no bias), and its width."""

    W: str
    b: str | None
    inputs: int
    outputs: int


def assign(arrays: Mapping[Path, Array], inputs: int) -> Iterator[tuple[list[Slot], list[Layer]]]:
    """Every way to take arrays for the weights and biases of a chain of linear layers with this many inputs.

    All arrays are used. W may be (inputs, outputs) or its transpose, b (outputs,), (1, outputs) or (outputs, 1). An
    array with one more row than inputs may hold b in its first or last row, for code that adds a column of ones. What
    is called a bias is no weight, and what is called a weight is no bias. One vector may hold two layers, unrolled.
    """
    yield from _extend(list(arrays.items()), inputs, [], [])
    if len(arrays) == 1:
        yield from _unrolled(*next(iter(arrays.items())), inputs)


def flat_size(widths: Sequence[int], *, biases: bool) -> int:
    """The number of parameters of layers with these widths."""
    return sum((d + biases) * m for d, m in itertools.pairwise(widths))


def _unrolled(path: Path, array: Array, inputs: int) -> Iterator[tuple[list[Slot], list[Layer]]]:
    """The ways to take one long vector for two layers: W1, b1, W2, b2, or weights with a column for the bias."""
    if max(array.shape, default=0) != array.size:
        return
    for hidden, biases in itertools.product(range(2, array.size // inputs), (True, False)):
        outputs = (array.size - hidden * (inputs + biases)) // (hidden + biases)
        widths = (inputs, hidden, outputs)
        if outputs < 1 or flat_size(widths, biases=biases) != array.size:
            continue
        for transposed, column in itertools.product((False, True), (False, True) if biases else (False,)):
            slots, layers, start = [], [], 0
            for k, (d, m) in enumerate(itertools.pairwise(widths), 1):
                shape = (d + column, m)
                order = start + np.arange(shape[0] * m).reshape(shape[::-1] if transposed else shape)
                order = order.T if transposed else order
                start += shape[0] * m
                slots.append(Slot(f"W{k}", path, array.shape, order[column:]))
                if biases:
                    slots.append(Slot(f"b{k}", path, array.shape, order[0] if column else start + np.arange(m)))
                    start += 0 if column else m
                layers.append(Layer(f"W{k}", f"b{k}" if biases else None, d, m))
            yield slots, layers


def _kind(path: Path) -> str:
    """Whether the name of an array is that of a weight, W, or of a bias, b; "" for neither."""
    words = [key for key in path if isinstance(key, str)]
    return kind_of_parameter(words[-1].lstrip(".")) if words else ""


def _extend(
    left: list[tuple[Path, Array]], width: int, slots: list[Slot], layers: list[Layer]
) -> Iterator[tuple[list[Slot], list[Layer]]]:
    if not left and layers:
        yield slots, layers
    number = len(layers) + 1
    for i, (path, array) in enumerate(left):
        if _kind(path) == "b":
            continue
        for positions in _as_weight(array.shape, width):
            outputs = positions.shape[1]
            W = Slot(f"W{number}", path, array.shape, positions)
            rest = left[:i] + left[i + 1 :]
            biases = [(j, each) for j, each in enumerate(rest) if _is_bias(*each, outputs)]
            for j, (b_path, b_array) in biases:
                b = Slot(f"b{number}", b_path, b_array.shape, np.arange(outputs).reshape(outputs))
                layer = Layer(W.name, b.name, width, outputs)
                yield from _extend(rest[:j] + rest[j + 1 :], outputs, [*slots, W, b], [*layers, layer])
            yield from _extend(rest, outputs, [*slots, W], [*layers, Layer(W.name, None, width, outputs)])
        rest = left[:i] + left[i + 1 :]
        for positions in _as_weight(array.shape, width + 1):
            for bias, rows in ((0, slice(1, None)), (width, slice(0, width))):
                W = Slot(f"W{number}", path, array.shape, positions[rows])
                b = Slot(f"b{number}", path, array.shape, positions[bias])
                layer = Layer(W.name, b.name, width, positions.shape[1])
                yield from _extend(rest, layer.outputs, [*slots, W, b], [*layers, layer])


def _as_weight(shape: tuple[int, ...], width: int) -> Iterator[Array]:
    """The ways to read an array of this shape as W (width, outputs)."""
    order = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    if shape == (width,) or (width == 1 and shape == ()):
        yield order.reshape(width, 1)
    if len(shape) == 2 and shape[0] == width:
        yield order
    if len(shape) == 2 and shape[1] == width:
        yield order.T


def _is_bias(path: Path, array: Array, outputs: int) -> bool:
    shape = array.shape
    return _kind(path) != "W" and (shape in {(outputs,), (1, outputs), (outputs, 1)} or (outputs == 1 and shape == ()))


# The forms of X and of what a network returns: rows (n, d); columns (d, n); for one example (1, d), (d, 1) or (d,).
FORMS = ("rows", "columns", "row", "column", "flat")
ONE_EXAMPLE = ("row", "column", "flat")


def to_form(array: Array, form: str) -> Array:
    """An array with a row for each example in the learner's form."""
    if form in ("rows", "row"):
        return array.copy()
    return array.T.copy() if form in ("columns", "column") else array[0].copy()


def from_form(array: Any, form: str, n: int, width: int | None = None) -> Array | None:
    """The array with a row for each of n examples, or None if it has no such shape; one column may be left out."""
    array = np.asarray(array)
    if array.dtype.kind not in "fiub" or array.size == 0:
        return None
    if form == "flat":
        array = array.reshape(1, -1) if array.ndim < 2 or n == 1 else array
    elif form in ("columns", "column") and array.ndim == 2:
        array = array.T
    if array.ndim == 0 and n == 1:
        array = array.reshape(1, 1)
    if array.ndim == 1 and (array.size == n or form in ONE_EXAMPLE):
        array = array.reshape(n, -1)
    if array.ndim < 2 or len(array) != n or (width is not None and array.shape[1:] != (width,)):
        return None
    return np.asarray(array)


def targets(y: Array, classes: int, form: str) -> Iterator[tuple[str, Array]]:
    """The ways to write targets, each with its name; y: classes (n,) as integers, or numbers (n, m)."""
    n = len(y)
    if y.ndim == 1:  # classes
        yield "labels", y.copy()
        yield "one-hot", to_form(np.eye(max(classes, int(y.max()) + 1))[y], form)
        yield "labels in a column", y[:, None].copy()
        yield "labels in a row", y[None, :].copy()
        return
    yield "numbers", to_form(y, form)
    if y.shape[1] == 1:
        yield "flat numbers", y[:, 0].copy()
        yield "the other way", (y.T if form in ("rows", "row") else y).copy()
    if n == 1 and form != "flat":
        yield "flat", y[0].copy()


def write_target(kind: str, y: Array, classes: int, form: str) -> Array:
    """The targets in one of the ways of `targets`."""
    return next(array for each, array in targets(y, classes, form) if each == kind)


def fill_in(value: Any, arrays: Mapping[str, Array], iterations: int) -> Any:
    """An argument of a call, with X and y in place of what stands for them, and the number of iterations."""
    path = getattr(value, "path", None)
    if isinstance(path, tuple) and len(path) == 1 and path[0] in arrays:
        return arrays[path[0]]
    if path == ("reg",):
        return 0.0  # no weight decay
    return iterations if isinstance(value, str) and value == "iterations" else value
