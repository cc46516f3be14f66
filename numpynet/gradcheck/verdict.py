"""The verdict: compare the answers with the loss's own slopes and with the known gradients, and explain what is wrong.

The verdict comes from central differences of the learner's own loss. Where that loss is one whose gradients are known
here, every entry is also compared with the known gradient, at points drawn for the purpose, to ten digits.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import Chain, Point, forward, gradients
from numpynet.gradcheck.examination import SCALES, Call, Examination, is_known_gradient
from numpynet.gradcheck.explain import ROUNDING, Cause, Observation, explanations
from numpynet.gradcheck.facts import close, examples_counted, facts_about
from numpynet.gradcheck.mistakes import MISTAKES
from numpynet.gradcheck.report import Report, Row, number, shows, story, table, wrapped
from numpynet.gradcheck.slopes import Slopes, loss_in_single, slopes_at, slopes_match

ACCUMULATED = (
    "gradient_accumulated: Each call adds its gradients to those of the calls before. Set them anew in each call, or "
    "set them to 0 first."
)

CHANGED = (
    "argument_changed: The code writes to {}, which it was given. Whoever calls it does not expect that, and the next "
    "call meets other numbers: work on a copy."
)

DECAY = "weight_decay_in_gradient"

# Mistakes that multiply everything by a number: in the loss as well as in its gradient, they are none.
FACTORS = {
    "factor_two",
    "factor_half",
    "sum_not_mean",
    "divided_by_n_twice",
    "divided_by_elements_not_examples",
    "divided_by_examples_not_elements",
}

DIFFERENT = (
    "two calls with the same arguments return different gradients: is something kept between calls, or drawn at random?"
)


def conclude(exam: Examination, directions: int | None, rng: np.random.Generator) -> Report:
    """The verdict on what was asked, and, where it is not good, the explanation."""
    exam.loss_in_single = loss_in_single(exam)
    exam.single = exam.loss_in_single or any(call.answer.single for call in exam.calls())
    if exam.matched and not exam.single and not slopes_match(exam, rng):
        exam.matched = ""
    slopes = slopes_at(exam, exam.given, directions, rng)
    problems = exam.problems or next((call.answer.problems for call in exam.calls() if call.answer.problems), [])
    changed = sorted({name for call in exam.calls() for name in call.answer.changed})
    wrong = [call for call in exam.calls() if not call.answer.raised and not is_known_gradient(exam, call)]
    repeats = exam.repeated is None or _same(exam.draws[0].answer.grads, exam.repeated.answer.grads)
    right = _fits_the_loss(exam, slopes, wrong, rng)
    mistakes: list[str] = []
    why = Explanation()
    if wrong and _mean_beside_a_sum(exam):
        exam.facts.append(f"the gradients are those of a mean, but the loss that is computed is {exam.matched}")
    elif wrong or not repeats:
        why = _explain(exam, quick=right)
        if not exam.matched and not right and np.isfinite(exam.given.answer.loss):
            # a loss that is not known here may have the decay itself
            why.causes = [each for each in why.causes if all(cause.mistake.name != DECAY for cause in each)]
    if right and why.causes:
        right = _is_another_loss(exam, why)
    elif not why.causes:
        exam.facts += _facts_about_the_loss(exam, right)
    causes = why.causes
    if why.accumulated:
        mistakes.append("gradient_accumulated")
    for explanation in causes if causes and len(causes[0]) == 1 else causes[:1]:
        mistakes += [cause.mistake.name for cause in explanation]
    if changed:
        mistakes.append("argument_changed")
    ok = right and repeats and not problems and not changed
    if ok and exam.single:
        mistakes.append("precision_only")
    if not ok and not repeats and not mistakes:
        exam.facts.append(DIFFERENT)
    if not ok and not causes and not why.accumulated and (wrong or not right):
        exam.facts += _generic_facts(exam, wrong, slopes)
    return _report(exam, ok, slopes, problems, changed, wrong, why, tuple(dict.fromkeys(mistakes)))


def _fits_the_loss(exam: Examination, slopes: Slopes, wrong: Sequence[Call], rng: np.random.Generator) -> bool:
    """Whether the gradients are those of the loss that is computed: the known ones, or else its slopes."""
    if exam.matched and exam.chain is not None:
        return not wrong
    others = [slopes_at(exam, call, 3, rng) for call in exam.draws[1:]]
    if slopes.kinks and sum(other.agree for other in others) > 1:
        exam.notes.append("your numbers lie at a kink of the loss, where there is no slope; it was checked beside it")
        return True
    return slopes.agree and others[0].agree


def _is_another_loss(exam: Examination, why: Explanation) -> bool:
    """Where gradients fit their loss and a mistake explains them, it is in both: is the loss another right one?"""
    names = {cause.mistake.name for cause in why.causes[0]}
    if names == {DECAY}:
        strength = number(why.causes[0][0].number)
        exam.facts.append(f"the loss and its gradient have a weight decay, λ = {strength}, and fit one another")
    elif names <= FACTORS:
        usual = SCALES[exam.chain.kind][0][0] if exam.chain is not None else "the usual loss"
        exam.facts.append(
            f"the loss is {usual} times a number of its own; the gradients have it too, and the two fit one another"
        )
    else:
        exam.facts.append("the gradients fit the loss that is computed: the same mistake is in both")
        return False
    why.causes = []
    return True


def _same(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape and close(one[name], other[name], 1e-6) for name in one
    )


def _facts_about_the_loss(exam: Examination, right: bool) -> list[str]:
    """Where the loss is another one than the model's usual one."""
    if exam.chain is None or not exam.chain.kind:
        return []
    usual = SCALES[exam.chain.kind][0][0]
    if not exam.matched:
        if not any(np.isfinite(call.answer.loss) for call in exam.calls()):
            return []
        fit = "the gradients are right for it, but " if right else ""
        return [
            f"{fit}the loss is not {usual} of linear layers and ReLUs with these parameters, so there was nothing to "
            "compare with but central differences"
        ]
    facts = []
    if exam.nearly and not exam.single:
        facts.append(f"the loss is {exam.matched} to four digits only, as if a small number were added inside its log")
    if "sum" in exam.matched and right:
        facts.append(f"the gradients are right for the loss that is computed, but that is {exam.matched}, not a mean")
    return facts


def _mean_beside_a_sum(exam: Examination) -> bool:
    """Whether the loss is a sum and the gradients are those of the mean."""
    if exam.chain is None or not exam.matched.startswith("a sum"):
        return False
    means = [replace(exam, chain=replace(exam.chain, scale=scale)) for _, _, scale in SCALES[exam.chain.kind][:2]]
    return any(
        all(is_known_gradient(mean, call) for call in exam.calls() if not call.answer.raised)
        for mean in means
        if mean.chain is not None and mean.chain.scale(3, 5) in (1, 2)
    )


def _observations(exam: Examination, calls: Sequence[Call]) -> list[Observation]:
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


@dataclass
class Explanation:
    """The mistakes that reproduce the draws, a point at which they show, and whether gradients also accumulate."""

    causes: list[tuple[Cause, ...]] = field(default_factory=list)
    point: Point | None = None
    accumulated: bool = False


def _explain(exam: Examination, quick: bool) -> Explanation:
    """Look for single mistakes, also with arrays of earlier calls or with sums over calls; unless quick, for two."""
    chain = exam.chain
    observed = _observations(exam, exam.draws)
    if chain is None or len(observed) < 2:
        return Explanation()
    rounding = ROUNDING["single" if exam.single else "double"]
    at_once = [m for m in MISTAKES if not m.needs_earlier_call]
    stale = [m for m in MISTAKES if m.needs_earlier_call]
    later = [o for o in observed if o.point.before is not None and len(o.point.before.X) == len(o.point.X)]
    from_first = [replace(o, point=replace(o.point, before=exam.draws[0].point)) for o in later]
    histories = [later, from_first] if len(later) > 1 else []

    causes = explanations(chain, observed, at_once, rounding=rounding)
    if causes:
        return Explanation(causes, observed[0].point)
    for history in histories:
        causes = explanations(chain, history, stale, rounding=rounding)
        if causes:
            return Explanation(causes, history[0].point)
    added = _increments(chain, observed, rounding)
    if len(added) > 1:
        causes = explanations(chain, added, at_once, rounding=rounding)
        if causes or all(_is_right(chain, o, rounding) for o in added):
            return Explanation(causes, added[0].point, accumulated=True)
    if _is_right(chain, observed[0], rounding) or explanations(chain, observed[:1], at_once, rounding=rounding):
        later_two = histories  # the first call was no worse than one mistake explains: the next may have met its arrays
    else:
        later_two = []
    for history in [] if quick else [observed, *later_two]:
        causes = explanations(chain, history, MISTAKES, rounding=rounding, pairs=True)
        if causes:
            return Explanation(causes, history[0].point)
    return Explanation()


def _increments(chain: Chain, observed: Sequence[Observation], rounding: float) -> list[Observation]:
    """What each call added to the gradients of the one before it; those that are right as they are, as they are.

    [] where that makes no sense: all that came back is right, or its shapes or names are others each time.
    """
    increments = []
    fine = [
        {site for site in o.found if close(o.found[site], gradients(chain, o.point)[site], rounding)} for o in observed
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
    return all(close(array, right[site], rounding) for site, array in observation.found.items())


def _generic_facts(exam: Examination, wrong: Sequence[Call], slopes: Slopes) -> list[str]:
    calls = [call for call in exam.draws if call.answer.grads]
    if exam.chain is None or not exam.matched:
        if not slopes.expected or not exam.given.answer.grads:
            return []
        return facts_about([(exam.given.answer.grads, slopes.expected)], [len(exam.given.point.X)], 1e-8)
    if not calls:
        return []
    rounding = 1e-5 if exam.single else 1e-8
    comparisons = [(call.answer.grads, exam.right(call.point)) for call in calls]
    facts = facts_about(comparisons, [len(call.point.X) for call in calls], rounding)
    facts += examples_counted(exam.chain, [call.point for call in calls], [call.answer.grads for call in calls])
    return facts + _facts_about_units(exam, rounding)


def _facts_about_units(exam: Examination, rounding: float) -> list[str]:
    """Whether gradients are right for hidden units that are on for every example, and wrong for the others."""
    chain, first = exam.chain, exam.draws[0].point
    if chain is None or not chain.kind or "relu" not in chain.steps:
        return []
    point = Point(dict(first.params), first.X, first.y)
    on: dict[str, Array] = {}
    for step, kind in enumerate(chain.steps[:-1]):
        W, b = chain.weight_names(step) if kind == "linear" else ("", None)
        if b:
            Z = forward(chain, point)[step + 1]
            on[W] = on[b] = np.arange(Z.shape[1]) % 2 == 0
            point.params[b] = point.params[b] + np.where(on[b], 0.1 - Z.min(axis=0), 0.0)
    answer, right = exam.question.ask(point), exam.right(point)
    facts = []
    for name, units in on.items():
        found = answer.grads.get(name)
        if found is None or found.shape != right[name].shape or not right[name][..., units].any():
            continue
        fine = close(found[..., units], right[name][..., units], rounding)
        if fine and not close(found[..., ~units], right[name][..., ~units], rounding):
            Z_name = chain.value_name(_relu_after(chain, name))
            facts.append(f"grad_{name} is right for the units with {Z_name} > 0 for every example")
    return facts


def _relu_after(chain: Chain, name: str) -> int:
    """The step of the ReLU after the linear layer of this parameter."""
    layer = next(i for i, pair in enumerate(chain.weights) if name in pair)
    return [step for step, kind in enumerate(chain.steps) if kind == "relu"][layer]


def _report(
    exam: Examination,
    ok: bool,
    slopes: Slopes,
    problems: Sequence[str],
    changed: Sequence[str],
    wrong: Sequence[Call],
    why: Explanation,
    mistakes: tuple[str, ...],
) -> Report:
    shown, rows = _rows(exam, slopes, wrong)
    lines = wrapped(_verdict(exam, ok, slopes, mistakes, problems))
    lines += ["", *table(rows)] if rows else []
    if shown is not exam.given:
        n = len(shown.point.X)
        lines.append(f"    (at numbers drawn by the check, {n} examples; at yours the mistake does not show)")
    if problems and (mistakes or len(problems) > 1):
        lines += ["", *wrapped(f"It does not give what is asked: {'; '.join(problems)}.")]
    elif not ok and not mistakes and exam.matched and rows and not all(row.right for row in rows):
        lines += ["", *wrapped(_first_seen(exam, rows))]
    if why.accumulated:
        lines += ["", *wrapped(ACCUMULATED)]
    if why.causes and why.point is not None and exam.chain is not None:
        needs = any(cause.mistake.needs_earlier_call for cause in why.causes[0])
        at_given = not needs and shows(exam.chain, exam.given.point, why.causes[0])
        lines += ["", *story(exam.chain, exam.given.point if at_given else why.point, why.causes[0])]
        for other in why.causes[1:]:
            lines += ["", f"Or {other[0].mistake.name}, which gives the same numbers here."]
    if changed:
        lines += ["", *wrapped(CHANGED.format(", ".join(changed)))]
    for word, found in [("Fact", exam.facts), ("Note", exam.notes)]:
        if found:
            lines += ["", *(line for each in found for line in wrapped(f"{word}: {each}" + "." * (each[-1] != "?")))]
    text = "\n".join(line.rstrip() for line in lines)
    errors = slopes.errors
    if exam.single and exam.matched:
        errors = {row.name: row.error for row in rows}
    return Report(ok, errors, mistakes, tuple(exam.facts), text)


def _first_seen(exam: Examination, rows: Sequence[Row]) -> str:
    """The first wrong gradient in backward order, of those that the code returns."""
    order = list(exam.right(exam.draws[0].point))
    ordered = sorted(rows, key=lambda row: order.index(row.name))
    first = next(i for i, row in enumerate(ordered) if not row.right)
    fine = ", ".join(f"grad_{row.name}" for row in ordered[:first])
    return f"Going backward, grad_{ordered[first].name} is the first wrong" + (f"; right: {fine}." if fine else ".")


def _verdict(exam: Examination, ok: bool, slopes: Slopes, mistakes: Sequence[str], problems: Sequence[str]) -> str:
    if ok:
        worst = max((error for error in slopes.errors.values() if np.isfinite(error)), default=0.0)
        if exam.loss_in_single and not exam.matched:
            return (
                f"{exam.name} is right, as far as its loss, computed in float32, can tell: the slopes of that agree to "
                f"{max(worst, 0.01):.0%}. In float64 they would show more."
            )
        if exam.single:
            return f"{exam.name} is right, to the 7 digits of float32: what is missing is precision, not a mistake."
        how = "along random directions" if slopes.sampled else "in every entry"
        return f"{exam.name} is right. Its gradients are the slopes of its loss, {how}, to {worst:.0e} of their size."
    if mistakes:
        return f"{exam.name} is wrong: {', '.join(mistakes)}."
    if problems:
        return f"{exam.name} is wrong: {problems[0]}".removesuffix("?") + "."
    return f"{exam.name} is wrong, in a way that no mistake of the dictionary explains."


def _rows(exam: Examination, slopes: Slopes, wrong: Sequence[Call]) -> tuple[Call, list[Row]]:
    """The call to show, the caller's own where it shows the mistake, and the lines of its table."""
    given_shows = not wrong or any(call is exam.given for call in wrong) or exam.given.answer.raised
    shown = exam.given if given_shows or not exam.matched else wrong[0]
    rows = []
    right = exam.right(shown.point) if exam.matched else slopes.expected
    for name in exam.question.variables(shown.point):
        if name not in right:
            continue
        found, expected = shown.answer.grads.get(name), right[name]
        error = (
            slopes.errors.get(name, np.nan) if shown is exam.given and not (exam.single and exam.matched) else np.nan
        )
        fine = found is not None and found.shape == expected.shape
        if found is not None and fine:
            off = float(np.max(np.abs(found - expected), initial=0.0)) / (float(np.max(np.abs(expected))) or 1.0)
            error = error if np.isfinite(error) else off
            fine = off <= (1e-4 if exam.single else 1e-8) if exam.matched else name not in slopes.wrong
        rows.append(Row(name, error, fine, exam.question.shown(name, found), exam.question.shown(name, expected)))
    return shown, rows
