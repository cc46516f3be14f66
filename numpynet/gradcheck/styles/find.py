"""Find what a file defines that can be checked, and how to ask it: each style is tried, and numbers choose."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from numpynet.gradcheck.files.host import Definition
from numpynet.gradcheck.files.process import ProcessEndedError
from numpynet.gradcheck.styles import closures, fits, functions, layers, losses, networks, pairs, scripts, units
from numpynet.gradcheck.styles.bind import takes_pairs
from numpynet.gradcheck.styles.closures import made_in
from numpynet.gradcheck.styles.constructors import Sizes
from numpynet.gradcheck.styles.found import Failed, Found
from numpynet.gradcheck.styles.names import BACKWARD, IGNORED, LOSS, UPDATE, matches, role_of
from numpynet.gradcheck.styles.units import Unit
from numpynet.gradcheck.styles.unseen import unseen

Outcomes = Callable[[Sizes], Iterator[Found | Failed]]
ADDS = r"\+= *[^\n]*(lr|rate|alpha|eta\b|delta|grad|\bd_?[wb])|\+ *(self\.)?(lr|learning_rate|alpha|eta) *\*"


@dataclass(frozen=True)
class Thing:
    """A class or a function: the ways in which it can be asked, the likeliest first, or what was tried in vain."""

    name: str
    ways: tuple[Found, ...]
    tried: tuple[Failed, ...] = ()
    base: bool = False  # other classes of the file are made from it
    adds: bool = False  # the file adds its gradients to the parameters
    raised: str = ""  # what it raised unless all layers were equally wide

    def called(self) -> set[str]:
        """The functions of the file that the ways call."""
        recipes = [way.question.recipe for way in self.ways if hasattr(way.question, "recipe")]
        paths = [getattr(call.target, "path", ()) for recipe in recipes for call in recipe.calls]
        return {str(path[-1]).removeprefix(".") for path in paths if path}


def things(host: Any, definitions: Sequence[Definition], tree: ast.Module) -> Iterator[Thing]:
    """Everything in the file that computes gradients."""
    known = {definition.name: definition for definition in definitions if definition.name != scripts.NAME}
    unit = units.of_functions(host, definitions, Sizes(), tree)
    loop = _training_loop(unit) if scripts.NAME in unit.functions else ()
    adds = re.search(ADDS, ast.unparse(tree), re.IGNORECASE) is not None
    told = ["the training loop", *scripts.called(tree)] if loop else []
    silent: dict[str, Thing] = {}
    functions = {name: each for name, each in unit.functions.items() if name in known and not made_in(tree, name)}
    found = bool(loop)
    for thing in _of_definitions(unit, known, tree):
        yield replace(thing, adds=adds)
        told += [thing.name, *thing.called()]
        found = found or bool(thing.ways)
    for thing in _of_functions(replace(unit, functions=functions), tree):
        found = found or bool(thing.ways)
        named = matches(BACKWARD, thing.name) and not (found and matches(UPDATE, thing.name)) and thing.name not in told
        if thing.ways or named:
            yield replace(thing, adds=adds)
            told += [thing.name, *thing.called()]
        silent[thing.name] = thing
    yield from [Thing("the training loop", loop)] if loop else []
    yield from (silent[name] for name in unseen(tree, told) if name in silent)


def computed_losses(host: Any, definitions: Sequence[Definition], tree: ast.Module) -> set[tuple[str, str]]:
    """The known losses that functions of the file compute, by kind and in words; none if it cannot be found out."""
    host.start_clock()
    try:
        return losses.recognised(units.of_functions(host, definitions, Sizes(), tree))
    except ProcessEndedError:
        return set()


def _of_definitions(unit: Unit, known: Mapping[str, Definition], tree: ast.Module) -> Iterator[Thing]:
    """The classes of the file, and the functions that return functions."""
    bases = {ast.unparse(base) for node in tree.body if isinstance(node, ast.ClassDef) for base in node.bases}
    for name, definition in known.items():
        if _has_backward(definition.methods or made_in(tree, name)):
            found, failed, raised = _tried(unit.host, name, partial(_of_definition, unit, definition, known, tree))
            own = any(each.unwritten or each.kind for each in failed) or not _leaves_it_to_others(tree, name)
            if found or (own and (definition.methods is None or _computes_gradients(definition, tree))):
                yield Thing(name, found, failed, name in bases, raised=raised)
            for method in [each for each, own in (definition.methods or {}).items() if found and takes_pairs(own)]:
                again = partial(_of_method, unit, definition, known, tree, method)
                yield Thing(f"{name}.{method}", *_tried(unit.host, f"{name}.{method}", again)[:2])


def _tried(host: Any, name: str, outcomes: Outcomes) -> tuple[tuple[Found, ...], tuple[Failed, ...], str]:
    """The ways that were found, what was tried in vain, and what was raised unless all layers are equally wide."""
    host.start_clock()
    try:
        came = list(outcomes(Sizes()))
        raised = _raised(came)
        for square in SQUARES if raised and not any(isinstance(each, Found) for each in came) else ():
            again = list(outcomes(square))
            if any(isinstance(each, Found) for each in again):
                return tuple(each for each in again if isinstance(each, Found)), (), raised
    except ProcessEndedError as error:
        came = [Failed(name, "a call", f"it {error}")]
    found = tuple(each for each in came if isinstance(each, Found))
    return found, tuple(each for each in came if isinstance(each, Failed)), ""


def _training_loop(unit: Unit) -> tuple[Found, ...]:
    """The ways to run the script's own loop. It comes first: if it hangs, no objects are there yet to be lost."""
    unit.host.start_clock(LOOP_SECONDS)
    try:
        return tuple(each for each in fits.of_script(unit) if isinstance(each, Found))
    except ProcessEndedError:
        return ()


LOOP_SECONDS = 10  # for a script's data and loop; what takes longer is left out
TRAINS = {"X", "y", "epochs"}  # the arguments of a function that trains
SQUARES = (Sizes(6, 6, 6), Sizes(6, 6, 6, 6))  # a product without any transpose fits only in the second


def _raised(outcomes: Sequence[Found | Failed]) -> str:
    """What a function for the gradients raised, when a forward before it had run; "" if none did so."""
    failed = (each for each in outcomes if isinstance(each, Failed))
    return next((each.came for each in failed if each.backward and "Error" in each.came), "")


def _has_backward(methods: Any) -> bool:
    return any(
        matches(BACKWARD, name) or networks.gradient_names_among([name])
        for name in methods
        if not matches(IGNORED, name)
    )


def _computes_gradients(definition: Definition, tree: ast.Module) -> bool:
    """Whether a class that cannot be asked is worth a word: it has a backward, or is trained on X and y."""
    methods = definition.methods or {}
    names = [name for name in methods if not matches(IGNORED, name)]
    trained = any({"X", "y"} <= {role_of(each) for each in methods[name].names} for name in names)
    node = next((each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == definition.name), None)
    descends = node is not None and matches(r"grad|deriv|delta|learning|\blr\b|\beta\b|backprop", ast.unparse(node))
    return any(matches(BACKWARD, name) for name in names) or (trained and descends)


def _leaves_it_to_others(tree: ast.Module, name: str) -> bool:
    """Whether a class only calls others and holds no matrix product: layers and functions are checked by themselves."""
    node = next((each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == name), None)
    if node is None or re.search(r" @ |dot\(|matmul|einsum|outer|tensordot", ast.unparse(node)):
        return False
    called = [ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)]
    return any(not each.startswith(("np.", "print", "super")) for each in called)


def _of_definition(
    functions: Unit, definition: Definition, known: Mapping[str, Definition], tree: ast.Module, sizes: Sizes
) -> Iterator[Found | Failed]:
    name, host = definition.name, functions.host
    refused: list[str] = []
    made = (closures.units if definition.methods is None else units.of_class)(
        host, definition, known, sizes, tree, refused
    )
    if sizes != Sizes():  # whether arrays that were passed belong together is not known then
        made = [unit for unit in made if "an array" not in unit.built]
    styles = [partial(style, unit) for unit in made for style in _styles(unit)]
    if definition.methods is None:
        styles.insert(0, partial(closures.attempts, replace(functions, sizes=sizes), name, tree))
    else:
        styles.append(partial(fits.of_class, host, definition, known, sizes))
    for attempts in styles:
        found = False
        for each in attempts():
            yield each
            found = found or isinstance(each, Found)
        if found:
            return
    if not made:
        tried, _, came = (refused or [f"{name}: it cannot be called"])[0].partition(": ")
        yield Failed(name, tried, came)


def _of_method(
    functions: Unit,
    definition: Definition,
    known: Mapping[str, Definition],
    tree: ast.Module,
    method: str,
    sizes: Sizes,
) -> Iterator[Found | Failed]:
    """The ways to ask one method of a class: another of it makes the gradients, and this one sums them."""
    for unit in units.of_class(functions.host, definition, known, sizes, tree, [])[:2]:
        yield from (replace(each, name=f"{unit.name}.{method}") for each in networks.attempts(unit, last=method))


def _styles(unit: Unit) -> tuple[Callable[[Unit], Iterator[Found | Failed]], ...]:
    """What an object may be, the likeliest first."""
    has_weights = any(array.ndim == 2 for array in unit.parameters().values())
    rest = (networks.attempts, losses.of_class) if has_weights else (losses.of_class, networks.attempts)
    return (layers.of_class, *rest)


def _of_functions(unit: Unit, tree: ast.Module) -> Iterator[Thing]:
    covered: set[str] = set()
    trains = [name for name in unit.functions if {role_of(each) for each in unit.functions[name].names} >= TRAINS]
    for name in dict.fromkeys([*networks.gradient_names(unit), *trains]):
        if name not in covered:
            found, failed, raised = _tried(unit.host, name, partial(_at_sizes, unit, name, tree))
            covered |= Thing(name, found).called()
            yield Thing(name, found, failed, raised=raised)


def _at_sizes(unit: Unit, name: str, tree: ast.Module, sizes: Sizes) -> Iterator[Found | Failed]:
    return _outcomes(replace(unit, sizes=sizes), name, tree)


def _outcomes(unit: Unit, name: str, tree: ast.Module) -> Iterator[Found | Failed]:
    signature = unit.functions[name]
    roles = {role_of(each) for each in signature.names}
    if (
        matches(BACKWARD, name)
        and not matches(LOSS, name)
        and not {"y"} & {role_of(each) for each in signature.names if each.lower() != "y"}
    ):
        found = False
        for each in pairs.of_functions(unit, name, tree):
            yield each
            found = found or isinstance(each, Found)
        if found:
            return
    if (losses.is_loss(unit, name) and "X" not in roles - {"y"}) or matches(LOSS, name):
        found = False
        values, derivatives = _loss_pair(unit, name)
        for each in losses.attempts(unit, values, derivatives) if values else losses.without_value(unit, name):
            yield each
            found = found or isinstance(each, Found)
        if found:
            return
    found = False
    for each in networks.attempts(unit, lambda names: [*functions.options(unit, names, tree), None], name):
        yield each
        found = found or isinstance(each, Found)
    if not found:
        yield from fits.of_function(unit, name)


def _loss_pair(unit: Unit, name: str) -> tuple[list[str], list[str]]:
    """The loss, and the function that gives its gradient, as far as they are two."""
    candidates = [
        each
        for each in unit.functions
        if losses.is_loss(unit, each) and not matches(BACKWARD, each) and not matches(IGNORED, each)
    ]
    if not matches(BACKWARD, name):
        return [name], []
    own = pairs.stem(name)
    same = [
        each
        for each in candidates
        if pairs.stem(each) in (own, own.removeprefix("d")) or own.startswith(pairs.stem(each))
    ]
    return (same or candidates)[:3], [name]
