"""What the package promises as a whole: NumPy alone, docstrings with their parts, a front door that works."""

import ast
import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
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


def test_the_five_lines_of_the_front_door_train():
    code = textwrap.dedent(re.search(r"(    rng = .*?)\n(?!\n| )", numpynet.__doc__ + "\n.", re.DOTALL).group(1))
    space = {**vars(numpynet), "numpy": np}
    setup, loop = code.split("\n\n")
    exec(setup, space)
    before = space["loss"](space["net"](space["X"] / np.float32(255)), space["y"])
    for _ in range(3):
        exec(loop, space)
    assert space["loss"](space["net"](space["X"] / np.float32(255)), space["y"]) < before - 0.2
