"""A whole pass as a picture: arrays as heat maps with their numbers, each with its gradient below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet.arguments import Array
from numpynet.plotting.figure import BLUE, GREY, VERMILION, new_figure
from numpynet.trace.rules import format_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from numpynet.trace.record import Trace

CELL, LINE, GAP, SIDE = 0.56, 0.27, 0.34, 0.3  # inches: width and height of a number, between arrays, at the edges


def whole_pass(t: Trace, entry: tuple[str, tuple[int, ...]] | None = None) -> Figure:
    """A figure of a trace: forward from left to right, and below each array its gradient, made from right to left.

    Positive numbers are blue, negative ones orange, and the sign is written. entry, such as ("grad_W1", (0, 2)), gets a
    thick frame, and the entries that it is made of a thin one.

    Shapes: arrays of up to 12 rows and columns. Cost: some 10 ms for each array.
    Raises: ValueError for larger arrays, or an entry that is not in the trace; ImportError without matplotlib.
    """
    framed = {entry: 2.5} | dict.fromkeys(t.sources(*entry) or [], 1.2) if entry else {}
    names = _in_order(t)
    for name in names:
        if max(_as_rows(t[name]).shape) > 12:
            raise ValueError(f"whole_pass: arrays must have at most 12 rows and columns, got {name} {t[name].shape}")
    pairs = [[name, *([f"grad_{name}"] if f"grad_{name}" in t else [])] for name in names]
    widths = [max(CELL * _as_rows(t[each]).shape[1] for each in pair) for pair in pairs]
    tallest = [max((len(_as_rows(t[pair[k]])) for pair in pairs if len(pair) > k), default=0) for k in (0, 1)]
    width = 2 * SIDE + sum(widths) + GAP * (len(names) - 1)
    tops = [0.9, 0.9 + LINE * tallest[0] + 0.75]
    height = tops[1] + LINE * tallest[1] + 0.6
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    left = SIDE
    for pair, wide in zip(pairs, widths, strict=True):
        for name, top in zip(pair, tops, strict=False):
            _draw_array(figure, t, name, (left, top), framed)
        left += wide + GAP
    loss = f": loss = {float(t['loss']):.4g}" if "loss" in t else ""
    _draw_arrow(figure, f"forward{loss}", (SIDE, width - SIDE), 0.3, BLUE)
    _draw_arrow(figure, "backward", (width - SIDE, SIDE), height - 0.3, VERMILION)
    return figure


def _in_order(t: Trace) -> list[str]:
    """The arrays of the forward pass, each after the parameters that it is made of."""
    forward = [name for name in t.names if not name.startswith("grad_") and name != "loss"]
    found: list[str] = []
    for name in forward:
        found += [each for each in t.parents(name) if each in t.given and each not in found]
        found.append(name)
    return found + [name for name in t.given if name not in found]


def _as_rows(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def _draw_array(figure: Any, t: Trace, name: str, corner: tuple[float, float], framed: dict[Any, float]) -> None:
    """One array with its title; corner is its upper left one, in inches from the upper left of the figure."""
    from matplotlib.patches import Rectangle

    rows = _as_rows(t[name])
    width, height = figure.get_size_inches()
    left, top = corner
    size = (CELL * rows.shape[1] / width, LINE * len(rows) / height)
    axes = figure.add_axes((left / width, 1 - top / height - size[1], *size))
    axes.set(xlim=(0, rows.shape[1]), ylim=(len(rows), 0), xticks=[], yticks=[])
    formula = t.formula(name)
    axes.text(0, -0.72, name, fontsize=9, weight="bold", va="bottom")
    axes.text(0, -0.12, "" if formula == "given" else f"= {formula}", fontsize=6.5, color=GREY, va="bottom")
    largest = float(np.max(np.abs(rows))) or 1.0
    for flat, index in enumerate(np.ndindex(t[name].shape)):
        i, j = divmod(flat, rows.shape[1])
        x = float(rows[i, j])
        colour = BLUE if x > 0 else VERMILION
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor=colour, alpha=0.45 * abs(x) / largest, edgecolor="none"))
        axes.add_patch(Rectangle((j, i), 1, 1, fill=False, edgecolor="#bbbbbb", linewidth=0.5))
        axes.text(j + 0.93, i + 0.52, format_number(x, 3), fontsize=8, ha="right", va="center")
        if (name, index) in framed:
            box = Rectangle((j, i), 1, 1, fill=False, linewidth=framed[name, index], edgecolor="black", zorder=5)
            box.set_clip_on(False)
            axes.add_patch(box)


def _draw_arrow(figure: Any, label: str, ends: tuple[float, float], top: float, colour: str) -> None:
    from matplotlib.patches import FancyArrowPatch

    width, height = figure.get_size_inches()
    start, end = ((x / width, 1 - top / height) for x in ends)
    arrow = FancyArrowPatch(start, end, arrowstyle="->", mutation_scale=14, color=colour, transform=figure.transFigure)
    figure.add_artist(arrow)
    figure.text(0.5, 1 - (top - 0.04) / height, label, ha="center", va="bottom", fontsize=9, color=colour)
