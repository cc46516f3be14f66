"""How Sphinx makes the pages: `python docs/build.py` is the command."""

import importlib.metadata
import logging
import re
from pathlib import Path

import jieba

DOCS = Path(__file__).parent

project = "numpynet"
author = "numpynet developers"
release = importlib.metadata.version("numpynet-backprop")
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "zh", "try_it", "node_modules"]
html_theme = "furo"
html_title = "numpynet"
html_static_path = [str(DOCS / "_build" / "static")]
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}

# The maths is set by the copy of MathJax in the build: nothing is asked of another host.
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
mathjax_path = "mathjax/tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}

nb_execution_mode = "cache"
nb_execution_cache_path = str(DOCS / "_build" / "cache")
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
suppress_warnings = ["mystnb.unknown_mime_type"]

# The search in Chinese finds the terms of the glossary as whole words.
jieba.setLogLevel(logging.WARNING)
for row in (DOCS / "glossary.md").read_text("utf-8").splitlines():
    for term in re.findall("[\u4e00-\u9fff]{2,}", row) if row.startswith("|") else []:
        jieba.add_word(term)

# Docstrings are plain text with formulas in Unicode: they are shown as they stand in the source.
autodoc_typehints = "none"
autodoc_member_order = "bysource"


def keep_as_it_is(app, what, name, obj, options, lines):
    lines[:] = [".. code-block:: text", "", *(f"   {line}" for line in lines), ""]


def point_outside(app, docname, source):
    """Links that leave the pages: in Chinese those to English pages; those to files of the repository are only words.

    The same texts are also read in the repository, where all these links lead somewhere.
    """
    up = "../" * docname.count("/")
    if Path(app.srcdir).name == "zh":
        english = rf'<a href="{up}../en/\2.html\3">\1</a>'
        source[0] = re.sub(rf"\[([^\]]+)\]\({up}\.\./([\w-]+)\.md(#[\w-]+)?\)", english, source[0])
    else:
        source[0] = re.sub(rf"\[([^\]]+)\]\({up}\.\./[^)]+\)", r"\1", source[0])


NOTEBOOK = {"docs": "Download this page as a notebook", "zh": "把这一页下载为笔记本"}


def offer_notebook(app, docname, source):
    """A link below the title of each page of the book."""
    if docname.startswith("book/"):
        file = f"../notebooks/{docname.removeprefix('book/')}.ipynb"
        link = f'<p><a href="{file}" download>{NOTEBOOK[Path(app.srcdir).name]}</a></p>'
        source[0] = re.sub(r"^(# .+)$", rf"\1\n\n{link}", source[0], count=1, flags=re.MULTILINE)


def setup(app):
    app.connect("autodoc-process-docstring", keep_as_it_is)
    app.connect("source-read", point_outside)
    app.connect("source-read", offer_notebook)
