"""What all pictures share: a Figure without pyplot, and colours that everyone can tell apart."""

from __future__ import annotations

import io
import sys
import warnings
from typing import TYPE_CHECKING, Any

from numpynet.plotting.fonts import choose_fonts, quiet_about_fonts
from numpynet.training.progress import in_notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, VERMILION, GREEN, PURPLE, SKY, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#666666"


def new_figure(width: float, height: float) -> Figure:
    """An empty Figure, width by height inches, that a notebook shows as a picture.

    It is made without pyplot, which would hold every figure until it is closed. A notebook would show such a Figure as
    a line of text, and its `show` would fail: here `_repr_png_` gives the notebook a picture, and `show` shows it.
    Texts get other fonts where their own has no glyph for a character, such as a class name in Chinese.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.text import Text
    except ImportError as error:
        raise ImportError('plotting needs matplotlib, the extra "plot": python3 -m pip install matplotlib') from error

    class NotebookFigure(Figure):
        missing_glyphs = frozenset[str]()  # the characters that no installed font has

        def __reduce__(self) -> tuple[Any, ...]:  # for pickle: this class has no name in the module
            return new_figure, (width, height), self.__getstate__()

        def _repr_png_(self) -> bytes:
            return as_png(self)

        def show(self, warn: bool = True) -> None:
            if in_notebook():
                from IPython.display import display

                display(self)
            elif warn:
                message = 'show: this figure has no window; write it to a file with savefig("picture.png")'
                warnings.warn(message, stacklevel=2)

        def draw(self, renderer: Any) -> None:
            with quiet_about_fonts():
                missing = {character for text in self.findobj(Text) for character in choose_fonts(text)}
                if missing - self.missing_glyphs:
                    characters = "".join(sorted(missing))
                    advice = "they are drawn as boxes until you install one, such as Noto Sans CJK"
                    print(f"plotting: no installed font has {characters}: {advice}", file=sys.stderr)
                    self.missing_glyphs = frozenset(missing)
                super().draw(renderer)

    return NotebookFigure(figsize=(width, height), layout="constrained")


def as_png(figure: Figure) -> bytes:
    """The content of a PNG file of the figure."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
