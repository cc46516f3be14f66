"""A learner's file as text: its statements one at a time, the code cells of a notebook, and the names it uses."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Statement:
    """One top-level statement: its code, what to call its place, and whether it imports something."""

    code: str
    place: str
    line: int
    imports: bool


@dataclass(frozen=True)
class Source:
    """A file's statements; broken says why it, or a cell of it, does not run.

    root: the folder to import from; package: the package it belongs to, for relative imports.
    """

    path: Path
    statements: tuple[Statement, ...]
    broken: tuple[str, ...]
    root: Path
    package: str
    tree: ast.Module


def read(path: Path) -> Source:
    """Parse a .py file or the code cells of a .ipynb file."""
    cells = _cells(path)
    statements: list[Statement] = []
    broken: list[str] = []
    body: list[ast.stmt] = []
    for where, text in cells:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            broken.append(_describe(error, where, text))
            continue
        body += tree.body
        for node in tree.body:
            imports = any(isinstance(each, (ast.Import, ast.ImportFrom)) for each in ast.walk(node))
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            lines = text.splitlines()[first - 1 : node.end_lineno]
            if node.col_offset or (node.end_col_offset or 0) < len(lines[-1].rstrip()):
                lines = [ast.get_source_segment(text, node) or ast.unparse(node)]  # several on one line
            statements.append(Statement("\n" * (first - 1) + "\n".join(lines), where, first, imports))
    root, package = _package(path.resolve())
    return Source(path, tuple(statements), tuple(broken), root, package, ast.Module(body, []))


def _cells(path: Path) -> list[tuple[str, str]]:
    """The pieces of code, each with the name of its place: "" for a whole file, "cell 3" in a notebook."""
    data = path.read_bytes()
    if path.suffix != ".ipynb":
        return [("", data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n"))]
    try:
        book = json.loads(data)
        cells = book["cells"] if "cells" in book else book["worksheets"][0]["cells"]
        codes = [("".join(cell.get("source", cell.get("input", ""))), cell.get("cell_type")) for cell in cells]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} is not a notebook: {error}") from None
    return [(f"cell {i}", _without_magic(text)) for i, (text, kind) in enumerate(codes, 1) if kind == "code"]


def _without_magic(text: str) -> str:
    """The cell without the commands of IPython, which begin with % or !, or end with ?."""
    lines = text.splitlines()
    if lines and lines[0].startswith("%%"):
        return "" if not lines[0].startswith(("%%time", "%%capture")) else "\n".join(["", *lines[1:]])
    kept = []
    for line in lines:
        bare = line.strip()
        magic = bare.startswith(("%", "!")) or bare.endswith("?")
        kept.append(line[: len(line) - len(line.lstrip())] + "pass" if magic and not bare.startswith("#") else line)
    return "\n".join(kept)


def _describe(error: Exception, where: str, text: str) -> str:
    """The error with its line, and whether this looks like Python 2."""
    line = getattr(error, "lineno", None)
    place = ", ".join(filter(None, [where, f"line {line}" if line else ""]))
    words = " ".join(str(getattr(error, "msg", error)).split())
    lines = text.splitlines()
    shown = f": {lines[line - 1].strip()}" if line and line <= len(lines) else ""
    old = " (it is written for Python 2)" if "print" in words or "except" in words or "<>" in shown else ""
    return f"{type(error).__name__}: {words}{old}{f' ({place}{shown})' if place else ''}"


def _package(path: Path) -> tuple[Path, str]:
    """The folder to import from, and the name of the package that the file belongs to ("" for none)."""
    folder = path.parent
    names: list[str] = []
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names)


# Modules through which a file could reach into the process that answers for it, and calls that could.
REACHING = {"gc", "inspect", "ctypes", "sys", "_thread", "multiprocessing", "importlib", "builtins", "faulthandler"}
NAMES = {
    "_getframe",
    "__code__",
    "__globals__",
    "f_back",
    "f_locals",
    "modules",
    "get_objects",
    "get_referrers",
    "dup2",
    "settrace",
}
NAMES |= {"setprofile", "_current_frames", "__builtins__", "setitimer", "__subclasses__", "fdopen"}


def tampering(tree: ast.Module) -> list[str]:
    """What in the code reaches into its own process or replaces a part of a library: it need not mean harm."""
    modules = _imported(tree)
    harmless = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "__name__"
    ]
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            root = _root(node)
            if isinstance(node.ctx, ast.Store) and root in modules:
                found[ast.unparse(node)] = None
            elif node.attr == "__code__" and isinstance(node.ctx, ast.Load):
                pass  # co_argcount and the like
            elif (
                node.attr in NAMES
                and node not in harmless
                and (root in REACHING or node.attr.startswith(("_", "f_")) or root in ("os", "signal"))
            ):
                found[ast.unparse(node)] = None
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("setattr", "delattr"):
            if node.args and _root(node.args[0]) in modules:
                found[ast.unparse(node)] = None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found |= dict.fromkeys(name for name in names if name.split(".")[0] in ("gc", "ctypes", "faulthandler"))
    return list(found)


def _imported(tree: ast.Module) -> set[str]:
    """The names that stand for modules, or for what was imported from numpynet."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("numpy", "numpynet"):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
