"""One pass as data for the page: every array with its numbers, its formula, and what each entry is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.trace.record import Trace
from numpynet.trace.rules import RULES, Entry

MOST_ENTRIES = 64  # of an array: more cannot be followed with a pencil, and do not fit on a page
NAMES = {id(rule): name for name, rule in RULES.items()}


def as_rows(array: Array, name: str = "") -> Array:
    """The array as the page shows it: rows of numbers; a vector is one row, but the classes y are a column."""
    rows = np.asarray(array, np.float64)
    if rows.ndim < 2:
        return rows.reshape((-1, 1) if name == "y" else (1, -1))
    return rows.reshape(len(rows), -1)


def describe_pass(t: Trace) -> dict[str, Any]:
    """The whole trace, in the order in which its arrays were made; those that it starts from come first.

    Raises: ValueError for an array that is too large to be shown.
    """
    names = ["X", *t.given, *(name for name in t.names if name != "X")]
    for name in names:
        if t[name].size > MOST_ENTRIES:
            shape = tuple(t[name].shape)
            raise ValueError(f"page: arrays must have at most {MOST_ENTRIES} entries to be shown, got {name} {shape}")
    return {"arrays": [describe_array(t, name) for name in names], "given": ["X", *t.given]}


def describe_array(t: Trace, name: str) -> dict[str, Any]:
    """One array. `terms` has, for each entry, the number of its text and the entries that fill the gaps in it."""
    quantity, values = t._find(name), as_rows(t[name], name)
    found: dict[str, Any] = {
        "name": name,
        "shape": list(t[name].shape),
        "values": values.tolist(),
        "rule": NAMES.get(id(quantity.rule), "given" if name in t.given or name == "X" else "unknown"),
        "formula": t.formula(name),
        "of": list(quantity.of),
    }
    entry = quantity.rule.entry
    if entry is not None:
        texts: dict[str, int] = {}
        found["terms"] = []
        of = [t[each] for each in quantity.of]
        for at in np.ndindex(t[name].shape):
            text, sources = in_one_text(entry(of, at))
            places = [f"{quantity.of[k]} {place(t, quantity.of[k], i)}" for k, i in sources]
            found["terms"].append([texts.setdefault(text, len(texts)), "|".join(places)])
        found["texts"] = list(texts)
    differences = slopes(t, name)
    return found | ({"differences": differences} if differences else {})


def in_one_text(entry: Entry) -> tuple[str, list[tuple[int, tuple[int, ...]]]]:
    """The whole expression with its gaps numbered from 0, and the entry that belongs into each of them."""
    sources: list[tuple[int, tuple[int, ...]]] = []

    def renumbered(text: str, own: Any) -> str:
        first = len(sources)
        sources.extend(own)
        for k in reversed(range(len(own))):
            text = text.replace(f"{{{k}", f"{{{first + k}")
        return text

    head = renumbered(*entry.head) if entry.head else ""
    terms = [renumbered(*term) for term in entry.terms]
    return f"{head}{entry.before}{' + '.join(terms)}{entry.after}", sources


def place(t: Trace, name: str, at: tuple[int, ...]) -> str:
    """Row and column of an entry on the page, as "i,j"."""
    shape = t[name].shape
    rows, columns = as_rows(t[name], name).shape
    flat = int(np.ravel_multi_index(at, shape)) if shape else 0
    return f"{flat // columns},{flat % columns}" if rows else ""


def slopes(t: Trace, name: str) -> list[list[float]] | None:
    """For a gradient, the finite differences of the loss, in the same places; None where they cannot be taken."""
    base = name.removeprefix("grad_")
    if not name.startswith("grad_") or base not in t or t[base].shape != t[name].shape:
        return None
    try:
        found = np.array([t.finite_difference(base, at) for at in np.ndindex(t[base].shape)])
    except ValueError:
        return None
    rows: list[list[float]] = np.round(found, 10).reshape(as_rows(t[name], name).shape).tolist()
    return rows


def values_of(arrays: Mapping[str, Array]) -> dict[str, list[list[float]]]:
    """Arrays by name, as the page shows them."""
    return {name: as_rows(array, name).tolist() for name, array in arrays.items()}
