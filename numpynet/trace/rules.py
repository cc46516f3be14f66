"""What an entry of each array is made of, in symbols: no arithmetic is done here, it is only written down.

A rule belongs to one result of one function of `functional`. It takes the arrays that the result is made of, in the
order of the rule's formula, and an index of the result. It returns the terms whose sum is that entry, and what stands
around the sum. A term is a text with gaps, and the entries that it depends on: (0, (i, k)) is entry [i, k] of the
first array. "{1:p}" puts a negative number in parentheses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from numpynet.arguments import Array

Index = tuple[int, ...]
Term = tuple[str, list[tuple[int, Index]]]


class Entry(NamedTuple):
    """before + head + middle + the sum of the terms + after."""

    terms: list[Term]
    before: str = ""
    after: str = ""
    head: Term | None = None


class Rule(NamedTuple):
    """formula has a gap for the name of each array; entry is None where what an entry is made of is not known."""

    formula: str
    entry: Callable[[Sequence[Array], Index], Entry] | None
    name: str = ""


def _product(one: Index, other: Index, first: int = 0) -> Term:
    return "{0:p} · {1:p}", [(first, one), (first + 1, other)]


def _linear(of: Sequence[Array], at: Index) -> Entry:
    i, j = at
    return Entry([*(_product((i, k), (k, j)) for k in range(len(of[1]))), ("{0:p}", [(2, (j,))])])


def _flatten(of: Sequence[Array], at: Index) -> Entry:
    inside = np.unravel_index(at[1], of[0].shape[1:])
    return Entry([("{0}", [(0, (at[0], *map(int, inside)))])])


def _flatten_backward(of: Sequence[Array], at: Index) -> Entry:
    column = int(np.ravel_multi_index(at[1:], of[1].shape[1:]))  # of[1] is the input, for its shape
    return Entry([("{0}", [(0, (at[0], column))])])


def _softmax(of: Sequence[Array], at: Index) -> Entry:
    i, j = at
    exps: list[Term] = [("exp({0})", [(0, (i, k))]) for k in range(of[0].shape[1])]
    return Entry(exps, " / (", ")", exps[j])


def _cross_entropy(of: Sequence[Array], at: Index) -> Entry:
    n = len(of[1])
    return Entry([("log({0})", [(0, (i, int(of[1][i]))), (1, (i,))]) for i in range(n)], "−(", f") / {n}")


def _cross_entropy_backward(of: Sequence[Array], at: Index) -> Entry:
    i, j = at
    return Entry([(f"({{0}} − {int(of[1][i] == j)}) / {len(of[1])}", [(0, at), (1, (i,))])])


def _squares(after: str) -> Callable[[Sequence[Array], Index], Entry]:
    def entry(of: Sequence[Array], at: Index) -> Entry:
        terms: list[Term] = [("({0} − {1:p})²", [(0, each), (1, each)]) for each in np.ndindex(of[0].shape)]
        return Entry(terms, "(", f") / {of[0].size}{after}")

    return entry


def _difference(before: str) -> Callable[[Sequence[Array], Index], Entry]:
    return lambda of, at: Entry([(f"{before}({{0}} − {{1:p}}) / {of[0].size}", [(0, at), (1, at)])])


def _same_place(text: str) -> Callable[[Sequence[Array], Index], Entry]:
    """Where an entry is made of the entry at the same place of each array."""
    return lambda of, at: Entry([(text, [(k, at) for k in range(len(of))])])


RULES = {
    "product": Rule("{0} {1}", lambda of, at: Entry(_linear([*of, np.zeros(0)], at).terms[:-1])),
    "linear": Rule("{0} {1} + {2}", _linear),
    "relu": Rule("max({0}, 0)", _same_place("max({0}, 0)")),
    "tanh": Rule("tanh({0})", _same_place("tanh({0})")),
    "sigmoid": Rule("sigmoid({0})", _same_place("1 / (1 + exp(−{0:p}))")),
    "flatten": Rule("{0}, each example as one row", _flatten),
    "softmax": Rule("softmax({0})", _softmax),
    "cross_entropy": Rule("−Σᵢ log({0}[i, {1}ᵢ]) / n", _cross_entropy),
    "squared_loss": Rule("Σ ({0} − {1})² / N / 2", _squares(" / 2")),
    "mse_loss": Rule("Σ ({0} − {1})² / N", _squares("")),
    "cross_entropy_backward": Rule("({0} − onehot({1})) / n", _cross_entropy_backward),
    "squared_loss_backward": Rule("({0} − {1}) / N", _difference("")),
    "binary_cross_entropy_backward": Rule("({0} − {1}) / N", _difference("")),
    "mse_loss_backward": Rule("2 ({0} − {1}) / N", _difference("2 · ")),
    "grad_W": Rule("{0}ᵀ {1}", lambda of, at: Entry([_product((i, at[0]), (i, at[1])) for i in range(len(of[0]))])),
    "grad_b": Rule("Σᵢ ({0})ᵢ", lambda of, at: Entry([("{0:p}", [(0, (i, *at))]) for i in range(len(of[0]))])),
    "grad_X": Rule("{0} {1}ᵀ", lambda of, at: Entry([_product((at[0], j), (at[1], j)) for j in range(of[1].shape[1])])),
    "relu_backward": Rule("{0} ∘ ({1} > 0)", _same_place("{0:p} · ({1} > 0)")),
    "tanh_backward": Rule("{0} ∘ (1 − {1}²)", _same_place("{0:p} · (1 − {1:p}²)")),
    "sigmoid_backward": Rule("{0} ∘ {1} ∘ (1 − {1})", _same_place("{0:p} · {1:p} · (1 − {1:p})")),
    "flatten_backward": Rule("{0}, in the shape of {1}", _flatten_backward),
}

RULES = {name: rule._replace(name=name) for name, rule in RULES.items()}


class Printed(str):
    """A number as it is printed; the format "p" puts parentheses around a negative one."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return f"({self})" if spec and self.startswith("−") else str(self)


def format_number(x: Any, digits: int = 4) -> str:
    """The number with a true minus sign; never −0."""
    text = f"{abs(float(x)):.{digits}g}"
    return f"−{text}" if float(x) < 0 else text


def write(entry: Entry, number: Callable[[tuple[int, Index]], str], most: int) -> str:
    """The entry with its gaps filled; of more than `most` terms, the first ones and the sum of the rest."""

    def fill(term: Term) -> str:
        return term[0].format(*(Printed(number(source)) for source in term[1]))

    texts = [fill(term) for term in entry.terms]
    if len(texts) > most:
        rest = texts[most - 2 :]
        total = evaluate(" + ".join(rest))
        more = f"{Printed(format_number(total, 17)):p} ({len(rest)} more terms)" if total is not None else "..."
        texts = [*texts[: most - 2], more]
    head = fill(entry.head) if entry.head else ""
    return f"{head}{entry.before}{' + '.join(texts)}{entry.after}"


def evaluate(text: str) -> float | None:
    """The value of a printed expression, as a reader with a calculator finds it; None if it has none."""
    text = re.sub(r" \(\d+ more terms\)", "", text)
    for printed, python in {"·": "*", "−": "-", "²": "**2"}.items():
        text = text.replace(printed, python)
    try:
        return float(
            eval(text, {"__builtins__": {}}, {"exp": math.exp, "log": math.log, "max": max, "tanh": math.tanh})
        )
    except (ArithmeticError, ValueError, NameError, SyntaxError):  # log(0), symbols instead of numbers
        return None


def write_checked(text_of: Callable[[int], str], result: float, digits: int = 4) -> tuple[str, str]:
    """The expression and its result, with so many digits that what is printed adds up to the printed result.

    text_of gives the expression with its numbers to a given number of digits; 17 are all that a float64 has.
    """
    for shown in range(digits, 0, -1):
        for used in range(shown, 18):
            text, value = text_of(used), format_number(result, shown)
            found = evaluate(text)
            if found is not None and format_number(found, shown) == value:
                return text, value
    return text_of(digits), f"{format_number(result, digits)} (after rounding)"
