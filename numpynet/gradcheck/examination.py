"""A check under way: what was asked and answered, and which known loss the code computes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import Answer, Question
from numpynet.gradcheck.backward_rules import Chain, Point, gradients, loss_of
from numpynet.gradcheck.facts import close

FORMULAS_AGREE = 1e-10  # norm-wise, float64: a learner's formula in its own order of operations

SINGLE_AGREES = 3e-6  # relative L2, float32

ROWS = 64  # central differences use this many of the caller's examples at most

# A loss in words, what stands before and after P − T in the formula of its gradient, and its scale as in `Chain`.
SCALES: dict[str, list[tuple[str, tuple[str, str], Callable[[int, int], float]]]] = {
    "": [("the output of linear layers and ReLUs", ("", " / n"), lambda n, terms: 1.0)],
    "cross_entropy": [
        ("the mean cross-entropy", ("", " / n"), lambda n, terms: 1.0),
        ("a sum over the examples", ("", ""), lambda n, terms: float(n)),
    ],
    "squared_loss": [
        ("the mean of (y_hat − y)² / 2", ("", " / n"), lambda n, terms: 1.0),
        ("the mean of (y_hat − y)²", ("2 ", " / n"), lambda n, terms: 2.0),
        ("a sum of (y_hat − y)² / 2", ("", ""), lambda n, terms: float(terms)),
        ("a sum of (y_hat − y)²", ("2 ", ""), lambda n, terms: 2.0 * terms),
        (
            "(y_hat − y)² / 2, summed over the outputs and averaged over the examples",
            ("", " / n"),
            lambda n, terms: terms / n,
        ),
        (
            "(y_hat − y)², summed over the outputs and averaged over the examples",
            ("2 ", " / n"),
            lambda n, terms: 2.0 * terms / n,
        ),
    ],
}


@dataclass
class Call:
    """One question and its answer."""

    point: Point
    answer: Answer


@dataclass
class Examination:
    """A check under way: what was asked and answered, and what has been found out so far.

    chain is what the code is taken to compute, or None; matched says in words which known loss it computes, "" for
    another one; nearly: it is that one to four digits only. single: gradients or loss are computed in float32;
    loss_in_single: the loss is, too coarse for tiny steps. draws are the calls at points drawn here, repeated is the
    first of them once more; given is the call at the caller's own numbers.
    """

    name: str
    question: Question
    chain: Chain | None
    given: Call
    draws: list[Call] = field(default_factory=list)
    repeated: Call | None = None
    matched: str = ""
    nearly: bool = False
    single: bool = False
    loss_in_single: bool = False
    facts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def calls(self) -> list[Call]:
        return [self.given, *self.draws]

    def right(self, point: Point) -> dict[str, Array]:
        """The known gradients there, by name."""
        if self.chain is None:
            return {}
        found = gradients(self.chain, point)
        return {self.chain.name(*site).removeprefix("grad_"): array for site, array in found.items()}


def ask(exam: Examination, points: Sequence[Point]) -> None:
    """A call at each point, one after the other, and at the first once more."""
    for before, point in itertools.pairwise(points):
        point.before = before
    exam.draws = [Call(point, exam.question.ask(point)) for point in points]
    exam.repeated = Call(points[0], exam.question.ask(points[0]))


def match(calls: Sequence[Call], chain: Chain) -> tuple[Chain, str, bool]:
    """Which known loss the learner's is, on all calls: the chain with its scale, its words, and whether only nearly."""
    usable = [call for call in calls if np.isfinite(call.answer.loss)]
    for tolerance in (FORMULAS_AGREE, 1e-4):
        for words, factor, scale in SCALES[chain.kind] if usable else []:
            scaled = replace(chain, scale=scale, factor=factor)
            if all(_loss_is(call, scaled, tolerance) for call in usable):
                return scaled, words, tolerance > FORMULAS_AGREE
    return chain, "", False


def _loss_is(call: Call, chain: Chain, tolerance: float) -> bool:
    expected = float(loss_of(chain, call.point))
    return bool(abs(call.answer.loss - expected) <= tolerance * abs(expected))


def is_known_gradient(exam: Examination, call: Call) -> bool:
    """Whether the answer is the known gradient, to rounding."""
    known = exam.right(call.point)
    # a sum that cancels keeps the rounding of its terms, which are about as large as the other gradients
    least = (1.0 if exam.single else 1e-4) * max(map(_norm, known.values()), default=0.0)
    for name, right in known.items():
        found = call.answer.grads.get(name)
        if found is None or found.shape != right.shape:
            return False
        if exam.single and call is exam.given:
            continue  # the caller's numbers may magnify rounding; those drawn here do not
        if exam.single:
            if _norm(found - right) > SINGLE_AGREES * max(_norm(right), least):
                return False
        elif not close(found, right, FORMULAS_AGREE, least):
            return False
    return True


def _norm(array: Array) -> float:
    return float(np.linalg.norm(array))
