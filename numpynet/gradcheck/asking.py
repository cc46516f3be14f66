"""Ask a learner's code for gradients, on copies of the arrays, and turn whatever it returns into numbers or words.

Whatever the code does, nothing is raised here: an exception, None, a missing name or a wrong shape is a finding.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.functional import softmax
from numpynet.gradcheck.backward_rules import Chain, Point
from numpynet.gradcheck.draws import Layout
from numpynet.gradcheck.files.process import ProcessEndedError
from numpynet.wording import Said, say


class LearnerError(Exception):
    """An exception in code that runs in another process: its type, its message and its line, in words."""


@dataclass
class Answer:
    """What the code returned: the loss, the gradients by name, and what is wrong with their form, in words.

    raised: the exception in words, if there was one; changed: the arguments that the code modified; single: the names
    of the gradients that are float32 or float16.
    """

    loss: float = np.nan
    grads: dict[str, Array] = field(default_factory=dict)
    problems: list[Said] = field(default_factory=list)
    raised: str = ""
    changed: list[str] = field(default_factory=list)
    single: set[str] = field(default_factory=set)
    at: dict[str, Array] | None = None  # the parameters that the code had, if it does not take those of the point


@contextmanager
def quietly() -> Iterator[None]:
    """Silence the warnings of a learner's code: only the numbers that it returns matter."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def attempt(call: Callable[[], Any], answer: Answer) -> Any:
    """The result of call; if it raises, None, with the exception in the answer."""
    try:
        with quietly():
            return call()
    except ProcessEndedError:
        raise
    except Exception as error:  # whatever the learner's code raises is a finding
        words = " ".join(str(error).split())
        answer.raised = words if isinstance(error, LearnerError) else f"{type(error).__name__}: {words}"
        answer.problems.append(say("it_raised", error=answer.raised))
        return None


def take_loss(value: Any, answer: Answer) -> None:
    """Store the loss as a float, or say what is wrong with it."""
    if value is None:
        answer.problems.append(say("loss_no_number", found=None))
        return
    try:
        number = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        number = np.empty(0)
    if number.size != 1:
        what = say("of_shape", shape=number.shape) if number.size else type(value).__name__
        answer.problems.append(say("loss_no_number", found=what))
    elif not np.isfinite(number).all():
        answer.problems.append(say("loss_not_finite", value=number.item()))
    else:
        answer.loss = float(number.item())


def take_gradient(name: str, value: Any, shape: tuple[int, ...], answer: Answer) -> None:
    """Store a gradient in float64, or say what is wrong with it. An array of a wrong shape is kept: it may show why."""
    if value is None:
        answer.problems.append(say("grad_none", name=name))
        return
    try:
        array = np.array(value)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "fiu":
        answer.problems.append(say("grad_no_floats", name=name, found=_describe_kind(value, array)))
        return
    if array.shape != shape:
        answer.problems.append(say("grad_shape", name=name, shape=shape, found=array.shape))
    elif not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        at = say("first_at", index=where) if where else ""
        answer.problems.append(say("grad_nan" if np.isnan(array).any() else "grad_infinite", name=name, at=at))
        return
    if array.dtype in (np.float32, np.float16):
        answer.single.add(name)
    answer.grads[name] = array.astype(np.float64)


def _describe_kind(value: Any, array: Array) -> str:
    return say("array_of", dtype=array.dtype) if isinstance(value, np.ndarray) else type(value).__name__


def find_changed(given: Mapping[str, Array], after: Mapping[str, Any]) -> list[str]:
    """The names of the arrays that differ from what was given."""
    return [
        name
        for name, array in given.items()
        if not (isinstance(after.get(name), np.ndarray) and np.array_equal(after[name], array, equal_nan=True))
    ]


class Question:
    """Code that can be asked: `ask` returns its loss and gradients at a point, `value` the loss alone."""

    def ask(self, point: Point) -> Answer:
        raise NotImplementedError

    def value(self, point: Point) -> float:
        raise NotImplementedError

    def variables(self, point: Point) -> dict[str, Array]:
        """The arrays with respect to which the gradients are taken, by name."""
        return point.params

    def in_callers_shape(self, name: str, array: Any) -> Any:
        """A gradient in the caller's shape."""
        return array

    def with_variable(self, point: Point, name: str, array: Array) -> Point:
        """The point with another value of this variable."""
        return Point(point.params | {name: array}, point.X, point.y, point.G)


class ModelQuestion(Question):
    """A function with the signature of a scratch module: loss_and_gradients(params, X, y) -> loss, grads."""

    def __init__(self, function: Callable[..., Any], layout: Layout | None) -> None:
        self.function, self.layout = function, layout

    def arguments(self, point: Point) -> tuple[dict[str, Array], Array, Array]:
        if self.layout is not None:
            return self.layout.arguments(point)
        return {name: array.copy() for name, array in point.params.items()}, point.X.copy(), point.y.copy()

    def ask(self, point: Point) -> Answer:
        """The loss and the gradients at a point, in the formulas' shapes."""
        answer = Answer()
        params, X, y = self.arguments(point)
        given = {**params, "X": X, "y": y}
        before = {name: array.copy() for name, array in given.items()}
        result = attempt(lambda: self.function(params, X, y), answer)
        answer.changed = find_changed(before, {**params, "X": X, "y": y})
        if answer.raised:
            return answer
        if result is None:
            answer.problems.append(say("pair_none"))
            return answer
        if not (isinstance(result, tuple) and len(result) == 2):
            answer.problems.append(say("no_pair", found=_describe_result(result)))
            return answer
        loss, grads = result
        take_loss(loss, answer)
        if not isinstance(grads, Mapping):
            answer.problems.append(say("no_dict", names=", ".join(params), found=type(grads).__name__))
            return answer
        missing = [name for name in params if name not in grads]
        if missing:
            found = ", ".join(map(str, grads)) or say("nothing")
            answer.problems.append(say("grads_lack", names=", ".join(missing), found=found))
        for name in params:
            if name in grads:
                take_gradient(name, grads[name], before[name].shape, answer)
        if self.layout is not None:
            answer.grads = {name: self.layout.canonical(name, array) for name, array in answer.grads.items()}
        return answer

    def in_callers_shape(self, name: str, array: Any) -> Any:
        shape = self.layout.shapes[name] if self.layout is not None else None
        return array.reshape(shape) if array is not None and shape and array.size == np.prod(shape) else array

    def value(self, point: Point) -> float:
        """The learner's own loss at a point."""
        params, X, y = self.arguments(point)
        with quietly():
            return float(np.asarray(self.function(params, X, y)[0], np.float64).reshape(-1)[0])


def _describe_result(result: Any) -> str:
    return say("tuple_of", count=len(result)) if isinstance(result, tuple) else type(result).__name__


def get_parameters(layer: Any) -> list[Any]:
    """The parameters of a layer; [] if it has no such method."""
    return list(layer.parameters()) if hasattr(layer, "parameters") else []


class LayerQuestion(Question):
    """An object with forward, backward and parameters(), asked for the gradients of Σ G ∘ forward(X).

    names are those of its parameters, in order. The same copy of the layer answers all questions, so that anything it
    keeps between calls is noticed.
    """

    def __init__(self, layer: Any, names: list[str], layout: Layout | None) -> None:
        self.layer, self.names, self.layout = copy.deepcopy(layer), names, layout
        self.options = {"input_grad": True} if _takes(layer.backward, "input_grad") else {}

    def variables(self, point: Point) -> dict[str, Array]:
        return {"X": point.X, **point.params}

    def with_variable(self, point: Point, name: str, array: Array) -> Point:
        if name == "X":
            return Point(point.params, array, point.y, point.G)
        return super().with_variable(point, name, array)

    def forward(self, point: Point) -> tuple[Array, Any]:
        """X as passed to the layer, and the output of its forward."""
        X = point.X.copy() if self.layout is None else point.X.reshape(len(point.X), *self.layout.example_shape).copy()
        for name, parameter in zip(self.names, get_parameters(self.layer), strict=True):
            parameter.data = point.params[name].copy()
        return X, self.layer.forward(X)

    def ask(self, point: Point) -> Answer:
        answer = Answer()
        result = attempt(lambda: self.forward(point), answer)
        if answer.raised:
            return answer
        X, Y = result
        if np.shape(Y) != point.G.shape:
            answer.problems.append(say("forward_shape", shape=point.G.shape, found=np.shape(Y)))
            return answer
        take_loss(np.sum(point.G * Y), answer)
        G = point.G.copy()
        grad_X = attempt(lambda: self.layer.backward(G, **self.options), answer)
        if answer.raised:
            return answer
        given = {"X": point.X.reshape(X.shape), "grad_Y": point.G, **point.params}
        data = [parameter.data for parameter in get_parameters(self.layer)]
        answer.changed = find_changed(given, {"X": X, "grad_Y": G, **dict(zip(self.names, data, strict=True))})
        take_gradient("X", grad_X, X.shape, answer)
        if "X" in answer.grads:
            answer.grads["X"] = answer.grads["X"].reshape(
                answer.grads["X"].shape if grad_X.shape != X.shape else point.X.shape
            )
        for name, parameter in zip(self.names, get_parameters(self.layer), strict=True):
            take_gradient(name, getattr(parameter, "grad", None), point.params[name].shape, answer)
        return answer

    def value(self, point: Point) -> float:
        with quietly():
            return float(np.sum(point.G * self.forward(point)[1]))


class PairQuestion(Question):
    """A function and its backward, asked for the gradients of Σ G ∘ forward(inputs), or of forward if it is a loss.

    names are those of the inputs; arguments says what to pass to backward, for each argument: the name of an input, "G"
    for the gradient of the output, "Y" for the output, "P" for the probabilities that a loss returns.
    """

    def __init__(
        self,
        forward: Any,
        backward: Any,
        names: list[str],
        fixed: dict[str, Any],
        arguments: list[str],
        chain: Chain | None,
    ) -> None:
        self.forward, self.backward, self.names = forward, backward, names
        self.fixed, self.asked, self.chain = fixed, arguments, chain

    def inputs(self, point: Point) -> dict[str, Any]:
        """The arguments of forward at a point, by name."""
        own = {self.names[0]: point.X, **point.params}
        if self.chain is not None and self.chain.kind:
            own[self.names[1]] = point.y
        return {name: np.array(own[name]) if name in own else self.fixed[name] for name in self.names}

    def variables(self, point: Point) -> dict[str, Array]:
        first = (
            self.chain.output if self.chain is not None and self.chain.kind else "X" if self.chain else self.names[0]
        )
        return {first: point.X, **point.params}

    def with_variable(self, point: Point, name: str, array: Array) -> Point:
        if name in point.params:
            return super().with_variable(point, name, array)
        return Point(point.params, array, point.y, point.G)

    def output(self, point: Point) -> tuple[Any, Any]:
        """The output or the loss, and what else forward returned (None if nothing)."""
        result = self.forward(*self.inputs(point).values())
        return result if isinstance(result, tuple) else (result, None)

    def ask(self, point: Point) -> Answer:
        answer = Answer()
        result = attempt(lambda: self.output(point), answer)
        if answer.raised:
            return answer
        Y, P = result
        take_loss(np.sum(point.G * Y) if point.G is not None else Y, answer)
        if self.chain is not None and self.chain.kind == "cross_entropy":
            P = softmax(point.X)
        values = self.inputs(point) | {"G": point.G, "Y": Y, "P": P}
        given = {name: np.array(values[name]) for name in self.asked}
        passed = {name: array.copy() for name, array in given.items()}
        found = attempt(lambda: self.backward(*(passed[name] for name in self.asked)), answer)
        if answer.raised:
            return answer
        answer.changed = ["grad_Y" if name == "G" else name for name in find_changed(given, passed)]
        wanted = self.variables(point)
        if found is None:
            answer.problems.append(say("returned_none"))
            return answer
        found = tuple(found) if isinstance(found, (tuple, list)) and len(wanted) > 1 else (found,)
        if len(found) != len(wanted):
            key = "one_gradient_missing" if len(found) == 1 else "gradients_missing"
            answer.problems.append(say(key, names=", ".join(wanted), count=len(found)))
        for (name, array), gradient in zip(wanted.items(), found, strict=False):
            take_gradient(name, gradient, array.shape, answer)
        return answer

    def value(self, point: Point) -> float:
        with quietly():
            Y, _ = self.output(point)
            return float(np.sum(point.G * Y) if point.G is not None else np.asarray(Y).reshape(-1)[0])


def _takes(function: Any, name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
