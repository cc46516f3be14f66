"""The verdict: compare the answers with numerical and with known gradients, and explain what is wrong.

The gradients are compared with central differences of the learner's own loss. If the gradients of that loss are known
here, every entry is also compared with the known gradient, at random points, to ten digits.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import Chain, Point, forward, gradients
from numpynet.gradcheck.derivatives import Derivatives, computes_single_loss, has_known_derivatives, measure_derivatives
from numpynet.gradcheck.examination import SCALES, Call, Examination, describe_decay, is_known_gradient
from numpynet.gradcheck.explain import ROUNDING, Cause, Observation, changes_of, explanations
from numpynet.gradcheck.facts import facts_about, facts_about_examples, is_close
from numpynet.gradcheck.report import (
    Report,
    Row,
    explain_in_words,
    format_number,
    format_table,
    is_visible,
    join_names,
    wrap,
)

ACCUMULATED = (
    "gradient_accumulated: Each call adds to the gradients of earlier calls. Assign them (=, not +=) in every call, or "
    "zero them first."
)

CHANGED = (
    "argument_changed: The code modifies its argument {} in place. Callers do not expect that, and the next call sees "
    "different values: work on a copy."
)

PARAMETERS_CHANGED = (
    "argument_changed: The code modifies {} in place. A backward pass only computes gradients; updating parameters is "
    "the optimizer's job."
)

WRITES_INTO_GRADIENT = (
    "the code writes into the gradient that it is given. Its own result is right, but a caller who uses that array "
    "again sees other numbers: work on a copy"
)

NEARLY = (
    "apart from that, every number is off by less than a thousandth: is a small number added in a division or a log?"
)

DECAY = "weight_decay_in_gradient"

# These multiply everything by a constant. If the loss has the same factor as its gradient, they are no mistakes.
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
    """The verdict on all the answers and, if something is wrong, the explanation."""
    exam.single_loss = computes_single_loss(exam)
    exam.single = exam.single_loss or any(call.answer.single for call in exam.calls())
    if exam.matched and not exam.single and not has_known_derivatives(exam, rng):
        exam.matched = ""
    if not any(np.isfinite(call.answer.loss) for call in exam.calls()):
        _match_the_gradients(exam)
    derivatives = measure_derivatives(exam, exam.given, directions, rng)
    problems = exam.problems or next((call.answer.problems for call in exam.calls() if call.answer.problems), [])
    changed = sorted({name for call in exam.calls() for name in call.answer.changed})
    wrong = [call for call in exam.calls() if not call.answer.raised and not is_known_gradient(exam, call)]
    repeats = exam.repeated is None or _are_equal(exam.draws[0].answer.grads, exam.repeated.answer.grads)
    right = _fits_the_loss(exam, derivatives, wrong, rng)
    mistakes: list[str] = []
    why = Explanation()
    if wrong and _only_gradients_are_means(exam):
        exam.facts.append(f"the gradients are those of a mean, but the loss that is computed is {exam.matched}")
    elif wrong or not repeats:
        why = _find_explanation(exam, quick=right)
        if not why.causes and not right and " times " in f" {exam.matched} ":
            wrong, why = _compare_with_the_usual_loss(exam, wrong)
        if not exam.matched and not right and np.isfinite(exam.given.answer.loss):
            # an unknown loss may include the weight decay
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
    harmless = [name for name in changed if name == "grad_Y"] if right and repeats else []
    changed = [name for name in changed if name not in harmless]
    if harmless:
        exam.notes.append(WRITES_INTO_GRADIENT)
    if changed:
        mistakes.append("argument_changed")
    ok = right and repeats and not problems and not changed
    if ok and exam.single:
        mistakes.append("precision_only")
    if changed and all(f"grad_{name} is None" in problems for name in changed):
        exam.facts.append("the gradient belongs in .grad; .data is the parameter itself")
    if not ok and not repeats and not mistakes:
        exam.facts.append(DIFFERENT)
    if not ok and not causes and not why.accumulated and (wrong or not right):
        exam.facts += _generic_facts(exam, wrong, derivatives)
    return _write_report(exam, ok, derivatives, problems, changed, wrong, why, tuple(dict.fromkeys(mistakes)))


def _compare_with_the_usual_loss(exam: Examination, wrong: list[Call]) -> tuple[list[Call], Explanation]:
    """For gradients that are not those of a loss with an unusual factor: the mistakes against the usual one, if any."""
    for words, factor, scale in SCALES[exam.chain.kind] if exam.chain is not None else []:
        usual = replace(exam, chain=exam.chain and replace(exam.chain, scale=scale, factor=factor))
        still = [call for call in usual.calls() if not call.answer.raised and not is_known_gradient(usual, call)]
        why = _find_explanation(usual, quick=True) if still else Explanation()
        if why.causes or not still:
            fit = "the gradients are right for" if not still else "the gradients are compared here with those of"
            exam.facts.append(f"the loss that is computed is {exam.matched}; {fit} {words}")
            exam.chain = usual.chain
            return still or wrong, why
    return wrong, Explanation()


def _match_the_gradients(exam: Examination) -> None:
    """Where no loss can be read, take the usual one whose gradients these are, if there is one."""
    for words, factor, scale in SCALES[exam.chain.kind] if exam.chain is not None and exam.chain.kind else []:
        usual = replace(exam, chain=exam.chain and replace(exam.chain, scale=scale, factor=factor))
        if all(is_known_gradient(usual, call) for call in exam.calls() if call.answer.grads):
            exam.chain, exam.matched = usual.chain, words
            exam.facts.append(f"the gradients are right for {words}")
            return


def _fits_the_loss(
    exam: Examination, derivatives: Derivatives, wrong: Sequence[Call], rng: np.random.Generator
) -> bool:
    """Whether the gradients are those of the loss that is computed, known or numerical."""
    if exam.matched and exam.chain is not None:
        return not wrong
    others = [measure_derivatives(exam, call, 3, rng) for call in exam.draws[1:]]
    if derivatives.kinks and sum(other.agree for other in others) > 1:
        exam.notes.append(
            "your numbers are at a kink of the loss, where it has no derivative; others nearby were checked"
        )
        return True
    return derivatives.agree and others[0].agree


def _is_another_loss(exam: Examination, why: Explanation) -> bool:
    """The gradients match the loss, and a mistake explains both: is this a different, valid loss?"""
    names = {cause.mistake.name for cause in why.causes[0]}
    if names == {DECAY}:
        strength = format_number(why.causes[0][0].number)
        exam.facts.append(f"the loss includes weight decay, λ = {strength}, and the gradients match it")
    elif names <= FACTORS:
        usual = SCALES[exam.chain.kind][0][0] if exam.chain is not None else "the usual loss"
        exam.facts.append(f"the loss is {usual} times a constant; the gradients have the same factor, so the two match")
    else:
        exam.facts.append("the gradients match the loss that is computed: both have the same mistake")
        return False
    why.causes = []
    return True


def _are_equal(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape and is_close(one[name], other[name], 1e-6) for name in one
    )


def _facts_about_the_loss(exam: Examination, right: bool) -> list[str]:
    """Facts about a loss that is not the usual one for this model."""
    if exam.chain is None or not exam.chain.kind:
        return []
    usual = SCALES[exam.chain.kind][0][0]
    if not exam.matched:
        if not any(np.isfinite(call.answer.loss) for call in exam.calls()):
            return []
        fit = "the gradients are right for this loss, but " if right else ""
        return [
            f"{fit}the loss is not {usual} of linear layers and ReLUs with these parameters, so only "
            "central differences were used"
        ]
    facts = []
    if exam.chain.decay is not None:
        fit = ", and the gradients match it" if right else ""
        facts.append(f"the loss includes {describe_decay(exam.chain.decay)}{fit}")
    elif right and ", times" in exam.matched:
        facts.append(f"the loss is {exam.matched}; the gradients have the same factor, so the two match")
    if exam.nearly and not exam.single:
        facts.append(f"the loss is {exam.matched} to only four digits, as if a small number were added inside the log")
    if "sum" in exam.matched and right:
        facts.append(f"the gradients are right for the loss that is computed, but that is {exam.matched}, not a mean")
    return facts


def _only_gradients_are_means(exam: Examination) -> bool:
    """Whether the loss is a sum and the gradients are those of the mean."""
    if exam.chain is None or not exam.matched.startswith("a sum"):
        return False
    means = [replace(exam, chain=replace(exam.chain, scale=scale)) for _, _, scale in SCALES[exam.chain.kind][:2]]
    return any(
        all(is_known_gradient(mean, call) for call in exam.calls() if not call.answer.raised)
        for mean in means
        if mean.chain is not None and mean.chain.scale(3, 5) in (1, 2)
    )


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


@dataclass
class Explanation:
    """The mistakes that reproduce the gradients, a point where they show, and whether gradients also accumulate."""

    causes: list[tuple[Cause, ...]] = field(default_factory=list)
    point: Point | None = None
    accumulated: bool = False


def _find_explanation(exam: Examination, quick: bool) -> Explanation:
    """Search for single mistakes, also with arrays of earlier calls or sums over calls; unless quick, for pairs too."""
    chain = exam.chain
    observed = _observe(exam, exam.draws)
    if chain is None or len(observed) < 2:
        return Explanation()
    rounding = ROUNDING["single" if exam.single else "double"]
    at_once = [m for m in exam.catalogue if not m.needs_earlier_call]
    stale = [m for m in exam.catalogue if m.needs_earlier_call]
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
    added = _subtract_previous(chain, observed, rounding)
    if len(added) > 1:
        causes = explanations(chain, added, at_once, rounding=rounding)
        if causes or all(_is_right(chain, o, rounding) for o in added):
            return Explanation(causes, added[0].point, accumulated=True)
    if _is_right(chain, observed[0], rounding) or explanations(chain, observed[:1], at_once, rounding=rounding):
        later_two = histories  # at most one mistake explains the first call: later ones may use its arrays
    else:
        later_two = []
    for history in [] if quick else [observed, *later_two]:
        causes = explanations(chain, history, exam.catalogue, rounding=rounding, pairs=True)
        if causes:
            return Explanation(causes, history[0].point)
    plain = [mistake for mistake in at_once if not mistake.unknown]
    nearly = [] if quick else explanations(chain, observed, plain, rounding=ROUNDING["nearly"])
    if len(nearly) == 1:
        exam.facts.append(NEARLY)
        return Explanation(nearly, observed[0].point)
    return Explanation()


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


def _generic_facts(exam: Examination, wrong: Sequence[Call], derivatives: Derivatives) -> list[str]:
    calls = [call for call in exam.draws if call.answer.grads]
    if exam.chain is None or not exam.matched:
        if not derivatives.expected or not exam.given.answer.grads:
            return []
        return facts_about([(exam.given.answer.grads, derivatives.expected)], [len(exam.given.point.X)], 1e-8)
    if not calls:
        return []
    rounding = 1e-5 if exam.single else 1e-8
    comparisons = [(call.answer.grads, exam.right(call.point)) for call in calls]
    facts = facts_about(comparisons, [len(call.point.X) for call in calls], rounding)
    facts += facts_about_examples(exam.chain, [call.point for call in calls], [call.answer.grads for call in calls])
    return facts + _facts_about_units(exam, rounding)


def _facts_about_units(exam: Examination, rounding: float) -> list[str]:
    """Whether gradients are right for hidden units that are on for every example, and wrong for the others."""
    chain, first = exam.chain, exam.draws[0].point
    if chain is None or not chain.kind or "relu" not in chain.steps or exam.given.answer.at is not None:
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
        fine = is_close(found[..., units], right[name][..., units], rounding)
        if fine and not is_close(found[..., ~units], right[name][..., ~units], rounding):
            Z_name = chain.value_name(_relu_after(chain, name))
            facts.append(f"grad_{name} is right for the units with {Z_name} > 0 for every example")
    return facts


def _relu_after(chain: Chain, name: str) -> int:
    """The step of the ReLU after the linear layer of this parameter."""
    layer = next(i for i, pair in enumerate(chain.weights) if name in pair)
    return [step for step, kind in enumerate(chain.steps) if kind == "relu"][layer]


def _write_report(
    exam: Examination,
    ok: bool,
    derivatives: Derivatives,
    problems: Sequence[str],
    changed: Sequence[str],
    wrong: Sequence[Call],
    why: Explanation,
    mistakes: tuple[str, ...],
) -> Report:
    shown, rows = _make_rows(exam, derivatives, wrong)
    lines = wrap(_write_verdict(exam, ok, derivatives, mistakes, problems))
    lines += ["", *wrap(exam.preface)] if exam.preface else []
    lines += ["", *format_table(rows)] if rows else []
    if shown is not exam.given:
        n = len(shown.point.X)
        lines.append(f"    (on random inputs, {n} examples; on your inputs the mistake does not show)")
    elif exam.shift_note and any(row.found is not None for row in rows):
        exam.notes.append(exam.shift_note)
    others = [each for each in problems if "must have shape" not in each] if mistakes else problems[1:]
    others = [] if exam.preface else others  # the table shows wrong shapes, the preface an exception
    if others:
        lines += ["", *_label("Problem", others)]
    elif not ok and not mistakes and exam.matched:
        lines += ["", *wrap(first)] if (first := _name_first_wrong(exam, rows)) else []
    if why.accumulated:
        lines += ["", *wrap(ACCUMULATED)]
    if why.causes and why.point is not None and exam.chain is not None:
        needs = any(cause.mistake.needs_earlier_call for cause in why.causes[0])
        at_given = not needs and is_visible(exam.chain, exam.given.point, why.causes[0])
        at_given = at_given and _reproduces(exam, why.causes[0])
        lines += ["", *explain_in_words(exam.chain, exam.given.point if at_given else why.point, why.causes[0])]
        for other in why.causes[1:]:
            lines += ["", f"Or {other[0].mistake.name}, which gives the same numbers here."]
    for template, names in [
        (PARAMETERS_CHANGED, [name for name in changed if name in exam.given.point.params]),
        (CHANGED, [name for name in changed if name not in exam.given.point.params]),
    ]:
        lines += ["", *wrap(template.format(" and ".join(names)))] if names else []
    for label, found in [("Fact", exam.facts), ("Note", exam.notes)]:
        lines += ["", *_label(label, found)] if found else []
    text = "\n".join(line.rstrip() for line in lines)
    errors = derivatives.errors
    if exam.single and exam.matched:
        errors = {row.name: row.error for row in rows}
    return Report(ok, errors, mistakes, tuple(exam.facts), text)


def _reproduces(exam: Examination, causes: Sequence[Cause]) -> bool:
    """Whether these causes give the learner's own gradients at the caller's numbers too."""
    if exam.chain is None:
        return False
    computed = gradients(exam.chain, exam.given.point, changes_of(causes, [cause.number for cause in causes]))
    names = {exam.chain.name(*site).removeprefix("grad_"): array for site, array in computed.items()}
    found = exam.given.answer.grads
    return all(name not in found or is_close(found[name], names[name], 1e-3) for name in names)


def _label(label: str, sentences: Sequence[str]) -> list[str]:
    return [line for each in sentences for line in wrap(f"{label}: {each}" + "." * (each[-1] != "?"))]


def _name_first_wrong(exam: Examination, rows: Sequence[Row]) -> str:
    """The first wrong gradient in backward order, of those that the code returns; "" for a single layer."""
    if exam.chain is None or exam.chain.steps.count("linear") < 2 or all(row.right for row in rows):
        return ""
    order = list(exam.right(exam.draws[0].point))
    ordered = sorted(rows, key=lambda row: order.index(row.name))
    first = next(i for i, row in enumerate(ordered) if not row.right)
    fine = join_names([f"grad_{row.name}" for row in ordered[:first]]) + " right; " if first else ""
    return f"Working backward, {fine}grad_{ordered[first].name} is the first one that is wrong."


def _write_verdict(
    exam: Examination, ok: bool, derivatives: Derivatives, mistakes: Sequence[str], problems: Sequence[str]
) -> str:
    if ok:
        worst = max((error for error in derivatives.errors.values() if np.isfinite(error)), default=0.0)
        if exam.single_loss and not exam.matched:
            return (
                f"{exam.name} is right as far as a float32 loss can show: the numerical gradients agree to "
                f"{max(worst, 0.01):.0%}. Use float64 for a sharper check."
            )
        if exam.single:
            return f"{exam.name} is right, to the 7 digits of float32: the differences are rounding errors."
        how = "along random directions" if derivatives.sampled else "in every entry"
        return f"{exam.name} is right. Its gradients agree with central differences {how}, to {worst:.0e}."
    if mistakes:
        return f"{exam.name} is wrong: {', '.join(mistakes)}."
    if problems:
        return f"{exam.name} is wrong: {problems[0]}" + "." * (problems[0][-1] != "?")
    return f"{exam.name} is wrong, and none of the known mistakes explains it."


def _make_rows(exam: Examination, derivatives: Derivatives, wrong: Sequence[Call]) -> tuple[Call, list[Row]]:
    """The call to show, which is the caller's own if the mistake shows there, and the rows of its table."""
    given_shows = not wrong or any(call is exam.given for call in wrong) or exam.given.answer.raised
    shown = exam.given if given_shows or not exam.matched else wrong[0]
    rows = []
    right = exam.right(shown.point) if exam.matched else derivatives.expected
    for name in exam.question.variables(shown.point):
        if name not in right:
            continue
        found, expected = shown.answer.grads.get(name), right[name]
        error = (
            derivatives.errors.get(name, np.nan)
            if shown is exam.given and not (exam.single and exam.matched)
            else np.nan
        )
        fine = found is not None and found.shape == expected.shape
        if found is not None and fine:
            off = float(np.max(np.abs(found - expected), initial=0.0)) / (float(np.max(np.abs(expected))) or 1.0)
            error = error if np.isfinite(error) else off
            fine = off <= (1e-4 if exam.single else 1e-8) if exam.matched else name not in derivatives.wrong
        in_shape = partial(exam.question.in_callers_shape, name)
        same_shape = found is not None and found.shape == expected.shape
        rows.append(Row(name, error, fine, in_shape(found) if same_shape else found, in_shape(expected)))
    return shown, rows
