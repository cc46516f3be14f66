"""The search for the mistakes that give somebody's gradients: one; then gradients that accumulate; then two."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from numpynet.gradcheck.backward_rules import Chain, Point, gradients
from numpynet.gradcheck.examination import Call, Examination
from numpynet.gradcheck.explain import ROUNDING, Cause, Observation, explanations
from numpynet.gradcheck.facts import is_close
from numpynet.gradcheck.mistakes import Mistake
from numpynet.wording import say


@dataclass
class Explanation:
    """The mistakes that reproduce the gradients, a point where they show, and whether gradients also accumulate."""

    causes: list[tuple[Cause, ...]] = field(default_factory=list)
    point: Point | None = None
    accumulated: bool = False


def find_explanation(exam: Examination, *, quick: bool) -> Explanation:
    """The mistakes that give these gradients; unless quick, pairs of mistakes too.

    Single mistakes come first: at once, then with the arrays of an earlier call, then where each call adds to the last.
    """
    chain, observed = exam.chain, _observe(exam, exam.draws)
    if chain is None or len(observed) < 2:
        return Explanation()
    search = _Search(exam, chain, observed, ROUNDING["single" if exam.single else "double"])
    found = search.single() or search.accumulated()
    if found is None and not quick:
        found = search.pairs() or search.nearly()
    return found or Explanation()


@dataclass(frozen=True)
class _Search:
    exam: Examination
    chain: Chain
    observed: list[Observation]
    rounding: float

    @property
    def at_once(self) -> list[Mistake]:
        """The mistakes that show in one call."""
        return [mistake for mistake in self.exam.catalogue if not mistake.needs_earlier_call]

    @property
    def histories(self) -> list[list[Observation]]:
        """The later calls: each after the one before it, and each after the first."""
        later = [o for o in self.observed if o.point.before is not None and len(o.point.before.X) == len(o.point.X)]
        from_first = [replace(o, point=replace(o.point, before=self.exam.draws[0].point)) for o in later]
        return [later, from_first] if len(later) > 1 else []

    def explain(
        self, observed: Sequence[Observation], mistakes: Sequence[Mistake], *, pairs: bool = False
    ) -> Explanation | None:
        causes = explanations(self.chain, observed, mistakes, rounding=self.rounding, pairs=pairs)
        return Explanation(causes, observed[0].point) if causes else None

    def single(self) -> Explanation | None:
        stale = [mistake for mistake in self.exam.catalogue if mistake.needs_earlier_call]
        tries = [(self.observed, self.at_once), *((history, stale) for history in self.histories)]
        return next((found for observed, mistakes in tries if (found := self.explain(observed, mistakes))), None)

    def accumulated(self) -> Explanation | None:
        """Each call adds to the gradients of the last; what it adds is right, or has one mistake."""
        added = _subtract_previous(self.chain, self.observed, self.rounding)
        if len(added) < 2:
            return None
        found = self.explain(added, self.at_once)
        if found is None and not all(_is_right(self.chain, o, self.rounding) for o in added):
            return None
        return Explanation(found.causes if found else [], added[0].point, accumulated=True)

    def pairs(self) -> Explanation | None:
        """Two mistakes. If at most one explains the first call, the later ones may use its arrays."""
        first = self.observed[:1]
        plain = _is_right(self.chain, first[0], self.rounding) or self.explain(first, self.at_once) is not None
        tries = [self.observed, *(self.histories if plain else [])]
        return next((found for each in tries if (found := self.explain(each, self.exam.catalogue, pairs=True))), None)

    def nearly(self) -> Explanation | None:
        """A mistake that explains all but a thousandth of each number."""
        plain = [mistake for mistake in self.at_once if not mistake.unknown]
        causes = explanations(self.chain, self.observed, plain, rounding=ROUNDING["nearly"])
        if len(causes) != 1:
            return None
        self.exam.facts.append(say("nearly"))
        return Explanation(causes, self.observed[0].point)


def _observe(exam: Examination, calls: Sequence[Call]) -> list[Observation]:
    chain = exam.chain
    observed: list[Observation] = []
    if chain is None:
        return observed
    for call in calls:
        sites = {chain.name(*site).removeprefix("grad_"): site for site in gradients(chain, call.point)}
        found = {sites[name]: array for name, array in call.answer.grads.items() if name in sites}
        if len(found) * 2 >= len(sites):
            observed.append(Observation(call.point, found))
    return observed


def _subtract_previous(chain: Chain, observed: Sequence[Observation], rounding: float) -> list[Observation]:
    """What each call added to the gradients of the previous one. Gradients that are right in all calls are kept.

    [] if that makes no sense: all gradients are right, or their names or shapes change from call to call.
    """
    increments = []
    fine = [
        {site for site in o.found if is_close(o.found[site], gradients(chain, o.point)[site], rounding)}
        for o in observed
    ]
    right = set.intersection(*fine)
    for earlier, o in itertools.pairwise(observed):
        sums = o.found.keys() - right
        if (
            not sums
            or not sums <= earlier.found.keys()
            or any(o.found[s].shape != earlier.found[s].shape for s in sums)
        ):
            return []
        found = {site: array if site in right else array - earlier.found[site] for site, array in o.found.items()}
        increments.append(Observation(o.point, found))
    return increments


def _is_right(chain: Chain, observation: Observation, rounding: float) -> bool:
    right = gradients(chain, observation.point)
    return all(is_close(array, right[site], rounding) for site, array in observation.found.items())
