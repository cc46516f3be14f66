"""Whose work a lesson is: it may import NumPy and what it came with, and must leave the libraries as they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from numpynet.exercises.folder import SOLUTIONS
from numpynet.gradcheck.files.source import tampering
from numpynet.wording import say

HARMLESS = (
    *("__future__", "abc", "cmath", "collections", "contextlib", "copy", "dataclasses", "decimal", "enum", "fractions"),
    *("functools", "itertools", "math", "numbers", "operator", "pprint", "random", "statistics", "string", "textwrap"),
    *("time", "timeit", "typing", "warnings", "logging", "os", "pathlib", "pdb", "traceback", "matplotlib", "tqdm"),
)
REACHING = ("__import__", "compile", "eval", "exec", "globals", "open")
NUMPY_REACHING = ("f2py", "distutils", "ctypeslib", "testing")


def broken_rules(tree: ast.Module, lesson: str, folder: Path, seen: frozenset[str] = frozenset()) -> list[str]:
    """What in a lesson's file is not allowed, each in words with its line; [] if everything is.

    The learner's other lessons, from the same folder, may be imported if they keep the rules too; seen: those already
    looked at.
    """
    skeleton = ast.parse((SOLUTIONS / f"{lesson}.py").read_text("utf-8"))
    given = {scope: set(_imports(part)) for scope, part in _scopes(skeleton)}
    found: dict[str, None] = {}
    for scope, part in _scopes(tree):
        for name, line in _imports(part).items():
            if not _may_import(name, given[scope] | given["file"]):
                found[say("it_imports", name=name, line=line)] = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in REACHING:
            found[say("it_uses", name=node.id, line=node.lineno)] = None
    for name in tampering(tree):
        found[say("it_reaches_into", name=name)] = None
    for sibling in _lessons_imported(tree) - seen - {lesson}:
        path = folder / f"{sibling}.py"
        try:
            other = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # it cannot be imported then
        rules = broken_rules(other, sibling, folder, seen | {lesson})
        found |= dict.fromkeys(say("in_another_file", file=f"{sibling}.py", words=words) for words in rules)
    return list(found)


def _scopes(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The file without its main, and main: what a lesson trains with may be imported there alone."""
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    yield "file", ast.Module([node for node in tree.body if node not in mains], [])
    yield "main", ast.Module(list[ast.stmt](mains), [])


def _imports(tree: ast.AST) -> dict[str, int]:
    """Everything imported, as "module" or "module.name", with its line."""
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name: node.lineno for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{'.' * node.level}{node.module or ''}.{alias.name}": node.lineno for alias in node.names}
    return found


def _may_import(name: str, given: set[str]) -> bool:
    parts = name.split(".")
    if parts[0] in ("numpy", "np"):
        return not set(parts) & set(NUMPY_REACHING)
    if parts[0] in HARMLESS or name in ("sys", *given):
        return True
    return (SOLUTIONS / f"{parts[0]}.py").is_file()  # the learner's own lesson


def _lessons_imported(tree: ast.AST) -> set[str]:
    return {name.split(".")[0] for name in _imports(tree) if (SOLUTIONS / f"{name.split('.')[0]}.py").is_file()}
