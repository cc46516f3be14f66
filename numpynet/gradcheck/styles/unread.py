"""What computes gradients by the look of it, and was found by no style: it must be told, not passed over in silence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from numpynet.gradcheck.styles.names import IGNORED, english, matches

GRADIENT = (
    r"g_?[wb]?\d?|d\d|d_?[wbzahxy]\d?|d[a-z]?_?(out|loss|scores|logits|hidden|w|b)\d?|\w*(grad|delta|nabla|deriv)\w*"
)
PRODUCT = r" @ | \* |dot\(|matmul\(|outer\(|einsum\("


def names(tree: ast.Module, told: Iterable[str]) -> Iterator[str]:
    """The functions and classes, and the training loop, that compute gradients and are not used by what was told."""
    definitions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    reached, waiting = set(), list(told)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _mentioned(definitions[name]) if name in definitions else []
    for name, node in definitions.items():
        if name not in reached and not matches(IGNORED, name) and _computes(node):
            yield name
    loops = [node for node in tree.body if isinstance(node, ast.For | ast.While | ast.If)]
    if "the training loop" not in reached and any(_computes(node) for node in loops):
        yield "the training loop"


def _mentioned(node: ast.AST) -> set[str]:
    """The names that something uses."""
    return {
        each.id if isinstance(each, ast.Name) else each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Name | ast.Attribute)
    }


def _computes(node: ast.AST) -> bool:
    """Whether a product is given a name that gradients have."""
    for each in ast.walk(node):
        if isinstance(each, ast.Assign) and re.search(PRODUCT, ast.unparse(each.value)):
            targets = [part for target in each.targets for part in ast.walk(target)]
            called = [getattr(part, "id", getattr(part, "attr", getattr(part, "value", None))) for part in targets]
            if any(isinstance(name, str) and re.fullmatch(GRADIENT, english(name)) for name in called):
                return True
    return False
