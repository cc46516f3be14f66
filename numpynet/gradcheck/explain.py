"""From wrong gradients to the mistake: make each mistake of the dictionary in turn and see which one reproduces them.

An explanation must reproduce every gradient to rounding, on several sets of numbers drawn independently, with the same
learning rate or other free number on all of them. One mistake is tried first, then two at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numpynet.functional import Array
from numpynet.gradcheck.backward_rules import Chain, Changes, Point, Site, backward, gradients, visible
from numpynet.gradcheck.mistakes import MISTAKES, Mistake

ROUNDING = {"double": 1e-10, "single": 1e-5}  # a reproduction is exact where it agrees to this, relative to the largest


@dataclass(frozen=True)
class Cause:
    """A mistake, made in one of its ways, at one step of the chain or (None) at all; with its number, if it has one."""

    mistake: Mistake
    instead: Mapping[str, Any]
    then: Mapping[str, Any]
    step: int | None = None
    number: float = 0.0

    def rules(self) -> set[str]:
        return {*self.instead, *self.then}


@dataclass
class Observation:
    """What the learner's function returned at a point."""

    point: Point
    found: dict[Site, Array]


def changes_of(causes: Sequence[Cause], numbers: Sequence[float]) -> Changes:
    changes = Changes()
    for cause, number in zip(causes, numbers, strict=True):
        for rule, made in cause.instead.items():
            changes.instead[rule, cause.step] = made, number
        changes.then += [(rule, cause.step, twist, number) for rule, twist in cause.then.items()]
    return changes


def causes_in(chain: Chain, mistakes: Sequence[Mistake] = MISTAKES) -> list[Cause]:
    """Every way and place in which one of the mistakes can be made in this chain."""
    found = []
    for mistake in mistakes:
        if mistake.only and mistake.only != chain.kind:
            continue
        ways = [(way, {}) for way in mistake.instead] + [({}, way) for way in mistake.then]
        for instead, then in ways:
            sites = [_steps(chain, rule) for rule in {**instead, **then}]
            if not any(sites):
                continue
            found.append(Cause(mistake, instead, then))
            steps = sorted(set(itertools.chain(*sites)), reverse=True)
            if len(steps) > 1 and not {"P", "T"} & {*instead}:
                found += [Cause(mistake, instead, then, step) for step in steps if all(step in site for site in sites)]
    return found


def _steps(chain: Chain, rule: str) -> list[int]:
    """The steps at which this rule is used."""
    if rule in ("P", "T", "grad_O"):
        return [len(chain.steps)] if chain.kind else []
    kind = "relu" if rule == "grad_Z" else "linear"
    first = 1 if rule == "grad_H" and chain.kind else 0
    return [step for step in range(first, len(chain.steps)) if chain.steps[step] == kind]


def explanations(
    chain: Chain,
    observations: Sequence[Observation],
    mistakes: Sequence[Mistake] = MISTAKES,
    *,
    rounding: float = ROUNDING["double"],
    pairs: bool = False,
) -> list[tuple[Cause, ...]]:
    """The single mistakes that reproduce all observations, the simplest first, or with pairs=True the first two that do.

    [] where none does. A mistake that needs an earlier call is tried only where all observations have one.
    """
    search = _Search(chain, observations, rounding)
    with np.errstate(all="ignore"):
        causes = [cause for cause in causes_in(chain, mistakes) if _history(cause, observations)]
        if pairs:
            return next(([pair] for pair in map(search.fit, _pairs(causes)) if pair is not None), [])
        return _one_of_each_name(list(filter(None, (search.fit((cause,)) for cause in causes))))


def _history(cause: Cause, observations: Sequence[Observation]) -> bool:
    return not cause.mistake.needs_earlier_call or all(o.point.before is not None for o in observations)


def _pairs(causes: Sequence[Cause]) -> Iterator[tuple[Cause, Cause]]:
    for one, other in itertools.combinations(causes, 2):
        same_place = one.step is None or other.step is None or one.step == other.step
        if one.mistake.name != other.mistake.name and not (same_place and {*one.instead} & {*other.instead}):
            yield one, other


def _one_of_each_name(found: Sequence[tuple[Cause, ...]]) -> list[tuple[Cause, ...]]:
    return list({causes[0].mistake.name: causes for causes in reversed(found)}.values())[::-1]


class _Search:
    """Compares candidates with what was observed, and gives up on each at the first gradient that differs."""

    def __init__(self, chain: Chain, observations: Sequence[Observation], rounding: float) -> None:
        self.chain, self.observations, self.rounding = chain, observations, rounding
        self.right = [gradients(chain, o.point) for o in observations]

    def fit(self, causes: tuple[Cause, ...]) -> tuple[Cause, ...] | None:
        """The causes with their numbers, if they reproduce every observation; else None."""
        try:
            numbers = self._numbers(causes)
            if numbers is None or not all(self._reproduces(k, causes, numbers) for k in range(len(self.right))):
                return None
        except (ValueError, IndexError, TypeError, AttributeError):  # shapes do not fit, or there is no such quantity
            return None
        return tuple(
            Cause(cause.mistake, cause.instead, cause.then, cause.step, number)
            for cause, number in zip(causes, numbers, strict=True)
        )

    def _reproduces(self, k: int, causes: Sequence[Cause], numbers: Sequence[float]) -> bool:
        observation = self.observations[k]
        for site, array, _ in backward(self.chain, observation.point, changes_of(causes, numbers)):
            if visible(self.chain, site) and not self.same(k, site, array):
                return False
        return True

    def same(self, k: int, site: Site, array: Array) -> bool:
        """Whether array is what was observed there, to rounding."""
        found = self.observations[k].found.get(site)
        if found is None:  # the learner's dict lacks it: the others must tell
            return True
        if found.shape != array.shape:
            return False
        size = max(_largest(array), 1e-3 * _largest(self.right[k][site]))
        return _largest(found - array) <= self.rounding * size

    def _numbers(self, causes: Sequence[Cause]) -> list[float] | None:
        """The free number of each mistake that has one, from the first gradient in which it shows; None: impossible."""
        numbers = [0.0 for _ in causes]
        free = [i for i, cause in enumerate(causes) if cause.mistake.unknown]
        point = self.observations[0].point
        while free:
            passes = [backward(self.chain, point, changes_of(causes, numbers))]
            passes += [
                backward(self.chain, point, changes_of(causes, [1.0 if i == j else x for j, x in enumerate(numbers)]))
                for i in free
            ]
            for (site, at_0, _), *others in zip(*passes, strict=True):
                if not visible(self.chain, site):
                    continue
                slopes = [other[1] - at_0 for other in others]
                shown = [i for i, slope in enumerate(slopes) if _largest(slope) > 1e-12 * _largest(at_0)]
                if shown:
                    break
                if not self.same(0, site, at_0):
                    return None
            else:
                return None
            i, slope = free[shown[0]], slopes[shown[0]]
            found = self.observations[0].found.get(site)
            if found is None or found.shape != slope.shape:
                return None
            numbers[i] = float(np.sum((found - at_0) * slope) / np.sum(slope * slope))
            if not causes[i].mistake.possible(numbers[i]):
                return None
            free.remove(i)
        return numbers


def first_wrong(
    chain: Chain, point: Point, causes: Sequence[Cause], rounding: float = 1e-10
) -> tuple[list[Site], Site, Array, Array, Any]:
    """In backward order: the quantities still right, the first wrong one, as it is and as it should be, and its q."""
    right: list[Site] = []
    passes = backward(chain, point, changes_of(causes, [cause.number for cause in causes])), backward(chain, point)
    for (site, wrong, _), (_, array, q) in zip(*passes, strict=True):
        if wrong.shape != array.shape or _largest(wrong - array) > rounding * _largest(array):
            return right, site, wrong, array, q
        right.append(site)
    raise LookupError("the causes change nothing")


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0))


