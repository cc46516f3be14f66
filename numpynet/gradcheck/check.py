"""The checks that a learner calls: what to ask, and where; `verdict` judges the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from numpynet.functional import Array
from numpynet.gradcheck.asking import Answer, ModelQuestion
from numpynet.gradcheck.draws import Layout, batch_sizes, draw, move_away_from_the_bend, recognise
from numpynet.gradcheck.report import Report, number
from numpynet.gradcheck.verdict import ROWS, Call, Examination, ask, conclude, match

def check_model(
    loss_and_gradients: Callable[..., Any],
    params: Mapping[str, Array],
    X: Array,
    y: Array,
    *,
    directions: int | None = None,
) -> Report:
    """Check the gradients of a function with a scratch module's signature, and name the mistake if they are wrong.

        loss, grads = loss_and_gradients(params, X, y)          grads[name] = ∂loss/∂params[name]

    Why it can name it: the right backward pass is known for linear regression, softmax regression and MLPs with any
    number of ReLU layers, which are recognised by params and y. It is repeated here with one mistake of a dictionary at
    a time, or two; the one that gives the same wrong gradients, to rounding, on several sets of numbers, is the one
    that was made. For other architectures there is the comparison with central differences, and what can be said of it.

    Everything is done on float64 copies. directions: how many random directions to compare in place of every entry;
    None chooses, every entry up to 5000 parameters.

    Shapes: params a dict of arrays, X (n, ...), y (n, ...) -> a Report.
    dtype: any; judged in float64. Cost: two calls of the function for each entry of params.
    Raises: TypeError for what is no function, dict or array; nothing that loss_and_gradients raises: that is reported.
    Source: none; central differences are in every course.

    >>> from numpynet.scratch import softmax_regression as right
    >>> rng = np.random.default_rng(0)
    >>> def mine(params, X, y):
    ...     loss, grads = right.loss_and_gradients(params, X, y)
    ...     return loss, {"W": grads["W"], "b": grads["b"] / len(X)}
    >>> params, X, y = {"W": rng.normal(size=(2, 3)), "b": np.zeros(3)}, rng.normal(size=(4, 2)), np.array([0, 1, 2, 0])
    >>> check_model(mine, params, X, y).mistakes, check_model(right.loss_and_gradients, params, X, y).ok
    (('bias_mean_not_sum',), True)
    """
    if not callable(loss_and_gradients):
        raise TypeError(f"check_model: loss_and_gradients must be a function, got {loss_and_gradients!r}")
    if not isinstance(params, Mapping) or not params:
        raise TypeError(f"check_model: params must be a dict of arrays, got {params!r}")
    params = {name: _array("check_model", f"params[{name!r}]", value, "fiu") for name, value in params.items()}
    X, y = _array("check_model", "X", X, "fiub"), _array("check_model", "y", y, "fiub")
    if X.ndim == 0 or len(X) == 0 or y.ndim == 0 or len(y) != len(X):
        raise ValueError(f"check_model: X and y must have one row for each example, got {X.shape} and {y.shape}")
    name = getattr(loss_and_gradients, "__name__", "the function")
    layouts = recognise(params, X, y)
    if not layouts:
        return _examine_unknown(name, loss_and_gradients, params, X, y, directions)
    return _examine_known(name, loss_and_gradients, layouts, params, X, y, directions)


def _array(function: str, name: str, value: Any, kinds: str) -> Array:
    if not isinstance(value, (np.ndarray, float, int, list, np.generic)):
        raise TypeError(f"{function}: {name} must be an array, got {type(value).__name__}")
    array = np.asarray(value)
    if array.dtype.kind not in kinds:
        raise TypeError(f"{function}: {name} must be an array of numbers, got an array of {array.dtype}")
    return array


def _examine_known(
    name: str, function: Callable[..., Any], layouts: Sequence[Layout], params: Any, X: Array, y: Array, directions: Any
) -> Report:
    rng = np.random.default_rng(0)
    layout = layouts[0]
    chain = layout.chain
    exam = Examination(name, ModelQuestion(function, layout), chain, Call(layout.point(params, X[:ROWS], y[:ROWS]), Answer()))
    one, other = batch_sizes(layout, len(X))
    ask(exam, [draw(layout, size, rng) for size in (one, one, one, other)])
    if len(layouts) > 1 and not match(exam.draws, chain)[1]:  # one-hot rows, but the loss does not take them as classes
        return _examine_known(name, function, layouts[1:], params, X, y, directions)
    if len(X) > ROWS:
        exam.notes.append(f"compared on the first {ROWS} of your {len(X)} examples")
    for b, by in move_away_from_the_bend(chain, exam.given.point).items():
        exam.notes.append(
            f"{b} was moved by up to {number(by)}, so that no pre-activation lies near the ReLU's bend at 0, "
            "where there is no slope to compare"
        )
    exam.given.answer = exam.question.ask(exam.given.point)
    if all(call.answer.raised for call in exam.draws):
        if not exam.given.answer.raised:
            raised = exam.draws[0].answer.raised
            ask(exam, [draw(layout, len(exam.given.point.X), rng) for _ in range(4)])
            exam.notes.append(f"with {one} examples in place of {len(X)} it raised {raised}")
        elif len(layout.example_shape) == 1:
            return _examine_square(exam, function, layout, rng)
    exam.chain, exam.matched, exam.nearly = match(exam.calls(), chain)
    return conclude(exam, directions, rng)


def _examine_square(exam: Examination, function: Callable[..., Any], layout: Layout, rng: np.random.Generator) -> Report:
    """It raises with the caller's shapes: with all layers equally wide it may not, and show what it does."""
    square = layout.square(6)
    raised = exam.given.answer.raised
    other = Examination(exam.name, ModelQuestion(function, square), square.chain, exam.given)
    ask(other, [draw(square, n, rng) for n in (5, 5, 5, 8)])
    if all(call.answer.raised for call in other.draws):
        return conclude(exam, 0, rng)
    other.given = other.draws[0]
    other.problems = [f"it raised {raised}"]
    other.notes.append(
        "your shapes make it stop there; what follows was found with 6 units in every layer, where all shapes fit"
    )
    other.chain, other.matched, other.nearly = match(other.draws, square.chain)
    return conclude(other, None, rng)


def _examine_unknown(
    name: str, function: Callable[..., Any], params: dict[str, Array], X: Array, y: Array, directions: int | None
) -> Report:
    raise NotImplementedError
