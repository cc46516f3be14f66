"""The README and the pages of docs: their Python runs as printed, their links lead somewhere, their facts are the project's."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import numpynet
from tests.helpers.command import ROOT

FILES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/book/*.md"), *ROOT.glob("docs/zh/**/*.md")]
PAGES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in FILES}
ADD_A_LAYER = PAGES[str(Path("docs", "add-a-layer.md"))]


def python_blocks(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if python_blocks(text) and "book" not in page])
def test_the_python_of_a_page_runs_as_printed(page, tmp_path):
    """All blocks in one session, in order, in an empty folder, on the built-in data."""
    program = "\n".join(python_blocks(PAGES[page]))
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=tmp_path, check=True, timeout=300)


def test_the_new_layer_prints_what_its_page_says(capsys):
    space = {}
    for block in python_blocks(ADD_A_LAYER):
        exec(block, space)
        printed = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("epoch")]
        assert printed == re.findall(r"^print\(.*\) +# (.*)$", block, re.MULTILINE)
    tests = [value for name, value in space.items() if name.startswith("test_")]
    assert len(tests) == 4
    for test in tests:
        test()


def test_the_new_layers_wrong_backward_is_caught():
    space = {}
    for block in python_blocks(ADD_A_LAYER)[:6]:
        exec(block, space)
    X = np.random.default_rng(2).normal(size=(3, 5))
    assert space["check_layer"](space["Sigmoid"](), X).ok
    report = space["check_layer"](space["WrongSigmoid"](), X)
    assert not report.ok
    assert report.errors["X"] > 0.1


def anchor(heading):
    """The name by which GitHub links to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page):
    text = re.sub(r"```.*?```", "", PAGES[page], flags=re.DOTALL)
    for target, _, name in (link.partition("#") for link in re.findall(r"\]\(([^)]+)\)", text)):
        if target.startswith("https://"):
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if name:
            headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            assert name in map(anchor, headings), f"{target}#{name}"


def test_every_page_can_be_reached_from_the_readme():
    found, open_pages = set(), ["README.md"]
    while open_pages:
        page = open_pages.pop()
        found.add(page)
        targets = (link.partition("#")[0] for link in re.findall(r"\]\(([^)]+\.md[^)]*)\)", PAGES[page]))
        linked = {str(((ROOT / page).parent / target).resolve().relative_to(ROOT.resolve())) for target in targets}
        open_pages += linked - found
    assert found == set(PAGES)


def test_the_map_names_every_part_of_the_house():
    text = PAGES[str(Path("docs", "architecture.md"))].split("```")[1]
    package = ROOT / "numpynet"
    files = [path.name for path in package.glob("*.py") if path.name != "__main__.py"]
    folders = [f"{path.parent.name}/" for path in package.glob("*/*.py")]
    for name in {*files, *folders}:
        assert f"  {name} " in text, name


def test_the_files_that_architecture_names_exist():
    text = PAGES[str(Path("docs", "architecture.md"))]
    names = set(re.findall(r"`([\w/]+\.py)`", text))
    assert len(names) > 10
    for name in names:
        assert list(ROOT.glob(f"**/{name}")), name


def test_version_and_tools_are_the_same_wherever_they_stand():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert project["project"]["version"] == numpynet.__version__
    assert re.search(r"^version: (.*)$", citation, re.MULTILINE).group(1) == numpynet.__version__
    _, *tools = project["project"]["optional-dependencies"]["dev"]  # first the other extras
    assert tools == project["dependency-groups"]["dev"]
