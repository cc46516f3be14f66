"""Central differences of the loss that the learner's code computes, entry by entry or along random directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import quietly
from numpynet.gradcheck.backward_rules import Point, loss_of
from numpynet.gradcheck.examination import Call, Examination
from numpynet.gradcheck.numeric import STEP, bend, central_differences, directional_difference

DIFFERENCES_AGREE = 1e-9  # norm-wise, float64: central differences
SINGLE_GRADIENT_AGREES = 1e-4  # the same where the gradient is float32: sums that cancel keep few of its digits
SINGLE_LOSS_AGREES = 1e-2  # the same where the loss is: its differences take large steps

ENTRIES = 5000  # with more parameters than this, random directions in place of every entry


@dataclass
class Slopes:
    """Central differences of the learner's own loss at a point, and how far the answer there is from them.

    expected: by name, or empty where only random directions were compared. agree: whether all errors are small enough,
    and wrong: those that are not; kinks: whether these may come from a kink, at which the loss has no slope.
    """

    expected: dict[str, Array] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    agree: bool = False
    sampled: bool = False
    kinks: bool = False
    wrong: set[str] = field(default_factory=set)


def slopes_at(exam: Examination, call: Call, directions: int | None, rng: np.random.Generator) -> Slopes:
    """What central differences say of a call's gradients: entry by entry, or along so many random directions."""
    variables = exam.question.variables(call.point)
    slopes = Slopes(errors=dict.fromkeys(variables, np.nan))
    if not call.answer.grads:
        return slopes
    slopes.sampled = directions is not None or sum(array.size for array in variables.values()) > ENTRIES
    largest = max(1.0, float(np.max(np.abs(call.point.X), initial=0.0)))
    h = (1e-2 if exam.loss_in_single else STEP) / largest
    # each loss is rounded to about 1e-16 of itself (float32: 1e-7); divided by h, that blurs every difference
    blur = (
        (4e-7 if exam.loss_in_single else 1e-15) * max(1.0, abs(call.answer.loss)) / h
        if np.isfinite(call.answer.loss)
        else 0
    )
    slopes.agree = True
    offs: dict[str, float] = {}
    sizes: dict[str, float] = {}
    for name, array in variables.items():
        found = call.answer.grads.get(name)
        try:
            with quietly():
                if slopes.sampled:
                    right, came = _along(exam, call, name, array, found, directions or 8, h, rng)
                else:
                    right = central_differences(
                        _loss_along(exam, call.point, name, precise=True), array.astype(np.longdouble), h
                    )
                    slopes.expected[name], came = right, found
        except Exception:  # the learner's own, for these numbers: the answers have told of it
            slopes.agree = False
            continue
        if came is None or came.shape != right.shape or not np.isfinite(right).all():
            slopes.agree = False
            continue
        size = float(np.max(np.abs(right), initial=0.0))
        off = float(np.max(np.abs(came - right), initial=0.0))
        offs[name], sizes[name] = off, size
        if off > _limit(exam, call, name) * size + blur:
            slopes.agree = False
            slopes.wrong.add(name)
            if not slopes.sampled:
                at = np.unravel_index(int(np.abs(came - right).argmax()), right.shape)
                f = _loss_along(exam, call.point, name, precise=True)
                slopes.kinks = bend(f, array.astype(np.longdouble), tuple(map(int, at)), h) > 0.5 * off
    least = 1e-6 * max(sizes.values(), default=0.0)  # what is smaller is 0 but for rounding
    slopes.errors |= {name: offs[name] / (max(sizes[name], least) or 1.0) for name in offs}
    return slopes


def _limit(exam: Examination, call: Call, name: str) -> float:
    """How far a gradient may be from the central differences, relative to its largest entry."""
    if exam.loss_in_single:
        return SINGLE_LOSS_AGREES
    return SINGLE_GRADIENT_AGREES if name in call.answer.single else DIFFERENCES_AGREE


def _loss_along(exam: Examination, point: Point, name: str, *, precise: bool) -> Callable[[Array], Any]:
    """The loss as a function of one variable: the learner's; or, where that has shown to be a known one, the known one.

    The two agree to ten digits, in their slopes too. The known one does not compute gradients each time, and computes
    with the longest floats there are, so that the differences of its values keep more digits.
    """
    question, chain = exam.question, exam.chain
    if chain is None or not exam.matched or exam.nearly:
        return lambda array: question.value(question.moved(point, name, array.astype(np.float64)))
    dtype = np.longdouble if precise else np.float64
    params = {key: array.astype(dtype) for key, array in point.params.items()}
    G = None if point.G is None else point.G.astype(dtype)
    exact = Point(params, point.X.astype(dtype), point.y, G)
    return lambda array: loss_of(chain, question.moved(exact, name, array))


def slopes_match(exam: Examination, rng: np.random.Generator) -> bool:
    """Whether the learner's loss, known at some points, also has the known slope along a random direction there."""
    call = next((call for call in exam.draws if np.isfinite(call.answer.loss)), None)
    if call is None or exam.chain is None:
        return False
    known = exam.right(call.point)
    V = {name: rng.normal(size=array.shape) for name, array in exam.question.variables(call.point).items()}

    def along(t: Array) -> float:
        point = call.point
        for name, array in exam.question.variables(call.point).items():
            point = exam.question.moved(point, name, array + t[0] * V[name])
        return exam.question.value(point)

    try:
        slope = float(central_differences(along, np.zeros(1))[0])
    except Exception:  # the learner's own
        return False
    expected = sum(float(np.sum(known[name] * V[name])) for name in known)
    size = sum(float(np.linalg.norm(array)) for array in known.values())
    return abs(slope - expected) <= (1e-3 if exam.nearly else 1e-6) * size


def _along(
    exam: Examination, call: Call, name: str, array: Array, found: Array | None, directions: int, h: float, rng: Any
) -> tuple[Array, Array | None]:
    """The slopes along random directions, and what the gradient that came says they are."""
    f = _loss_along(exam, call.point, name, precise=False)
    V = rng.normal(size=(directions, *array.shape)) / np.sqrt(max(1, len(array) if array.ndim else 1))
    right = np.array([directional_difference(f, array, v, 10 * h) for v in V])
    if found is None or found.shape != array.shape:
        return right, None
    return right, np.array([np.sum(found * v) for v in V])


def loss_in_single(exam: Examination) -> bool:
    """Whether the code computes its loss in float32: it is a stairway, too coarse for tiny steps."""
    answered = [call for call in exam.draws if not call.answer.raised and np.isfinite(call.answer.loss)]
    if not answered:
        return False
    point, loss = answered[0].point, answered[0].answer.loss
    losses = []
    for factor in (1 + 1e-10, 1 + 1e-3):
        moved = point
        for name, array in exam.question.variables(point).items():
            moved = exam.question.moved(moved, name, array * factor)
        try:
            losses.append(exam.question.value(moved))
        except Exception:  # the learner's own
            return False
    return losses[0] == loss and losses[1] != loss
