"""What a file defines, ready to be called: an instance of each class, and the functions of the file together."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.files.host import Call, Definition, Look, Outcome, Part, Path, Ref, Signature
from numpynet.gradcheck.styles.constructors import Sizes, arguments_of
from numpynet.gradcheck.styles.conventions import assign
from numpynet.gradcheck.styles.names import kind_of_parameter


@dataclass(frozen=True)
class Unit:
    """Something with functions and perhaps arrays: an instance of a class, or the file itself.

    built: how an instance was made, in words. results: the names of what each function returns, where they are known.
    unpacks: the names into which a function unpacks an argument, as in `A, W, b = cache`. computing: the functions
    that do some arithmetic, unlike those of an unfilled template. zeroes: the file sets gradients to 0 between calls,
    so that adding to them is right. places: where functions are that have no name of their own.
    """

    name: str
    host: Any
    ref: Ref
    functions: Mapping[str, Signature]
    seen: Mapping[Path, Any] = field(default_factory=dict)
    built: str = ""
    results: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=Sizes)
    unpacks: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    computing: frozenset[str] = frozenset()
    zeroes: bool = False
    places: Mapping[str, Part] = field(default_factory=dict)

    def function(self, name: str) -> Ref | Part:
        return self.places.get(name) or Ref(self.ref.number, (*self.ref.path, f".{name}" if self.ref.number else name))

    def parameters(self) -> dict[Path, Array]:
        """The arrays of floats in it, which may be parameters."""
        return {path: array for path, array in self.seen.items() if may_be_parameter(path, array)}


def may_be_parameter(path: Path, array: Array) -> bool:
    """Whether this is an array of floats; a single number is only taken for a bias or a weight by its name."""
    named = bool(kind_of_parameter(str(path[-1]).lstrip(".")))
    if array.dtype.kind in "iu" and array.ndim and named:
        return True  # ones and zeros are sometimes made as integers
    return array.dtype.kind == "f" and array.size > 0 and (0 < array.ndim <= 2 or named)


def without_examples(arrays: Mapping[Path, Array], n: int) -> dict[Path, Array]:
    """The arrays that are not data or results, which have a row or a column for each example."""
    results = {path for path, array in arrays.items() if array.ndim and n in array.shape}
    return {path: array for path, array in arrays.items() if path not in results} or dict(arrays)


def sizes_for(sizes: Sizes, arrays: Mapping[Path, Array]) -> list[Sizes]:
    """The sizes of data that may fit these parameters: those that were asked for, or those that the arrays have."""
    arrays = without_examples(arrays, sizes.n)
    dims = list(dict.fromkeys(size for array in arrays.values() if array.ndim for size in array.shape))
    if not dims or sizes.inputs in dims or len(arrays) > 8:
        return [sizes]
    found = []
    near = [sizes.inputs, *range(1, 12)] if len(arrays) == len(dims) == 1 else []  # it may be unrolled
    for inputs in [*near, *dims, *(size - 1 for size in dims if size > 1)]:  # one less if a column of ones is added
        for _, layers in itertools.islice(assign(arrays, inputs), 60 if near else 4):
            each = replace(sizes, inputs=inputs, outputs=layers[-1].outputs)
            found += [each] if each not in found else []
    found.sort(key=lambda each: near != [] and each.outputs != sizes.outputs)
    return found[: 20 if near else 6] or [sizes]


def of_class(
    host: Any,
    definition: Definition,
    known: Mapping[str, Definition],
    sizes: Sizes,
    tree: ast.Module,
    refused: list[str],
) -> list[Unit]:
    """Instances of a class, each made in another way; [] if none can be made. refused: gets what was tried in vain."""
    name = definition.name
    own = [((name,), definition.signature)] if definition.signature is not None else []
    makers = [
        ((name, f".{maker}"), (definition.methods or {})[maker]) for maker in definition.makers if maker[0] != "_"
    ]
    units: list[Unit] = []
    path: Path
    for path, signature in [*own, *makers]:
        for unit in made_by(host, path, arguments_of(signature, known, sizes), sizes, tree, refused):
            unit = replace(unit, functions=definition.methods or {}, results=results_of(tree, definition.name))
            shapes = sorted(str(np.shape(array)) for array in unit.parameters().values())
            if all(
                sorted(str(np.shape(array)) for array in other.parameters().values()) != shapes
                or other.built.count('"') != unit.built.count('"')
                or '"' in unit.built
                for other in units
            ):
                units.append(unit)
            if len(units) >= 6 + len(makers):
                break
    return units


def made_by(
    host: Any,
    path: Path,
    likely: Iterable[dict[str, Any]],
    sizes: Sizes,
    tree: ast.Module,
    refused: list[str],
) -> Iterator[Unit]:
    """What a constructor, or a function that makes objects, gives for likely arguments: kept, without its functions."""
    for arguments in itertools.islice(likely, 24):
        made = host.run([Call(Ref(0, path), (), arguments, keep=True)])[-1]
        shown = ", ".join(f"{name}={_show(value)}" for name, value in arguments.items())
        built = f"{''.join(path)}({shown})"
        if made.raised:
            refused.append(f"{built}: {made.raised}")
            continue
        looked = host.run([Look(Ref(made.kept))])[-1]
        yield Unit(
            path[0], host, Ref(made.kept), {}, _once(looked), built, sizes=sizes, computing=computing_of(tree),
            zeroes=re.search(r"(zero|clear|reset)\w*grad", ast.unparse(tree), re.IGNORECASE) is not None,
        )  # fmt: skip


def _once(looked: Outcome) -> dict[Path, Any]:
    """What a Look found, without the second names of arrays."""
    second = {path for paths in looked.same for path in sorted(paths, key=len)[1:]}
    return {path: array for path, array in (looked.value or {}).items() if path not in second}


def of_functions(host: Any, definitions: Sequence[Definition], sizes: Sizes, tree: ast.Module) -> Unit:
    """The functions of a file, with the arrays that are among its global names."""
    functions = {
        each.name: each.signature for each in definitions if each.methods is None and each.signature is not None
    }
    looked = host.run([Look(Ref(0))])[-1].value or {}
    seen = {path: array for path, array in looked.items() if len(path) == 1 and kind_of_parameter(str(path[0]))}
    return Unit(
        "",
        host,
        Ref(0),
        functions,
        seen,
        results=results_of(tree, ""),
        sizes=sizes,
        unpacks=unpacks_of(tree),
        computing=computing_of(tree),
    )


def _show(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape}"
    if isinstance(value, Ref):
        return str(value.path[-1])
    return (
        f'"{value}"'
        if isinstance(value, str)
        else "a Generator"
        if isinstance(value, np.random.Generator)
        else repr(value)
    )


def body_of(tree: ast.Module, owner: str) -> list[ast.stmt]:
    """The statements in the file's class, or function, of this name."""
    return [each for node in tree.body if getattr(node, "name", None) == owner for each in getattr(node, "body", [])]


def results_of(tree: ast.Module, owner: str) -> dict[str, tuple[str, ...]]:
    """For each function of the file (or method of a class) that ends in `return a, b, c`: these names."""
    found = {}
    for node in body_of(tree, owner) if owner else tree.body:
        if isinstance(node, ast.FunctionDef):
            inner = {each for own in node.body if isinstance(own, ast.FunctionDef) for each in ast.walk(own)}
            own = [each for each in ast.walk(node) if isinstance(each, ast.Return) and each not in inner]
            returns = [each.value for each in own if each.value is not None]
            if returns:
                last = returns[-1]
                items = last.elts if isinstance(last, (ast.Tuple, ast.List)) else [last]
                found[node.name] = tuple(item.id if isinstance(item, ast.Name) else "" for item in items)
    return found


def computing_of(tree: ast.Module) -> frozenset[str]:
    """The functions and methods of a file that do some arithmetic."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return frozenset(
        node.name
        for node in functions
        if any(isinstance(each, ast.BinOp | ast.AugAssign | ast.Compare) for each in ast.walk(node))
    )


def unpacks_of(tree: ast.Module) -> dict[str, dict[str, tuple[str, ...]]]:
    """For each function of the file, the arguments that it unpacks, and into which names."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            own = {argument.arg for argument in node.args.args}
            for each in ast.walk(node):
                if (
                    isinstance(each, ast.Assign)
                    and isinstance(each.value, ast.Name)
                    and isinstance(each.targets[0], ast.Tuple)
                ):
                    names = tuple(item.id if isinstance(item, ast.Name) else "" for item in each.targets[0].elts)
                    if each.value.id in own:
                        found.setdefault(node.name, {})[each.value.id] = names
    return found
