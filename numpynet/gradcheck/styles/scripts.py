"""Scripts that train in a loop of their own: the loop becomes a function, which trains as a function of a file does.

The statements up to the end of the loop are run again with other data and fewer rounds, and leave the parameters among
the global names, where the functions of the script expect them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from numpynet.gradcheck.files.source import Source, Statement
from numpynet.gradcheck.styles.names import BACKWARD, UPDATE, role_of

NAME = "the_training_loop"
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
FUNCTION = """
def {name}(X, y, epochs):
    here = globals()
    here["_given"] = {{"X": X, "y": y, "epochs": epochs}}
    exec(compile({code!r}, __file__, "exec"), here)
    found = {{name: here[name] for name in {names!r} if name in here}}
    kept = {updated!r}
    return {{name: each for name, each in found.items() if not kept or name in kept or getattr(each, "ndim", 0) == 0}}
"""


def with_training_loop(source: Source) -> Source:
    """The source with one more function, if the file trains in a loop at its top level."""
    code, names = training_loop(source.tree.body)
    if not code:
        return source
    updated = _updated(source.tree)
    text = FUNCTION.format(name=NAME, code=code, names=names, updated=[*updated, "_X", "_y"] if updated else [])
    statement = Statement(text, "", 1 + max((each.line for each in source.statements), default=0), False)
    return replace(source, statements=(*source.statements, statement))


def training_loop(body: Sequence[ast.stmt]) -> tuple[str, list[str]]:
    """The code up to the end of the first loop that trains, with places for other data, and the names it assigns."""
    for number, node in enumerate(body):
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
            before = [each for each in body[:number] if not isinstance(each, ast.If)]
            return training_loop([*before, *node.body])
        if isinstance(node, ast.For) and _trains(node):
            code, names = _with_places([each for each in body[:number] if not isinstance(each, DEFINITIONS)], node)
            parts = [part for each in body for part in ast.walk(each) if isinstance(part, ast.Global)]
            return code, list(dict.fromkeys([*names, *(name for part in parts for name in part.names)]))
    return "", []


def _trains(loop: ast.For) -> bool:
    """Whether a loop over a range changes something by steps, or calls what may do so."""
    text = ast.unparse(loop)
    steps = re.search(r"[-+]= |= \w+ [-+] ", text) and re.search(r" @ |dot\(|matmul", text)
    calls = re.search(rf"\b\w*({BACKWARD}|{UPDATE})\w*\(", "\n".join(map(ast.unparse, loop.body)), re.IGNORECASE)
    return ast.unparse(loop.iter).startswith("range(") and bool(steps or calls)


def called(tree: ast.Module) -> set[str]:
    """The functions that the loops at the top level call."""
    nodes = [node.body if isinstance(node, ast.If) else [node] for node in tree.body]
    loops = [node for each in nodes for node in each if isinstance(node, ast.For)]
    return {ast.unparse(each.func) for node in loops for each in ast.walk(node) if isinstance(each, ast.Call)}


def _with_places(before: Sequence[ast.stmt], loop: ast.For) -> tuple[str, list[str]]:
    names = list(dict.fromkeys(name for node in [*before, loop] for name in _assigned(node)))
    used = ast.unparse(loop)
    given = {}
    for role in ("X", "y"):
        found = [name for node in before for name in _assigned(node) if role_of(name) == role]
        given[role] = next((name for name in found if re.search(rf"\b{re.escape(name)}\b", used)), (found or [""])[0])
    if not all(given.values()):
        return "", []
    lines: list[str] = []
    for node in before:
        lines.append(ast.unparse(node))
        for role, name in given.items():
            if name in _assigned(node):
                lines.append(f"{name} = {name} if _given[{role!r}] is None else _given[{role!r}]")
                lines.append(f"_{role} = {name}")
    rounds = ast.parse("range(_given['epochs'])", mode="eval").body
    lines.append(ast.unparse(ast.For(loop.target, rounds, loop.body, [], lineno=1)))
    return "\n".join(lines), [*names, "_X", "_y"]


def _updated(tree: ast.Module) -> list[str]:
    """The names that change by steps: W -= ..., or W = W - ..."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            found[ast.unparse(node.target)] = None
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            name = ast.unparse(node.targets[0])
            found |= {name: None} if ast.unparse(node.value.left) == name else {}
    return list(found)


def _assigned(node: ast.stmt) -> Iterator[str]:
    """The global names that a statement assigns."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id
