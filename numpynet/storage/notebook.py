"""Notebooks as text: a list of cells in the format of .ipynb files."""

from __future__ import annotations

import json
from collections.abc import Iterable


def as_notebook(cells: Iterable[tuple[str, str]], name: str) -> str:
    """The text of an .ipynb file. cells: "markdown" or "code", and the text; name begins the cells' identifiers."""
    made: list[dict[str, object]] = [
        {"cell_type": kind, "id": f"{name}-{number}", "metadata": {}, "source": source}
        | ({"execution_count": None, "outputs": []} if kind == "code" else {})
        for number, (kind, source) in enumerate(cells)
    ]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
