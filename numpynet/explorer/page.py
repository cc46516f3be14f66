"""The explorer: one HTML file that opens by itself, with everything in it. Its numbers come from real runs of numpynet."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np

from numpynet import __version__, make_shapes
from numpynet.explorer.images import describe_images
from numpynet.explorer.mistakes import describe_mistakes, small_networks, trace_of
from numpynet.explorer.steps import describe_pass
from numpynet.explorer.training import describe_runs
from numpynet.gradcheck.mistakes import MISTAKES
from numpynet.storage.atomic import write_atomic
from numpynet.trace.record import Trace

LANGUAGES = ("en", "zh")
# In this order, each after those that it imports from: a page of its own cannot import files that lie beside it.
MODULES = (
    "numbers", "pass", "page", "arrays", "formula", "tiles", "wiggle", "graph", "stepper", "step_view", "plots", "train_view",
    "mistakes_view", "images_view", "derivation_view", "explorer",
)  # fmt: skip

PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
body {{ margin: 0; background: #fff; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #15171b; }} }}
{style}
</style>
<body>
<div id="explorer" class="explorer"></div>
<script type="application/json" id="data">{data}</script>
<script type="application/json" id="words">{words}</script>
<script type="module">
{script}
const [data, words] = ["data", "words"].map((id) => JSON.parse(document.getElementById(id).textContent));
exploreInPage(data, words);
</script>
</body>
</html>
"""


def read(name: str) -> str:
    return (files("numpynet.explorer") / "page" / name).read_text("utf-8")


def script() -> str:
    """All modules in one text: without their imports and exports, since every name is then in reach."""
    texts = (read(f"{name}.mjs") for name in MODULES)
    return "\n".join(re.sub(r"^import [^;]*;\n|^export default .*;\n|^export (?=\w)", "", text, flags=re.M) for text in texts)


def words() -> dict[str, dict[str, str]]:
    """All texts of the page, by language and key; the sentences for the mistakes are the checker's own."""
    sentences = {f"mistake.{mistake.name}": mistake.sentence for mistake in MISTAKES}
    return {language: json.loads(read(f"words.{language}.json")) | sentences for language in LANGUAGES}


@functools.cache
def standard_data() -> dict[str, Any]:
    """What every page has: the training runs, the mistakes and the pictures."""
    derivation = describe_pass(trace_of(small_networks()["relu"]))
    return {"training": describe_runs(), "mistakes": describe_mistakes(), "derivation": derivation, "images": describe_images(make_shapes(4000, 200, rng=np.random.default_rng(0)), "shapes")}


def page_data(traces: Mapping[str, Trace], language: str) -> dict[str, Any]:
    models = {name: describe_pass(t) for name, t in traces.items()}
    return {"version": __version__, "language": language, "models": models, **standard_data()}


def write_page(path: str | os.PathLike[str], traces: Mapping[str, Trace], language: str = "en") -> None:
    """Write the explorer to a file. traces: the passes of the Step view, by the names to choose them by.

    Raises: ValueError for a language that there are no words for, or arrays too large to be shown; OSError if the
    file cannot be written.
    """
    if language not in LANGUAGES:
        raise ValueError(f"page: language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    texts = words()
    content = PAGE.format(
        language=language,
        title=texts[language]["title"],
        style=read("style.css"),
        data=_in_html(page_data(traces, language)),
        words=_in_html(texts),
        script=script(),
    )
    write_atomic(path, content.encode())


def _in_html(value: Any) -> str:
    """JSON that no browser takes for the end of the script it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
