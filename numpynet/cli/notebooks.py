"""`numpynet notebooks`: the pages of the book as notebooks."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpynet
from numpynet.storage.atomic import write_atomic
from numpynet.storage.notebook import as_notebook
from numpynet.wording import language as spoken

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n((?::[^\n]*\n)*)(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def notebooks_command(arguments: argparse.Namespace) -> None:
    """Write a notebook for each page."""
    arguments.folder.mkdir(parents=True, exist_ok=True)
    written = []
    for page in sorted(pages(arguments.language or spoken()).iterdir(), key=lambda each: each.name):
        if page.name.endswith(".md"):
            written.append(arguments.folder / page.name.replace(".md", ".ipynb"))
            text = as_notebook(cells(page.read_text("utf-8")), page.name.split("-")[0])
            write_atomic(written[-1], text.encode())
    print(f"{len(written)} notebooks written to {arguments.folder}. Start with {written[0].name}.")


def pages(language: str) -> Traversable:
    """The folder with the pages: in the installed package, or in the repository that it is imported from."""
    installed = files(numpynet) / "pages" / language
    if installed.is_dir():
        return installed
    docs = Path(numpynet.__file__).parents[1] / "docs"
    return docs / "book" if language == "en" else docs / language / "book"


def cells(text: str) -> Iterator[tuple[str, str]]:
    """The cells of a page in MyST Markdown: code cells, and what stands between them."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    done = 0
    for cell in CELL.finditer(text):
        yield from _markdown(text[done : cell.start()])
        yield "code", cell.group(2).rstrip("\n")
        done = cell.end()
    yield from _markdown(text[done:])


def _markdown(text: str) -> Iterator[tuple[str, str]]:
    """A cell of text; links to other pages of the book lead to their notebooks, those to other pages are only words."""
    if text.strip():
        yield "markdown", LINK.sub(_relink, text.strip())


def _relink(link: re.Match[str]) -> str:
    words, target = link.groups()
    if target.startswith("http"):
        return link.group()
    page, _, _ = target.partition("#")
    return words if "/" in page else f"[{words}]({page.replace('.md', '.ipynb')})"
