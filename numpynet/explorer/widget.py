"""The explorer in a notebook: as a widget where anywidget is installed, otherwise in a frame of its own."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from numpynet.explorer.page import data_and_words, page_text, read, script


def in_notebook(passes: Mapping[str, Any], language: str, state: str = "") -> Any:
    """Something that a notebook shows as the explorer. Its `state` is the part of the page's address after #."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        from IPython.display import HTML

        frame = html.escape(page_text(passes, language, state), quote=True)
        return HTML(f'<div><iframe srcdoc="{frame}" width="100%" height="900" style="border: 0"></iframe></div>')

    class Explorer(anywidget.AnyWidget):
        _esm = f"{script()}\nexport default {{ render }};\n"
        data = traitlets.Unicode().tag(sync=True)
        words = traitlets.Unicode().tag(sync=True)
        style = traitlets.Unicode().tag(sync=True)
        state = traitlets.Unicode().tag(sync=True)

    data, words = data_and_words(passes, language)
    return Explorer(data=data, words=words, style=read("style.css"), state=state)
