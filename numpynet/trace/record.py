"""A Trace: the named arrays of one pass, what each entry is made of, and the finite difference that confirms it."""

from __future__ import annotations

import html
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.trace.rules import Index, format_number, write, write_checked
from numpynet.trace.tape import Quantity

Source = tuple[str, Index]
STEP = 1e-4  # of a finite difference; its error is about 1e-9, and its numbers can be followed with a calculator
MOST_TERMS = 8
MOST_ENTRIES = 12


class Trace:
    """One forward and one backward pass. Its table is shown by print, at the Python prompt and in a notebook.

    names: the arrays in the order they were made, X first. given: the parameters and y, which the pass starts from.
    t[name] is an array, and cannot be written to. steps: the traces of all training steps that were asked for, this one
    among them. right: for a trace of wrong code, the trace of the right pass.

    Where numpynet does not know a formula, as for a layer of your own, `formula` says so and `sources` is None.
    Raises, for all methods: ValueError for an unknown name or an index that is not in the array; TypeError for an index
    that is no tuple of whole numbers.
    """

    def __init__(
        self, made: Iterable[Quantity], rerun: Callable[[Quantity, Index, float], Any], right: Trace | None = None
    ) -> None:
        self._made = {quantity.name: quantity for quantity in made}
        for quantity in self._made.values():
            quantity.value.flags.writeable = False
        self._rerun = rerun
        self.right = right
        self.steps: tuple[Trace, ...] = (self,)

    @property
    def given(self) -> list[str]:
        return [name for name, q in self._made.items() if q.rule.formula == "given" and name != "X"]

    @property
    def names(self) -> list[str]:
        return [name for name in self._made if name not in self.given]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._made

    def __getitem__(self, name: str) -> Array:
        return self._find(name).value

    def _find(self, name: str) -> Quantity:
        if name not in self._made:
            raise ValueError(f"Trace: name must be one of {', '.join([*self.names, *self.given])}, got {name!r}")
        return self._made[name]

    def _index(self, name: str, index: Any) -> Index:
        value = self[name]
        try:
            at = tuple(map(operator.index, index if isinstance(index, (tuple, list)) else (index,)))
        except TypeError:
            raise TypeError(f"Trace: index must be a tuple of whole numbers, got {index!r}") from None
        if len(at) != value.ndim or any(not 0 <= i < size for i, size in zip(at, value.shape, strict=True)):
            raise ValueError(f"Trace: index must be in {name}, whose shape is {value.shape}, got {at}")
        return at

    def formula(self, name: str) -> str:
        """What stands to the right of `name =`."""
        quantity = self._find(name)
        return quantity.rule.formula.format(*quantity.of)

    def parents(self, name: str) -> tuple[str, ...]:
        """The arrays in the formula."""
        return self._find(name).of

    def sources(self, name: str, index: Any) -> list[Source] | None:
        """The entries that this entry is made of; [] for what is given, None where the formula is not known."""
        quantity, at = self._find(name), self._index(name, index)
        if quantity.rule.entry is None:
            return [] if quantity.rule.formula == "given" else None
        entry = self._entry(quantity, at)
        terms = [entry.head] if entry.head else []
        found = [(quantity.of[k], tuple(map(int, i))) for _, each in [*terms, *entry.terms] for k, i in each]
        return list(dict.fromkeys(found))

    def _entry(self, quantity: Quantity, at: Index) -> Any:
        return quantity.rule.entry and quantity.rule.entry([self[name] for name in quantity.of], at)

    def line(self, name: str, index: Any, most: int = MOST_TERMS) -> tuple[str, str]:
        """The expression of an entry with its numbers plugged in, and its value; together they add up as printed."""
        quantity, at = self._find(name), self._index(name, index)
        entry, result = self._entry(quantity, at), float(quantity.value[at])
        if entry is None:
            return self.formula(name), format_number(result)

        def text(digits: int) -> str:
            return write(entry, lambda source: format_number(self[quantity.of[source[0]]][source[1]], digits), most)

        return write_checked(text, result)

    def explain(self, name: str, index: Any = ()) -> str:
        """The formula of an entry, its sum in symbols and in numbers, and the finite difference that confirms it."""
        quantity, at = self._find(name), self._index(name, index)
        label, entry = write_entry(name, at), self._entry(quantity, at)
        expression, value = self.line(name, at)
        if entry is None:
            lines = [f"{label} = {value}, {expression}"]
        else:
            symbols = write(entry, lambda source: write_entry(quantity.of[source[0]], source[1]), MOST_TERMS)
            lines = [f"{name} = {self.formula(name)}", "", f"{label} = {symbols}"]
            lines += [f"{' ' * len(label)} = {text}" for text in (expression, value)]
        return "\n".join([*lines, *self._confirm(name, at)])

    def chain(self, name: str, index: Any = ()) -> str:
        """The sums that lead to an entry, from the loss to a gradient or from X to a value, and then `explain`."""
        at = self._index(name, index)
        backward = name.startswith("grad_")
        needed: dict[str, set[Index]] = {name: {at}}
        for each in reversed(list(self._made)):
            for position in needed.get(each, set()):
                for source, i in self.sources(each, position) or []:
                    if source not in self.given and source != "X" and source.startswith("grad_") == backward:
                        needed.setdefault(source, set()).add(i)
        lines = [write_line("loss", (), self)] * (backward and "loss" in self)
        for each in self._made:
            found = sorted(needed.get(each, set())) if each != name else []
            lines += [write_line(each, i, self) for i in found[:MOST_ENTRIES]]
            lines += [f"... and {len(found) - MOST_ENTRIES} more of {each}"] * (len(found) > MOST_ENTRIES)
        return "\n".join([*lines, "", self.explain(name, at)] if lines else [self.explain(name, at)])

    def matrices(self) -> str:
        """The whole pass, from X to the loss and back: each array with its formula, its shape and its numbers."""
        return "\n\n".join("\n".join(self._matrix(name)) for name in ["X", *self.given, *self.names[1:]])

    def _matrix(self, name: str) -> list[str]:
        value, formula = self[name], self.formula(name)
        title = name if formula == "given" else f"{name} = {formula}"
        if value.ndim == 0:
            return [f"{title} = {format_number(value)}"]
        rows = [[format_number(x) for x in row] for row in np.atleast_2d(value).reshape(-1, value.shape[-1])]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(f"{x:>{width}}" for x, width in zip(row, widths, strict=True)) for row in rows]
        return [f"{title}   {value.shape}", *(f"    {line}" for line in lines)]

    def finite_difference(self, name: str, index: Any = ()) -> float:
        """The slope of the loss along an entry of X, a parameter or an array in the middle, from two runs in float64.

            ∂L/∂T[index] ≈ (L(T[index] + h) − L(T[index] − h)) / 2h

        After a change in the middle, only what comes later is computed from it.
        Raises: ValueError also for a gradient, P, the loss or y, and where the code cannot be run again from there.
        """
        above, below = self._two_runs(name, self._index(name, index))
        return (above - below) / (2 * STEP)

    def _two_runs(self, name: str, at: Index) -> tuple[float, float]:
        quantity = self._find(name)
        if quantity.call is None and (quantity.rule.formula != "given" or name == "y"):
            raise ValueError(f"Trace: a finite difference must be along X, a parameter or a hidden array, got {name}")
        above, below = (float(self._rerun(quantity, at, step)) for step in (STEP, -STEP))
        return above, below

    def _confirm(self, name: str, at: Index) -> list[str]:
        """The finite difference in words, beside the gradient; [] where there is none to compare with."""
        base = name.removeprefix("grad_")
        gradient = self._made.get(f"grad_{base}")
        if gradient is None or base not in self or gradient.value.shape != self[base].shape:
            return []
        try:
            above, below = self._two_runs(base, at)
        except ValueError:
            return []
        difference, found = (above - below) / (2 * STEP), float(gradient.value[at])
        difference = round(difference, 11)  # the rest is rounding error of the two losses
        losses, value = write_checked(
            lambda digits: (
                f"({format_number(above, digits + 4)} − {format_number(below, digits + 4)}) / {format_number(2 * STEP)}"
            ),
            difference,
        )
        label, size = write_entry(base, at), float(np.max(np.abs(gradient.value), initial=0.0))
        agrees = abs(difference - found) <= 1e-5 * size
        end = f"differs from {write_entry(gradient.name, at)} by {abs(difference - found):.0e}"
        if not agrees:
            end += ": the gradient is wrong, or the loss has a kink here"
        return [
            "",
            f"Finite difference: move {label} by {format_number(STEP)} up and down, and run what follows again.",
            f"(loss above − loss below) / {format_number(2 * STEP)} = {losses} = {value}",
            f"It {end}.",
        ]

    def wrong(self, name: str) -> list[Index]:
        """The entries that differ from those of the right pass; all if the shape does; [] if there is no right pass."""
        found, right = self[name], self.right
        if right is None or name not in right:
            return []
        if right[name].shape != found.shape:
            return list(np.ndindex(found.shape))
        off = np.abs(found - right[name]) > 1e-8 * np.max(np.abs(right[name]), initial=0.0)
        return [tuple(map(int, i)) for i in np.argwhere(off)]

    def page(self, path: str | os.PathLike[str], *, language: str = "en") -> None:
        """Write the explorer to an HTML file: a page that steps through this trace, number by number.

        Raises: ValueError for arrays of more than 64 entries or an unknown language; OSError if it cannot be written.
        """
        from numpynet.explorer.page import write_page

        write_page(path, {"yours": self.described()}, language)

    def explore(self, *, language: str = "en") -> Any:
        """The explorer for a notebook to show: as a widget if anywidget is installed (the extra "notebook").

        Raises: as `page`; ImportError outside a notebook, if neither anywidget nor IPython is installed.
        """
        from numpynet.explorer.widget import in_notebook

        return in_notebook({"yours": self.described()}, language)

    def described(self) -> dict[str, Any]:
        """The whole trace as lists and numbers, for the explorer. Raises: ValueError for more than 64 entries."""
        from numpynet.explorer.steps import describe_pass, values_of

        right = self.right and {name: self.right[name] for name in self._made if self.wrong(name)}
        return describe_pass(self._made.values(), self.finite_difference) | (
            {"right": values_of(right)} if right else {}
        )

    def __str__(self) -> str:
        rows = [[name, str(self[name].shape), self.formula(name)] for name in self._made]
        for row in rows:
            value, wrong = self[row[0]], self.wrong(row[0])
            row[2] += f" = {format_number(value)}" if value.ndim == 0 else ""
            row[2] += f"    ({len(wrong)} of {value.size} entries wrong)" if wrong else ""
        widths = [max(len(row[k]) for row in rows) for k in (0, 1)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """For notebooks: in a fixed-width font, so that the columns stay aligned."""
        return f"<pre>{html.escape(str(self))}</pre>"


def write_entry(name: str, at: Sequence[int]) -> str:
    """grad_W1[0, 2]; the loss has no index"""
    return f"{name}[{', '.join(map(str, at))}]" if at else name


def write_line(name: str, at: Sequence[int], t: Trace) -> str:
    """grad_W1[0, 2] = the expression = its value"""
    return " = ".join([write_entry(name, at), *t.line(name, tuple(at))])
