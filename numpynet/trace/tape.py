"""A tape records what the functions or layers of one pass are given and what they return, while they run.

Arrays are told apart by identity, so that the tape can say afterwards which result was made from which: `quantities`
gives each its name. A tape can also change one entry of one result on the way; what follows is then computed from the
changed array, which is how a finite difference for an array in the middle of a network is found.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from numpynet import functional
from numpynet.arguments import Array
from numpynet.layers import Flatten, Linear, ReLU
from numpynet.losses import CrossEntropyLoss, MSELoss, SquaredLoss
from numpynet.trace.rules import RULES, Index, Rule


@dataclass(frozen=True)
class Quantity:
    """A named array; `of` are the names of the arrays in its formula, `call` its place on the tape."""

    name: str
    value: Array
    rule: Rule
    of: tuple[str, ...] = ()
    call: int | None = None


class Call(NamedTuple):
    """What was called, on what, and what it returned: each result itself, and a copy of it at that time."""

    function: str
    inputs: tuple[Any, ...]
    results: tuple[tuple[Any, Array], ...]
    maker: str  # in words, for a function whose formula is not known
    made: tuple[Any, ...] = ()  # of an unknown backward: the array that each result is the gradient of
    parameters: bool = False


class Tape:
    """The calls of one pass. change, if given, is (call, index, amount)."""

    def __init__(self, change: tuple[int, Index, float] | None = None) -> None:
        self.calls: list[Call] = []
        self.change = change

    def record(self, function: str, inputs: Sequence[Any], results: Sequence[Any], maker: str = "", **more: Any) -> Any:
        """Add a call; return its first result, changed if it is the one to change."""
        first, *others = results
        if self.change is not None and self.change[0] == len(self.calls):
            first = np.array(first)
            first[self.change[1]] += self.change[2]
        copies = tuple((each, np.array(each)) for each in (first, *others))
        self.calls.append(Call(function, tuple(inputs), copies, maker, **more))
        return first


def named_parameters(layer: Any) -> dict[str, Any]:
    """A layer's parameters by name: as it names them itself, or by its attributes."""
    if callable(getattr(layer, "named_parameters", None)):
        return dict(layer.named_parameters())
    own = {id(value): name for name, value in getattr(layer, "__dict__", {}).items()}
    return {own.get(id(p), f"parameter{i}"): p for i, p in enumerate(layer.parameters())}


LAYERS: dict[type, str] = {Linear: "linear", ReLU: "relu", Flatten: "flatten"}
LOSSES: dict[type, str] = {CrossEntropyLoss: "softmax_cross_entropy", SquaredLoss: "squared_loss", MSELoss: "mse_loss"}


class WatchedLayer:
    """A layer whose forward and backward are recorded."""

    def __init__(self, layer: Any, tape: Tape) -> None:
        self.layer, self.tape = layer, tape
        self.kind, self.maker = LAYERS.get(type(layer), ""), type(layer).__name__

    def parameters(self) -> Any:
        return self.layer.parameters()

    def _forget_all(self) -> None:
        self.layer._forget_all()

    def forward(self, X: Any) -> Any:
        self.X, arrays = X, [p.data for p in self.layer.parameters()]
        Y = self.layer.forward(X)
        Y = Y.view() if Y is X else Y  # an array of its own, even if the layer returns what it was given
        inputs = [X, *arrays] if self.kind == "linear" else [X]
        self.Y = self.tape.record(self.kind, inputs, [Y], self.maker, parameters=bool(arrays))
        return self.Y

    def backward(self, grad_Y: Any, **options: Any) -> Any:
        before = grad_Y
        grad_X = self.layer.backward(grad_Y, **options)
        parameters = list(self.layer.parameters())
        grads = [p.grad for p in parameters]
        given = {"linear": (before, self.X, parameters[0].data if parameters else None), "relu": (before, self.Y)}
        made = (self.X, *(p.data for p in parameters))
        kind = f"{self.kind}_backward" if self.kind else ""
        inputs = given.get(self.kind, (before, self.X))
        self.tape.record(kind, inputs, [grad_X, *grads], self.maker, made=made)
        return grad_X


class WatchedLoss:
    """A loss whose forward and backward are recorded."""

    def __init__(self, loss: Any, tape: Tape) -> None:
        self.loss, self.tape = loss, tape
        self.kind, self.maker = LOSSES.get(type(loss), ""), type(loss).__name__

    def forward(self, O: Any, y: Any) -> Any:
        value = self.loss.forward(O, y)
        self.O = O
        self.remembered = self.loss._memory if self.kind else (O, y)  # P and y for the cross-entropy
        results = [value, self.remembered[0]] if self.kind == "softmax_cross_entropy" else [value]
        self.tape.record(self.kind or "loss", (O, y), results, self.maker)
        return value

    def backward(self) -> Any:
        grad_O = self.loss.backward()
        kind = f"{self.kind}_backward" if self.kind else ""
        return self.tape.record(kind, self.remembered, [grad_O], self.maker, made=(self.O,))


FUNCTIONS = [name for kind in (*LAYERS.values(), *LOSSES.values()) for name in (kind, f"{kind}_backward")]


def watched_function(function: Any, tape: Tape) -> Any:
    """A copy of a function in which, as in what it calls in its module, those of `functional` are recorded.

    The function and its module are left as they are. What is not a Python function is returned itself.
    """
    if not isinstance(function, FunctionType):
        return function

    def watch(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            bound = inspect.signature(original).bind(*args, **options)
            results = original(*bound.args, **bound.kwargs)
            several = results if isinstance(results, tuple) else (results,)
            first = tape.record(name, bound.args, several, parameters=name == "linear")
            return (first, *several[1:]) if isinstance(results, tuple) else first

        return call

    watched = {name: watch(name, getattr(functional, name)) for name in FUNCTIONS if hasattr(functional, name)}
    by_id = {id(getattr(functional, name)): call for name, call in watched.items()}
    space = dict(function.__globals__)
    for name, value in list(space.items()):
        if value is functional:
            space[name] = SimpleNamespace(**{**vars(functional), **watched})
        elif isinstance(value, FunctionType) and value.__globals__ is function.__globals__:
            space[name] = _with_globals(value, space)
        else:
            space[name] = by_id.get(id(value), value)
    return _with_globals(function, space)


def _with_globals(function: FunctionType, space: dict[str, Any]) -> FunctionType:
    copy = FunctionType(function.__code__, space, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def quantities(tape: Tape, given: Mapping[str, Any]) -> Iterator[Quantity]:
    """Every array on the tape under its name, in the order they were made; given are X, the parameters and y."""
    names = {id(array): name for name, array in given.items()}
    yield from (Quantity(name, np.array(array), Rule("given", None)) for name, array in given.items())
    losses = (i for i, call in enumerate(tape.calls) if call.function in (*LOSSES.values(), "loss"))
    last = next(losses, None)
    output = id(tape.calls[last].inputs[0]) if last is not None else 0
    final = max((i for i, call in enumerate(tape.calls[:last]) if id(call.results[0][0]) == output), default=None)
    classes = last is not None and (given["y"].dtype.kind in "iu" or "cross" in tape.calls[last].function)
    layer = 0
    biases: dict[int, Any] = {}
    activated: dict[int, str] = {}  # by the result of a ReLU, the name of its input
    taken = set(given)
    for i, call in enumerate(tape.calls):
        layer += call.parameters
        if call.function == "linear":
            biases[id(call.inputs[1])] = names.get(id(call.inputs[2]), "")
        if call.function == "relu":
            activated[id(call.results[0][0])] = names.get(id(call.inputs[0]), "")
        if call.function == "flatten" and np.shape(call.inputs[0]) == call.results[0][1].shape:
            names[id(call.results[0][0])] = names.get(id(call.inputs[0]), "")  # nothing is new
            continue
        final_name = ("O" if classes else "y_hat") if i == final else ""
        for name, slot, rule, of in _results_of(call, names, biases | activated, final_name, layer):
            original, value = call.results[slot]
            if original is None or not name or (name in taken and name.startswith("grad_")):
                continue
            while name in taken:
                name += "'"
            taken.add(name)
            names[id(original)] = name
            known = rule and all(of)
            is_forward = slot == 0 and not name.startswith("grad_") and name != "loss"
            yield Quantity(
                name,
                value,
                RULES[rule] if known else Rule(f"made by {call.maker or 'the function'} itself", None),
                of if known else (),
                i if is_forward else None,
            )


def _results_of(
    call: Call, names: Mapping[int, str], partners: Mapping[int, str], final: str, layer: int
) -> Iterator[tuple[str, int, str, tuple[str, ...]]]:
    """For each result of a call: its name, its place among the results, its rule, and the names it is made of.

    partners: for a W the name of its b, for the result of a ReLU the name of its input.
    """
    of = tuple(names.get(id(each), "") for each in call.inputs)
    function = call.function
    if function in LOSSES.values() or function == "loss":
        if function == "softmax_cross_entropy":
            yield "P", 1, "softmax", of[:1]
            yield "loss", 0, "cross_entropy", ("P", of[1])
        else:
            yield "loss", 0, "" if function == "loss" else function, of
    elif function == "linear_backward":
        grad_Y, X, W = of
        yield f"grad_{W}" * bool(W), 1, "grad_W", (X, grad_Y)
        bias = partners.get(id(call.inputs[2]), "")
        yield f"grad_{bias}" * bool(bias), 2, "grad_b", (grad_Y,)
        yield f"grad_{X}" * bool(X), 0, "grad_X", (grad_Y, W)
    elif function.endswith("_backward") and function.removesuffix("_backward") in LOSSES.values():
        O = "O" if "O" in names.values() else "y_hat"
        yield f"grad_{O}", 0, function.removeprefix("softmax_"), of
    elif function == "relu_backward":
        Z = partners.get(id(call.inputs[1]), "")
        yield f"grad_{Z}" * bool(Z), 0, function, of
    elif function == "flatten_backward":
        yield f"grad_{of[1]}" * bool(of[1]), 0, function, of
    elif call.made:  # a backward of one's own: the parameters first, the input last
        for slot in (*range(1, len(call.made)), 0):
            yield f"grad_{names[id(call.made[slot])]}", slot, "", ()
    elif function == "flatten":
        yield final or f"{of[0]}_flat", 0, function, of
    else:
        letter = "Z" if function == "linear" else "H"
        yield final or f"{letter}{layer}", 0, function, of
