"""The rules of docs/architecture.md: what may import what, and how large a function may be."""

import ast
import sys
from pathlib import Path

import pytest

import numpynet

ROOT = Path(numpynet.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}

CORE = {"arguments", "base", "functional", "layers", "losses", "optim", "models", "scratch"}
MAY_IMPORT = {  # each file and folder directly in numpynet, besides itself
    "arguments": set(),
    "functional": {"arguments"},
    "base": {"arguments"},
    "layers": {"arguments", "base", "functional"},
    "losses": {"arguments", "base", "functional"},
    "optim": {"arguments", "base"},
    "models": {"arguments", "base", "layers"},
    "scratch": {"arguments", "functional"},
    "storage": {"arguments"},
    "wording": set(),
    "data": {"arguments", "storage"},
    "training": CORE | {"data", "storage"},
    "book": CORE | {"data"},
    "plotting": CORE | {"storage", "trace", "training"},
    "gradcheck": CORE | {"training", "wording"},
    "trace": CORE | {"explorer", "gradcheck"},
    "explorer": CORE | {"book", "data", "gradcheck", "numpynet", "storage", "trace"},
    "exercises": CORE | {"gradcheck", "numpynet", "storage", "wording"},
    "cli": CORE
    | {
        "book",
        "data",
        "exercises",
        "explorer",
        "gradcheck",
        "numpynet",
        "plotting",
        "storage",
        "trace",
        "training",
        "wording",
    },
    "numpynet": CORE | {"data", "training"},  # __init__.py, the front door
    "__main__": {"cli"},
}
MANY_PARAMETERS = {"train", "train_scratch"}


def imports(name, *, inside_functions):
    """The modules, of numpynet and others, that a module of numpynet imports; those for type checking do not count."""
    found = set()

    def is_left_out(node):
        if isinstance(node, ast.If):
            return ast.unparse(node.test) == "TYPE_CHECKING"
        return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not inside_functions

    def visit(node):
        if is_left_out(node):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: a relative import"
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(module if module in MODULES else node.module for module in submodules)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(MODULES[name].read_text("utf-8")))
    return found


def part(name):
    """The file or folder directly in numpynet that a module belongs to."""
    return name.split(".")[1] if "." in name else name


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_the_parts_below_its_own(name):
    assert part(name) in MAY_IMPORT, f"{part(name)} is new: add it to MAY_IMPORT and to docs/architecture.md"
    own = {part(module) for module in imports(name, inside_functions=True) if module in MODULES}
    assert own <= MAY_IMPORT[part(name)] | {part(name)}


def test_no_imports_form_a_circle():
    """Imports inside functions count too: each module can be understood without those that use it."""
    graph = {name: imports(name, inside_functions=True) & set(MODULES) for name in MODULES}
    done = set()

    def follow(name, path):
        assert name not in path, f"a circle: {' -> '.join([*path[path.index(name) :], name])}"
        if name not in done:
            for module in sorted(graph[name]):
                follow(module, [*path, name])
            done.add(name)

    for name in graph:
        follow(name, [])


@pytest.mark.parametrize("name", MODULES)
def test_nothing_in_numpynet_knows_of_the_folders_beside_it(name):
    roots = {module.split(".")[0] for module in imports(name, inside_functions=True)}
    assert not roots & {"reference", "benchmarks", "tests"}


@pytest.mark.parametrize("name", MODULES)
def test_importing_a_module_needs_numpy_alone(name):
    """Matplotlib and the like are imported inside the function that needs them."""
    roots = {module.split(".")[0] for module in imports(name, inside_functions=False)}
    assert roots <= {"numpy", "numpynet", *sys.stdlib_module_names}


def test_the_top_level_is_small():
    assert len(list(ROOT.glob("*.py"))) <= 10


def functions():
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name, node


def count_parameters(function):
    """Those with a name of their own: self, cls, *args and **kwargs do not count."""
    args = function.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def count_branches(function):
    """Each if or elif, loop, except, case, conditional expression and condition of a comprehension.

    `and`, `or` and comprehensions without a condition do not count; functions inside the function do.
    """
    kinds = ast.If | ast.IfExp | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.match_case
    nodes = list(ast.walk(function))
    conditions = [condition for node in nodes if isinstance(node, ast.comprehension) for condition in node.ifs]
    return len([node for node in nodes if isinstance(node, kinds)]) + len(conditions)


def test_no_function_takes_more_than_six_parameters():
    counts = {
        f"{module}.{function.name}": count_parameters(function)
        for module, function in functions()
        if module != "numpynet.cli.parser" and function.name not in MANY_PARAMETERS
    }
    assert not {name: count for name, count in counts.items() if count > 6}


def test_no_function_has_more_than_fifteen_branches():
    counts = {f"{module}.{function.name}": count_branches(function) for module, function in functions()}
    assert not {name: count for name, count in counts.items() if count > 15}


TESTS = sorted(Path(__file__).parent.rglob("*.py"))


def test_the_tests_stay_readable():
    """Files of at most 350 lines, names of at most 60 characters, and nothing imported from another test file."""
    for path in TESTS:
        text = path.read_text("utf-8")
        assert text.count("\n") <= 350, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert len(node.name) <= 60, f"{path}: {node.name}"
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
                assert node.module.startswith("tests.helpers"), f"{path}: {node.module}"
