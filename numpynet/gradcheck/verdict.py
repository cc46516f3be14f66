"""The verdict: compare the answers with numerical and with known gradients, and explain what is wrong.

The gradients are compared with central differences of the learner's own loss. If the gradients of that loss are known
here, every entry is also compared with the known gradient, at random points, to ten digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import Chain, Point, forward
from numpynet.gradcheck.derivatives import Derivatives, computes_single_loss, has_known_derivatives, measure_derivatives
from numpynet.gradcheck.examination import SCALES, Call, Examination, describe_decay, is_known_gradient
from numpynet.gradcheck.facts import facts_about, facts_about_examples, is_close
from numpynet.gradcheck.report import Report, format_number, loss_in_language
from numpynet.gradcheck.search import Explanation, find_explanation
from numpynet.gradcheck.wording import Conclusion, write_report
from numpynet.wording import Said, say

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


def conclude(exam: Examination, directions: int | None, rng: np.random.Generator) -> Report:
    """The verdict on all the answers and, if something is wrong, the explanation."""
    exam.single_loss = computes_single_loss(exam)
    exam.single = exam.single_loss or any(call.answer.single for call in exam.calls())
    if exam.matched and not exam.single and not has_known_derivatives(exam, rng):
        exam.matched = ""
    if any(call.answer.grads for call in exam.calls()) and not any(np.isfinite(c.answer.loss) for c in exam.calls()):
        _match_the_gradients(exam)
    derivatives = measure_derivatives(exam, exam.given, directions, rng)
    problems = exam.problems or next((call.answer.problems for call in exam.calls() if call.answer.problems), [])
    wrong = [call for call in exam.calls() if not call.answer.raised and not is_known_gradient(exam, call)]
    repeats = exam.repeated is None or _are_equal(exam.draws[0].answer.grads, exam.repeated.answer.grads)
    right = _fits_the_loss(exam, derivatives, wrong, rng)
    wrong, why = _explain(exam, wrong, right, repeats)
    if right and why.causes:
        right = _is_another_loss(exam, why)
    elif not why.causes:
        exam.facts += _facts_about_the_loss(exam, right)
    changed = _changed_arguments(exam, right and repeats)
    mistakes = _names(why, changed)
    ok = right and repeats and not problems and not changed
    if ok and exam.single:
        mistakes += ("precision_only",)
    if changed and all(say("grad_none", name=name) in problems for name in changed):
        exam.facts.append(say("belongs_in_grad"))
    if not repeats and not mistakes:
        exam.facts.append(say("different_each_call"))
    if not ok and not why.causes and not why.accumulated and (wrong or not right):
        exam.facts += _generic_facts(exam, derivatives)
    if not ok:
        exam.facts += _facts_about_whole_numbers(exam)
    return write_report(exam, Conclusion(ok, derivatives, problems, changed, wrong, why, mistakes))


def _explain(exam: Examination, wrong: list[Call], right: bool, repeats: bool) -> tuple[list[Call], Explanation]:
    """The calls that are wrong, perhaps against a more usual loss, and the mistakes that explain them."""
    why = Explanation()
    if wrong and _only_gradients_are_means(exam):
        exam.facts.append(say("gradients_of_a_mean", loss=loss_in_language(exam.matched)))
        return wrong, why
    if wrong or not repeats:
        why = find_explanation(exam, quick=right)
        if not why.causes and not right and " times " in f" {exam.matched} ":
            wrong, why = _compare_with_the_usual_loss(exam, wrong)
        if not exam.matched and not right and np.isfinite(exam.given.answer.loss):
            # an unknown loss may include the weight decay
            why.causes = [each for each in why.causes if all(cause.mistake.name != DECAY for cause in each)]
    return wrong, why


def _changed_arguments(exam: Examination, right: bool) -> list[str]:
    """The arguments that the code changes; if its results are right, writing into grad_Y is worth a note only."""
    changed = sorted({name for call in exam.calls() for name in call.answer.changed})
    if right and "grad_Y" in changed:
        exam.notes.append(say("writes_into_gradient"))
        changed.remove("grad_Y")
    return changed


def _names(why: Explanation, changed: Sequence[str]) -> tuple[str, ...]:
    """The names of what is wrong. Of several explanations all are told if each is a single mistake, else the first."""
    names = ["gradient_accumulated"] if why.accumulated else []
    for explanation in why.causes if why.causes and len(why.causes[0]) == 1 else why.causes[:1]:
        names += [cause.mistake.name for cause in explanation]
    names += ["argument_changed"] if changed else []
    return tuple(dict.fromkeys(names))


def _compare_with_the_usual_loss(exam: Examination, wrong: list[Call]) -> tuple[list[Call], Explanation]:
    """For gradients that are not those of a loss with an unusual factor: the mistakes against the usual one, if any."""
    for words, factor, scale in SCALES[exam.chain.kind] if exam.chain is not None else []:
        usual = replace(exam, chain=exam.chain and replace(exam.chain, scale=scale, factor=factor))
        still = [call for call in usual.calls() if not call.answer.raised and not is_known_gradient(usual, call)]
        why = find_explanation(usual, quick=True) if still else Explanation()
        if why.causes or not still:
            key = "compared_with_another_loss" if still else "right_for_another_loss"
            exam.facts.append(say(key, loss=loss_in_language(exam.matched), usual=loss_in_language(words)))
            exam.chain = usual.chain
            return still or wrong, why
    return wrong, Explanation()


def _match_the_gradients(exam: Examination) -> None:
    """Where no loss can be read, take the usual one whose gradients these are, if there is one."""
    for words, factor, scale in SCALES[exam.chain.kind] if exam.chain is not None and exam.chain.kind else []:
        usual = replace(exam, chain=exam.chain and replace(exam.chain, scale=scale, factor=factor))
        if all(is_known_gradient(usual, call) for call in exam.calls() if call.answer.grads):
            exam.chain, exam.matched = usual.chain, words
            exam.facts.append(say("right_for", usual=loss_in_language(words)))
            return


def _fits_the_loss(
    exam: Examination, derivatives: Derivatives, wrong: Sequence[Call], rng: np.random.Generator
) -> bool:
    """Whether the gradients are those of the loss that is computed, known or numerical."""
    if exam.matched and exam.chain is not None:
        return not wrong
    others = [measure_derivatives(exam, call, 3, rng) for call in exam.draws[1:]]
    if derivatives.kinks and sum(other.agree for other in others) > 1:
        exam.notes.append(say("at_a_kink"))
        return True
    return derivatives.agree and others[0].agree


def _is_another_loss(exam: Examination, why: Explanation) -> bool:
    """The gradients match the loss, and a mistake explains both: is this a different, valid loss?"""
    names = {cause.mistake.name for cause in why.causes[0]}
    if names == {DECAY}:
        strength = format_number(why.causes[0][0].number)
        exam.facts.append(say("loss_has_decay", strength=strength))
    elif names <= FACTORS:
        usual = SCALES[exam.chain.kind][0][0] if exam.chain is not None else "the usual loss"
        exam.facts.append(say("loss_times_constant", usual=loss_in_language(usual)))
    else:
        exam.facts.append(say("same_mistake"))
        return False
    why.causes = []
    return True


def _are_equal(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape and is_close(one[name], other[name], 1e-6) for name in one
    )


def _facts_about_the_loss(exam: Examination, right: bool) -> list[Said]:
    """Facts about a loss that is not the usual one for this model."""
    if exam.chain is None or not exam.chain.kind:
        return []
    usual = SCALES[exam.chain.kind][0][0]
    if not exam.matched:
        if not any(np.isfinite(call.answer.loss) for call in exam.calls()):
            return []
        return [say("right_for_unknown_loss" if right else "unknown_loss", usual=loss_in_language(usual))]
    facts, loss = [], loss_in_language(exam.matched)
    if exam.chain.decay is not None:
        key = "loss_includes_and_matches" if right else "loss_includes"
        facts.append(say(key, decay=loss_in_language(describe_decay(exam.chain.decay))))
    elif right and ", times" in exam.matched:
        facts.append(say("same_factor", loss=loss))
    if exam.nearly and not exam.single:
        facts.append(say("to_four_digits", loss=loss))
    if exam.matched.startswith("a sum") and right:
        facts.append(say("a_sum_not_a_mean", loss=loss))
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


def _generic_facts(exam: Examination, derivatives: Derivatives) -> list[Said]:
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
    layers = [exam.chain.weight_names(step) for step, kind in enumerate(exam.chain.steps) if kind == "linear"]
    if len(layers) > 1 and say("is_another", name=f"grad_{layers[0][1]}", other=f"grad_{layers[-1][1]}") in facts:
        facts.append(say("first_to_last"))
    return facts + _facts_about_units(exam, rounding)


def _facts_about_whole_numbers(exam: Examination) -> list[Said]:
    """Whether gradients are rounded; those of random numbers have decimals, unless they are 0."""
    found: dict[str, list[Array]] = {}
    for call in exam.draws:
        for name, array in call.answer.grads.items():
            found.setdefault(name, []).append(array)
    whole = [
        f"grad_{name}" for name, arrays in found.items() if all(np.any(a) and np.array_equal(a, a // 1) for a in arrays)
    ]
    return [say("whole_numbers", names=say("and").join(whole))] if whole else []


def _facts_about_units(exam: Examination, rounding: float) -> list[Said]:
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
            facts.append(say("right_for_units", name=f"grad_{name}", Z=Z_name))
    return facts


def _relu_after(chain: Chain, name: str) -> int:
    """The step of the ReLU after the linear layer of this parameter."""
    layer = next(i for i, pair in enumerate(chain.weights) if name in pair)
    return [step for step, kind in enumerate(chain.steps) if kind == "relu"][layer]
