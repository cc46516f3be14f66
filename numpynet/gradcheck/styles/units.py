"""What a file defines, ready to be called: an instance of each class, and the functions of the file together."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.files.host import Call, Definition, Look, Outcome, Path, Ref, Signature
from numpynet.gradcheck.styles.conventions import assign
from numpynet.gradcheck.styles.names import bare, kind_of_parameter, matches, role_of, size_role

ACTIVATION = r"act|func|nonlin|sigma_?f|^fn$|^name$"


@dataclass(frozen=True)
class Sizes:
    """The numbers of inputs, hidden units, outputs and examples that are tried, and random data of these sizes."""

    inputs: int = 4
    hidden: int = 6
    outputs: int = 3
    n: int = 5

    def data(self) -> tuple[Array, Array]:
        rng = np.random.default_rng(3)
        return rng.normal(size=(self.n, self.inputs)), rng.integers(0, self.outputs, self.n)


@dataclass(frozen=True)
class Unit:
    """Something with functions and perhaps arrays: an instance of a class, or the file itself.

    built: how an instance was made, in words. results: the names of what each function returns, where they are known.
    unpacks: the names into which a function unpacks an argument, as in `A, W, b = cache`. computing: the functions
    that do some arithmetic, unlike those of an unfilled template.
    """

    name: str
    host: Any
    ref: Ref
    functions: Mapping[str, Signature]
    seen: Mapping[Path, Any] = field(default_factory=dict)
    built: str = ""
    results: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sizes: Sizes = Sizes()
    unpacks: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    computing: frozenset[str] = frozenset()

    def function(self, name: str) -> Ref:
        return Ref(self.ref.number, (*self.ref.path, f".{name}" if self.ref.number else name))

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
    for inputs in dims:
        for _, layers in itertools.islice(assign(arrays, inputs), 4):
            each = replace(sizes, inputs=inputs, outputs=layers[-1].outputs)
            found += [each] if each not in found else []
    return found[:4] or [sizes]


def of_class(
    host: Any,
    definition: Definition,
    known: Mapping[str, Definition],
    sizes: Sizes,
    tree: ast.Module,
    refused: list[str],
) -> list[Unit]:
    """Instances of a class, each made in another way; [] if none can be made. refused: gets what was tried in vain."""
    units: list[Unit] = []
    if definition.signature is None:
        return units
    for arguments in itertools.islice(arguments_of(definition.signature, known, sizes), 24):
        call = Call(Ref(0, (definition.name,)), (), arguments, keep=True)
        made = host.run([call])[-1]
        shown = ", ".join(f"{name}={_show(value)}" for name, value in arguments.items())
        if made.raised:
            refused.append(f"{definition.name}({shown}): {made.raised}")
            continue
        looked = host.run([Look(Ref(made.kept))])[-1]
        unit = Unit(
            definition.name, host, Ref(made.kept), definition.methods or {}, _once(looked),
            f"{definition.name}({shown})", results_of(tree, definition.name), sizes, computing=computing_of(tree),
        )  # fmt: skip
        shapes = sorted(str(np.shape(array)) for array in unit.parameters().values())
        if all(
            sorted(str(np.shape(array)) for array in other.parameters().values()) != shapes
            or other.built.count('"') != unit.built.count('"')
            or '"' in unit.built
            for other in units
        ):
            units.append(unit)
        if len(units) >= 4:
            break
    return units


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


def arguments_of(signature: Signature, known: Mapping[str, Definition], sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Values for the arguments of a constructor, the likeliest first."""
    names = [name for name in signature.names if name in signature.required or _is_worth_setting(name, signature)]
    choices = [_values(name, known, sizes, name in signature.required) for name in names]
    unknown = [i for i, values in enumerate(choices) if not values]
    options: dict[int, list[tuple[Any, ...]]] = {
        0: [()],
        1: [(sizes.outputs,), ([sizes.inputs, sizes.hidden, sizes.outputs],), (sizes.inputs,), (0.5,)],
        2: [(sizes.inputs, sizes.outputs)],
        3: [(sizes.inputs, sizes.hidden, sizes.outputs)],
        4: [(sizes.inputs, sizes.hidden, sizes.outputs, 0.1)],
    }
    guesses = options.get(len(unknown), [(0.5,) * len(unknown)])
    for guess in guesses:
        filled = list(choices)
        for i, value in zip(unknown, guess, strict=True):
            filled[i] = [value]
        for values in itertools.product(*filled):
            yield dict(zip(names, values, strict=True))


def _is_worth_setting(name: str, signature: Signature) -> bool:
    """Whether an argument with a default is set: sizes without a default of their own, activations, learning rates."""
    default = signature.defaults.get(name)
    if size_role(name) and not kind_of_parameter(name):
        return (isinstance(default, (int, float)) and not isinstance(default, bool) and default > 1) or (
            default is None and size_role(name) in ("in", "list")
        )
    return role_of(name) in ("lr", "epochs") and not isinstance(default, bool)


def _values(name: str, known: Mapping[str, Definition], sizes: Sizes, required: bool) -> list[Any]:
    rng = np.random.default_rng(0)
    three = [sizes.inputs, sizes.hidden, sizes.outputs]
    short, role, kind = bare(name), role_of(name), kind_of_parameter(name)
    if required and (matches(ACTIVATION, name) or re.fullmatch("f|g|f_?prime|df", name.lower())):
        return _activations(name, known)
    if role in ("lr", "reg", "epochs", "batch"):
        return [{"lr": 0.05, "reg": 0.0, "epochs": 1, "batch": 1000}[role]]
    if short in ("rng", "generator", "randomstate") or short == "seed":
        return [rng if short in ("rng", "generator") else 0]
    if short in ("verbose", "debug", "bias", "usebias"):
        return [short in ("bias", "usebias")]
    if short in (
        "p",
        "prob",
        "keepprob",
        "dropout",
        "dropoutrate",
        "sigma",
        "std",
        "scale",
        "eps",
        "epsilon",
        "momentum",
        "slope",
        "weightscale",
        "weightinitstd",
        "std",
    ):
        return [0.5]
    if kind in ("W", "b") and "std" not in short and "init" not in short and required:
        return [rng.normal(size=(sizes.inputs, sizes.outputs) if kind == "W" else sizes.outputs)]
    size = size_role(name)
    if size in ("list", "hidden_list"):
        found: list[Any] = [three if size == "list" else [sizes.hidden]]
        if size == "list":
            found += [sizes.outputs, sizes.hidden] if short in ("units", "nodes", "neurons", "shape") else []
            found += [(sizes.inputs, sizes.outputs)] if short == "shape" else []
        return found
    data: list[Any] = []
    role = "y" if role == "P" and "output" in short and not size else role
    if role in ("X", "y") and required:
        X, y = sizes.data()
        onehot = np.eye(sizes.outputs)[y]
        data = [X] if role == "X" else [onehot, y, onehot[:, :1]]
    if size and short.endswith("shape"):
        data = [(sizes.inputs,), (sizes.inputs, sizes.n)]
    return [{"in": sizes.inputs, "hidden": sizes.hidden, "out": sizes.outputs}[size], *data] if size else data


def tanh_slope(Z: Array) -> Array:
    """The derivative of tanh, for classes that are made from a function and its derivative."""
    return np.asarray(1 - np.tanh(Z) ** 2)


def _activations(name: str, known: Mapping[str, Definition]) -> list[Any]:
    """What to pass for an activation or its derivative: a name, or functions, the file's own first."""
    slope = matches(r"prime|deriv|grad|^d_|^df$|_d$|slope", name)
    own = [each for each in known if known[each].methods is None and matches(r"tanh|sigm|relu|logistic", each)]
    slopes = [each for each in own if matches(r"prime|deriv|grad|^d_?(?=[tsr])|_d$|slope|back", each)]
    values = [each for each in own if each not in slopes]
    pair = next(((f, d) for d in slopes for f in values if f.lower() in d.lower()), None)
    if slope:
        return [Ref(0, (pair[1],)) if pair else tanh_slope]
    function: list[Any] = [Ref(0, (pair[0],))] if pair else [np.tanh]
    return ["relu", "sigmoid", "tanh", *function] if not re.fullmatch("f|g", name.lower()) else function


def results_of(tree: ast.Module, owner: str) -> dict[str, tuple[str, ...]]:
    """For each function of the file (or method of a class) that ends in `return a, b, c`: these names."""
    body: list[ast.stmt] = list(tree.body)
    if owner:
        body = [
            each for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner for each in node.body
        ]
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            returns = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None]
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
