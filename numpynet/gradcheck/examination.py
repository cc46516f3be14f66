"""The state of a check: what was asked and answered, and which known loss the code computes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import Answer, Question
from numpynet.gradcheck.backward_rules import Chain, Decay, Point, gradients, loss_of, sum_of_squares
from numpynet.gradcheck.facts import is_close
from numpynet.gradcheck.mistakes import MISTAKES, Mistake
from numpynet.wording import Said

FORMULAS_AGREE = 1e-10  # norm-wise, float64: the same formula with a different order of operations

SINGLE_AGREES = 3e-6  # relative L2, float32

MAX_EXAMPLES = 64  # central differences use at most this many of the caller's examples

# For each loss: its description, what comes before and after P − T in its gradient, and its scale, as in `Chain`.
# n is the number of examples, N that of all elements.
SCALES: dict[str, list[tuple[str, tuple[str, str], Callable[[int, int], float]]]] = {
    "": [("the output of linear layers and ReLUs", ("", " / n"), lambda n, terms: 1.0)],
    "cross_entropy": [
        ("the mean cross-entropy", ("", " / n"), lambda n, terms: 1.0),
        ("a sum over the examples", ("", ""), lambda n, terms: float(n)),
    ],
    "binary_cross_entropy": [
        ("the mean binary cross-entropy", ("", " / N"), lambda n, terms: 1.0),
        ("a sum of the binary cross-entropies", ("", ""), lambda n, terms: float(terms)),
        (
            "the binary cross-entropy, summed over the outputs and averaged over the examples",
            ("", " / n"),
            lambda n, terms: terms / n,
        ),
    ],
    "squared_loss": [
        ("the mean of (y_hat − y)² / 2", ("", " / N"), lambda n, terms: 1.0),
        ("the mean of (y_hat − y)²", ("2 ", " / N"), lambda n, terms: 2.0),
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
    """The state of a check: what was asked and answered, and what has been found so far.

    chain is what the code is assumed to compute, or None. matched describes the known loss that it computes, "" if it
    is not a known one; nearly: only to four digits. single: gradients or loss are computed in float32; single_loss: the
    loss is, and is too coarse for tiny steps. given is the call at the caller's own numbers, draws are those at random
    points, repeated is the first of these again. catalogue: the mistakes to look for. shift_note is for a table of
    given whose numbers depend on a shift away from kinks; preface comes before the table.
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
    single_loss: bool = False
    facts: list[Said] = field(default_factory=list)
    notes: list[Said] = field(default_factory=list)
    problems: list[Said] = field(default_factory=list)
    catalogue: Sequence[Mistake] = MISTAKES
    shift_note: Said | None = None
    preface: str = ""

    def calls(self) -> list[Call]:
        return [self.given, *self.draws]

    def right(self, point: Point) -> dict[str, Array]:
        """The known gradients at a point, by name."""
        if self.chain is None:
            return {}
        found = gradients(self.chain, point)
        return {self.chain.name(*site).removeprefix("grad_"): array for site, array in found.items()}


def ask(exam: Examination, points: Sequence[Point]) -> None:
    """Call the code at each point in turn, then at the first one again."""
    for before, point in itertools.pairwise(points):
        point.before = before
    exam.draws = [call_at(exam.question, point) for point in points]
    exam.repeated = call_at(exam.question, points[0])


def call_at(question: Question, point: Point) -> Call:
    """Ask at this point, or at the parameters that the code chooses by itself."""
    answer = question.ask(point)
    return Call(point if answer.at is None else Point(answer.at, point.X, point.y, point.G, point.before), answer)


def match_any(calls: Sequence[Call], chains: Sequence[Chain]) -> tuple[Chain, str, bool]:
    """The first chain whose loss equals the learner's; else the first whose loss nearly does; else the first."""
    found = []
    for chain in chains:
        found.append(match(calls, chain))
        if found[-1][1] and not found[-1][2]:
            return found[-1]
    return next((each for each in found if each[1]), found[0])


def match(calls: Sequence[Call], chain: Chain) -> tuple[Chain, str, bool]:
    """The known loss that equals the learner's in all calls: the chain with its scale, its name, whether nearly.

    The loss may include weight decay, and it may be a constant times a usual one.
    """
    usable = [call for call in calls if np.isfinite(call.answer.loss)]
    options = [
        (replace(chain, scale=scale, factor=factor), words) for words, factor, scale in SCALES[chain.kind] if usable
    ]
    for tolerance in (FORMULAS_AGREE, 1e-4):
        for scaled, words in options:
            if all(_loss_is(call, scaled, tolerance) for call in usable):
                return scaled, words, tolerance > FORMULAS_AGREE
    for scaled, words in options if chain.kind and chain.weights else []:
        decay = _fit_decay(usable, scaled)
        if decay is not None:
            return replace(scaled, decay=decay), f"{words} plus {describe_decay(decay)}", False
    for scaled, _ in options[:1] if chain.kind else []:
        found = _fit_factor(usable, scaled)
        if found is not None:
            return (*found, False)
    return replace(chain, factor=SCALES[chain.kind][0][1]), "", False


def _fit_decay(calls: Sequence[Call], chain: Chain) -> Decay | None:
    """The weight decay that is what the loss has beyond this chain's, in every call; None if it is something else."""
    calls = [call for call in calls if sum_of_squares(chain, call.point, False)]
    losses = [(call.answer.loss, float(loss_of(chain, call.point)), len(call.point.X)) for call in calls]
    for biases, over_n in itertools.product((False, True), repeat=2):
        squares = [float(sum_of_squares(chain, call.point, biases)) for call in calls]
        found = [
            2 * (loss - known) * (n if over_n else 1) / size
            for (loss, known, n), size in zip(losses, squares, strict=True)
        ]
        sizes = [abs(loss) * (n if over_n else 1) / size for (loss, _, n), size in zip(losses, squares, strict=True)]
        if len(found) > 1 and np.ptp(found) <= FORMULAS_AGREE * max(sizes) and abs(found[0]) > 1e-6 * max(sizes):
            return Decay(float(np.mean(found)), biases, over_n)
    return None


def describe_decay(decay: Decay) -> str:
    """The term of the loss in words."""
    strength = f"{decay.strength:.4g}{'/n' if decay.over_n else ''}"
    return f"weight decay, λ/2 Σ W² with λ = {strength}" + (", over the biases too" if decay.biases else "")


def _power_of_n(factor: float, power: int, n: int, terms: int) -> float:
    return factor * float(n) ** power


def _fit_factor(calls: Sequence[Call], chain: Chain) -> tuple[Chain, str] | None:
    """A loss that is a constant times this chain's, or a constant times a power of n."""
    with np.errstate(all="ignore"):
        ratios = [call.answer.loss / np.float64(loss_of(chain, call.point)) for call in calls]
    if not np.isfinite(ratios).all():
        return None
    usual = SCALES[chain.kind][0][0]
    for power, words in [(0, ""), (1, " n"), (-1, " / n"), (2, " n²"), (-2, " / n²")]:
        found = [ratio / len(call.point.X) ** power for ratio, call in zip(ratios, calls, strict=True)]
        if len(found) > 2 and abs(np.ptp(found)) <= FORMULAS_AGREE * abs(found[0]):
            factor = float(np.mean(found))
            scaled = replace(chain, scale=partial(_power_of_n, factor, power))
            number = "" if abs(factor - 1) < 1e-9 and power else f" {factor:.6g}"
            return scaled, f"{usual}, times{number}{words}"
    return None


def _loss_is(call: Call, chain: Chain, tolerance: float) -> bool:
    expected = float(loss_of(chain, call.point))
    return bool(abs(call.answer.loss - expected) <= tolerance * abs(expected))


def is_known_gradient(exam: Examination, call: Call) -> bool:
    """Whether the gradients returned are the known ones, up to rounding."""
    known = exam.right(call.point)
    # a sum that cancels keeps the rounding errors of its terms, which are about as large as the other gradients
    least = (1.0 if exam.single else 1e-4) * max(map(_norm, known.values()), default=0.0)
    for name, right in known.items():
        found = call.answer.grads.get(name)
        if found is None or found.shape != right.shape:
            return False
        if exam.single and call is exam.given:
            continue  # the caller's numbers may amplify rounding errors; the random ones do not
        if exam.single:
            if _norm(found - right) > SINGLE_AGREES * max(_norm(right), least):
                return False
        elif not is_close(found, right, FORMULAS_AGREE, least):
            return False
    return True


def _norm(array: Array) -> float:
    return float(np.linalg.norm(array))
