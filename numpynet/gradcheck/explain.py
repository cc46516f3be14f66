"""From wrong gradients to the mistake: make each mistake of the catalogue in turn, and see which one reproduces them.

An explanation must reproduce every gradient up to rounding, on several independent sets of random numbers, with the
same learning rate or other free number on all of them. Single mistakes are tried first, then pairs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import (
    ACTIVATIONS,
    Chain,
    Changes,
    Point,
    Site,
    backward,
    gradients,
    is_returned,
)
from numpynet.gradcheck.mistakes import MISTAKES, NEVER_TOGETHER, Mistake

# Exact means equal to this, relative to the largest entry; nearly, if there is a small number in a division.
ROUNDING = {"double": 1e-10, "single": 1e-5, "nearly": 1e-3}


@dataclass(frozen=True)
class Cause:
    """A mistake, made in one way, at one step of the chain or at every step (None), with its free number, if any.

    did is what the learner's program then computes: one text, or one for each rule.
    """

    mistake: Mistake
    instead: Mapping[str, Any]
    then: Mapping[str, Any]
    step: int | None = None
    number: float = 0.0
    did: str | Mapping[str, str] = ""

    def rules(self) -> set[str]:
        return {*self.instead, *self.then}


@dataclass
class Observation:
    """The gradients that the learner's function returned at a point."""

    point: Point
    found: dict[Site, Array]


def changes_of(causes: Sequence[Cause], numbers: Sequence[float]) -> Changes:
    """Everything that these causes change in the backward pass, each with its number."""
    changes = Changes()
    for cause, number in zip(causes, numbers, strict=True):
        for rule, other in cause.instead.items():
            changes.instead[rule, cause.step] = other, number
        changes.then += [(rule, cause.step, twist, number) for rule, twist in cause.then.items()]
    return changes


def causes_in(chain: Chain, mistakes: Sequence[Mistake] = MISTAKES) -> list[Cause]:
    """Every way to make one of the mistakes in this chain, at every place."""
    found = []
    for mistake in mistakes:
        if (mistake.only and chain.kind not in mistake.only) or not _may_have(chain, mistake):
            continue
        ways: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [(way, {}) for way in mistake.instead]
        ways += [({}, way) for way in mistake.then]
        dids = mistake.did if isinstance(mistake.did, tuple) else itertools.repeat(mistake.did)
        for (instead, then), did in zip(ways, dids, strict=False):
            sites = [_steps(chain, rule, mistake.activations) for rule in {**instead, **then}]
            if not any(sites):
                continue
            if not mistake.activations or {*chain.steps} - {"linear"} <= {*mistake.activations}:
                found.append(Cause(mistake, instead, then, did=did))
                single = False
            else:
                single = True  # the other activations of the chain are not concerned
            steps = sorted(set(itertools.chain(*sites)), reverse=True)
            if (len(steps) > 1 or single) and not {"P", "T"} & {*instead}:
                everywhere = [step for step in steps if all(step in site for site in sites)]
                found += [Cause(mistake, instead, then, step, did=did) for step in everywhere]
    return found


def _may_have(chain: Chain, mistake: Mistake) -> bool:
    if mistake.needs_decay is not None and mistake.needs_decay != (chain.decay is not None):
        return False
    return not mistake.activations or any(step in mistake.activations for step in chain.steps)


def _steps(chain: Chain, rule: str, activations: Sequence[str] = ()) -> list[int]:
    """The steps at which this rule is used; activations: only those of these."""
    if rule in ("P", "T", "grad_O"):
        return [len(chain.steps)] if chain.kind else []
    kinds = (activations or ACTIVATIONS) if rule == "grad_Z" else ["linear"]
    first = 1 if rule == "grad_H" and chain.kind else 0
    return [step for step in range(first, len(chain.steps)) if chain.steps[step] in kinds]


def explanations(
    chain: Chain,
    observations: Sequence[Observation],
    mistakes: Sequence[Mistake] = MISTAKES,
    *,
    rounding: float = ROUNDING["double"],
    pairs: bool = False,
) -> list[tuple[Cause, ...]]:
    """The single mistakes that reproduce all observations, the simplest first; with pairs=True the first such pair.

    [] if none does, or if nothing is wrong. A mistake that needs an earlier call is tried only if all observations have
    one; then at least one of a pair must be such a mistake.
    """
    with np.errstate(all="ignore"):
        search = _Search(chain, observations, rounding)
        if search.nothing_wrong():
            return []
        history = all(o.point.before is not None for o in observations)
        causes = [cause for cause in causes_in(chain, mistakes) if history or not cause.mistake.needs_earlier_call]
        if not pairs:
            return _one_of_each_name(list(filter(None, (search.fit((cause,)) for cause in search.likely(causes)))))
        likely = search.likely_pairs(causes, with_history=history)
        return next(([pair] for pair in map(search.fit, likely) if pair is not None), [])


def _one_of_each_name(found: Sequence[tuple[Cause, ...]]) -> list[tuple[Cause, ...]]:
    return list({causes[0].mistake.name: causes for causes in reversed(found)}.values())[::-1]


def _reaches(cause: Cause, site: Site) -> bool:
    """Whether the gradient computed at this site depends on what this cause changes."""
    rule, step = site
    for changed in cause.rules():
        if changed in ("P", "T", "grad_O") or (changed == rule and cause.step in (None, step)):
            return True
        if changed in ("grad_H", "grad_Z") and (cause.step is None or cause.step > step):
            return True
    return False


def _exclude(one: Cause, other: Cause) -> bool:
    """Whether both replace the same rule at the same place."""
    same_place = one.step is None or other.step is None or one.step == other.step
    return same_place and bool({*one.instead} & {*other.instead})


def _terms(chain: Chain, point: Point) -> dict[Site, float]:
    """The size of the largest term in the sum that each grad_b is."""
    return {site: _largest(q.grad_Y) for site, _, q in backward(chain, point) if site[0] == "grad_b"}


class _Search:
    """Compares candidates with the observations, and rejects each at the first gradient that differs."""

    def __init__(self, chain: Chain, observations: Sequence[Observation], rounding: float) -> None:
        self.chain, self.observations, self.rounding = chain, observations, rounding
        self.right = [gradients(chain, o.point) for o in observations]
        self.terms = [_terms(chain, o.point) for o in observations]

    def fit(self, causes: tuple[Cause, ...]) -> tuple[Cause, ...] | None:
        """The causes with their numbers if they reproduce every observation, else None."""
        try:
            numbers = self._numbers(causes)
            if numbers is None or not all(self._reproduces(k, causes, numbers) for k in range(len(self.right))):
                return None
        except (ValueError, IndexError, TypeError, AttributeError):  # shapes do not fit, or a quantity does not exist
            return None
        return tuple(replace(cause, number=number) for cause, number in zip(causes, numbers, strict=True))

    def nothing_wrong(self) -> bool:
        return all(self.same(k, site, array) for k in range(len(self.right)) for site, array in self.right[k].items())

    def likely(self, causes: Sequence[Cause]) -> list[Cause]:
        """The causes that reach every wrong gradient of the first observation."""
        wrong = [site for site, array in self.right[0].items() if not self.same(0, site, array)]
        return [cause for cause in causes if all(_reaches(cause, site) for site in wrong)]

    def likely_pairs(self, causes: Sequence[Cause], *, with_history: bool) -> Iterator[tuple[Cause, Cause]]:
        """The pairs that may reproduce the first observation, judging by the effect of each one alone.

        A gradient that only one of them reaches must be as observed with that one alone, and a gradient that neither
        reaches must be right. (With a free number this cannot be decided yet.)
        """
        sites = set(self.right[0])
        right = {site for site in sites if self.same(0, site, self.right[0][site])}
        known = [(cause, {site for site in sites if _reaches(cause, site)}, self._exact(cause)) for cause in causes]
        for (one, reached, exact), (other, reached_too, exact_too) in itertools.combinations(known, 2):
            names = {one.mistake.name, other.mistake.name}
            if len(names) == 1 or names in NEVER_TOGETHER or _exclude(one, other):
                continue
            if with_history and not (one.mistake.needs_earlier_call or other.mistake.needs_earlier_call):
                continue
            if (
                sites - reached - reached_too <= right
                and (reached - reached_too <= exact or one.mistake.unknown)
                and (reached_too - reached <= exact_too or other.mistake.unknown)
            ):
                yield one, other

    def _exact(self, cause: Cause) -> set[Site]:
        """The gradients of the first observation that this cause alone reproduces."""
        try:
            computed = gradients(self.chain, self.observations[0].point, changes_of([cause], [0.0]))
        except (ValueError, IndexError, TypeError, AttributeError):
            return set()
        return {site for site, array in computed.items() if self.same(0, site, array)}

    def _reproduces(self, k: int, causes: Sequence[Cause], numbers: Sequence[float]) -> bool:
        observation = self.observations[k]
        for site, array, _ in backward(self.chain, observation.point, changes_of(causes, numbers)):
            if is_returned(self.chain, site) and not self.same(k, site, array):
                return False
        return True

    def same(self, k: int, site: Site, array: Array) -> bool:
        """Whether array equals the observed gradient, up to rounding."""
        found = self.observations[k].found.get(site)
        if found is None:  # missing from the learner's dict: the others decide
            return True
        if found.shape != array.shape:
            return False
        # a sum that cancels keeps the rounding errors of its terms
        size = max(_largest(array), 1e-3 * _largest(self.right[k][site]), 0.1 * self.terms[k].get(site, 0.0))
        return bool(_largest(found - array) <= self.rounding * size)

    def _numbers(self, causes: Sequence[Cause]) -> list[float] | None:
        """The free number of each mistake, if any, from the first gradient that depends on it; None if impossible.

        Gradients are linear in these numbers, except where a mask depends on them: then further rounds improve them.
        """
        numbers = [0.0 for _ in causes]
        free = [i for i, cause in enumerate(causes) if cause.mistake.unknown]
        masks = any("relu" in cause.mistake.name for cause in causes)
        for _ in range(0 if not free else 3 if masks else len(free)):
            if not self._improve(causes, numbers, free, linear=not masks):
                return None
        possible = all(
            cause.mistake.possible(x) for cause, x in zip(causes, numbers, strict=True) if cause.mistake.unknown
        )
        return numbers if possible else None

    def _improve(self, causes: Sequence[Cause], numbers: list[float], free: Sequence[int], *, linear: bool) -> bool:
        """Solve for each number in the first gradient that depends on it; return whether a solution is possible."""
        point, step = self.observations[0].point, 1e-3
        tried = [[x + step * (i == j) for j, x in enumerate(numbers)] for i in free]
        passes = [backward(self.chain, point, changes_of(causes, each)) for each in (numbers, *tried)]
        left = dict(enumerate(free, start=1))
        for same_site in zip(*passes, strict=True):
            (site, now, _) = same_site[0]
            if not is_returned(self.chain, site):
                continue
            derivatives = {k: (same_site[k][1] - now) / step for k in left}
            present = [k for k, derivative in derivatives.items() if _largest(derivative) > 1e-9 * _largest(now)]
            found = self.observations[0].found.get(site)
            if not present:
                if len(left) == len(free) and not self.same(0, site, now):
                    return False
                continue
            if found is None or found.shape != now.shape:
                return False
            columns = np.stack([derivatives[k].ravel() for k in present], axis=1)
            by = np.linalg.lstsq(columns, (found - now).ravel(), rcond=None)[0]
            size = _largest(self.right[0][site])
            off = _largest(found.ravel() - now.ravel() - columns @ by)
            if linear and len(left) == len(free) and off > 1e-6 * max(size, _largest(found)):
                return False
            for k, change in zip(present, by, strict=True):
                i = left.pop(k)
                if numbers[i] == 0 and _largest(derivatives[k]) * abs(change) <= 1e-8 * size:
                    return False  # a mistake that changes nothing
                numbers[i] += float(change)
            if not left:
                return True
        return False


def first_wrong(
    chain: Chain, point: Point, causes: Sequence[Cause], rounding: float = 1e-10
) -> tuple[list[Site], Site, Array, Array, Any]:
    """In backward order: the right quantities, then the first wrong one, its wrong and its right value, and its q."""
    right: list[Site] = []
    passes = backward(chain, point, changes_of(causes, [cause.number for cause in causes])), backward(chain, point)
    for (site, wrong, _), (_, array, q) in zip(*passes, strict=True):
        if wrong.shape != array.shape or _largest(wrong - array) > rounding * _largest(array):
            return right, site, wrong, array, q
        right.append(site)
    raise LookupError("the causes change nothing")


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0))
