"""What seems to compute gradients, but was found in no style: it is called not checked, not passed over in silence."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from numpynet.gradcheck.styles.names import IGNORED, UPDATE, english, matches

GRADIENT = r"^_?d_?[a-z]{1,2}\d*$|^d_[a-z]|grad|delta|nabla|^d(loss|cost|out|hidden|weights?|bias)"
RATES = r"^(lr|alpha|eta|rate|learning_rate|step_size)$"
PRODUCTS = {"dot", "matmul", "outer", "einsum", "multiply"}
LEAST = 2  # gradients that something must compute itself


def unseen(tree: ast.Module, seen: Collection[str]) -> list[str]:
    """The functions and classes of a file that compute gradients themselves, and that nothing seen is or calls."""
    parts = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    covered: set[str] = set()
    waiting = [name for name in seen if name in parts]
    while waiting:
        name = waiting.pop()
        if name not in covered:
            covered.add(name)
            waiting += [each for each in _names(parts[name]) if each in parts]
    return [
        name
        for name, part in parts.items()
        if name not in covered and (name == "main" or not matches(IGNORED, name)) and len(_computed(part)) >= LEAST
    ]


def _computed(part: ast.AST) -> set[str]:
    """The names of gradients to which arithmetic of its own is assigned; updates by a learning rate are none."""
    return {
        name
        for node in ast.walk(part)
        if isinstance(node, ast.Assign) and _is_arithmetic(node.value)
        for target in node.targets
        for name in _targets(target)
        if re.search(GRADIENT, english(name)) and not matches(UPDATE, name)
    }


def _is_arithmetic(value: ast.expr) -> bool:
    """Whether a product is computed, and not with a learning rate."""
    nodes = list(ast.walk(value))
    names = {getattr(node, "id", getattr(node, "attr", "")) for node in nodes}
    product = any(isinstance(node, (ast.Mult, ast.MatMult)) for node in nodes) or names & PRODUCTS
    return bool(product) and not any(re.search(RATES, name) for name in names)


def _targets(target: ast.expr) -> Iterator[str]:
    for each in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
        while isinstance(each, ast.Subscript):
            each = each.value
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr


def _names(part: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
