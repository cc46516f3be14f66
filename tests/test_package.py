"""What the package promises as a whole: NumPy alone, docstrings with their parts, a front door that works."""

import ast
import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import numpynet
from numpynet import functional

ROOT = Path(numpynet.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py"))


def test_importing_numpynet_loads_numpy_without_numpy_random():
    program = (
        "import sys, numpy; before = set(sys.modules); import numpynet;"
        "print(sorted({m.split('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)));"
        "print('numpy.random' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() in (["['numpy', 'numpynet']", "False"], ["['numpynet']", "False"])


@pytest.mark.parametrize(
    "name",
    [name for name, f in vars(functional).items() if inspect.isfunction(f) and f.__module__ == functional.__name__],
)
def test_every_formula_documents_all_that_a_reader_needs(name):
    text = getattr(functional, name).__doc__
    for part in ["Shapes", "dtype", "Cost", "Raises", "Source", ">>> "]:
        assert part in text, f"{name} lacks {part}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_open_with_a_docstring_and_never_assert(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree)
    assert not any(isinstance(node, ast.Assert) for node in ast.walk(tree))


def test_everything_at_the_front_door_is_there_and_documented():
    for name in numpynet.__all__:
        assert getattr(numpynet, name).__doc__, name


def test_the_run_at_the_front_door_runs_when_copied(tmp_path):
    program = textwrap.dedent(re.search(r"to copy and run .*?:\n\n(.*)", numpynet.__doc__, re.DOTALL).group(1))
    command = [sys.executable, "-W", "error", "-c", program]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300)
    lines = result.stdout.splitlines()
    assert [line.rsplit(" ", 1)[0] for line in lines] == [f"epoch {epoch} test accuracy" for epoch in range(1, 11)]
    assert float(lines[-1].split()[-1]) > 0.85
