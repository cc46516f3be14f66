"""What all pictures share: a Figure without pyplot, and colours that everyone can tell apart."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, VERMILION, GREEN, PURPLE, SKY, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#666666"


def new_figure(width: float, height: float) -> Figure:
    """An empty Figure, width by height inches, that a notebook shows as a picture.

    pyplot would keep each figure until told to close it; one made without pyplot goes when nobody holds it. But then a
    notebook, unless it has used pyplot, shows it as a line of text; `_repr_png_` gives it the picture.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plotting needs matplotlib, the extra "plot": python3 -m pip install matplotlib') from error

    class NotebookFigure(Figure):
        def _repr_png_(self) -> bytes:
            return as_png(self)

    return NotebookFigure(figsize=(width, height), layout="constrained")


def as_png(figure: Figure) -> bytes:
    """The content of a PNG file of the figure."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
