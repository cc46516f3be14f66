"""What to pass to a constructor or to a function that makes parameters: sizes, rates, activations, data."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.files.host import Definition, Ref, Signature
from numpynet.gradcheck.styles.names import bare, kind_of_parameter, matches, role_of, size_role

ACTIVATION = r"act|func|nonlin|sigma_?f|^fn$|^name$"

# Constants for the arguments of these names, or roles.
BY_ROLE: dict[str, float] = {"lr": 0.05, "reg": 0.0, "epochs": 1, "batch": 1000}
BY_NAME: dict[str, Any] = {
    "randomstate": 0, "seed": 0, "randomseed": 0, "verbose": False, "debug": False, "bias": True, "usebias": True,
}  # fmt: skip
HALF = (  # probabilities, spreads and slopes
    "p", "prob", "keepprob", "dropout", "dropoutrate", "sigma", "std", "scale", "eps", "epsilon", "momentum", "slope",
    "weightscale", "weightinitstd",
)  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """The numbers of inputs, hidden units, outputs and examples that are tried, and random data of these sizes."""

    inputs: int = 4
    hidden: int = 6
    outputs: int = 3
    n: int = 9

    def data(self) -> tuple[Array, Array]:
        rng = np.random.default_rng(3)
        return rng.normal(size=(self.n, self.inputs)), rng.integers(0, self.outputs, self.n)


# How W and b are laid out: the form of X, W as (inputs, outputs) or transposed, and the shape of b for m outputs.
LAYOUTS: tuple[tuple[str, bool, Any], ...] = (
    ("rows", False, lambda m: (m,)),
    ("columns", True, lambda m: (m, 1)),
    ("rows", False, lambda m: (1, m)),
    ("rows", True, lambda m: (m,)),
    ("columns", False, lambda m: (m, 1)),
    ("rows", True, lambda m: (1, m)),
    ("rows", True, lambda m: (m, 1)),
)


def in_order(names: Sequence[str]) -> list[str]:
    """The names of parameters in the order of their numbers; an output layer comes last."""
    return sorted(names, key=_order)


def _order(name: str) -> tuple[int, ...]:
    digits = [int(each) for each in re.findall(r"\d+", name)]
    last = 9 if matches(r"out|_?o$|final|last|hy$|ho$", name) else 0
    return (*(digits or [last]),)


def widths_of(sizes: Sizes, count: int) -> list[int]:
    """The widths of the input and of so many layers."""
    return [sizes.inputs, *[sizes.hidden + k for k in range(count - 1)], sizes.outputs]


def layouts(sizes: Sizes, weights: Sequence[str], biases: Sequence[str]) -> Iterator[tuple[str, dict[str, Array]]]:
    """An array of zeros for each name, in each of the usual layouts, and the form of X that belongs to it."""
    count = len(weights)
    if not weights or len(biases) not in (0, count):
        return
    mixed = [each for each in itertools.product((False, True), repeat=count) if len(set(each)) > 1]
    kinds = [(form, (transposed,) * count, shape) for form, transposed, shape in LAYOUTS]
    kinds += [(form, each, shape) for form, _, shape in LAYOUTS[:2] for each in mixed]
    for outputs in (1, sizes.outputs) if count == 1 else (sizes.outputs, 1):
        widths = [*widths_of(sizes, count)[:-1], outputs]
        for form, transposed, shape in kinds:
            arrays = {}
            for k, name in enumerate(in_order(weights)):
                arrays[name] = np.zeros(widths[k : k + 2][:: -1 if transposed[k] else 1])
            for k, name in enumerate(in_order(biases)):
                arrays[name] = np.zeros(shape(widths[k + 1]))
            yield form, arrays


def arguments_of(signature: Signature, known: Mapping[str, Definition], sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Values for the arguments of a constructor, the likeliest first."""
    weights, biases = ([name for name in signature.required if kind_of_parameter(name) == letter] for letter in "Wb")
    if len(weights) > 1 and len(biases) in (0, len(weights)):
        rng = np.random.default_rng(0)
        rest = replace(signature, required=tuple(each for each in signature.required if each not in weights + biases))
        rest = replace(rest, names=tuple(each for each in signature.names if each not in weights + biases))
        for _, arrays in layouts(sizes, weights, biases):
            filled = {name: rng.normal(size=array.shape) for name, array in arrays.items()}
            yield from (filled | others for others in itertools.islice(arguments_of(rest, known, sizes), 2))
        return
    names = [name for name in signature.names if name in signature.required or _is_worth_setting(name, signature)]
    choices = [_values(name, known, sizes, name in signature.required) for name in names]
    unknown = [i for i, values in enumerate(choices) if not values]
    options: dict[int, list[tuple[Any, ...]]] = {
        0: [()],
        1: [(sizes.outputs,), ([sizes.inputs, sizes.hidden, sizes.outputs],), (sizes.inputs,), (0.5,)],
        2: [(sizes.inputs, sizes.outputs)],
        3: [(sizes.inputs, sizes.hidden, sizes.outputs)],
        4: [(sizes.inputs, sizes.hidden, sizes.outputs, 0.1)],
    }
    guesses = options.get(len(unknown), [(0.5,) * len(unknown)])
    for guess in guesses:
        tried = list(choices)
        for i, value in zip(unknown, guess, strict=True):
            tried[i] = [value]
        for values in itertools.product(*tried):
            yield dict(zip(names, values, strict=True))


def _is_worth_setting(name: str, signature: Signature) -> bool:
    """Whether an argument with a default is set: sizes without a default of their own, activations, learning rates."""
    default = signature.defaults.get(name)
    if default is None and bare(name) in ("seed", "randomstate", "randomseed"):
        return name in signature.defaults
    if size_role(name) and not kind_of_parameter(name):
        return (isinstance(default, (int, float)) and not isinstance(default, bool) and default > 1) or (
            default is None and size_role(name) in ("in", "list")
        )
    return role_of(name) in ("lr", "epochs") and not isinstance(default, bool)


def _values(name: str, known: Mapping[str, Definition], sizes: Sizes, required: bool) -> list[Any]:
    """What may be passed for one argument, the likeliest first; [] if its name says nothing."""
    short, role = bare(name), role_of(name)
    if required and (matches(ACTIVATION, name) or re.fullmatch("f|g|f_?prime|df", name.lower())):
        return _activations(name, known)
    if role in BY_ROLE:
        return [BY_ROLE[role]]
    if short in ("rng", "generator"):
        return [np.random.default_rng(0)]
    if short in BY_NAME or short in HALF:
        return [BY_NAME.get(short, 0.5)]
    kind = kind_of_parameter(name) if required and "std" not in short and "init" not in short else ""
    if kind:
        return [np.random.default_rng(0).normal(size=(sizes.inputs, sizes.outputs) if kind == "W" else sizes.outputs)]
    return [*_sizes(name, sizes), *(_data(name, sizes) if required else [])]


def _sizes(name: str, sizes: Sizes) -> list[Any]:
    """Sizes for an argument with such a name; a list of them for layer_sizes and the like."""
    short = bare(name)
    of_one = {"in": sizes.inputs, "hidden": sizes.hidden, "out": sizes.outputs}
    size = size_role(name)
    if size in of_one:
        return [of_one[size], *([(sizes.inputs,), (sizes.inputs, sizes.n)] if short.endswith("shape") else [])]
    if size == "list":
        found: list[Any] = [[sizes.inputs, sizes.hidden, sizes.outputs]]
        found += [sizes.outputs, sizes.hidden] if short in ("units", "nodes", "neurons", "shape") else []
        return found + ([(sizes.inputs, sizes.outputs)] if short == "shape" else [])
    return [[sizes.hidden]] if size else []


def _data(name: str, sizes: Sizes) -> list[Any]:
    """Examples or targets, for objects that are made with them."""
    role, short, size = role_of(name), bare(name), size_role(name)
    role = "y" if role == "P" and "output" in short and not size else role
    if role not in ("X", "y") or size in ("list", "hidden_list") or (size and short.endswith("shape")):
        return []
    X, y = sizes.data()
    onehot = np.eye(sizes.outputs)[y]
    return [X] if role == "X" else [onehot, y, onehot[:, :1]]


def tanh_slope(Z: Array) -> Array:
    """The derivative of tanh, for classes that are made from a function and its derivative."""
    return np.asarray(1 - np.tanh(Z) ** 2)


def _activations(name: str, known: Mapping[str, Definition]) -> list[Any]:
    """What to pass for an activation or its derivative: a name, or functions, the file's own first."""
    slope = matches(r"prime|deriv|grad|^d_|^df$|_d$|slope", name)
    own = [each for each in known if known[each].methods is None and matches(r"tanh|sigm|relu|logistic", each)]
    slopes = [each for each in own if matches(r"prime|deriv|grad|^d_?(?=[tsr])|_d$|slope|back", each)]
    values = [each for each in own if each not in slopes]
    pair = next(((f, d) for d in slopes for f in values if f.lower() in d.lower()), None)
    if slope:
        return [Ref(0, (pair[1],)) if pair else tanh_slope]
    function: list[Any] = [Ref(0, (pair[0],))] if pair else [np.tanh]
    return ["relu", "sigmoid", "tanh", *function] if not re.fullmatch("f|g", name.lower()) else function
