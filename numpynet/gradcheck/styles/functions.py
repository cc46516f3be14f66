"""Functions that take their parameters as arguments: what to pass for them, in each way that people lay them out."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.files.host import Call, Look, Path, Ref
from numpynet.gradcheck.styles.bind import Parameters
from numpynet.gradcheck.styles.constructors import LAYOUTS, Sizes, arguments_of, in_order, layouts, widths_of
from numpynet.gradcheck.styles.conventions import flat_size
from numpynet.gradcheck.styles.names import kind_of_parameter, matches, role_of, size_role
from numpynet.gradcheck.styles.recipe import Given
from numpynet.gradcheck.styles.units import Unit

INITIALISE = r"init|^(make|create|build|new|setup)|(get|random|set|gen)\w*(param|weight|net|model|wb)|xavier"


def options(unit: Unit, names: Sequence[str], tree: ast.Module) -> Iterator[Parameters]:
    """What may be passed for the parameters of these functions, the likeliest first."""
    wanted = list(dict.fromkeys(name for function in names for name in unit.functions[function].names))
    kinds = {name: kind_of_parameter(name) for name in wanted}
    weights = [name for name in wanted if kinds[name] == "W"]
    biases = [name for name in wanted if kinds[name] == "b"]
    whole = [name for name in wanted if role_of(name) == "params"]
    yield from _made(unit, tree)
    for name, keys, kind in _contents(tree, names):
        known = all(map(kind_of_parameter, keys))
        pairs = (
            [[key for key in keys if kind_of_parameter(key) == letter] for letter in "Wb"]
            if known
            else [keys[::2], keys[1::2]]
        )
        for each in laid_out(unit, *pairs):
            values = {key: each.named[key] for key in keys}
            container = values if kind is dict else tuple(values.values())
            yield Parameters(each.arrays, {name: container}, container, each.form)
    if weights:
        yield from laid_out(unit, weights, biases, extra=True)
        if len(weights) == 1:
            yield from _single(unit, weights[0], biases)
            yield from _lists(unit, weights[0], biases[:1])
    if whole:
        path = ("params",)
        given = unit.sizes
        shapes: list[tuple[int, ...]] = [(given.inputs, given.outputs), (given.inputs,), (given.inputs, 1)]
        sizes = {name: size for name in wanted if (size := _size(name, given))}
        constants = {"in": given.inputs, "hidden": given.hidden, "out": given.outputs}
        constants |= {size_role(str(path[-1])): int(value) for path, value in _numbers(unit) if value == int(value) > 0}
        widths = (constants["in"], constants["hidden"], constants["out"])
        for shape in [(flat_size(widths, biases=biases),) for biases in (True, False)] + shapes:
            yield Parameters({path: np.zeros(shape)}, {**sizes, whole[0]: Given(path)}, Given(path), "rows")


def _size(name: str, sizes: Sizes) -> int:
    return {"in": sizes.inputs, "hidden": sizes.hidden, "out": sizes.outputs}.get(size_role(name), 0)


def _numbers(unit: Unit) -> Iterator[tuple[Path, float]]:
    """The numbers among the global names, such as hidden_size = 5."""
    looked = unit.host.run([Look(Ref(0))])[-1].value or {}
    yield from ((path, float(value)) for path, value in looked.items() if len(path) == 1 and np.ndim(value) == 0)


def _contents(tree: ast.Module, functions: Sequence[str]) -> Iterator[tuple[str, list[str], type]]:
    """The arguments that hold several parameters, by names: p["W1"] or `W1, b1, W2, b2 = p` in one of the functions."""
    found: dict[tuple[str, type], dict[str, None]] = {}
    for function in tree.body:
        if not (isinstance(function, ast.FunctionDef) and function.name in functions):
            continue
        own = {argument.arg for argument in function.args.args}
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.value, ast.Name)
                and isinstance(node.slice, ast.Constant)
            ):
                if node.value.id in own and isinstance(node.slice.value, str):
                    found.setdefault((node.value.id, dict), {})[node.slice.value] = None
            elif isinstance(node, ast.comprehension) and isinstance(
                node.iter, (ast.Tuple, ast.List)
            ):  # (p[k] for k in ("W1", "b1"))
                holder = next(
                    (
                        each.id
                        for each in ast.walk(function)
                        if isinstance(each, ast.Name) and each.id in own and role_of(each.id) == "params"
                    ),
                    "",
                )
                keys = [
                    each.value
                    for each in node.iter.elts
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                ]
                if holder and keys:
                    found.setdefault((holder, dict), {}).update(dict.fromkeys(keys))
            elif (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Name)
                and isinstance(node.targets[0], ast.Tuple)
                and node.value.id in own
            ):
                parts = [item.id for item in node.targets[0].elts if isinstance(item, ast.Name)]
                found.setdefault((node.value.id, tuple), {}).update(dict.fromkeys(parts))
    for (name, kind), names in found.items():
        if all(map(kind_of_parameter, names)) or (kind is tuple and role_of(name) in ("params", "W")):
            yield name, list(names), kind


def laid_out(unit: Unit, weights: Sequence[str], biases: Sequence[str], *, extra: bool = False) -> Iterator[Parameters]:
    """One array for each name, in each of the usual layouts.

    extra: where there are no biases, also with a row more for them in each weight.
    """
    for form, arrays in layouts(unit.sizes, weights, biases):
        yield Parameters(
            {(name,): array for name, array in arrays.items()}, {name: Given((name,)) for name in arrays}, None, form
        )
    widths = widths_of(unit.sizes, len(weights))
    for transposed in (False, True) if not biases and extra else ():  # for code that adds a column of ones
        shapes = [(widths[k] + 1, widths[k + 1]) for k in range(len(weights))]
        taller: dict[Path, Array] = {
            (name,): np.zeros(shape[::-1] if transposed else shape)
            for name, shape in zip(in_order(weights), shapes, strict=True)
        }
        yield Parameters(taller, {path[0]: Given(path) for path in taller})


def _single(unit: Unit, weight: str, biases: Sequence[str]) -> Iterator[Parameters]:
    """One vector of weights, and a number for the bias."""
    d = unit.sizes.inputs
    for form, shape in [("rows", (d,)), ("rows", (d, 1)), ("columns", (d, 1)), ("columns", (1, d))]:
        arrays: dict[Any, Array] = {(weight,): np.zeros(shape), **{(bias,): np.zeros(()) for bias in biases}}
        yield Parameters(arrays, {path[0]: Given(path) for path in arrays}, None, form)


def _lists(unit: Unit, weight: str, biases: Sequence[str]) -> Iterator[Parameters]:
    """Lists of weights and biases, one of each for a layer."""
    sizes = [unit.sizes.inputs, unit.sizes.hidden, unit.sizes.outputs]
    for form, transposed, shape in LAYOUTS:
        arrays: dict[Any, Array] = {}
        for k, (d, m) in enumerate(itertools.pairwise(sizes)):
            arrays[weight, k] = np.zeros((m, d) if transposed else (d, m))
            for bias in biases:
                arrays[bias, k] = np.zeros(shape(m))
        yield Parameters(arrays, {name: [Given((name, k)) for k in range(2)] for name in (weight, *biases)}, None, form)


def _made(unit: Unit, tree: ast.Module) -> Iterator[Parameters]:
    """What the file's own functions that make parameters return, and the lists, dicts and objects of parameters in it.

    They stay where the code runs, and are passed as themselves: a function may write into them.
    """
    names = holders(tree)
    for name, signature in unit.functions.items():
        for arguments in (
            itertools.islice(arguments_of(signature, {}, unit.sizes), 3) if matches(INITIALISE, name) else ()
        ):
            made = unit.host.run([Call(Ref(0, (name,)), (), arguments, keep=True)])[-1]
            parameters = _held(unit, Ref(made.kept), names) if not made.raised else None
            if parameters is None:
                continue
            whole, results = parameters.whole, unit.results.get(name, ())
            parts = {each: Ref(whole.number, (i,)) for i, each in enumerate(results) if each and len(results) > 1}
            parts |= {path[0]: Ref(whole.number, path) for path in parameters.arrays if isinstance(path[0], str)}
            yield replace(parameters, named={**parameters.named, **parts})
            break
    for name in sorted(names & {str(path[0]) for path in unit.host.run([Look(Ref(0))])[-1].value or {}}):
        parameters = _held(unit, Ref(0, (name,)), {name})
        yield from [parameters] if parameters else []


def _held(unit: Unit, ref: Ref, names: Collection[str]) -> Parameters | None:
    """The arrays of an object, which is passed for these arguments; None if it holds too few or too many."""
    looked = unit.host.run([Look(ref)])[-1].value or {}
    arrays = {path: each for path, each in looked.items() if path and each.dtype.kind == "f" and 0 < each.ndim <= 2}
    return Parameters(arrays, dict.fromkeys(names, ref), ref, ref=ref) if 0 < len(arrays) <= 8 else None


def holders(tree: ast.Module) -> set[str]:
    """The arguments of functions that are used as a whole made of parts: p["W"], p.W, W, b = p, for W, b in p."""
    found = set()
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        own = {argument.arg for argument in function.args.args}
        for node in ast.walk(function):
            parts: list[ast.expr] = []
            if isinstance(node, ast.Subscript) and isinstance(getattr(node.slice, "value", None), str):  # noqa: SIM114
                parts = [node.value]
            elif (isinstance(node, ast.Attribute) and not hasattr(np.ndarray, node.attr)) or (
                isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)
            ):
                parts = [node.value]
            elif isinstance(node, ast.For | ast.comprehension):
                parts = [each for each in ast.walk(node.iter) if isinstance(each, ast.Name)]
            found |= {part.id for part in parts if isinstance(part, ast.Name) and part.id in own}
    return {name for name in found if role_of(name) in ("params", "", "P", "W", "b")}


NONE = Parameters({}, {})  # for functions without parameters
