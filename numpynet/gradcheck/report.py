"""What a check found: for a program (`ok`, `errors`, `mistakes`), and in words for a learner (`str(report)`)."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck import mistakes_zh
from numpynet.gradcheck.backward_rules import ACTIVATIONS, Chain, Point, Site, prediction_names
from numpynet.gradcheck.explain import Cause, first_wrong
from numpynet.gradcheck.mistakes import FORMULAS, PREDICTION_FORMULAS, SLOPE_FORMULAS, Mistake
from numpynet.wording import Said, language, say, wrap


class GradientError(AssertionError):
    """A gradient check found something wrong; the message is the full report."""


@dataclass(frozen=True)
class Evidence:
    """What a report's numbers come from: the known model, a point, the gradients returned there, and their causes."""

    chain: Chain
    point: Point
    found: Mapping[str, Array]
    causes: tuple[Cause, ...] = ()


class Finding(NamedTuple):
    """Something that was found, without words: its kind ("mistake", "problem", "fact", "note"), which one, and data."""

    kind: str
    key: str
    data: Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Report:
    """The result of a check. Its text is shown by print, at the Python prompt and in a notebook.

    ok: whether the gradients are those of the loss that the code computes. errors: for each gradient, the largest
    difference from central differences in float64, relative to the largest entry; for float32 code with a known loss,
    the difference from the known gradient. mistakes: the names of the mistakes that reproduce the wrong gradients, the
    best explanation first; empty if none does. facts: what else was found, in words. findings: the mistakes, problems,
    facts and notes, without words. wrong: the gradients that are wrong, by name.
    evidence: what `numpynet.trace.trace_report` shows number by number; None if the model is not a known one.
    """

    ok: bool
    errors: dict[str, float]
    mistakes: tuple[str, ...] = ()
    facts: tuple[Said, ...] = ()
    text: str = ""
    wrong: tuple[str, ...] = ()
    evidence: Evidence | None = field(default=None, compare=False)
    findings: tuple[Finding, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """For notebooks: in a fixed-width font, so that the columns of the table stay aligned."""
        return f"<pre>{html.escape(self.text)}</pre>"

    def raise_if_wrong(self) -> None:
        """Raise GradientError, with the report as its message, unless ok."""
        if not self.ok:
            raise GradientError(self.text)


@dataclass(frozen=True)
class Row:
    """One gradient in the table: as found, and as it should be."""

    name: str
    error: float
    right: bool
    found: Array | None
    expected: Array


def format_table(rows: Sequence[Row]) -> list[str]:
    """One line per gradient: its shape, its error and, if it is wrong, its worst entry."""
    lines = []
    for row in rows:
        words = say("row_right")
        if row.found is None:
            words = say("row_nothing")
        elif row.found.shape != row.expected.shape:
            words = say("row_shape", shape=row.found.shape)
        elif not row.right:
            off = np.abs(row.found - row.expected)
            worst = np.unravel_index(int(off.argmax()), off.shape)
            at = say("row_worst", index=f"[{', '.join(map(str, worst))}]") if worst else ""
            found, expected = format_apart(row.found[worst], row.expected[worst])
            words = say("row_wrong", at=at, found=found, expected=expected)
        error = f"{row.error:.1e}" if np.isfinite(row.error) else "  –"
        lines.append([f"grad_{row.name}", str(row.expected.shape), f"{say('row_error')} {error}", words])
    widths = [max(len(line[i]) for line in lines) for i in range(3)] if lines else []
    return [
        "    " + "  ".join([*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[3]])
        for line in lines
    ]


def format_number(x: Any, digits: int = 4) -> str:
    """The number with a true minus sign; never −0."""
    text = f"{abs(float(x)):.{digits}g}"
    return f"−{text}" if float(x) < 0 else text


def format_apart(one: Any, other: Any) -> tuple[str, str]:
    """Two numbers with four digits, or as many as are needed to tell them apart."""
    texts = [(format_number(one, digits), format_number(other, digits)) for digits in range(4, 18)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[0])


def names_at(chain: Chain, rule: str, step: int) -> dict[str, str]:
    """The names for a formula's letters at this step: {grad_Z} is grad_Z1, say, and {H} is X in the first layer."""
    names = {"O": chain.output, **prediction_names(chain.kind)}
    names["times"], names["over"] = chain.factor
    names["n"] = "n" if chain.kind in ("", "cross_entropy") or chain.factor[1] == " / n" else "N"
    names["prediction"] = PREDICTION_FORMULAS.get(chain.kind, "").format(O=chain.output)
    if rule in ("P", "T", "grad_O"):
        return names
    if chain.steps[step] in ACTIVATIONS:
        Z, H = chain.value_name(step), chain.value_name(step + 1)
        slope = SLOPE_FORMULAS[chain.steps[step]].format(Z=Z, H=H)
        return names | {"Z": Z, "H": H, "grad_Z": f"grad_{Z}", "grad_H": f"grad_{H}", "slope": slope}
    W, b = chain.weight_names(step)
    H, Y = chain.value_name(step), chain.value_name(step + 1)
    Z = chain.value_name(step - 1) if step and chain.steps[step - 1] in ACTIVATIONS else H
    names |= {"H": H, "Z": Z, "W": W, "b": b or "b", "grad_H": f"grad_{H}", "grad_Y": f"grad_{Y}"}
    return names | {"grad_W": f"grad_{W}", "grad_b": f"grad_{b}"}


def right_formula(chain: Chain, rule: str, step: int) -> str:
    """The right formula of a rule at this step, in the names of this model."""
    names = names_at(chain, rule, step)
    if rule == "P" and chain.kind == "squared_loss":
        return in_language("the output of the last layer")
    if rule == "T" and chain.kind != "cross_entropy":
        return in_language("with row i for example i")
    decay = " + λ {W}" if rule == "grad_W" and chain.decay else ""
    return (in_language(FORMULAS[rule]) + decay).format_map(names)


def explain_in_words(chain: Chain, point: Point, causes: Sequence[Cause]) -> list[str]:
    """The mistake in words: where the backward pass goes wrong, why, the formulas, and an example in numbers."""
    right, site, wrong, expected, q = first_wrong(chain, point, causes)
    name = chain.name(*site)
    where = _describe_where(site, wrong, expected, q, names_at(chain, *site))
    before = [chain.name(*s) for s in right if s[0] != "T"]
    several_steps = len(chain.steps) > (0 if chain.kind else 1)
    lines = []
    if before and (several_steps or site[0] == "T"):
        lines = wrap(say("first_wrong", before=join_names(before), name=name, where=where))
    elif not before and (several_steps or chain.kind):
        lines = wrap(say("already_wrong", name=name, where=where))
    elif where:
        lines = [say("wrong_where", name=name, where=where)]
    for cause in causes:
        rule, step = _find_site(chain, cause, site)
        names = names_at(chain, rule, step)
        it, formula = chain.name(rule, step), right_formula(chain, rule, step)
        did = cause.did if isinstance(cause.did, str) else cause.did[rule]
        did = in_language(did).format_map(names | {"it": it, "right": formula})
        found = f"    ({_format_unknown(cause, q)})" if cause.mistake.unknown else ""
        sentence = sentence_of(cause.mistake).format_map(names | {"it": it}) + _say_which_layer(chain, cause, it)
        lines += [""] * bool(lines) + wrap(f"{cause.mistake.name}: {sentence}")
        rule_in_words = f"{it} {'' if rule == 'T' else '= '}{formula}"
        lines += [say("did", did=f"{did}{found}"), say("rule", rule=rule_in_words)]
    example = _give_example(site, wrong, expected, q, names_at(chain, *site), name)
    return [*lines, "", *wrap(example)] if example else lines


def _say_which_layer(chain: Chain, cause: Cause, it: str) -> str:
    """In which of several layers the mistake is made."""
    kinds = set(ACTIVATIONS) if "grad_Z" in cause.rules() else {"linear"}
    count = sum(step in kinds for step in chain.steps)
    if cause.rules() & {"P", "T", "grad_O"} or count < 2 or cause.rules() == {"grad_H"}:
        return ""
    return say("every_layer") if cause.step is None else say("only_layer", it=it)


def is_visible(chain: Chain, point: Point, causes: Sequence[Cause]) -> bool:
    """Whether these causes change anything at this point."""
    try:
        first_wrong(chain, point, causes)
    except (LookupError, ValueError, IndexError, AttributeError):
        return False
    return True


def _format_unknown(cause: Cause, q: Any) -> str:
    value = 1 / cause.number if cause.mistake.unknown == "1/c" else cause.number
    columns = q.O.shape[1] if hasattr(q, "O") and q.O.ndim == 2 else 0
    if cause.mistake.unknown == "1/c" and abs(value - columns) < 1e-9:
        return f"c = {columns}, the number of columns; the examples are the rows"
    return f"{cause.mistake.unknown.removeprefix('1/')} = {format_number(value)}"


def _find_site(chain: Chain, cause: Cause, first: Site) -> Site:
    """A site where this cause changes a rule: the first wrong one if it is among them."""
    rules = cause.rules()
    if first[0] in rules and cause.step in (None, first[1]):
        return first
    order = [rule for rule in FORMULAS if rule in rules]
    if order[0] in ("P", "T", "grad_O"):
        return order[0], len(chain.steps)
    kinds = set(ACTIVATIONS) if order[0] == "grad_Z" else {"linear"}
    steps = [step for step in range(len(chain.steps)) if chain.steps[step] in kinds]
    return order[0], steps[-1] if cause.step is None else cause.step


def _describe_where(site: Site, wrong: Array, expected: Array, q: Any, names: Mapping[str, str]) -> str:
    """ ", exactly where Z1 <= 0" and the like; "" if no such condition holds."""
    letter = {"grad_Z": "Z", "grad_O": "O"}.get(site[0])
    if letter is None or wrong.shape != expected.shape:
        return ""
    off = np.abs(wrong - expected) > 1e-10 * np.max(np.abs(expected), initial=0.0)
    low = np.broadcast_to(getattr(q, letter) <= 0, off.shape)
    if off.all() or not off.any():
        return ""
    if np.array_equal(off, low):
        return say("exactly_not_positive", name=names[letter])
    if np.array_equal(off, ~low):
        return say("exactly_positive", name=names[letter])
    if off.any() and not (off & low).any():
        return say("only_positive", name=names[letter])
    return ""


def _give_example(site: Site, wrong: Array, expected: Array, q: Any, names: Mapping[str, str], name: str) -> str:
    """The worst entry, and the numbers from which it is computed; "" if the shape is wrong, which the table shows."""
    if wrong.shape != expected.shape or wrong.size == 0:
        return ""
    at = tuple(int(i) for i in np.unravel_index(int(np.abs(wrong - expected).argmax()), wrong.shape))
    numbers = ""
    rule = site[0]
    if rule == "grad_Z":
        z, g = format_number(q.Z[at]), format_number(q.grad_H[at])
        numbers = say("numbers_slope", Z=names["Z"], z=z, G=names["grad_H"], g=g)
    elif rule == "grad_O":
        p, t = format_number(q.P[at]), format_number(q.T[at])
        numbers = say("numbers_loss", P=names["P"], p=p, T=names["T"], t=t, n=names["n"], count=q.n)
    elif rule == "grad_b":
        column = q.grad_Y[:, at[0]]
        shown = ", ".join(map(format_number, column[:6])) + (", ..." if len(column) > 6 else "")
        numbers = say("numbers_column", column=at[0], name=names["grad_Y"], shown=shown)
    index = f"[{', '.join(map(str, at))}]"
    example = say("example_number", number=at[0]) if rule in ("grad_Z", "grad_O", "P", "grad_H") else ""
    should, yours = format_apart(expected[at], wrong[at])
    return say("example", index=index, example=example, numbers=numbers, name=name, should=should, yours=yours)


def join_names(names: Sequence[str]) -> str:
    """X is; X and W are; X, W and b are"""
    if len(names) == 1:
        return say("is_one", name=names[0])
    return say("are_several", names=", ".join(names[:-1]), last=names[-1])


def in_language(formula: str) -> str:
    """A formula, whose words are in the language that is spoken."""
    return mistakes_zh.FORMULAS.get(formula, formula) if language() == "zh" else formula


def loss_in_language(words: str) -> str:
    """A loss, described in the language that is spoken."""
    for english, chinese in mistakes_zh.LOSSES.items() if language() == "zh" else ():
        words = words.replace(english, chinese)
    return words


def sentence_of(mistake: Mistake) -> str:
    """What is wrong with a mistake, in the language that is spoken."""
    return mistakes_zh.SENTENCES.get(mistake.name, mistake.sentence) if language() == "zh" else mistake.sentence
