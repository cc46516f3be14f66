"""Whole networks: from X and y to the gradients of every parameter, by methods of an object or by functions.

The parameters are arrays of the object or of the file, or arguments. The calls that are tried are a forward, a loss and
the function that makes the gradients or the update; those that run, and whose numbers fit best, are what is judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.files.host import Call, Part, Ref
from numpynet.gradcheck.styles.bind import PAIRS, Available, N, Parameters, X, Y, bind, takes_pairs
from numpynet.gradcheck.styles.conventions import FORMS, ONE_EXAMPLE, targets
from numpynet.gradcheck.styles.found import Failed, Found
from numpynet.gradcheck.styles.layers import forward_names
from numpynet.gradcheck.styles.names import BACKWARD, IGNORED, LOSS, UPDATE, bare, matches, role_of
from numpynet.gradcheck.styles.recipe import Recipe
from numpynet.gradcheck.styles.runs import Try, run
from numpynet.gradcheck.styles.units import Unit, sizes_for, without_examples

Options = Callable[[Sequence[str]], Iterable[Parameters | None]]  # what to pass for the parameters of functions


def gradient_names(unit: Unit) -> list[str]:
    """The functions that may make gradients, or update: the explicit ones first."""
    return gradient_names_among(list(unit.functions))


def gradient_names_among(names: Sequence[str]) -> list[str]:
    names = [name for name in names if matches(f"{BACKWARD}|{UPDATE}|{LOSS}", name) and not matches(IGNORED, name)]
    order = [BACKWARD, LOSS, UPDATE]
    return sorted(names, key=lambda name: next(i for i, pattern in enumerate(order) if matches(pattern, name)))


def attempts(unit: Unit, options: Options = lambda names: [None], last: str = "") -> Iterator[Found | Failed]:
    """The best way to ask the network, or what was tried. last: the function that makes the gradients, if not any."""
    failed: list[Failed] = []
    tries: list[Try] = []
    for names in _sequences(unit):
        if last and names[-1] != last and not (last in names and matches(BACKWARD, last)):
            continue
        for parameters in options(names):
            for outcome in itertools.islice(_attempt(unit, parameters, names), 60):
                if isinstance(outcome, Failed):
                    failed.append(outcome)
                else:
                    tries.append(outcome)
            if any(each.score >= 4 for each in tries):
                break
        if any(each.score >= 4 for each in tries):
            break
    if tries:
        yield max(tries, key=lambda each: each.score).found
    else:
        yield from sorted(failed, key=lambda each: (not each.unwritten, not each.backward))[:6]


def _sequences(unit: Unit) -> Iterator[tuple[str, ...]]:
    """The functions to call in order: a forward, a loss, and the one that makes the gradients; the shortest first."""
    forward = forward_names(unit)[:3]
    losses = [
        name for name in unit.functions if matches(LOSS, name) and not matches(f"{IGNORED}|{BACKWARD}|{UPDATE}", name)
    ][:2]
    for last in gradient_names(unit)[:6]:
        others = [name for name in losses if name != last]
        first = [name for name in forward if name != last]
        yield from [(last,), *((name, last) for name in first), *((loss, last) for loss in others)]
        yield from [(name, loss, last) for name in first for loss in others]
        updates = [
            name
            for name in unit.functions
            if matches(UPDATE, name) and not matches(f"{IGNORED}|{BACKWARD}", name) and name != last
        ][:2]
        if matches(BACKWARD, last):
            yield from [(name, last, update) for name in first for update in updates]
            yield from [(last, update) for update in updates]


def _attempt(unit: Unit, parameters: Parameters | None, names: tuple[str, ...]) -> Iterator[Try | Failed]:
    for calls in itertools.islice(_calls(unit, parameters, names), 6):
        recipe = Recipe(unit.host, unit.ref if parameters is None else parameters.ref, calls)
        arrays = dict(parameters.arrays) if parameters else unit.parameters()
        stored = _stored(unit)
        arrays = {path: array for path, array in arrays.items() if path not in stored.values()}
        arrays = without_examples(arrays, unit.sizes.n) if stored else arrays
        stored |= _strength(unit)
        recipe = replace(recipe, templates=arrays, stored=stored, fresh=recipe.target not in (None, Ref(0)))
        if not recipe.uses("y") or not recipe.uses("X") or (parameters and not recipe.last_depends_on(arrays)):
            continue
        alone = ("column",) if parameters and parameters.form == "columns" else ()
        forms = FORMS if parameters is None or not parameters.form else (parameters.form, *alone)
        for sizes, form in itertools.product(sizes_for(unit.sizes, arrays), forms):
            data, labels = sizes.data()
            rows = data[:1] if form in ONE_EXAMPLE else data
            found = False
            failures: list[str] = []
            for y, kind in _targets(labels[: len(rows)], sizes.outputs, form):
                outcome = run(replace(unit, sizes=sizes), replace(recipe, form=form, target_kind=kind), rows, y, names)
                yield outcome
                found = found or isinstance(outcome, Try)
                failures += [outcome.came] if isinstance(outcome, Failed) else [""]
                if len(failures) == 3 and failures[0] and len(set(failures)) == 1:
                    break  # it is not the targets
            if found:
                break


def _strength(unit: Unit) -> dict[str, Any]:
    """The attribute that holds the strength of weight decay."""
    paths = [path for path, value in unit.seen.items() if np.ndim(value) == 0 and role_of(str(path[-1])) == "reg"]
    return {"reg": paths[0]} if unit.ref.number and len(paths) == 1 else {}


def _stored(unit: Unit) -> dict[str, Any]:
    """The attributes that hold the X and y that an object was made with."""
    X, labels = unit.sizes.data()
    found: dict[str, Any] = {}
    if "an array" not in unit.built:
        return found
    for path, value in unit.seen.items():
        if np.array_equal(value, X) and "X" not in found:
            found["X"] = path
        elif (
            isinstance(value, np.ndarray)
            and value.ndim
            and len(value) == len(labels)
            and value.dtype.kind in "fi"
            and role_of(str(path[-1])) == "y"
        ):
            found["y"] = path
    return found


def _targets(labels: Array, classes: int, form: str) -> Iterator[tuple[Array, str]]:
    """Targets that may be what is wanted, in the formulas' form, and how to write them."""
    rng = np.random.default_rng(11)
    for kind, _ in targets(labels, classes, form):
        yield labels, kind
    for width in (classes, 1):
        numbers = rng.uniform(0.1, 0.9, size=(len(labels), width))
        for kind, _ in targets(numbers, classes, form):
            yield numbers, kind


def _calls(unit: Unit, parameters: Parameters | None, names: Sequence[str]) -> Iterator[tuple[Call, ...]]:
    """The calls of these functions, each with what is there by then."""
    if not names:
        yield ()
        return
    for before in _calls(unit, parameters, names[:-1]):
        named: dict[str, Any] = dict(parameters.named) if parameters else {}
        firsts: list[Any] = []
        others: list[Any] = []
        for step, name in enumerate(names[:-1]):
            results = unit.results.get(name, ())
            several = len(results) > 1
            named |= {each: Part(step, (i,) if several else ()) for i, each in enumerate(results) if each}
            firsts.append(Part(step, (0,) if several else ()))
            others += [Part(step, (i,)) for i in range(len(results) - 1, 0, -1)]
        signature = unit.functions[names[-1]]
        roles: dict[str, Sequence[Any]] = {"X": [X], "y": [Y], "n": [N]}
        if takes_pairs(signature):
            roles["batch"] = [PAIRS]
        if firsts:
            wholes = [Part(step) for step in range(len(names) - 1)]
            caches = [*others, *wholes]
            roles |= {"P": [*firsts, *others], "cache": caches, "G": caches}
        if parameters is not None and parameters.whole is not None:
            roles["params"] = [parameters.whole]
        named = {name: value for name, value in named.items() if role_of(name) not in ("X", "y") or bare(name) == "z"}
        for call in bind(
            unit.function(names[-1]), signature, Available(roles, named, ("X", "y") if not before else ("cache",))
        ):
            yield (*before, call)
