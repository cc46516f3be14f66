"""The explorer as one HTML file with everything in it. Its numbers come from real runs of numpynet."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np

from numpynet import __version__
from numpynet.book import load_data
from numpynet.explorer.images import describe_images
from numpynet.explorer.mistakes import describe_mistakes, describe_network, small_networks
from numpynet.explorer.training import describe_runs
from numpynet.gradcheck import mistakes_zh
from numpynet.gradcheck.mistakes import MISTAKES
from numpynet.storage.atomic import write_atomic

LANGUAGES = ("en", "zh")
# In this order, each after those that it imports from: a page of its own cannot import files that lie beside it.
MODULES = [
    *("numbers", "pass", "page", "arrays", "formula", "tiles", "wiggle", "graph", "stepper", "plots"),
    *("step_view", "train_view", "mistakes_view", "images_view", "derivation_view", "explorer"),
]

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
exploreInPage(data, words, {state});
window.explorer = {{Network, Pass, exactly}}; // to try things in the console
</script>
</body>
</html>
"""


def read(name: str) -> str:
    return (files("numpynet.explorer") / "page" / name).read_text("utf-8")


def script() -> str:
    """All modules in one text: without their imports and exports, since every name is then in reach."""
    texts = (read(f"{name}.mjs") for name in MODULES)
    return "\n".join(
        re.sub(r"^import [^;]*;\n|^export default .*;\n|^export (?=\w)", "", text, flags=re.M) for text in texts
    )


def words() -> dict[str, dict[str, str]]:
    """All texts of the page, by language and key. What is said about the mistakes is the checker's own text."""
    found = {language: json.loads(read(f"words.{language}.json")) for language in LANGUAGES}
    for mistake in MISTAKES:
        found["en"][f"mistake.{mistake.name}"] = mistake.sentence
        found["zh"][f"mistake.{mistake.name}"] = mistakes_zh.SENTENCES[mistake.name]
    for each in describe_mistakes()["list"]:
        for language, table in {"en": {}, "zh": mistakes_zh.FORMULAS}.items():
            yours, right = (table.get(each[key], each[key]) for key in ("yours", "right"))
            found[language][f"yours.{each['name']}"] = yours
            found[language][f"right.{each['name']}"] = f"{{it}}{each['is']}{right}"
    return found


@functools.cache
def standard_data() -> dict[str, Any]:
    """What every page has: the training runs, the mistakes, the network of the derivations, and the pictures."""
    return {
        "training": describe_runs(),
        "mistakes": describe_mistakes(),
        "derivation": describe_network(small_networks()["relu"]),
        "images": describe_images(load_data("auto", rng=np.random.default_rng(0))),
    }


def data_and_words(passes: Mapping[str, Any], language: str) -> tuple[str, str]:
    """What the script needs, as JSON.

    passes: those of the Step view, from `describe_pass`, by the names to choose them by.
    """
    if language not in LANGUAGES:
        raise ValueError(f"page: language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    data = {"version": __version__, "language": language, "models": passes, **standard_data()}
    return _as_json(data), _as_json(words())


def page_text(passes: Mapping[str, Any], language: str, state: str = "") -> str:
    """The whole page. state: where it opens, as the part of an address after #."""
    data, texts = data_and_words(passes, language)
    title = words()[language]["title"]
    return PAGE.format(
        language=language,
        title=title,
        style=read("style.css"),
        data=data,
        words=texts,
        state=_as_json(state),
        script=script(),
    )


def write_page(path: str | os.PathLike[str], passes: Mapping[str, Any], language: str = "en") -> None:
    """Write the explorer to a file.

    Raises: ValueError for a language that there are no words for; OSError if the file cannot be written.
    """
    write_atomic(path, page_text(passes, language).encode())


def _as_json(value: Any) -> str:
    """In a form that no browser takes for the end of the script it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
