"""Central differences of the learner's own loss, entry by entry or along random directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import quietly
from numpynet.gradcheck.backward_rules import Point, loss_of
from numpynet.gradcheck.examination import Call, Examination
from numpynet.gradcheck.numeric import STEP, central_differences, directional_difference, kink_size

DIFFERENCES_AGREE = 1e-9  # norm-wise, float64: central differences
SINGLE_GRADIENT_AGREES = 1e-4  # the same for a float32 gradient: sums that cancel keep few of its digits
SINGLE_LOSS_AGREES = 1e-2  # the same for a float32 loss: its differences need large steps

MAX_ENTRIES = 5000  # with more parameters than this, random directions are used instead of every entry


@dataclass
class Derivatives:
    """Central differences of the learner's own loss at a point, and how far the gradients returned are from them.

    expected: by name; empty if only random directions were compared. agree: whether all errors are small enough; wrong:
    the names of those that are not. sampled: random directions were compared. kinks: the errors may come from a kink,
    where the loss has no derivative.
    """

    expected: dict[str, Array] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    agree: bool = False
    sampled: bool = False
    kinks: bool = False
    wrong: set[str] = field(default_factory=set)


def measure_derivatives(exam: Examination, call: Call, directions: int | None, rng: np.random.Generator) -> Derivatives:
    """Compare the gradients of a call with central differences: entry by entry, or along random directions."""
    variables = exam.question.variables(call.point)
    derivatives = Derivatives(errors=dict.fromkeys(variables, np.nan))
    if not call.answer.grads:
        return derivatives
    derivatives.sampled = directions is not None or sum(array.size for array in variables.values()) > MAX_ENTRIES
    largest = max(1.0, float(np.max(np.abs(call.point.X), initial=0.0)))
    h = (1e-2 if exam.single_loss else STEP) / largest
    # a loss has a rounding error of about 1e-16 of its size (float32: 1e-7); dividing by h amplifies it
    blur = (
        (4e-7 if exam.single_loss else 1e-15) * max(1.0, abs(call.answer.loss)) / h
        if np.isfinite(call.answer.loss)
        else 0
    )
    derivatives.agree = True
    offs: dict[str, float] = {}
    sizes: dict[str, float] = {}
    for name, array in variables.items():
        found = call.answer.grads.get(name)
        try:
            with quietly():
                if derivatives.sampled:
                    V = rng.normal(size=(directions or 8, *array.shape)) / np.sqrt(max(1, len(np.atleast_1d(array))))
                    f = _loss_along(exam, call.point, name, precise=False)
                    right, claimed = _sample(f, array, found, V, h)
                else:
                    right = central_differences(
                        _loss_along(exam, call.point, name, precise=True), array.astype(np.longdouble), h
                    )
                    derivatives.expected[name], claimed = right, found
        except Exception:  # raised by the learner's code: the answers already report it
            derivatives.agree = False
            continue
        if claimed is None or claimed.shape != right.shape or not np.isfinite(right).all():
            derivatives.agree = False
            continue
        size = float(np.max(np.abs(right), initial=0.0))
        off = float(np.max(np.abs(claimed - right), initial=0.0))
        offs[name], sizes[name] = off, size
        if off > _limit(exam, call, name) * size + blur:
            derivatives.agree = False
            derivatives.wrong.add(name)
            if not derivatives.sampled:
                at = np.unravel_index(int(np.abs(claimed - right).argmax()), right.shape)
                f = _loss_along(exam, call.point, name, precise=True)
                derivatives.kinks = kink_size(f, array.astype(np.longdouble), tuple(map(int, at)), h) > 0.5 * off
    least = 1e-6 * max(sizes.values(), default=0.0)  # anything smaller is 0 except for rounding
    derivatives.errors |= {name: offs[name] / (max(sizes[name], least) or 1.0) for name in offs}
    return derivatives


def _limit(exam: Examination, call: Call, name: str) -> float:
    """How far a gradient may differ from the central differences, relative to its largest entry."""
    if exam.single_loss:
        return SINGLE_LOSS_AGREES
    return SINGLE_GRADIENT_AGREES if name in call.answer.single else DIFFERENCES_AGREE


def _loss_along(exam: Examination, point: Point, name: str, *, precise: bool) -> Callable[[Array], Any]:
    """The loss as a function of one variable: the learner's, or the known one if the learner's was found to equal it.

    The two agree to ten digits, and so do their derivatives. The known one does not compute gradients in each call, and
    uses the longest floats available, so that differences of its values keep more digits.
    """
    question, chain = exam.question, exam.chain
    if chain is None or not exam.matched or exam.nearly:
        return lambda array: question.value(question.with_variable(point, name, array.astype(np.float64)))
    dtype = np.longdouble if precise else np.float64
    params = {key: array.astype(dtype) for key, array in point.params.items()}
    G = None if point.G is None else point.G.astype(dtype)
    exact = Point(params, point.X.astype(dtype), point.y, G)
    return lambda array: loss_of(chain, question.with_variable(exact, name, array))


def has_known_derivatives(exam: Examination, rng: np.random.Generator) -> bool:
    """Whether the learner's loss, which has the known values, also has the known derivative in a random direction."""
    call = next((call for call in exam.draws if np.isfinite(call.answer.loss)), None)
    if call is None or exam.chain is None:
        return False
    known = exam.right(call.point)
    V = {name: rng.normal(size=array.shape) for name, array in exam.question.variables(call.point).items()}

    def along(t: Array) -> float:
        point = call.point
        for name, array in exam.question.variables(call.point).items():
            point = exam.question.with_variable(point, name, array + t[0] * V[name])
        return exam.question.value(point)

    try:
        derivative = float(central_differences(along, np.zeros(1))[0])
    except Exception:  # raised by the learner's code
        return False
    expected = sum(float(np.sum(known[name] * V[name])) for name in known)
    size = sum(float(np.linalg.norm(array)) for array in known.values())
    return abs(derivative - expected) <= (1e-3 if exam.nearly else 1e-6) * size


def _sample(f: Callable[[Array], Any], array: Array, found: Array | None, V: Array, h: float) -> Any:
    """The derivatives along the directions V: measured, and according to the gradient found."""
    right = np.array([directional_difference(f, array, v, 10 * h) for v in V])
    if found is None or found.shape != array.shape:
        return right, None
    return right, np.array([np.sum(found * v) for v in V])


def computes_single_loss(exam: Examination) -> bool:
    """Whether the code computes its loss in float32, so that it does not change with tiny steps."""
    answered = [call for call in exam.draws if not call.answer.raised and np.isfinite(call.answer.loss)]
    if not answered:
        return False
    point, loss = answered[0].point, answered[0].answer.loss
    losses = []
    for factor in (1 + 1e-10, 1 + 1e-3):
        moved = point
        for name, array in exam.question.variables(point).items():
            moved = exam.question.with_variable(moved, name, array * factor)
        try:
            losses.append(exam.question.value(moved))
        except Exception:  # raised by the learner's code
            return False
    return losses[0] == loss and losses[1] != loss
