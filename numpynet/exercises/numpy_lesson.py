"""Lesson 0, on NumPy: its gaps, and what mistakes give in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.exercises.marks import Exercise, Result, compare, draw, matches
from numpynet.exercises.remote import Lesson

Wrongs = Mapping[str, Callable[[], Any]]
LESSON = "lesson0_numpy"
TABLES = [(draw(2, 2, 3),), (draw(3, 5, 2),), (draw(4, 1, 4),), (draw(5, 7, 3),)]
SCORES = [(draw(6, 2, 3), np.array([2, 0])), (draw(7, 5, 4), np.array([3, 1, 0, 1, 2])), (draw(8, 1, 2), np.array([1]))]
LABELS = [(y, O.shape[1]) for O, y in SCORES]
LABELS += [(np.array([0, 1, 0]), 4), (np.array([3, 0, 0]), 4)]  # of equal shapes, without the last class, then with it
VECTORS = [(draw(9, 3), draw(10, 2)), (draw(11, 2), draw(12, 5)), (draw(13, 4), draw(14, 4))]
SIGNED = [(draw(15, 2, 3),), (np.array([-1.5, 0.0, 2.5, -0.5]),), (draw(16, 4, 1),)]


def wrong_row_sums(X: Array) -> Wrongs:
    return {
        "column_sums": lambda: X.sum(axis=0),
        "axis_not_kept": lambda: X.sum(axis=1),
        "sum_of_everything": lambda: X.sum(),
        "mean_not_sum": lambda: X.mean(axis=1, keepdims=True),
    }


def wrong_center(X: Array) -> Wrongs:
    return {
        "row_means": lambda: X - X.mean(axis=1, keepdims=True),
        "mean_of_everything": lambda: X - X.mean(),
        "added_not_subtracted": lambda: X + X.mean(axis=0),
        "only_the_means": lambda: X.mean(axis=0),
    }


def wrong_pick(O: Array, y: Array) -> Wrongs:
    return {
        "whole_columns": lambda: O[:, y],
        "whole_rows": lambda: O[y],
        "largest_of_row": lambda: O.max(axis=1),
        "one_column_only": lambda: O[:, y[0]],
    }


def wrong_one_hot(y: Array, q: int) -> Wrongs:
    return {
        "columns_not_rows": lambda: np.eye(q)[y].T,
        "whole_columns": lambda: np.isin(np.arange(q), y) * np.ones((len(y), 1)),
    }


def wrong_keep_positive(X: Array) -> Wrongs:
    return {
        "mask_only": lambda: (X > 0) * 1.0,
        "only_the_positive": lambda: X[X > 0],
        "absolute_value": lambda: np.abs(X),
        "returned_unchanged": lambda: X,
    }


def wrong_outer(x: Array, y: Array) -> Wrongs:
    return {
        "inner_product": lambda: x @ y,
        "entry_by_entry": lambda: x * y,
        "outer_transposed": lambda: np.outer(y, x),
        "sums_not_products": lambda: x[:, None] + y,
    }


def _halve(name: str, lesson: Lesson) -> Result:
    """halve is marked by what it does to its argument."""
    function = lesson.function(name, "X")

    def after(X: Array) -> Array:
        own = X.copy()
        function(own)
        return own

    return compare(name, after, lambda X: X / 2, "X", lambda X: {"not_in_place": lambda: X}, TABLES)


def _gap(name: str, expected: Callable[..., Any], parameters: str, wrongs: Any, cases: Any) -> Exercise:
    return Exercise(LESSON, name, 1, matches(expected, parameters, wrongs, cases))


NUMPY = (
    _gap("row_sums", lambda X: X.sum(axis=1, keepdims=True), "X", wrong_row_sums, TABLES),
    _gap("center", lambda X: X - X.mean(axis=0), "X", wrong_center, TABLES),
    _gap("pick", lambda O, y: O[np.arange(len(y)), y], "O y", wrong_pick, SCORES),
    _gap("one_hot", lambda y, q: np.eye(q)[y], "y q", wrong_one_hot, LABELS),
    _gap("keep_positive", lambda X: np.maximum(X, 0), "X", wrong_keep_positive, SIGNED),
    Exercise(LESSON, "halve", 1, _halve),
    _gap("outer", np.outer, "x y", wrong_outer, VECTORS),
)
