"""The exercises: what to write, how many points it is worth, and how it is marked.

A forward function or method is compared with the library's on a few small numbers, which are shown if the result is
wrong. A backward pass is passed to the gradient checker, which names the mistake.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numpynet import base, functional, layers, optim
from numpynet.arguments import Array
from numpynet.gradcheck import Report, check_layer, check_model, check_pair
from numpynet.gradcheck.report import format_apart, format_number
from numpynet.scratch import linear_regression, mlp, softmax_regression

Mark = Callable[[str, Any], Report]  # from the name of a gap and the learner's function or class to a report


@dataclass(frozen=True)
class Exercise:
    """One gap: a function, or a method as "Class.method", in the file {lesson}.py."""

    lesson: str
    name: str
    points: int
    mark: Mark

    def __str__(self) -> str:
        return f"{self.lesson}.{self.name}"


def matches(right: Callable[..., Any], *cases: tuple[Any, ...]) -> Mark:
    """The function returns the same as the right one in each of these cases, and does not modify its arguments."""
    return lambda name, function: _compare(name, function, right, cases)


def is_backward_of(forward: Callable[..., Any], inputs: tuple[Array, ...], arguments: tuple[Array, ...]) -> Mark:
    """The function is the backward pass of forward; arguments are valid ones, used to see whether it is written yet."""

    def mark(name: str, backward: Any) -> Report:
        _raise_if_unwritten(lambda: backward(*copy.deepcopy(arguments)))
        return check_pair(forward, backward, *inputs)

    return mark


def is_model(right: Callable[..., Any], params: dict[str, Array], X: Array, y: Array) -> Mark:
    """The function returns the same loss as the right one, and its gradients."""

    def mark(name: str, function: Any) -> Report:
        _raise_if_unwritten(lambda: function(*copy.deepcopy((params, X, y))))
        report = check_model(function, params, X, y)
        try:
            yours = float(function(*copy.deepcopy((params, X, y)))[0])
        except Exception:  # no loss to compare: the report says why
            return report
        expected = float(right(params, X, y)[0])
        if not np.isfinite(yours) or _equal(yours, expected):
            return report
        found, asked = format_apart(yours, expected)
        text = f"{name} is wrong: its loss is {found}, should be {asked}. Fix that first."
        return Report(False, report.errors, report.mistakes, text=f"{text}\n\nWith this loss:\n{report.text}")

    return mark


def layer_matches(make: Callable[[Any], Any], right: Callable[[Array], Array], *cases: Array) -> Mark:
    """The layer's forward returns the same as the right function."""

    def mark(name: str, kind: Any) -> Report:
        layer = make(kind)
        return _compare(name, lambda X: layer.forward(X), right, [(X,) for X in cases])

    return mark


def layer_is_right(make: Callable[[Any], Any], forward: Mark, X: Array) -> Mark:
    """The layer's backward fits its forward, which must be right first."""

    def mark(name: str, kind: Any) -> Report:
        needed = name.replace(".backward", ".forward")
        if not _passes(forward, needed, kind):
            return Report(False, {}, text=f"{name} waits for {needed}, which must be right first.")
        layer = make(kind)
        _raise_if_unwritten(lambda: layer.backward(np.ones_like(layer.forward(X.copy()))))
        return check_layer(layer, X)

    return mark


def updates_like_sgd(step: Callable[[Any, dict[str, Array], dict[str, Array], float], None]) -> Mark:
    """step(learner's own, params, grads, lr) changes params as `optim.sgd` does."""

    def mark(name: str, own: Any) -> Report:
        marks = (mark_step(name, own, lr) for lr in (0.1, 0.5))
        return next((report for report in marks if not report.ok), Report(True, {}, text=f"{name} is right."))

    def mark_step(name: str, own: Any, lr: float) -> Report:
        before = {"W": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": np.array([5.0, 6.0])}
        grads = {"W": np.array([[10.0, -10.0], [0.0, 20.0]]), "b": np.array([-30.0, 0.0])}
        params, expected, given = copy.deepcopy(before), copy.deepcopy(before), copy.deepcopy(grads)
        optim.sgd(expected, grads, lr)
        step(own, params, given, lr)
        if _format(given) != _format(grads):
            text = f"{name} is wrong: it modified the gradients, which belong to the caller."
            return Report(False, {}, text=f"{text}\n\n    before  {_format(grads)}\n    after   {_format(given)}")
        if _equal(tuple(params.values()), tuple(expected.values())):
            return Report(True, {}, text=f"{name} is right.")
        still = _equal(tuple(params.values()), tuple(before.values()))
        why = " Nothing has changed: W -= ... modifies the array, W = W - ... only makes a new one." if still else ""
        text = f"{name} is wrong.{why}\n\n    before  {_format(before)}\n    grads   {_format(grads)}, lr {lr}"
        yours, right = _format_apart(params, expected)
        return Report(False, {}, text=f"{text}\n    yours   {yours}\n    right   {right}")

    return mark


def _compare(name: str, function: Any, right: Callable[..., Any], cases: Any) -> Report:
    names = list(inspect.signature(right).parameters)
    for case in cases:
        arguments = copy.deepcopy(case)
        with np.errstate(all="ignore"):
            yours, expected = function(*arguments), right(*case)
        call = ", ".join(
            _format(value) if isinstance(value, Mapping) else f"{own} = {_format(value)}"
            for own, value in zip(names, case, strict=False)
        )
        for own, value, given in zip(names, arguments, case, strict=False):
            if _format(value) != _format(given):
                text = f"{name} is wrong: it modified its argument {own}, which belongs to the caller."
                return Report(False, {}, text=f"{text}\n\n    before  {_format(given)}\n    after   {_format(value)}")
        if not _equal(yours, expected):
            why = " The return statement seems to be missing." if yours is None else ""
            found, right_one = _format_apart(yours, expected)
            text = f"{name} is wrong.{why}\n\n    for     {call}\n    yours   {found}\n    right   {right_one}"
            return Report(False, {}, text=text)
    return Report(True, {}, text=f"{name} is right.")


def _raise_if_unwritten(call: Callable[[], Any]) -> None:
    """Let through the NotImplementedError that marks a gap; any other exception is left to the checker."""
    try:
        with np.errstate(all="ignore"):
            call()
    except NotImplementedError:
        raise
    except Exception:
        pass


def _passes(mark: Mark, name: str, own: Any) -> bool:
    try:
        return mark(name, own).ok
    except Exception:
        return False


def _equal(yours: Any, expected: Any) -> bool:
    """Numbers of the same shape that agree to 1e-6 of the largest, or tuples of these."""
    if isinstance(expected, tuple):
        both = isinstance(yours, tuple) and len(yours) == len(expected)
        return both and all(map(_equal, yours, expected))
    try:
        found = np.asarray(yours, np.float64)
    except (TypeError, ValueError):
        return False
    size = float(np.max(np.abs(expected)))
    return found.shape == np.shape(expected) and bool(np.all(np.abs(found - expected) <= 1e-6 * size))


def _format(value: Any, digits: int = 4) -> str:
    """Small arrays in one line: [[1, 2], [0.5, 4]]."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_format(array, digits)}" for name, array in value.items())
    if isinstance(value, tuple):
        parts = [_format(part, digits) for part in value]
        return " and ".join(parts) if len(parts) > 1 else f"a tuple of {len(parts)}: {', '.join(parts)}"
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and value.ndim:
        return f"[{', '.join(_format(entry, digits) for entry in value)}]"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    return format_number(value, digits) if isinstance(value, (int, float, np.number, np.ndarray)) else repr(value)


def _format_apart(one: Any, other: Any) -> tuple[str, str]:
    """Two results with four digits, or as many as are needed to tell them apart."""
    texts = [(_format(one, digits), _format(other, digits)) for digits in range(4, 18)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[0])


def _make_linear(kind: Any) -> Any:
    layer = kind(3, 2, rng=np.random.default_rng(0))
    layer.W.data, layer.b.data = W.copy(), b.copy()
    return layer


def _make_sequential(kind: Any) -> Any:
    rng = np.random.default_rng(0)
    linear, last = (layers.Linear(d, m, rng=rng, sigma=1.0, dtype=np.float64) for d, m in ((3, 4), (4, 2)))
    return kind(linear, layers.ReLU(), last)


def _sgd_step(kind: Any, params: dict[str, Array], grads: dict[str, Array], lr: float) -> None:
    parameters = [base.Parameter(params[name]) for name in params]
    for parameter, name in zip(parameters, grads, strict=True):
        parameter.grad = grads[name]
    kind(parameters, lr).step()
    for parameter, name in zip(parameters, params, strict=True):
        params[name] = parameter.data


# Small numbers for the comparisons, and random ones for the gradient checks.
X, W, b = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]), np.array([[1.0, 0.0], [2.0, -1.0], [0.0, 1.0]]), np.ones(2)
O, LARGE = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), np.array([[1000.0, 0.0], [-1000.0, 0.0], [5.0, 5.0]])
Y_HAT, Y = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[1.0, 0.0], [3.0, 5.0], [5.0, 5.0]])
ONE, TWO = {"W": W, "b": b}, {"W1": W, "b1": b, "W2": np.array([[1.0, 0.0, 2.0], [0.0, 3.0, -1.0]]), "b2": np.ones(3)}

rng = np.random.default_rng(0)
DRAWN, WEIGHTS, BIAS, CLASSES = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3), np.arange(5) % 3
TARGETS, HIDDEN = rng.normal(size=(5, 1)), {"W1": rng.normal(size=(4, 6)), "b1": rng.normal(size=6)}
LINEAR = {"W": WEIGHTS[:, :1], "b": BIAS[:1]}
SOFTMAX = {"W": WEIGHTS, "b": BIAS}
MLP = {**HIDDEN, "W2": rng.normal(size=(6, 3)), "b2": BIAS}
GRAD = rng.normal(size=(5, 3))

LINEAR_FORWARD = layer_matches(_make_linear, lambda X: functional.linear(X, W, b), X)
RELU_FORWARD = layer_matches(lambda kind: kind(), functional.relu, Y_HAT - 3)
CHAIN = _make_sequential(layers.Sequential)
SEQUENTIAL_FORWARD = layer_matches(_make_sequential, lambda X: CHAIN(X), X)

EXERCISES = (
    Exercise("lesson1_functions", "linear", 1, matches(functional.linear, (X, W, b), (X[:1], W[:, :1], b[:1]))),
    Exercise(
        "lesson1_functions",
        "linear_backward",
        3,
        is_backward_of(functional.linear, (DRAWN, WEIGHTS, BIAS), (GRAD, DRAWN, WEIGHTS)),
    ),
    Exercise("lesson1_functions", "squared_loss", 1, matches(functional.squared_loss, (Y_HAT, Y))),
    Exercise(
        "lesson1_functions",
        "squared_loss_backward",
        1,
        is_backward_of(functional.squared_loss, (DRAWN, DRAWN + 1), (DRAWN, DRAWN + 1)),
    ),
    Exercise("lesson1_functions", "sgd", 1, updates_like_sgd(lambda sgd, params, grads, lr: sgd(params, grads, lr))),
    Exercise("lesson1_functions", "softmax", 2, matches(functional.softmax, (O,), (LARGE,))),
    Exercise(
        "lesson1_functions",
        "softmax_cross_entropy",
        2,
        matches(functional.softmax_cross_entropy, (O, np.array([2, 0])), (LARGE, np.array([1, 1, 0]))),
    ),
    Exercise(
        "lesson1_functions",
        "softmax_cross_entropy_backward",
        2,
        is_backward_of(functional.softmax_cross_entropy, (GRAD, CLASSES), (functional.softmax(GRAD), CLASSES)),
    ),
    Exercise("lesson1_functions", "relu", 1, matches(functional.relu, (Y_HAT - 3,))),
    Exercise("lesson1_functions", "relu_backward", 1, is_backward_of(functional.relu, (DRAWN,), (DRAWN, DRAWN))),
    Exercise("lesson2_linear_regression", "predict", 1, matches(linear_regression.predict, (ONE, X))),
    Exercise(
        "lesson2_linear_regression",
        "loss_and_gradients",
        2,
        is_model(linear_regression.loss_and_gradients, LINEAR, DRAWN, TARGETS),
    ),
    Exercise("lesson3_softmax_regression", "predict", 1, matches(softmax_regression.predict, (ONE, X))),
    Exercise(
        "lesson3_softmax_regression",
        "loss_and_gradients",
        2,
        is_model(softmax_regression.loss_and_gradients, SOFTMAX, DRAWN, CLASSES),
    ),
    Exercise("lesson4_mlp", "predict", 1, matches(mlp.predict, (TWO, X))),
    Exercise("lesson4_mlp", "loss_and_gradients", 4, is_model(mlp.loss_and_gradients, MLP, DRAWN, CLASSES)),
    Exercise("lesson5_layers", "Linear.forward", 1, LINEAR_FORWARD),
    Exercise("lesson5_layers", "Linear.backward", 1, layer_is_right(_make_linear, LINEAR_FORWARD, X)),
    Exercise("lesson5_layers", "ReLU.forward", 1, RELU_FORWARD),
    Exercise("lesson5_layers", "ReLU.backward", 1, layer_is_right(lambda kind: kind(), RELU_FORWARD, DRAWN)),
    Exercise("lesson5_layers", "Sequential.forward", 1, SEQUENTIAL_FORWARD),
    Exercise("lesson5_layers", "Sequential.backward", 1, layer_is_right(_make_sequential, SEQUENTIAL_FORWARD, X)),
    Exercise("lesson5_layers", "SGD.step", 1, updates_like_sgd(_sgd_step)),
)
