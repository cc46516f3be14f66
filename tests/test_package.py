"""What the package promises as a whole: NumPy alone, an order of modules, docstrings with their parts, a README that runs."""

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


def imports(path):
    """(name of each module imported at module level, outside TYPE_CHECKING) of a file."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= (
                {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
                if node.module == "numpynet"
                else {node.module}
            )
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_import_numpy_and_the_standard_library_alone(path):
    roots = {name.split(".")[0] for name in imports(path)}
    assert roots <= {"numpy", "numpynet", *sys.stdlib_module_names}


def test_the_core_imports_only_what_a_reader_has_read_before():
    before = {
        "arguments": set(),
        "functional": {"arguments"},
        "layers": {"functional", "arguments"},
        "losses": {"functional", "arguments", "layers"},
        "optim": {"arguments", "layers"},
        "scratch/linear_regression": {"functional", "arguments"},
        "scratch/softmax_regression": {"functional", "arguments"},
        "scratch/mlp": {"functional", "arguments"},
        "models": {"arguments", "layers"},
    }
    for name, allowed in before.items():
        own = {
            module.removeprefix("numpynet.") for module in imports(ROOT / f"{name}.py") if module.startswith("numpynet")
        }
        assert own - {"numpynet"} <= allowed, name


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


def python_blocks(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


README = ROOT.parent / "README.md"


def test_the_readmes_python_runs_as_printed(tmp_path):
    """All blocks in one session, in order, in an empty folder, on the built-in data."""
    blocks = python_blocks(README.read_text("utf-8"))
    assert len(blocks) >= 1
    program = "\n".join(blocks)
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=tmp_path, check=True, timeout=300)


def test_the_five_lines_of_the_front_door_train():
    code = textwrap.dedent(re.search(r"(    rng = .*?)\n(?!\n| )", numpynet.__doc__ + "\n.", re.DOTALL).group(1))
    space = {**vars(numpynet), "numpy": np}
    setup, loop = code.split("\n\n")
    exec(setup, space)
    before = space["loss"](space["net"](space["X"] / np.float32(255)), space["y"])
    for _ in range(3):
        exec(loop, space)
    assert space["loss"](space["net"](space["X"] / np.float32(255)), space["y"]) < before - 0.2
