"""What a check found, for a program (`ok`, `errors`, `mistakes`) and in words for a learner (`str(report)`)."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import Chain, Point, Site
from numpynet.gradcheck.explain import Cause, first_wrong
from numpynet.gradcheck.mistakes import FORMULAS


class GradientError(AssertionError):
    """A gradient check found something wrong; the message is the whole report."""


@dataclass(frozen=True)
class Report:
    """The result of a check.

    ok: whether the gradients are those of the loss that the code computes. errors: for each of them the largest
    difference from central differences in float64, or, for float32 code whose loss is known here, from the known
    gradient, relative to the largest entry. mistakes: the names of the mistakes that reproduce wrong gradients, the
    best explanation first; empty where none does. facts: what else holds.
    """

    ok: bool
    errors: dict[str, float]
    mistakes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    text: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.text

    def raise_if_wrong(self) -> None:
        """Raise GradientError, with the report as its message, unless ok."""
        if not self.ok:
            raise GradientError(self.text)


@dataclass(frozen=True)
class Row:
    """One gradient in the table: as it came, and as it should be."""

    name: str
    error: float
    right: bool
    found: Array | None
    expected: Array


def table(rows: Sequence[Row]) -> list[str]:
    """A line for each gradient: its shape, its error, and where a wrong one is worst."""
    lines = []
    for row in rows:
        words = "right"
        if row.found is None:
            words = "nothing to compare"
        elif row.found.shape != row.expected.shape:
            words = f"wrong: its shape is {row.found.shape}"
        elif not row.right:
            off = np.abs(row.found - row.expected)
            worst = np.unravel_index(int(off.argmax()), off.shape)
            at = f" at [{', '.join(map(str, worst))}]" if worst else ""
            words = f"wrong, most{at}: {number(row.found[worst])}, should be {number(row.expected[worst])}"
        error = f"{row.error:.1e}" if np.isfinite(row.error) else "  –"
        lines.append([f"grad_{row.name}", str(row.expected.shape), f"error {error}", words])
    widths = [max(len(line[i]) for line in lines) for i in range(3)] if lines else []
    return [
        "    " + "  ".join([*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[3]])
        for line in lines
    ]


def wrapped(text: str) -> list[str]:
    """A paragraph in lines of at most 100 characters."""
    return textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)


def number(x: Any) -> str:
    """Four digits, and a true minus sign."""
    return f"{float(x) + 0.0:.4g}".replace("-", "−")


def names_at(chain: Chain, rule: str, step: int) -> dict[str, str]:
    """What a formula's letters stand for at this step: {grad_Z} is grad_Z1, say, and {H} is X in the first layer."""
    regression = chain.kind == "squared_loss"
    names = {"O": chain.output, "P": "y_hat" if regression else "P", "T": "y" if regression else "onehot(y)"}
    names["times"], names["over"] = chain.factor
    if rule in ("P", "T", "grad_O"):
        return names
    if chain.steps[step] == "relu":
        Z, H = chain.value_name(step), chain.value_name(step + 1)
        return names | {"Z": Z, "H": H, "grad_Z": f"grad_{Z}", "grad_H": f"grad_{H}"}
    W, b = chain.weight_names(step)
    H, Y = chain.value_name(step), chain.value_name(step + 1)
    Z = chain.value_name(step - 1) if step and chain.steps[step - 1] == "relu" else H
    names |= {"H": H, "Z": Z, "W": W, "b": b or "b", "grad_H": f"grad_{H}", "grad_Y": f"grad_{Y}"}
    return names | {"grad_W": f"grad_{W}", "grad_b": f"grad_{b}"}


def right_formula(chain: Chain, rule: str, step: int) -> str:
    """The formula of a rule at a step as it should be, in the names of this model."""
    names = names_at(chain, rule, step)
    if rule == "P" and chain.kind == "squared_loss":
        return "the output of the last layer"
    return FORMULAS[rule].format_map(names)


def story(chain: Chain, point: Point, causes: Sequence[Cause]) -> list[str]:
    """The mistake in words: where the backward pass goes wrong, the sentence, the formulas, an entry with numbers."""
    right, site, wrong, expected, q = first_wrong(chain, point, causes)
    name = chain.name(*site)
    where = _exactly_where(site, wrong, expected, q, names_at(chain, *site))
    before = [chain.name(*s) for s in right if s[0] != "T"]
    lines = []
    if before:
        lines = wrapped(f"Going backward, {_list(before)} right; {name} is the first wrong{where}.")
    elif chain.kind or "linear" in chain.steps:
        lines = wrapped(f"Going backward, {name}, the first quantity, is already wrong{where}.")
    elif where:
        lines = [f"{name} is wrong{where}."]
    for cause in causes:
        rule, step = _site_of(chain, cause, site)
        names = names_at(chain, rule, step)
        it, formula = chain.name(rule, step), right_formula(chain, rule, step)
        did = cause.did.format_map(names | {"it": it, "right": formula})
        found = f"    ({_unknown(cause)})" if cause.mistake.unknown else ""
        sentence = cause.mistake.sentence.format_map(names) + _place(chain, cause, it)
        lines += [""] * bool(lines) + wrapped(f"{cause.mistake.name}: {sentence}")
        lines += [f"    yours:  {did}{found}", f"    right:  {it} = {formula}"]
    return [*lines, "", *wrapped(_example(site, wrong, expected, q, names_at(chain, *site), name))]


def _place(chain: Chain, cause: Cause, it: str) -> str:
    """In which of several layers the mistake is made."""
    kind = "relu" if "grad_Z" in cause.rules() else "linear"
    if cause.rules() & {"P", "T", "grad_O"} or chain.steps.count(kind) < 2 or cause.rules() == {"grad_H"}:
        return ""
    return " Every layer has it." if cause.step is None else f" Only {it} has it; the other layers are right."


def shows(chain: Chain, point: Point, causes: Sequence[Cause]) -> bool:
    """Whether these causes change anything at this point."""
    try:
        first_wrong(chain, point, causes)
    except (LookupError, ValueError, IndexError, AttributeError):
        return False
    return True


def _unknown(cause: Cause) -> str:
    value = 1 / cause.number if cause.mistake.unknown == "1/c" else cause.number
    return f"{cause.mistake.unknown.removeprefix('1/')} = {number(value)}"


def _site_of(chain: Chain, cause: Cause, first: Site) -> Site:
    """A place where this cause changes a rule: the first wrong one, if it is there."""
    rules = cause.rules()
    if first[0] in rules and cause.step in (None, first[1]):
        return first
    order = [rule for rule in FORMULAS if rule in rules]
    if order[0] in ("P", "T", "grad_O"):
        return order[0], len(chain.steps)
    kind = "relu" if order[0] == "grad_Z" else "linear"
    steps = [step for step in range(len(chain.steps)) if chain.steps[step] == kind]
    return order[0], steps[-1] if cause.step is None else cause.step


def _exactly_where(site: Site, wrong: Array, expected: Array, q: Any, names: Mapping[str, str]) -> str:
    """'exactly where Z1 <= 0', if that is so."""
    letter = {"grad_Z": "Z", "grad_O": "O"}.get(site[0])
    if letter is None or wrong.shape != expected.shape:
        return ""
    off = np.abs(wrong - expected) > 1e-10 * np.max(np.abs(expected), initial=0.0)
    low = np.broadcast_to(getattr(q, letter) <= 0, off.shape)
    if np.array_equal(off, low):
        return f", exactly where {names[letter]} <= 0"
    if np.array_equal(off, ~low):
        return f", exactly where {names[letter]} > 0"
    if off.any() and not (off & low).any():
        return f", only where {names[letter]} > 0"
    return ""


def _example(site: Site, wrong: Array, expected: Array, q: Any, names: Mapping[str, str], name: str) -> str:
    """The entry that is worst, and the numbers that it is made of."""
    if wrong.shape != expected.shape or wrong.size == 0:
        return f"Its shape is {wrong.shape} and should be {expected.shape}."
    at = tuple(int(i) for i in np.unravel_index(int(np.abs(wrong - expected).argmax()), wrong.shape))
    made = ""
    rule = site[0]
    if rule == "grad_Z":
        made = f"{names['Z']} = {number(q.Z[at])} and {names['grad_H']} = {number(q.grad_H[at])}, so "
    elif rule == "grad_O":
        made = f"{names['P']} = {number(q.P[at])} and {names['T']} = {number(q.T[at])}, n = {q.n}, so "
    elif rule == "grad_b":
        column = q.grad_Y[:, at[0]]
        shown = ", ".join(map(number, column[:6])) + (", ..." if len(column) > 6 else "")
        made = f"column {at[0]} of {names['grad_Y']} is {shown}, so "
    index = f"[{', '.join(map(str, at))}]"
    example = f" (example {at[0]})" if rule in ("grad_Z", "grad_O", "P", "grad_H") else ""
    entry = f"{name} should be {number(expected[at])}; yours is {number(wrong[at])}"
    return f"For example, at {index}{example}: {made}{entry}."


def _list(names: Sequence[str]) -> str:
    return f"{names[0]} is" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} are"
