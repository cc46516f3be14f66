"""From the ways in which something can be asked to one verdict on it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from numpynet.gradcheck.asking import Answer
from numpynet.gradcheck.backward_rules import Chain
from numpynet.gradcheck.check import _examine, _examine_unknown
from numpynet.gradcheck.draws import Layout
from numpynet.gradcheck.examination import Call, Examination
from numpynet.gradcheck.report import Report
from numpynet.gradcheck.styles import known
from numpynet.gradcheck.styles.find import Thing
from numpynet.gradcheck.styles.fits import Fitted
from numpynet.gradcheck.styles.found import Failed, Found
from numpynet.gradcheck.styles.recipe import Asked
from numpynet.gradcheck.styles.runs import value_of
from numpynet.gradcheck.verdict import FACTORS
from numpynet.wording import Said, say, wrap

MOST_WAYS = 4
SMALL = 1e-4  # an error below this may come from a small number inside a log
ENTRIES = 8  # of the gradient of an output, each tried alone
MANY_CALLS = 60  # a file that counts its calls must not be right only for the first
MEAN_IN_LAYERS = (
    "W and b are divided by the number of examples here. That is right if the gradient that comes in is that of the "
    "sum of the examples' losses: the mean is then taken in each layer."
)
ONE_ENTRY = (
    "it is right for a gradient of the output with a single entry that is not 0, as that of a cross-entropy is; with "
    "others it is not"
)
NO_TARGET = "the gradients are the same for other targets y, so they are those of no loss"
SUM_IN_LOSS = "The 1/n of this loss is missing in its gradient, and is taken in the layers: together they are right."


@dataclass(frozen=True)
class Verdict:
    """ok is None for what was not checked, or is not written yet.

    mean_in_layer: its gradients are right if they are multiplied by n.
    """

    name: str
    ok: bool | None
    text: str
    mistakes: tuple[str, ...] = ()
    unwritten: bool = False
    mean_in_layer: bool = False
    is_loss: bool = False


def kinds_of_loss(thing: Thing) -> set[str]:
    """The kinds of loss that a thing is, if it is a loss."""
    losses = [each.kind for each in thing.ways if each.network is None and each.given.y is not None]
    return {*losses, *(each.kind for each in thing.tried)} - {"", "unknown"}


def judge_thing(thing: Thing, kinds: Set[str] = frozenset(), computed: Set[tuple[str, str]] = frozenset()) -> Verdict:
    """The verdict on a thing: right if it is in one of the ways in which it can be asked.

    kinds: those of the file's losses, for a network that is asked without one. computed: the known losses that the
    file's functions compute, by kind and in words.
    """
    verdicts = []
    for way in thing.ways[:MOST_WAYS]:
        verdict = judge_way(way, adds=thing.adds)
        if verdict.ok and way.question.assumed and kinds and way.kind not in kinds:
            verdict = _with_another_loss(replace(way, pinned=False), ask_judge(way), [], kinds) or verdict
        if verdict.ok:
            verdict = _for_the_files_loss(way, computed) or verdict
        for check in (_with_decay, _with_other_targets, _still):
            verdict = check(way, verdict)
        verdicts.append(_as_square(thing, verdict))
        if verdicts[-1].ok:
            break
    if not verdicts:
        return _not_checked(thing)
    return next((each for ok in (True, False, None) for each in verdicts if each.ok is ok), verdicts[0])


def _for_the_files_loss(way: Found, computed: Set[tuple[str, str]]) -> Verdict | None:
    """Not checked, if the gradients are right for a loss that was assumed, and the file computes a different one."""
    own = sorted(words for kind, words in computed if kind == way.kind)
    if not way.question.assumed or not own or way.question.assumed in own:
        return None
    why = f"the loss that the file computes is {own[0]}, and its gradients are those of {way.question.assumed}"
    return Verdict(way.name, None, "\n".join(wrap(f"{way.name} was not checked: {why}.")))


def _as_square(thing: Thing, verdict: Verdict) -> Verdict:
    """The verdict on something that raises unless all layers are equally wide."""
    if not thing.raised or verdict.ok is None:
        return verdict
    text = f"With layers of different widths it raised {thing.raised}."
    if verdict.ok:
        text = f"{thing.name} is wrong: it is right only where all layers are equally wide. {text}"
        return replace(verdict, ok=False, text="\n".join(wrap(text)))
    first, *rest = verdict.text.split("\n")
    return replace(verdict, text="\n".join([first, "", *wrap(f"{text} The rest uses 6 everywhere."), *rest]))


def _still(way: Found, verdict: Verdict) -> Verdict:
    """The verdict, if the code gives the same gradients when it has been called often."""
    if not verdict.ok:
        return verdict
    first = way.question.ask(way.given).grads
    for _ in range(MANY_CALLS):
        last = way.question.ask(way.given).grads
    same = first.keys() == last.keys() and all(np.allclose(first[k], last[k], rtol=1e-6, equal_nan=True) for k in first)
    if same:
        return verdict
    text = f"{way.name} is wrong: after {MANY_CALLS} calls with the same arguments it gives other gradients."
    return Verdict(way.name, False, "\n".join(wrap(text)))


def judge_way(way: Found, *, adds: bool = False) -> Verdict:
    """The verdict on one way. adds: the file adds its gradients to the parameters."""
    report = ask_judge(way)
    notes = list(way.notes)
    if way.kind == "" and way.network is None and not way.given.params:
        notes.append("only the gradient of the input was compared: it holds no parameters of its own")
    if report.ok is False:
        for step in (_mean_in_layers, _right_for_one_entry, _changing, _no_plain_step):
            verdict = step(way, report, notes)
            if verdict is not None:
                return verdict
        report, note = _up_to_a_factor(way, report, adds)
        notes += [note] if note else []
    if report.ok is False:
        for step in (_without_targets, _with_another_loss):
            verdict = step(way, report, notes)
            if verdict is not None:
                return verdict
    notes += [*_loss_notes(way, report), *(_shape_notes(way) if report.ok else [])]
    return Verdict(way.name, report.ok, _with_notes(report.text, notes), report.mistakes, is_loss=way.network is None)


def _mean_in_layers(way: Found, report: Report, notes: list[str]) -> Verdict | None:
    """Right, if the gradients of a layer are right for a loss that is a sum."""
    if way.kind or way.network is None or not way.network.layers:
        return None
    in_layer = ask_judge(replace(way, question=replace(way.question, scale=float)))
    if not in_layer.ok:
        return None
    return Verdict(way.name, True, _with_notes(in_layer.text, [*notes, MEAN_IN_LAYERS]), mean_in_layer=True)


def _right_for_one_entry(way: Found, report: Report, notes: list[str]) -> Verdict | None:
    """Right, if a layer that is not known is so wherever a single entry of grad_Y is not 0."""
    if way.kind or way.network is not None or report.mistakes or way.question.slope_alone:
        return None
    entries = np.random.default_rng(2).permutation(np.size(way.given.G))[:ENTRIES]
    reports = (ask_judge(replace(way, question=replace(way.question, entry=int(entry)))) for entry in entries)
    first = next(reports)
    if not (first.ok and all(each.ok for each in reports)):
        return None
    return Verdict(way.name, True, _with_notes(first.text, [*notes, ONE_ENTRY]))


def _changing(way: Found, report: Report, notes: list[str]) -> Verdict | None:
    """Not checked, if no two calls give the same."""
    if report.mistakes or not any(fact.key == "different_each_call" for fact in report.facts):
        return None
    why = "it gives other gradients each time that it is called with the same arguments"
    return Verdict(way.name, None, "\n".join(wrap(f"{way.name} was not checked: {why}.")))


def _updates(way: Found) -> bool:
    """Whether the gradients are read from steps of the parameters, by a rate that may not be constant."""
    return isinstance(way.question, Fitted) or any(
        getattr(source, "factor", 0.0) for source in way.question.gradients.values()
    )


def _no_plain_step(way: Found, report: Report, notes: list[str]) -> Verdict | None:
    """Not checked, if an update is no step of plain gradient descent, such as one of Adam: it shows no gradient."""
    if not _updates(way):
        return None
    grads = way.question.ask(way.given).grads
    sizes = np.concatenate([np.abs(array).reshape(-1) for array in grads.values()] or [np.zeros(1)])
    if any(factor.key == "factor_varies" for factor in _factors(report)):
        why = "its steps are no fixed multiple of the gradient, as when gradients are clipped"
    elif np.all(sizes > 0) and np.ptp(sizes) < 0.05 * sizes.max():
        why = "all its steps have the same size, as those of Adam or RMSprop have; they do not show the gradient"
    elif getattr(way.question, "by_loss", False) and len(report.mistakes) != 1:
        why = "its steps are not those of its loss, but they may be more than the gradient, as with momentum"
    else:
        return None
    return Verdict(way.name, None, "\n".join(wrap(f"{way.name} was not checked: {why}.")))


def _up_to_a_factor(way: Found, report: Report, adds: bool) -> tuple[Report, str]:
    """Right, with a note, if an update differs by a factor only, or if −1 times the gradient is added."""
    factor = _factor(report, fixed_n=isinstance(way.question, Fitted) and bool(way.question.n))
    if _updates(way) and factor:
        note = f"the steps are {factor} times learning rate · gradient, as if with another learning rate"
        return replace(report, ok=True, mistakes=(), text=f"{way.name} is right, up to a factor."), note
    if adds and not _updates(way) and report.mistakes == ("wrong_sign",) and _all_negative(way):
        note = "these are −1 times the gradients; the file adds them to the parameters, which is descent all the same"
        return replace(report, ok=True, mistakes=(), text=f"{way.name} is right, with the sign reversed."), note
    return report, ""


def _without_targets(way: Found, report: Report, notes: list[str]) -> Verdict | None:
    """Wrong, if the gradients do not depend on the targets."""
    if report.mistakes or not _ignores_targets(way):
        return None
    unexplained = say("check_unexplained", name=way.name)
    text = report.text.replace(unexplained, say("wrong_named", name=way.name, mistake="missing_target"))
    return Verdict(way.name, False, _with_notes(text, [*notes, NO_TARGET]), ("missing_target",))


def _loss_notes(way: Found, report: Report) -> list[str]:
    """Which loss it is, where the file computes none."""
    assumed = way.question.assumed
    if not assumed:
        return []
    which = "the gradients of the last layer are those of" if way.pinned else "it was assumed to be"
    notes = [f"no loss of the file was recognised for it; {which} {assumed}"]
    if report.ok and "sum" in assumed and "averaged" not in assumed:
        notes.append("if your loss is the mean, the 1/n is missing (sum_not_mean)")
    return notes


def _shape_notes(way: Found) -> list[str]:
    """Gradients that have the right numbers in another shape than their parameter."""
    if not isinstance(way.question, Asked):
        return []
    record = way.question.play(way.given)
    notes = []
    for slot in way.question.recipe.slots:
        source = way.question.gradients[slot.name]
        shape = np.shape(record.seen.get(source.key, np.zeros(slot.shape)))
        if source.factor or shape == slot.shape or slot.positions.size == 1:
            continue
        name = slot.name
        try:
            together = np.broadcast_shapes(shape, slot.shape)
            what = "has the right shape" if together == slot.shape else f"would have shape {together}"
        except ValueError:
            what = "raises"
        notes.append(f"{name} has shape {slot.shape}, grad_{name} {shape}; {name} − lr · grad_{name} {what}")
    return notes


def _with_another_loss(way: Found, report: Report, notes: list[str], kinds: Set[str] = frozenset()) -> Verdict | None:
    """The verdict with the loss for which a single mistake explains the gradients; not checked if there is none."""
    if not way.question.assumed or way.pinned or len(report.mistakes) == 1:
        return None
    known_network = way.network is not None and way.given.y is not None and isinstance(way.question, Asked)
    for loss in known.losses(way.network.head) if known_network and way.network else []:
        if not loss.kind or (loss.kind == "cross_entropy") != (np.ndim(way.given.y) == 1):
            continue
        if kinds and loss.kind not in kinds:
            continue
        question = replace(way.question, loss_of=value_of(loss), assumed=loss.words)
        other = ask_judge(replace(way, question=question, kind=loss.kind))
        if other.ok is False and len(other.mistakes) == 1 and other.mistakes[0] not in FACTORS:
            note = f"no loss of the file was recognised for it; this explains its gradients if the loss is {loss.words}"
            return Verdict(way.name, False, _with_notes(other.text, [*way.notes, note]), other.mistakes)
    why = "no loss of the file was recognised for it, and its gradients are those of none that is known here"
    return Verdict(way.name, None, "\n".join(wrap(f"{way.name} was not checked: {why}.")))


def _ignores_targets(way: Found) -> bool:
    """Whether the gradients stay the same with other targets."""
    y = way.given.y
    if y is None:
        return False
    moved = replace(way.given, y=(y + 1) % max(2, way.question.classes) if y.ndim == 1 else 1.0 - y)
    before, after = way.question.ask(way.given).grads, way.question.ask(moved).grads
    return bool(before) and before.keys() == after.keys() and all(np.array_equal(before[k], after[k]) for k in before)


def _factor(report: Report, *, fixed_n: bool) -> str:
    """The positive factor by which all gradients differ from the right ones, if it is the same for all; else "".

    fixed_n: the code takes one number of examples, so that dividing by another is a constant factor too.
    """
    words = {"factor_two": "2", "factor_half": "½", **({"fixed_batch_size": "a constant"} if fixed_n else {})}
    found = words.get(report.mistakes[0], "") if len(report.mistakes) == 1 else ""
    every = [str(factor.values["number"]) for factor in _factors(report, "every_gradient") if factor.key == "factor"]
    right = set(report.errors) - set(report.wrong)
    return "" if right else found or next((number for number in every if not number.startswith("−")), "")


def _factors(report: Report, *keys: str) -> list[Said]:
    """The factors that the report's facts speak of."""
    factors = [fact.values.get("factor") for fact in report.facts if not keys or fact.key in keys]
    return [factor for factor in factors if isinstance(factor, Said)]


def _all_negative(way: Found) -> bool:
    """Whether the code's gradients are −1 times the right ones, all of them."""
    if not isinstance(way.question, Asked):
        return False
    return bool(ask_judge(replace(way, question=replace(way.question, scale=lambda n: -1.0))).ok)


def _with_decay(way: Found, verdict: Verdict) -> Verdict:
    """The verdict, if it holds with weight decay too, for code that takes its strength."""
    question = way.question
    if not (verdict.ok and isinstance(question, Asked) and question.loss is not None and question.recipe.uses("reg")):
        return verdict
    report = ask_judge(replace(way, question=replace(question, recipe=replace(question.recipe, reg=0.1))))
    errors = [error for error in report.errors.values() if np.isfinite(error)]
    if report.ok is not False or max(errors, default=1.0) < SMALL:
        return verdict
    text = _with_notes(report.text, ["this is with weight decay of strength 0.1; without it, the gradients are right"])
    return Verdict(way.name, False, text, report.mistakes)


def _with_other_targets(way: Found, verdict: Verdict) -> Verdict:
    """The verdict, if it holds for one-hot targets too, for code that takes them as well as labels."""
    question = way.question
    if not (verdict.ok and way.kind == "cross_entropy" and isinstance(question, Asked) and question.loss is not None):
        return verdict
    other = {"labels": "one-hot", "one-hot": "labels"}.get(question.recipe.target_kind, "")
    if not other:
        return verdict
    asked = replace(question, recipe=replace(question.recipe, target_kind=other))
    first, second = question.ask(way.given), asked.ask(way.given)
    if second.problems or abs(first.loss - second.loss) > 1e-9 * abs(first.loss):
        return verdict
    report = ask_judge(replace(way, question=asked))
    if report.ok is not False:
        return verdict
    text = _with_notes(report.text, [f"this is with {other} targets; with {question.recipe.target_kind} it is right"])
    return Verdict(way.name, False, text, report.mistakes)


def _with_notes(text: str, notes: Sequence[str]) -> str:
    lines = [
        line
        for note in notes
        for line in wrap(f"Note: {note[0].lower() if note[1:2].islower() else note[0]}{note[1:]}".rstrip(".") + ".")
    ]
    return "\n".join([text, "", *lines]) if lines else text


def ask_judge(way: Found) -> Report:
    """The judge's report, with the network and the loss that were recognised; or without, if they do not hold."""
    layout = layout_of(way)
    if layout is not None:
        exam = Examination(way.name, way.question, layout.chain, Call(replace(way.given), Answer()))
        report = _examine(exam, layout, None, None, None)
        if report is not None:
            return report
    return _examine_unknown(Examination(way.name, way.question, None, Call(replace(way.given), Answer())), None)


def layout_of(way: Found) -> Layout | None:
    """The known chain, in the formulas' shapes."""
    if way.kind == "unknown" or (way.network is None and not way.kind):
        return None
    output = "O" if way.kind == "cross_entropy" else "y_hat"
    chain = way.network.chain(way.kind) if way.network else Chain((), way.kind, output=output)
    shapes = {slot.name: slot.positions.shape for slot in way.question.recipe.slots}
    width = way.question.width or 0
    return Layout(chain, shapes, way.given.X.shape[1:], () if way.kind in ("", "cross_entropy") else (width,))


def _not_checked(thing: Thing) -> Verdict:
    if any(each.unwritten for each in thing.tried):
        why = next(each for each in thing.tried if each.unwritten)
        return Verdict(thing.name, None, f"{thing.name} is not written yet: {why.came}.", unwritten=True)
    lines = [f"{thing.name} was not checked. What was tried, and what came:"]
    if not thing.tried:
        return Verdict(thing.name, None, f"{thing.name} was not checked: no way to call it was found.")
    for each in _different(thing.tried)[:4]:
        lines += [f"    {line}" for line in wrap(f"{each.tried}: {each.came}")]
    return Verdict(thing.name, None, "\n".join(lines))


def _different(tried: Sequence[Failed]) -> list[Failed]:
    """One of each kind of failure, those that came furthest first."""
    told = [each for each in tried if each.came and not each.came.startswith("no arrays")] or tried
    found = {each.came.split(" line ")[-1] + each.came[:30]: each for each in reversed(told)}
    return sorted(found.values(), key=lambda each: ("Error" in each.came, each.tried))


def together(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, where the mean may be taken in the loss or in the layers of a file, but not in both."""
    in_layers = [each for each in verdicts if each.mean_in_layer]
    if not in_layers:
        return list(verdicts)
    losses = [each for each in verdicts if each.is_loss and (each.ok or each.mistakes == ("sum_not_mean",))]
    found = []
    for each in verdicts:
        if each in losses and each.ok is False:
            first = each.text.split("\n")[0]
            each = replace(
                each,
                ok=True,
                mistakes=(),
                text=_with_notes(each.text.replace(first, f"{each.name} is right."), [SUM_IN_LOSS]),
            )
        elif each.mean_in_layer and any(loss.ok for loss in losses):
            text = f"{each.name} is wrong: divided_by_n_twice."
            why = "It divides by the number of examples, and so does the gradient of the file's loss."
            each = replace(each, ok=False, mistakes=("divided_by_n_twice",), text="\n".join([text, "", *wrap(why)]))
        found.append(each)
    return found
