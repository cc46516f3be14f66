"""Functions that make functions: a layer as `forward, backward = dense(3, 2)`, a step as `Y, back = linear(X, W, b)`.

What the functions have in common, such as W, is in the variables that they close over; a Unit holds it as an instance.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from numpynet.gradcheck.files.host import Definition, Part, Signature
from numpynet.gradcheck.styles import functions, layers
from numpynet.gradcheck.styles.constructors import Sizes, arguments_of
from numpynet.gradcheck.styles.found import Failed, Found
from numpynet.gradcheck.styles.names import kind_of_parameter, role_of
from numpynet.gradcheck.styles.units import Unit, body_of, made_by, results_of


def made_in(tree: ast.Module, name: str) -> dict[str, Signature]:
    """The functions that a function of the file defines and returns."""
    body = body_of(tree, name)
    returns = [node.value for node in body if isinstance(node, ast.Return) and node.value is not None]
    returned = {each.id for value in returns for each in ast.walk(value) if isinstance(each, ast.Name)}
    return {
        node.name: _signature(node.args) for node in body if isinstance(node, ast.FunctionDef) and node.name in returned
    }


def _signature(arguments: ast.arguments) -> Signature:
    names = [each.arg for each in [*arguments.posonlyargs, *arguments.args]]
    keyword = [each.arg for each in arguments.kwonlyargs]
    required = names[: len(names) - len(arguments.defaults)]
    required += [name for name, value in zip(keyword, arguments.kw_defaults, strict=True) if value is None]
    return Signature((*names, *keyword), tuple(required), tuple(keyword))


def units(
    host: Any,
    definition: Definition,
    known: Mapping[str, Definition],
    sizes: Sizes,
    tree: ast.Module,
    refused: list[str],
) -> list[Unit]:
    """What a function that makes functions returns, as if it were an instance with these methods."""
    inner, name = made_in(tree, definition.name), definition.name
    if definition.signature is None or not inner:
        return []
    made = made_by(host, (name,), arguments_of(definition.signature, known, sizes), sizes, tree, refused)
    return [replace(unit, functions=inner, results=results_of(tree, name)) for unit in itertools.islice(made, 4)]


def attempts(unit: Unit, name: str, tree: ast.Module) -> Iterator[Found | Failed]:
    """The ways in which a function answers as a layer that returns its output and its own backward."""
    signature, results = unit.functions[name], unit.results.get(name, ())
    for inner, own in made_in(tree, name).items():
        if inner not in results or len(results) < 2:
            continue
        place = {inner: Part(0, (results.index(inner),))}
        pair = replace(unit, functions={name: signature, inner: own}, places=place)
        weights = any(kind_of_parameter(each) or role_of(each) == "params" for each in signature.names)
        for parameters in itertools.islice(functions.options(unit, [name], tree), 24) if weights else [functions.NONE]:
            found = False
            for each in layers.attempts(pair, name, inner, parameters):
                yield replace(each, name=name)
                found = found or isinstance(each, Found)
            if found:
                return
