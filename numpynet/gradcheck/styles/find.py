"""Find what a file defines that can be checked, and how to ask it: each style is tried, and numbers choose."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpynet.gradcheck.files.host import Definition
from numpynet.gradcheck.files.process import ProcessEndedError
from numpynet.gradcheck.styles import fits, functions, layers, losses, networks, pairs, scripts, units
from numpynet.gradcheck.styles.constructors import Sizes
from numpynet.gradcheck.styles.found import Failed, Found
from numpynet.gradcheck.styles.names import BACKWARD, IGNORED, LOSS, UPDATE, matches, role_of
from numpynet.gradcheck.styles.units import Unit

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
    sizes = Sizes()
    known = {definition.name: definition for definition in definitions}
    any_found = False
    adds = re.search(ADDS, ast.unparse(tree), re.IGNORECASE) is not None
    bases = {ast.unparse(base) for node in tree.body if isinstance(node, ast.ClassDef) for base in node.bases}
    unit = units.of_functions(host, [each for each in definitions if each.name != scripts.NAME], sizes, tree)
    loop = _training_loop(unit) if scripts.NAME in known else ()
    for definition in definitions:
        if definition.methods is not None and _has_backward(definition.methods):
            host.start_clock()
            raised = ""
            try:
                found, failed = _of_class(host, definition, known, sizes, tree)
                for square in SQUARES:
                    if not found and _raised(failed):
                        found, _ = _of_class(host, definition, known, square, tree)
                        raised = _raised(failed) if found else ""
            except ProcessEndedError as error:
                found, failed = [], [Failed(definition.name, "its methods", f"it {error}")]
            own = any(each.unwritten or each.kind for each in failed) or not _leaves_it_to_others(tree, definition.name)
            if found or (_computes_gradients(definition, tree) and own):
                yield Thing(definition.name, tuple(found), tuple(failed), definition.name in bases, adds, raised)
                any_found = any_found or bool(found)
    for thing in _of_functions(unit, tree, any_found or bool(loop)):
        if thing.ways or not (loop and thing.name in scripts.called(tree)):
            yield replace(thing, adds=adds)
    yield from [Thing("the training loop", loop)] if loop else []


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


def _raised(failed: Sequence[Failed]) -> str:
    """What a function for the gradients raised, when a forward before it had run; "" if none did so."""
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


def _of_class(
    host: Any, definition: Definition, known: Any, sizes: Sizes, tree: ast.Module
) -> tuple[list[Found], list[Failed]]:
    found: list[Found] = []
    failed: list[Failed] = []
    refused: list[str] = []
    made = units.of_class(host, definition, known, sizes, tree, refused)
    for unit in made:
        has_weights = any(array.ndim == 2 for array in unit.parameters().values())
        rest = (networks.attempts, losses.of_class) if has_weights else (losses.of_class, networks.attempts)
        for style in (layers.of_class, *rest):
            for each in style(unit):
                if isinstance(each, Found):
                    found.append(each)
                else:
                    failed.append(each)
            if found:
                break
        if found:
            break
    if not found:
        for each in fits.of_class(host, definition, known, sizes):
            (found if isinstance(each, Found) else failed).append(each)  # type: ignore[arg-type]
    if not made and not found:
        tried, _, came = (refused or [f"{definition.name}: its constructor cannot be called"])[0].partition(": ")
        failed.append(Failed(definition.name, tried, came))
    return found, failed


def _of_functions(unit: Unit, tree: ast.Module, any_found: bool) -> Iterator[Thing]:
    covered: set[str] = set()
    trains = [name for name in unit.functions if {role_of(each) for each in unit.functions[name].names} >= TRAINS]
    for name in dict.fromkeys([*networks.gradient_names(unit), *trains]):
        if name in covered:
            continue
        unit.host.start_clock()
        raised = ""
        try:
            outcomes = list(_outcomes(unit, name, tree))
            for square in SQUARES:
                came = _raised([each for each in outcomes if isinstance(each, Failed)])
                if came and not any(isinstance(each, Found) for each in outcomes):
                    again = list(_outcomes(replace(unit, sizes=square), name, tree))
                    if any(isinstance(each, Found) for each in again):
                        outcomes, raised = again, came
        except ProcessEndedError as error:
            outcomes = [Failed(name, "a call", f"it {error}")]
        found = [each for each in outcomes if isinstance(each, Found)]
        failed = [each for each in outcomes if isinstance(each, Failed)]
        for each in found:
            covered |= {str(call.target.path[-1]) for call in each.question.recipe.calls}
        any_found = any_found or bool(found)
        if found or (matches(BACKWARD, name) and not (any_found and matches(UPDATE, name))):
            yield Thing(name, tuple(found), tuple(failed), raised=raised)


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
