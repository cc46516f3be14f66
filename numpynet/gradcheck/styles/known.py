"""Which known network somebody's code computes, found by its numbers: the values that it returns or keeps decide."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.functional import softmax
from numpynet.gradcheck.backward_rules import ACTIVATIONS, Chain, onehot
from numpynet.gradcheck.styles.conventions import Layer, Slot, assign, from_form

HEADS: dict[str, Callable[[Array], Array]] = {"": lambda Z: Z, "softmax": softmax, **ACTIVATIONS}
SAME = 1e-9  # relative to the largest entry: the same formula with another order of operations


@dataclass(frozen=True)
class Network:
    """A chain of linear layers as it was recognised: where its parameters are kept, and what it returns.

    head: what is applied to the last layer's output in `output`, the key of that array: softmax, sigmoid, ... or "".
    """

    slots: tuple[Slot, ...]
    layers: tuple[Layer, ...]
    activations: tuple[str, ...]
    head: str = ""
    output: Any = None

    @property
    def widths(self) -> list[int]:
        return [self.layers[0].inputs, *(layer.outputs for layer in self.layers)] if self.layers else []

    @property
    def steps(self) -> tuple[str, ...]:
        steps = ["linear"] if self.layers else []
        for k, activation in enumerate(self.activations):
            steps += [activation] if activation else []
            steps += ["linear"] if k + 1 < len(self.layers) else []
        return tuple(steps)

    def chain(self, kind: str) -> Chain:
        """The chain with this kind of loss; "" for none, with the head as its last step."""
        steps = self.steps
        if self.head in ACTIVATIONS and kind in ("", "squared_loss"):
            steps = (*steps, self.head)
        output = {"": "Y", "squared_loss": "y_hat"}.get(kind, "O")
        return Chain(steps, kind, tuple((layer.W, layer.b) for layer in self.layers), output)


def logits(network: Network, params: Mapping[str, Array], X: Array) -> Array:
    """The output of the last linear layer."""
    H = X
    for k, layer in enumerate(network.layers):
        H = H @ params[layer.W] + (params[layer.b] if layer.b else 0)
        if k < len(network.activations) and network.activations[k]:
            H = ACTIVATIONS[network.activations[k]](H)
    return H


def recognise(arrays: Mapping[Any, Array], X: Array, form: str, seen: Mapping[Any, Any]) -> Network | None:
    """The network whose output is among the arrays seen; the last layer's with a head rather than without."""
    candidates = {
        key: rows
        for key, value in seen.items()
        if (rows := from_form(value, form, len(X))) is not None and key[0] != "argument"
    }
    found: list[Network] = []
    with np.errstate(all="ignore"):
        for slots, layers in itertools.islice(assign(arrays, X.shape[1]), 200):
            params = {slot.name: slot.read(arrays[slot.path]) for slot in slots}
            for activations in _activations(len(layers) - 1):
                plain = Network(tuple(slots), tuple(layers), activations)
                O = logits(plain, params, X)
                outputs = {key: rows for key, rows in candidates.items() if rows.shape == O.shape}
                for head, apply in HEADS.items() if outputs else ():
                    expected = apply(O)
                    keys = [key for key, rows in outputs.items() if same(rows, expected)]
                    if keys:
                        found.append(Network(plain.slots, plain.layers, activations, head, _returned_first(keys)))
            if found:
                break
    return max(found, key=lambda each: bool(each.head), default=None)


def recognise_by_loss(
    points: Sequence[Mapping[Any, Array]], values: Sequence[float], X: Array, y: Array
) -> Network | None:
    """The network whose loss these values are, up to a factor, a weight decay and a tiny number inside a log."""
    if not 0 < len(points[0]) <= 8 or not np.isfinite(values).all() or np.ptp(values) == 0:
        return None
    loose: Network | None = None
    with np.errstate(all="ignore"):
        for slots, layers in itertools.islice(assign(points[0], X.shape[1]), 100):
            params = [{slot.name: slot.read(arrays[slot.path]) for slot in slots} for arrays in points]
            squares = [
                [sum(np.sum(each[name] ** 2) for name in each if name[0] == letter) for letter in "Wb"]
                for each in params
            ]
            for activations in _activations(len(layers) - 1):
                plain = Network(tuple(slots), tuple(layers), activations)
                outputs = [logits(plain, each, X) for each in params]
                for head, apply in HEADS.items():
                    for loss in losses(head):
                        T = targets_of(loss, y, outputs[0])
                        if T is None or not loss.mean:
                            continue
                        columns = np.column_stack([[loss.value(apply(O), T) for O in outputs], squares])
                        off = _misfit(columns, np.asarray(values))
                        if off < 1e-9:
                            return Network(plain.slots, plain.layers, activations, head)
                        if off < 1e-4 and loose is None:
                            loose = Network(plain.slots, plain.layers, activations, head)
    return loose


def _misfit(columns: Array, values: Array) -> float:
    if not np.isfinite(columns).all():
        return np.inf
    used = columns[:, np.any(columns, axis=0)]
    weights, *_ = np.linalg.lstsq(used, values, rcond=None)
    if abs(weights[0]) * np.ptp(used[:, 0]) < 1e-3 * np.ptp(values):
        return np.inf  # the loss plays no part in it
    return float(np.max(np.abs(used @ weights - values)) / np.max(np.abs(values)))


def recognise_by_gradient(
    arrays: Mapping[Any, Array], X: Array, y: Array, read: Callable[[Slot], Iterator[Array]]
) -> Network | None:
    """The network whose last layer has the gradients that were found, where neither output nor loss is returned.

    read gives the arrays that may be the gradient of a slot, in its form.
    """
    with np.errstate(all="ignore"):
        for plain, params in _plain(arrays, X):
            found = list(read(next(slot for slot in plain.slots if slot.name == plain.layers[-1].W)))
            H = logits(replace(plain, layers=plain.layers[:-1]), params, X) if plain.layers[1:] else X
            O = logits(plain, params, X)
            for head in HEADS:
                for loss in losses(head) if O.size == len(O) else _one_of_each_kind(head):
                    if targets_of(loss, y, O) is None or not loss.mean:
                        continue
                    right = H.T @ output_gradient(loss, O, y)
                    if any(_is_multiple(each, right) for each in found):
                        return replace(plain, head=head)
    return None


def recognise_by_value(arrays: Mapping[Any, Array], X: Array, y: Array, values: Array) -> Network | None:
    """The network whose loss is one of these values, to the last digits."""
    with np.errstate(all="ignore"):
        for plain, params in _plain(arrays, X):
            O = logits(plain, params, X)
            for head, apply in HEADS.items():
                for loss in losses(head):
                    T = targets_of(loss, y, O)
                    value = np.nan if T is None else loss.value(apply(O), T)
                    if np.any(np.abs(values - value) <= 1e-12 * abs(value)):
                        return replace(plain, head=head)
    return None


def _plain(arrays: Mapping[Any, Array], X: Array) -> Iterator[tuple[Network, dict[str, Array]]]:
    """The networks without a head that these arrays may be, with their parameters."""
    for slots, layers in itertools.islice(assign(arrays, X.shape[1]), 100) if 0 < len(arrays) <= 8 else ():
        params = {slot.name: slot.read(arrays[slot.path]) for slot in slots}
        for activations in _activations(len(layers) - 1):
            yield Network(tuple(slots), tuple(layers), activations), params


def _is_multiple(found: Array, right: Array) -> bool:
    if found.shape != right.shape or not np.any(found):
        return False
    if right.size == 1:  # any number is a multiple of another
        return same(found, right, 1e-8)
    return same(found, right * (np.sum(found * right) / (np.sum(right * right) or 1.0)), 1e-8)


def targets_of(loss: KnownLoss, y: Array, O: Array) -> Array | None:
    """The targets as this loss takes them, or None if it cannot be computed from them."""
    if loss.kind == "cross_entropy":
        return y if y.ndim == 1 and y.max() < O.shape[1] else None
    if y.ndim == 1:
        return onehot(y, O) if y.max() < O.shape[1] else None
    return y if y.shape == O.shape else None


def _returned_first(keys: Sequence[Any]) -> Any:
    return max(keys, key=lambda key: (key[0] == "value", key[1] if key[0] == "value" else 0, -len(key)))


def _activations(hidden: int) -> Iterator[tuple[str, ...]]:
    kinds = ["relu", "sigmoid", "tanh", ""]
    yield from itertools.product(kinds, repeat=hidden) if hidden <= 2 else ((kind,) * hidden for kind in kinds)


def same(one: Array, other: Array, rounding: float = SAME) -> bool:
    """Whether two arrays agree up to rounding, relative to the largest entry of the other."""
    size = float(np.max(np.abs(other), initial=0.0))
    return one.shape == other.shape and bool(np.max(np.abs(one - other), initial=0.0) <= rounding * size)


@dataclass(frozen=True)
class KnownLoss:
    """A loss of predictions and targets: its value, and its gradient with respect to the last layer's output.

    words complete "the loss is ...". head: what the network must end in; kind: that of a chain.
    """

    words: str
    kind: str
    head: str
    value: Callable[[Array, Array], float]  # from the output, with its head, and the targets
    scale: Callable[[int, int], float]  # times the mean over the terms; from n and the number of terms
    mean: bool = True


def _cross_entropy(P: Array, y: Array) -> float:
    return float(-np.mean(np.log(P[np.arange(len(y)), y])))


def _binary(P: Array, y: Array) -> float:
    return float(-np.mean(y * np.log(P) + (1 - y) * np.log(1 - P)))


def _half_squares(P: Array, y: Array) -> float:
    return float(np.mean((P - y) ** 2) / 2)


def _one_of_each_kind(head: str) -> list[KnownLoss]:
    """The losses that may follow this head, without those that are a constant times another."""
    return list({loss.kind: loss for loss in reversed(losses(head))}.values())


@functools.cache
def losses(head: str) -> list[KnownLoss]:
    """The losses that may follow an output with this head."""
    found = []
    if head in ("softmax", ""):
        take = _cross_entropy if head else lambda O, y: _cross_entropy(softmax(O), y)
        for words, scale, mean in _scales("cross-entropy", elements=False):
            found.append(KnownLoss(words, "cross_entropy", head, _scaled(take, scale, rows=True), scale, mean))
    if head == "sigmoid":
        for words, scale, mean in _scales("binary cross-entropy", elements=True):
            found.append(KnownLoss(words, "binary_cross_entropy", head, _scaled(_binary, scale), scale, mean))
    for words, scale, mean in _scales("squared error", elements=True):
        for twice in (False, True):
            full = (lambda n, terms, scale=scale: 2 * scale(n, terms)) if twice else scale
            text = words if twice else f"half {words}"
            found.append(
                KnownLoss(
                    text, "squared_loss" if head != "softmax" else "", head, _scaled(_half_squares, full), full, mean
                )
            )
    return found


def plural(name: str) -> str:
    """The plural of a word: entropies, errors."""
    return name.removesuffix("y") + "ies" if name.endswith("y") else f"{name}s"


def _scales(name: str, *, elements: bool) -> list[tuple[str, Callable[[int, int], float], bool]]:
    scales: list[tuple[str, Callable[[int, int], float], bool]] = [(f"the mean {name}", lambda n, terms: 1.0, True)]
    if elements:
        scales.append(
            (f"the {name} summed over the outputs and averaged over the examples", lambda n, terms: terms / n, True)
        )
    return [*scales, (f"the sum of the {plural(name)}", lambda n, terms: float(terms), False)]


def _scaled(
    value: Callable[[Array, Array], float], scale: Callable[[int, int], float], *, rows: bool = False
) -> Callable[[Array, Array], float]:
    return lambda P, y: value(P, y) * scale(len(P), len(P) if rows else P.size)


def output_gradient(loss: KnownLoss, O: Array, y: Array) -> Array:
    """The gradient of the loss with respect to the last linear layer's output."""
    P = HEADS[loss.head](O) if loss.head else (softmax(O) if loss.kind == "cross_entropy" else O)
    T = onehot(y, O) if y.ndim == 1 else y
    terms = len(O) if loss.kind == "cross_entropy" else O.size
    G: Array = (P - T) * loss.scale(len(O), terms) / terms
    if loss.kind in ("cross_entropy", "binary_cross_entropy"):
        return G
    if loss.head == "softmax":
        return np.asarray(P * (G - (G * P).sum(axis=1, keepdims=True)))
    slopes = {"sigmoid": P * (1 - P), "tanh": 1 - P**2, "relu": (O > 0).astype(float), "": np.ones_like(P)}
    return np.asarray(G * slopes[loss.head])


def gradients(network: Network, params: Mapping[str, Array], X: Array, grad_O: Array) -> dict[str, Array]:
    """The gradients of every parameter, from the gradient of the last linear layer's output."""
    values = [X]
    for k, layer in enumerate(network.layers):
        Z = values[-1] @ params[layer.W] + (params[layer.b] if layer.b else 0)
        activation = network.activations[k] if k < len(network.activations) else ""
        values.append(ACTIVATIONS[activation](Z) if activation else Z)
    found: dict[str, Array] = {}
    G = grad_O
    for k in reversed(range(len(network.layers))):
        layer = network.layers[k]
        found[layer.W] = values[k].T @ G
        if layer.b:
            found[layer.b] = G.sum(axis=0)
        if k:
            H, activation = values[k], network.activations[k - 1]
            slope = {"relu": H > 0, "sigmoid": H * (1 - H), "tanh": 1 - H**2, "": np.ones_like(H)}[activation]
            G = (G @ params[layer.W].T) * slope
    return found


def rename(network: Network, names: Mapping[str, str]) -> Network:
    """The network with the learner's names for its parameters."""
    slots = tuple(Slot(names[slot.name], slot.path, slot.shape, slot.positions) for slot in network.slots)
    layers = tuple(
        Layer(names[each.W], names[each.b] if each.b else None, each.inputs, each.outputs) for each in network.layers
    )
    return Network(slots, layers, network.activations, network.head, network.output)
