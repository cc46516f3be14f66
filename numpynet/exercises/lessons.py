"""The exercises: what there is to write, what it is worth, and how it is marked.

A function or method that computes something is compared with the library's on a few small numbers, which a wrong answer
then shows. A backward pass goes to the gradient checker, which names the mistake.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numpynet import functional, layers, optim
from numpynet.arguments import Array
from numpynet.gradcheck import Report, check_layer, check_model, check_pair
from numpynet.scratch import linear_regression, mlp, softmax_regression

Mark = Callable[[str, Any], Report]  # of a gap's name and the learner's function, or the class of the method


@dataclass(frozen=True)
class Exercise:
    """One gap: a function, or a method "Class.method", in the file {lesson}.py."""

    lesson: str
    name: str
    points: int
    mark: Mark

    def __str__(self) -> str:
        return f"{self.lesson}.{self.name}"


def gives(right: Callable[..., Any], *cases: tuple[Any, ...]) -> Mark:
    """The function gives what the right one gives, in each of these cases, and leaves its arguments as they are."""
    return lambda name, function: _compared(name, function, right, cases)


def is_backward_of(forward: Callable[..., Any], inputs: tuple[Array, ...], arguments: tuple[Array, ...]) -> Mark:
    """The function is the backward pass of forward; arguments are some that it could be called with."""

    def mark(name: str, backward: Any) -> Report:
        _is_written(lambda: backward(*copy.deepcopy(arguments)))
        return check_pair(forward, backward, *inputs)

    return mark


def is_model(right: Callable[..., Any], params: dict[str, Array], X: Array, y: Array) -> Mark:
    """The function gives the loss of the right one, and its gradients."""

    def mark(name: str, function: Any) -> Report:
        _is_written(lambda: function(*copy.deepcopy((params, X, y))))
        report = check_model(function, params, X, y)
        try:
            yours = float(function(*copy.deepcopy((params, X, y)))[0])
        except Exception:  # no loss to compare: the report says what came
            return report
        expected = float(right(params, X, y)[0])
        if not np.isfinite(yours) or _equal(yours, expected):
            return report
        text = f"{name} is wrong: its loss is {yours:.4g} where {expected:.4g} is asked for. Mend that first."
        return Report(False, report.errors, report.mistakes, text=f"{text}\n\nFor the loss as it is:\n{report.text}")

    return mark


def layer_gives(make: Callable[[Any], Any], right: Callable[[Array], Array], *cases: Array) -> Mark:
    """The layer's forward gives what the right function gives."""

    def mark(name: str, kind: Any) -> Report:
        layer = make(kind)
        return _compared(name, lambda X: layer.forward(X), right, [(X,) for X in cases])

    return mark


def layer_is_right(make: Callable[[Any], Any], forward: Mark, X: Array) -> Mark:
    """The layer's backward is right for its forward, which must be right first."""

    def mark(name: str, kind: Any) -> Report:
        needed = name.replace(".backward", ".forward")
        if not _ok(forward, needed, kind):
            return Report(False, {}, text=f"{name} waits for {needed}: that must be right first.")
        layer = make(kind)
        _is_written(lambda: layer.backward(np.ones_like(layer.forward(X.copy()))))
        return check_layer(layer, X)

    return mark


def moves(step: Callable[[Any, dict[str, Array], dict[str, Array], float], None]) -> Mark:
    """After step(learner's own, params, grads, lr), params have moved as in `optim.sgd`."""

    def mark(name: str, own: Any) -> Report:
        marks = (moved(name, own, lr) for lr in (0.1, 0.5))
        return next((report for report in marks if not report.ok), Report(True, {}, text=f"{name} is right."))

    def moved(name: str, own: Any, lr: float) -> Report:
        before = {"W": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": np.array([5.0, 6.0])}
        grads = {"W": np.array([[10.0, -10.0], [0.0, 20.0]]), "b": np.array([-30.0, 0.0])}
        params, expected, given = copy.deepcopy(before), copy.deepcopy(before), copy.deepcopy(grads)
        optim.sgd(expected, grads, lr)
        step(own, params, given, lr)
        if _shown(given) != _shown(grads):
            text = f"{name} is wrong: it changed the gradients, which still belong to the caller."
            return Report(False, {}, text=f"{text}\n\n    before  {_shown(grads)}\n    after   {_shown(given)}")
        if _equal(tuple(params.values()), tuple(expected.values())):
            return Report(True, {}, text=f"{name} is right.")
        still = _equal(tuple(params.values()), tuple(before.values()))
        why = " Nothing has moved: W -= ... changes the array, W = W - ... only makes a new one." if still else ""
        text = f"{name} is wrong.{why}\n\n    before  {_shown(before)}\n    grads   {_shown(grads)}, lr {lr}"
        return Report(False, {}, text=f"{text}\n    yours   {_shown(params)}\n    right   {_shown(expected)}")

    return mark


def _compared(name: str, function: Any, right: Callable[..., Any], cases: Any) -> Report:
    names = list(inspect.signature(right).parameters)
    for case in cases:
        arguments = copy.deepcopy(case)
        with np.errstate(all="ignore"):
            yours, expected = function(*arguments), right(*case)
        call = ", ".join(f"{own} = {_shown(value)}" for own, value in zip(names, case, strict=False))
        for own, value, given in zip(names, arguments, case, strict=False):
            if _shown(value) != _shown(given):
                text = f"{name} is wrong: it changed its argument {own}, which still belongs to the caller."
                return Report(False, {}, text=f"{text}\n\n    before  {_shown(given)}\n    after   {_shown(value)}")
        if not _equal(yours, expected):
            text = (
                f"{name} is wrong.\n\n    for     {call}\n    yours   {_shown(yours)}\n    right   {_shown(expected)}"
            )
            return Report(False, {}, text=text)
    return Report(True, {}, text=f"{name} is right.")


def _is_written(call: Callable[[], Any]) -> None:
    """Let NotImplementedError through, which stands in every gap; what else is wrong is for the checker to say."""
    try:
        with np.errstate(all="ignore"):
            call()
    except NotImplementedError:
        raise
    except Exception:
        pass


def _ok(mark: Mark, name: str, own: Any) -> bool:
    try:
        return mark(name, own).ok
    except Exception:
        return False


def _equal(yours: Any, expected: Any) -> bool:
    """Numbers of the same shape, equal to 1e-6 of the largest; tuples of such."""
    if isinstance(expected, tuple):
        both = isinstance(yours, tuple) and len(yours) == len(expected)
        return both and all(map(_equal, yours, expected))
    try:
        found = np.asarray(yours, np.float64)
    except (TypeError, ValueError):
        return False
    size = float(np.max(np.abs(expected)))
    return found.shape == np.shape(expected) and bool(np.all(np.abs(found - expected) <= 1e-6 * size))


def _shown(value: Any) -> str:
    """Small arrays in one line: [[1, 2], [0.5, 4]]."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_shown(array)}" for name, array in value.items())
    if isinstance(value, tuple):
        return " and ".join(map(_shown, value))
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.ndim:
        return f"[{', '.join(map(_shown, value))}]"
    return f"{float(value):.4g}" if isinstance(value, (int, float, np.number, np.ndarray)) else repr(value)


def _linear_of_known_weights(kind: Any) -> Any:
    layer = kind(3, 2, rng=np.random.default_rng(0))
    layer.W.data, layer.b.data = W.copy(), b.copy()
    return layer


def _sequential_of_two(kind: Any) -> Any:
    rng = np.random.default_rng(0)
    linear, last = (layers.Linear(d, m, rng=rng, sigma=1.0, dtype=np.float64) for d, m in ((3, 4), (4, 2)))
    return kind(linear, layers.ReLU(), last)


def _sgd_step(kind: Any, params: dict[str, Array], grads: dict[str, Array], lr: float) -> None:
    parameters = [layers.Parameter(params[name]) for name in params]
    for parameter, name in zip(parameters, grads, strict=True):
        parameter.grad = grads[name]
    kind(parameters, lr).step()
    for parameter, name in zip(parameters, params, strict=True):
        params[name] = parameter.data


# The small numbers of the comparisons, and numbers drawn for the gradient checks.
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

LINEAR_FORWARD = layer_gives(_linear_of_known_weights, lambda X: functional.linear(X, W, b), X)
RELU_FORWARD = layer_gives(lambda kind: kind(), functional.relu, Y_HAT - 3)
CHAIN = _sequential_of_two(layers.Sequential)
SEQUENTIAL_FORWARD = layer_gives(_sequential_of_two, lambda X: CHAIN(X), X)

EXERCISES = (
    Exercise("lesson1_functions", "linear", 1, gives(functional.linear, (X, W, b), (X[:1], W[:, :1], b[:1]))),
    Exercise(
        "lesson1_functions",
        "linear_backward",
        3,
        is_backward_of(functional.linear, (DRAWN, WEIGHTS, BIAS), (GRAD, DRAWN, WEIGHTS)),
    ),
    Exercise("lesson1_functions", "squared_loss", 1, gives(functional.squared_loss, (Y_HAT, Y))),
    Exercise(
        "lesson1_functions",
        "squared_loss_backward",
        1,
        is_backward_of(functional.squared_loss, (DRAWN, DRAWN + 1), (DRAWN, DRAWN + 1)),
    ),
    Exercise("lesson1_functions", "sgd", 1, moves(lambda sgd, params, grads, lr: sgd(params, grads, lr))),
    Exercise("lesson1_functions", "softmax", 2, gives(functional.softmax, (O,), (LARGE,))),
    Exercise(
        "lesson1_functions",
        "softmax_cross_entropy",
        2,
        gives(functional.softmax_cross_entropy, (O, np.array([2, 0])), (LARGE, np.array([1, 1, 0]))),
    ),
    Exercise(
        "lesson1_functions",
        "softmax_cross_entropy_backward",
        2,
        is_backward_of(functional.softmax_cross_entropy, (GRAD, CLASSES), (functional.softmax(GRAD), CLASSES)),
    ),
    Exercise("lesson1_functions", "relu", 1, gives(functional.relu, (Y_HAT - 3,))),
    Exercise("lesson1_functions", "relu_backward", 1, is_backward_of(functional.relu, (DRAWN,), (DRAWN, DRAWN))),
    Exercise("lesson2_linear_regression", "predict", 1, gives(linear_regression.predict, (ONE, X))),
    Exercise(
        "lesson2_linear_regression",
        "loss_and_gradients",
        2,
        is_model(linear_regression.loss_and_gradients, LINEAR, DRAWN, TARGETS),
    ),
    Exercise("lesson3_softmax_regression", "predict", 1, gives(softmax_regression.predict, (ONE, X))),
    Exercise(
        "lesson3_softmax_regression",
        "loss_and_gradients",
        2,
        is_model(softmax_regression.loss_and_gradients, SOFTMAX, DRAWN, CLASSES),
    ),
    Exercise("lesson4_mlp", "predict", 1, gives(mlp.predict, (TWO, X))),
    Exercise("lesson4_mlp", "loss_and_gradients", 4, is_model(mlp.loss_and_gradients, MLP, DRAWN, CLASSES)),
    Exercise("lesson5_layers", "Linear.forward", 1, LINEAR_FORWARD),
    Exercise("lesson5_layers", "Linear.backward", 1, layer_is_right(_linear_of_known_weights, LINEAR_FORWARD, X)),
    Exercise("lesson5_layers", "ReLU.forward", 1, RELU_FORWARD),
    Exercise("lesson5_layers", "ReLU.backward", 1, layer_is_right(lambda kind: kind(), RELU_FORWARD, DRAWN)),
    Exercise("lesson5_layers", "Sequential.forward", 1, SEQUENTIAL_FORWARD),
    Exercise("lesson5_layers", "Sequential.backward", 1, layer_is_right(_sequential_of_two, SEQUENTIAL_FORWARD, X)),
    Exercise("lesson5_layers", "SGD.step", 1, moves(_sgd_step)),
)
