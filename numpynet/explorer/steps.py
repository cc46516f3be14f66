"""One pass as data for the page: every array with its numbers, its formula, and what each entry is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.trace.rules import Entry, Index
from numpynet.trace.tape import Quantity

MOST_ENTRIES = 64  # of an array: more cannot be followed with a pencil, and do not fit on a page


def as_rows(array: Array, name: str = "") -> Array:
    """The array as the page shows it: rows of numbers; a vector is one row, but the classes y are a column."""
    rows = np.asarray(array, np.float64)
    if rows.ndim < 2:
        return rows.reshape((-1, 1) if name == "y" else (1, -1))
    return rows.reshape(len(rows), -1)


def describe_pass(made: Iterable[Quantity], difference: Callable[[str, Index], float] | None = None) -> dict[str, Any]:
    """All arrays of a pass, in the order in which they were made; what it starts from comes first.

    difference returns the finite difference of the loss along an entry of an array, or raises ValueError.
    Raises: ValueError for an array that is too large to be shown.
    """
    quantities = sorted(made, key=lambda quantity: not is_given(quantity))
    for each in quantities:
        if each.value.size > MOST_ENTRIES:
            size = f"{each.name} {each.value.shape}"
            raise ValueError(f"page: arrays must have at most {MOST_ENTRIES} entries to be shown, got {size}")
    by_name = {each.name: each for each in quantities}
    arrays = [describe_array(each, by_name) for each in quantities]
    for array in arrays:
        slopes = difference and slopes_of(by_name[array["name"]], by_name, difference)
        if slopes:
            array["differences"] = slopes
    return {"arrays": arrays, "given": [each.name for each in quantities if is_given(each)]}


def is_given(quantity: Quantity) -> bool:
    return quantity.rule.formula == "given"


def describe_array(quantity: Quantity, by_name: Mapping[str, Quantity]) -> dict[str, Any]:
    """One array. `terms` has, for each entry, the number of its text and the entries that fill the gaps in it."""
    found: dict[str, Any] = {
        "name": quantity.name,
        "shape": list(quantity.value.shape),
        "values": as_rows(quantity.value, quantity.name).tolist(),
        "rule": "given" if is_given(quantity) else quantity.rule.name or "unknown",
        "formula": quantity.rule.formula.format(*quantity.of),
        "of": list(quantity.of),
    }
    if quantity.rule.entry is not None:
        texts: dict[str, int] = {}
        found["terms"] = []
        of = [by_name[name] for name in quantity.of]
        for at in np.ndindex(quantity.value.shape):
            text, sources = in_one_text(quantity.rule.entry([each.value for each in of], at))
            places = [f"{of[k].name} {place(of[k], i)}" for k, i in sources]
            found["terms"].append([texts.setdefault(text, len(texts)), "|".join(places)])
        found["texts"] = list(texts)
    return found


def in_one_text(entry: Entry) -> tuple[str, list[tuple[int, Index]]]:
    """The whole expression with its gaps numbered from 0, and the entry that belongs into each of them."""
    sources: list[tuple[int, Index]] = []

    def renumbered(text: str, own: Any) -> str:
        first = len(sources)
        sources.extend(own)
        for k in reversed(range(len(own))):
            text = text.replace(f"{{{k}", f"{{{first + k}")
        return text

    head = renumbered(*entry.head) if entry.head else ""
    terms = [renumbered(*term) for term in entry.terms]
    return f"{head}{entry.before}{' + '.join(terms)}{entry.after}", sources


def place(quantity: Quantity, at: Index) -> str:
    """Row and column of an entry on the page, as "i,j"."""
    flat = int(np.ravel_multi_index(at, quantity.value.shape)) if at else 0
    row, column = divmod(flat, as_rows(quantity.value, quantity.name).shape[1])
    return f"{row},{column}"


def slopes_of(
    quantity: Quantity, by_name: Mapping[str, Quantity], difference: Callable[[str, Index], float]
) -> list[list[float]] | None:
    """For a gradient, the finite differences of the loss, in the same places; None where they cannot be taken."""
    base = by_name.get(quantity.name.removeprefix("grad_"), quantity)
    if base is quantity or base.value.shape != quantity.value.shape:
        return None
    try:
        found = np.array([difference(base.name, at) for at in np.ndindex(base.value.shape)])
    except ValueError:
        return None
    rows: list[list[float]] = as_rows(np.round(found, 10).reshape(base.value.shape)).tolist()
    return rows


def values_of(arrays: Mapping[str, Array]) -> dict[str, list[list[float]]]:
    """Arrays by name, as the page shows them."""
    return {name: as_rows(array, name).tolist() for name, array in arrays.items()}
