"""The book: both languages run the same code, every page runs as a notebook, and its recipes do what they say."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from numpynet import Flatten, Linear, ReLU, Sequential
from numpynet.cli.notebooks import cells
from tests.helpers.command import ROOT

BOOK, CHINESE = ROOT / "docs" / "book", ROOT / "docs" / "zh" / "book"
PAGES = sorted(path.name for path in BOOK.glob("*.md"))


def code_of(path):
    return re.findall(r"^```(?:\{code-cell\}|python).*?^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_every_page_is_there_in_chinese_too():
    assert len(PAGES) == 8
    assert sorted(path.name for path in CHINESE.glob("*.md")) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_the_code_is_the_same_in_both_languages(page):
    assert code_of(BOOK / page) == code_of(CHINESE / page) != []


@pytest.mark.parametrize("page", PAGES)
def test_the_chinese_page_has_every_heading_and_formula(page):
    """As many headings and displayed formulas as the English page, in the same places among the code; and no English prose."""
    shapes = []
    for path in (BOOK / page, CHINESE / page):
        text = re.sub(
            r"^```(?:\{code-cell\}|python).*?^```$", "CODE", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        shapes.append(re.findall(r"^#+ |^CODE$|^\$\$", text, re.MULTILINE))
    assert shapes[0] == shapes[1]
    prose = re.sub(
        r"```.*?```|\$\$.*?\$\$|`[^`]*`|\$[^$]*\$|\]\([^)]*\)",
        "",
        (CHINESE / page).read_text("utf-8").split("---\n", 2)[2],
        flags=re.DOTALL,
    )
    for line in prose.splitlines():
        assert not re.search(r"\b[a-z]+ [a-z]+ [a-z]+ [a-z]+\b", line), line


@pytest.mark.parametrize("language", ["en", "zh"])
def test_notebooks_are_written_from_the_pages(here, tmp_path, language):
    result = here("notebooks", "nb", "--language", language, cwd=tmp_path)
    assert result.stdout == "8 notebooks written to nb. Start with 1-linear-regression.ipynb.\n"
    for page in PAGES:
        notebook = json.loads((tmp_path / "nb" / page.replace(".md", ".ipynb")).read_text("utf-8"))
        kinds = [cell["cell_type"] for cell in notebook["cells"]]
        text = "".join(cell["source"] for cell in notebook["cells"])
        assert kinds[0] == "markdown"
        assert kinds.count("code") >= 4
        assert "code-cell" not in text
        assert "kernelspec:" not in text
        assert ".md)" not in text


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_each_notebook_runs_from_top_to_bottom(page, tmp_path):
    """In a fresh kernel, with warnings as errors, on the built-in data."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    if "pytorch" in page:
        pytest.importorskip("torch")
    from numpynet.storage.notebook import as_notebook

    text = as_notebook(cells((BOOK / page).read_text("utf-8")), page[0])
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell("import warnings\nwarnings.simplefilter('error')"))
    env = {key: value for key, value in os.environ.items() if key != "NUMPYNET_DATA"}
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=env | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)})
    assert sum(bool(cell.get("outputs")) for cell in notebook.cells) >= 4


def test_what_the_pages_say_holds():
    """Claims in prose that the code beside them shows: run once, and compare."""
    program = "\n".join(
        source for kind, source in cells((BOOK / "1-linear-regression.md").read_text("utf-8")) if kind == "code"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    distance = float(re.search(r"distance of SGD +([\d.e-]+)", printed).group(1))
    assert distance < 0.01
    for slope, gradient in re.findall(r"slope (-?[\d.]+), gradient (-?[\d.]+)", printed):
        assert float(slope) == pytest.approx(float(gradient), abs=1e-6)


def net():
    rng = np.random.default_rng(0)
    return Sequential(Flatten(), Linear(784, 6, sigma=0.1, rng=rng), ReLU(), Linear(6, 10, sigma=0.5, rng=rng))


def recipe(word):
    found = [each for each in code_of(BOOK / "8-outside-these-models.md") if word in each]
    return re.sub(r"^```.*$", "", found[0], flags=re.MULTILINE)


def test_the_recipe_for_safetensors_keeps_every_array(tmp_path, monkeypatch):
    safetensors = pytest.importorskip("safetensors.numpy")
    monkeypatch.chdir(tmp_path)
    network = net()
    exec(recipe("safetensors"), {"net": network})
    found = safetensors.load_file("net.safetensors")
    assert found.keys() == network.state_dict().keys()
    assert all(np.array_equal(found[name], array) for name, array in network.state_dict().items())


def test_the_recipe_for_onnx_computes_the_same(tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    network, X = net(), np.random.default_rng(1).random((5, 784), np.float32)
    exec(recipe("import onnx"), {"net": network, "Linear": Linear})
    (found,) = runtime.InferenceSession("net.onnx").run(None, {"X": X})
    assert np.allclose(found, network(X), rtol=1e-5, atol=1e-5)
