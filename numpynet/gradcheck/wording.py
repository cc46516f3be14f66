"""The report in words: the verdict, the table, what is wrong and why, facts and notes, in this order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from numpynet.gradcheck.backward_rules import gradients
from numpynet.gradcheck.derivatives import Derivatives
from numpynet.gradcheck.examination import Call, Examination
from numpynet.gradcheck.explain import Cause, changes_of
from numpynet.gradcheck.facts import is_close
from numpynet.gradcheck.report import (
    Evidence,
    Finding,
    Report,
    Row,
    explain_in_words,
    format_table,
    is_visible,
    join_names,
)
from numpynet.gradcheck.search import Explanation
from numpynet.wording import Said, say, wrap


@dataclass(frozen=True)
class Conclusion:
    """What was found, for the report.

    problems: what was returned in no usable form. changed: the arguments that the code changes. wrong: the calls whose
    gradients are not the known ones. why: the mistakes that explain them.
    """

    ok: bool
    derivatives: Derivatives
    problems: Sequence[Said]
    changed: Sequence[str]
    wrong: Sequence[Call]
    why: Explanation
    mistakes: tuple[str, ...]


def write_report(exam: Examination, found: Conclusion) -> Report:
    """The report: paragraphs with an empty line between them."""
    shown, rows = _make_rows(exam, found)
    if shown is exam.given and exam.shift_note and any(row.found is not None for row in rows):
        exam.notes.append(exam.shift_note)
    table = format_table(rows)
    if shown is not exam.given:
        n = len(shown.point.X)
        table.append(say("on_random_inputs", n=n))
    paragraphs = [wrap(_write_verdict(exam, found)), wrap(exam.preface), table, *_what_is_wrong(exam, found, rows)]
    paragraphs += [_label("fact", exam.facts), _label("note", exam.notes)]
    text = "\n".join(line.rstrip() for lines in paragraphs if lines for line in ["", *lines]).removeprefix("\n")
    errors = {row.name: row.error for row in rows} if exam.single and exam.matched else found.derivatives.errors
    wrong = () if found.ok else _name_wrong(exam, found, rows)
    evidence, findings = _evidence(exam, found.why), tuple(_findings(exam, found))
    return Report(found.ok, errors, found.mistakes, tuple(exam.facts), text, wrong, evidence, findings)


def _findings(exam: Examination, found: Conclusion) -> Iterator[Finding]:
    """All that the report says was found, without words."""
    causes = {cause.mistake.name: cause for causes in found.why.causes for cause in causes}
    for name in found.mistakes:
        cause = causes.get(name)
        data = {"step": cause.step, "number": cause.number} if cause else {"arguments": tuple(found.changed)}
        yield Finding("mistake", name, data)
    for kind, sentences in [("problem", found.problems), ("fact", exam.facts), ("note", exam.notes)]:
        yield from (Finding(kind, each.key, each.values) for each in sentences)


def _evidence(exam: Examination, why: Explanation) -> Evidence | None:
    """What the example in the text was computed from, or the caller's own numbers."""
    if exam.chain is None:
        return None
    causes = why.causes[0] if why.causes and not why.accumulated else ()
    call = exam.given
    if causes and not _shows_at_given(exam, causes):
        call = next((each for each in exam.draws if each.point is why.point), exam.given)
    return Evidence(exam.chain, call.point, call.answer.grads, causes)


def _name_wrong(exam: Examination, found: Conclusion, rows: Sequence[Row]) -> tuple[str, ...]:
    """The gradients that are wrong in any call; all of them if what is wrong is no number."""
    wrong = {row.name for row in rows if not row.right}
    for call in exam.draws if exam.matched else ():
        for name, right in exam.right(call.point).items():
            own = call.answer.grads.get(name)
            if own is None or own.shape != right.shape or not is_close(own, right, 1e-4 if exam.single else 1e-8):
                wrong.add(name)
    names = [row.name for row in rows]
    return tuple(name for name in names if name in wrong or found.changed or found.why.accumulated or not wrong)


def _what_is_wrong(exam: Examination, found: Conclusion, rows: Sequence[Row]) -> Iterator[list[str]]:
    """Problems, or where the backward pass first goes wrong; then each mistake with its formulas and numbers."""
    named = found.mistakes
    others = (
        [each for each in found.problems if each.key not in ("grad_shape", "forward_shape")]
        if named
        else found.problems[1:]
    )
    if others and not exam.preface:  # the table shows wrong shapes, the preface an exception
        yield _label("problem", others)
    elif not found.ok and not named and exam.matched:
        yield wrap(_name_first_wrong(exam, rows))
    if found.why.accumulated:
        yield wrap(say("accumulated"))
    yield from _explain(exam, found.why)
    params = [name for name in found.changed if name in exam.given.point.params]
    arguments = [name for name in found.changed if name not in exam.given.point.params]
    for key, names in [("parameters_changed", params), ("changed", arguments)]:
        yield wrap(say(key, names=say("and").join(names))) if names else []


def _explain(exam: Examination, why: Explanation) -> Iterator[list[str]]:
    """The first explanation, at the caller's own numbers if it shows there, and the names of the others."""
    if not why.causes or why.point is None or exam.chain is None:
        return
    causes, *others = why.causes
    point = exam.given.point if _shows_at_given(exam, causes) else why.point
    yield explain_in_words(exam.chain, point, causes)
    for other in others:
        yield [say("or_another", name=other[0].mistake.name)]


def _shows_at_given(exam: Examination, causes: Sequence[Cause]) -> bool:
    """Whether the mistakes change the caller's own numbers in the way they were changed."""
    if exam.chain is None or any(cause.mistake.needs_earlier_call for cause in causes):
        return False
    return is_visible(exam.chain, exam.given.point, causes) and _reproduces(exam, causes)


def _reproduces(exam: Examination, causes: Sequence[Cause]) -> bool:
    """Whether these causes give the learner's own gradients at the caller's numbers too."""
    if exam.chain is None:
        return False
    computed = gradients(exam.chain, exam.given.point, changes_of(causes, [cause.number for cause in causes]))
    names = {exam.chain.name(*site).removeprefix("grad_"): array for site, array in computed.items()}
    found = exam.given.answer.grads
    return all(name not in found or is_close(found[name], names[name], 1e-3) for name in names)


def _label(label: str, sentences: Sequence[Said]) -> list[str]:
    return [line for each in sentences for line in wrap(_ended(say(label, text=each)))]


def _ended(sentence: str) -> str:
    """With a full stop, unless it is a question."""
    return sentence if sentence[-1] in "?？" else sentence + say("end")


def _name_first_wrong(exam: Examination, rows: Sequence[Row]) -> str:
    """The first wrong gradient in backward order, of those that the code returns; "" for a single layer."""
    if (
        exam.chain is None
        or exam.chain.steps.count("linear") < 2
        or all(row.right or row.found is None for row in rows)
    ):
        return ""
    order = list(exam.right(exam.draws[0].point))
    ordered = sorted(rows, key=lambda row: order.index(row.name))
    first = next(i for i, row in enumerate(ordered) if not row.right)
    name = f"grad_{ordered[first].name}"
    if not first:
        return say("already_wrong", name=name, where="")
    before = join_names([f"grad_{row.name}" for row in ordered[:first]])
    return say("first_wrong", before=before, name=name, where="")


def _write_verdict(exam: Examination, found: Conclusion) -> str:
    if found.ok:
        worst = max((error for error in found.derivatives.errors.values() if np.isfinite(error)), default=0.0)
        if exam.single_loss and not exam.matched:
            return say("right_single_loss", name=exam.name, worst=max(worst, 0.01))
        if exam.single:
            return say("right_single", name=exam.name)
        how = say("along_directions" if found.derivatives.sampled else "in_every_entry")
        return say("check_right", name=exam.name, how=how, worst=worst)
    if found.mistakes:
        return say("wrong_named", name=exam.name, mistake=", ".join(found.mistakes))
    if found.problems:
        return _ended(say("wrong_because", name=exam.name, problem=found.problems[0]))
    return say("check_unexplained", name=exam.name)


def _make_rows(exam: Examination, conclusion: Conclusion) -> tuple[Call, list[Row]]:
    """The call to show, which is the caller's own if the mistake shows there, and the rows of its table."""
    wrong, derivatives = conclusion.wrong, conclusion.derivatives
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
            fine = fine or conclusion.ok  # a kink may have disturbed the numbers shown
        in_shape = partial(exam.question.in_callers_shape, name)
        same_shape = found is not None and found.shape == expected.shape
        rows.append(Row(name, error, fine, in_shape(found) if same_shape else found, in_shape(expected)))
    return shown, rows
