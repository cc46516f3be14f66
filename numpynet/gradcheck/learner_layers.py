"""Turn a learner's class into a layer that can be checked: make an instance, and pair its arrays with their gradients.

How to call an unknown class can only be guessed from the names of its arguments. If no guess works, the class is
reported as not checked.
"""

from __future__ import annotations

import copy
import inspect
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import Answer, attempt, get_parameters
from numpynet.gradcheck.check import check_layer
from numpynet.gradcheck.isolation import NotCheckedError
from numpynet.gradcheck.report import Report, wrap

FRACTIONS = {"p", "rate", "prob", "alpha", "slope", "negative_slope", "sigma", "std", "scale", "eps", "lr", "momentum"}
PARAMETER = re.compile(r"_*(w|weights?|b|bias|biases)_?(\d*)")
GRADIENTS = ("d{}", "d_{}", "grad_{}", "grad{}", "{}_grad", "{}grad", "delta_{}")  # common names: dW, grad_W, ...

GUESSES: tuple[Sequence[Any], ...] = (  # for constructor arguments with unknown names; further ones get 0.5
    (4, 3),
    (4, 3, 2, 2, 2),
    (),
    (np.ones((4, 3)), np.ones(3)),
)


def check_class(kind: type, X: Array) -> Report:
    """Check this class as a layer, with X of shape (n, 4).

    Raises: NotCheckedError, with the reason, if no instance can be made or if its forward takes more than X.
    """
    layer = make_instance(kind, X)
    given = get_parameters(layer)
    if given and all(isinstance(getattr(p, "data", None), np.ndarray) and hasattr(p, "grad") for p in given):
        return check_layer(layer, X)
    pairs = arrays_with_gradients(layer, X)
    report = check_layer(type(kind.__name__, (ArraysAsParameters,), {})(layer, pairs), X)
    missed = [name for name in _parameter_like(layer) if name not in {pair.name for pair in pairs}]
    if not missed and not _has_layers(layer):
        return report
    note = "\n".join(wrap(f"Note: {_describe_coverage(layer, pairs, missed)}."))
    return replace(report, text=f"{report.text}\n\n{note}")


@dataclass(frozen=True)
class Pair:
    """Where a layer keeps a parameter and its gradient: two keys, each of the layer itself or of an attribute."""

    name: str
    data: tuple[str, Any]  # ("", "W") is layer.W, ("params", 0) is layer.params[0]
    grad: tuple[str, Any]


class ArrayAsParameter:
    """An array of a layer and its gradient, in the form of a parameter with data and grad."""

    def __init__(self, layer: Any, pair: Pair) -> None:
        self.layer, self.pair = layer, pair

    @property
    def data(self) -> Any:
        holder, key = self.pair.data
        return _holder(self.layer, holder)[key]

    @data.setter
    def data(self, array: Array) -> None:
        holder, key = self.pair.data
        _holder(self.layer, holder)[key] = array

    @property
    def grad(self) -> Any:
        holder, key = self.pair.grad
        return _holder(self.layer, holder)[key]


class ArraysAsParameters:
    """A layer whose parameters are arrays, W with its gradient dW, in the form of a layer that has parameters()."""

    def __init__(self, layer: Any, pairs: Sequence[Pair]) -> None:
        self.layer, self.pairs = layer, pairs

    def forward(self, X: Array) -> Any:
        return self.layer.forward(X)

    def backward(self, grad_Y: Array) -> Any:
        return self.layer.backward(grad_Y)

    def named_parameters(self) -> dict[str, ArrayAsParameter]:
        return {pair.name: ArrayAsParameter(self.layer, pair) for pair in self.pairs}

    def parameters(self) -> list[ArrayAsParameter]:
        return list(self.named_parameters().values())


def arrays_with_gradients(layer: Any, X: Array) -> list[Pair]:
    """The float arrays that a layer has before its first forward, each with the gradient that backward stores."""
    used = copy.deepcopy(layer)
    Y = attempt(lambda: used.forward(X.copy()), Answer())
    attempt(lambda: used.backward(np.ones_like(Y)), Answer())
    after = {key.lower(): key for key in _holder(used, "")}
    pairs = []
    for name in _arrays(_holder(layer, "")):
        names = [pattern.format(own) for own in (name.lower(), _letter(name)) for pattern in GRADIENTS]
        found = next((after[own] for own in names if own in after), None)
        if found:
            pairs.append(Pair(name, ("", name), ("", found)))
    return pairs + _in_two_collections(getattr(used, "params", None), getattr(used, "grads", None))


def _in_two_collections(params: Any, grads: Any) -> list[Pair]:
    """The pairs of a layer that keeps its parameters in params and the gradients in grads, two dicts or two lists."""
    if isinstance(params, dict) and isinstance(grads, dict):
        return [Pair(str(key), ("params", key), ("grads", key)) for key in _arrays(params) if key in grads]
    if isinstance(params, list) and isinstance(grads, (list, tuple)):
        keys = [key for key in _arrays(dict(enumerate(params))) if key < len(grads)]
        return [Pair(f"params[{key}]", ("params", key), ("grads", key)) for key in keys]
    return []


def _holder(layer: Any, name: str) -> Any:
    return getattr(layer, name) if name else getattr(layer, "__dict__", {})


def _arrays(space: dict[Any, Any]) -> list[Any]:
    """The names of the float arrays."""
    return [name for name, value in space.items() if isinstance(value, np.ndarray) and value.dtype.kind == "f"]


def _letter(name: str) -> str:
    """w for weights, b2 for bias2: self.weights often goes with self.dw."""
    found = PARAMETER.fullmatch(name.lower())
    return found[1][0] + found[2] if found else name.lower()


def _parameter_like(layer: Any) -> list[str]:
    """The arrays of a layer that have the name of a parameter."""
    return [name for name in _arrays(_holder(layer, "")) if PARAMETER.fullmatch(name.lower())]


def _has_layers(layer: Any) -> bool:
    values: list[Any] = list(_holder(layer, "").values())
    values += [each for value in values if isinstance(value, (list, tuple)) for each in value]
    return any(hasattr(value, "forward") and hasattr(value, "backward") for value in values)


def _describe_coverage(layer: Any, pairs: Sequence[Pair], missed: Sequence[str]) -> str:
    """Which gradients were compared, and why no others."""
    name = type(layer).__name__
    compared = ", ".join(["grad_X", *(f"grad_{pair.name}" for pair in pairs)])
    has = f"the parameters() of {name} are not objects with data and grad" if hasattr(layer, "parameters") else ""
    looked = f" and no {', '.join(f'd{own}' for own in missed)}" if missed else ""
    return f"only {compared} {'were' if pairs else 'was'} compared: {has or f'{name} has no parameters()'}{looked}"


def make_instance(kind: type, X: Array) -> Any:
    """An instance of this class whose forward accepts X; or one whose forward raises, if the guess was a safe one.

    Raises: NotCheckedError.
    """
    names = _required_arguments(kind)
    wrong = None
    reason = ""
    for others in GUESSES:
        arguments = _choose_arguments(names, others)
        answer = Answer()
        layer = attempt(partial(kind, **arguments), answer)
        step = "the constructor"
        if not answer.raised:
            _require_single_input(layer)
            attempt(partial(copy.deepcopy(layer).forward, X.copy()), answer)
            step = "forward"
        if not answer.raised:
            return layer
        if answer.raised.startswith("NotImplementedError"):
            raise NotCheckedError(f"{step} is not written yet: it raised NotImplementedError")
        reason = reason or f"with {_list_arguments(arguments)} {step} raised {answer.raised}"
        if step == "forward" and wrong is None and _is_safe(names, answer.raised):
            wrong = layer
    if wrong is None:
        raise NotCheckedError(f"no guess at its arguments worked; {reason}")
    return wrong


def _required_arguments(kind: type) -> list[str]:
    """The required arguments of the constructor."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return []
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise NotCheckedError("its constructor takes any number of arguments, so it is not clear what to pass")
    return [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]


def _guess_value(name: str) -> Any:
    """A value for an argument of this name; None if the name is unknown."""
    rng = np.random.default_rng(0)
    letter = _letter(name)
    if letter in ("w", "b"):
        return rng.normal(size=(4, 3) if letter == "w" else 3)
    return rng if name == "rng" else 0 if name == "seed" else 0.5 if name in FRACTIONS else None


def _choose_arguments(names: Sequence[str], others: Sequence[Any]) -> dict[str, Any]:
    """Values by the names of the arguments; those with unknown names get the others, in order."""
    rest = itertools.chain(others, itertools.repeat(0.5))
    return {name: known if (known := _guess_value(name)) is not None else next(rest) for name in names}


def _is_safe(names: Sequence[str], raised: str) -> bool:
    """Whether an exception in forward is the learner's mistake, not a bad guess: all names known, or two sizes."""
    unknown = [name for name in names if _guess_value(name) is None]
    of_the_guess = re.search(r"'(int|float)' object|to unpack", raised)
    return len(unknown) in (0, 2) and not of_the_guess


def _require_single_input(layer: Any) -> None:
    try:
        parameters = list(inspect.signature(layer.forward).parameters.values())
    except (TypeError, ValueError):
        return
    several = [
        p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if len(several) > 1:
        raise NotCheckedError(f"its forward takes {', '.join(several)}; a layer's takes only X")
    if not parameters:
        raise NotCheckedError("its forward takes no argument; a layer's takes X")


def _list_arguments(arguments: dict[str, Any]) -> str:
    shown = [f"{name} = {_describe_value(value)}" for name, value in arguments.items()]
    return ", ".join(shown) or "no argument"


def _describe_value(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape}"
    return "a Generator" if isinstance(value, np.random.Generator) else f"{value:g}"
