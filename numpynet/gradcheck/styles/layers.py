"""Layers: a forward that takes X, and a backward that takes the gradient of its output; classes and functions."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import ACTIVATIONS, Point
from numpynet.gradcheck.files.host import Part
from numpynet.gradcheck.numeric import central_differences
from numpynet.gradcheck.styles.bind import RATE, Available, G, Parameters, X, bind
from numpynet.gradcheck.styles.conventions import FORMS, ONE_EXAMPLE, Slot, assign, from_form, to_form
from numpynet.gradcheck.styles.functions import options
from numpynet.gradcheck.styles.known import Network, logits, recognise, rename, same
from numpynet.gradcheck.styles.locate import locate
from numpynet.gradcheck.styles.names import BACKWARD, FORWARD, IGNORED, LOSS, kind_of_parameter, matches, role_of
from numpynet.gradcheck.styles.recipe import Asked, Given, Key, Recipe, Record
from numpynet.gradcheck.styles.units import Unit, may_be_parameter, sizes_for


@dataclass(frozen=True)
class Found:
    """Something that can be judged: the question, the network if it is a known one, and a point to begin with."""

    name: str
    question: Any  # an Asked, or something else that answers as a Question does
    network: Network | None
    kind: str
    given: Point
    notes: tuple[str, ...] = ()
    pinned: bool = True  # the loss is the code's own, or the gradients of the last layer show which it is


@dataclass(frozen=True)
class Failed:
    """Something that was tried in vain: how, and what came."""

    name: str
    tried: str
    came: str
    unwritten: bool = False
    backward: bool = False  # it came in the function that makes the gradients


RANDOM = "it gives other numbers each time: it draws them at random, or counts its calls"


def is_unwritten(record: Record, unit: Unit, name: str) -> bool:
    """Whether a function does nothing yet: it says so, or computes nothing and returns None or zeros."""
    if record.raised:
        return record.raised.startswith("NotImplementedError")
    if name in unit.computing:
        return False
    last = len(record.outcomes) - 1
    value = record.outcomes[last].value
    arrays = [array for key, array in record.seen.items() if key[:2] == ("value", last)]
    changed = any(
        key[0] == "argument" or (key[0] == "state" and key[1:] in record.put and not _equal(array, record.put[key[1:]]))
        for key, array in record.seen.items()
    )
    return not changed and not any(np.any(array) for array in arrays) and (value is None or bool(arrays))


def forward_names(unit: Unit) -> list[str]:
    names = [
        name for name in unit.functions if matches(FORWARD, name) and not matches(f"{IGNORED}|{BACKWARD}|{LOSS}", name)
    ]
    order = ["forward", "__call__", "predict"]
    return sorted(
        names,
        key=lambda name: (
            next((i for i, each in enumerate(order) if each in name.lower()), 9) if name != "forward" else -1
        ),
    )


def backward_names(unit: Unit) -> list[str]:
    names = [name for name in unit.functions if matches(BACKWARD, name) and not matches(IGNORED, name)]
    return sorted(names, key=lambda name: not matches("backward|backprop|bprop", name))


def of_class(unit: Unit) -> Iterator[Found | Failed]:
    """The ways in which an instance answers as a layer."""
    for forward, backward in itertools.product(forward_names(unit)[:3], backward_names(unit)[:3]):
        given = any(kind_of_parameter(name) for name in unit.functions[forward].names)
        for parameters in itertools.islice(options(unit, [forward], ast.Module([], [])), 16) if given else [None]:
            found = False
            for each in attempts(unit, forward, backward, parameters):
                yield each
                found = found or isinstance(each, Found)
            if found:
                break


def attempts(unit: Unit, forward: str, backward: str, parameters: Parameters | None = None) -> Iterator[Found | Failed]:
    """Try one function as forward and another as its backward, in every form of X."""
    named = dict(parameters.named) if parameters else {}
    available = Available(
        {"X": [X], "params": [parameters.whole] if parameters and parameters.whole else []}, named, ["X"]
    )
    target = unit.ref if parameters is None and unit.ref.number else None
    arrays = parameters.arrays if parameters else unit.parameters()
    forms = FORMS if parameters is None or not parameters.form else (parameters.form,)
    for call in itertools.islice(bind(unit.function(forward), unit.functions[forward], available), 2):
        for sizes, form in itertools.product(sizes_for(unit.sizes, arrays), forms):
            data, _ = sizes.data()
            rows = data[:1] if form in ONE_EXAMPLE else data
            recipe = Recipe(unit.host, target, (call,), arrays, form)
            if not recipe.uses("X"):
                continue
            record = recipe.play(recipe.templates, to_form(rows, form))
            if record.raised:
                shown = f"{forward}(X) with X {to_form(rows, form).shape}"
                yield Failed(
                    unit.name or backward,
                    shown,
                    f"{record.raised} {record.place}".strip(),
                    is_unwritten(record, unit, forward),
                )
                continue
            done = False
            for each in _with_backward(unit, recipe, record, rows, backward, named):
                yield each
                done = done or isinstance(each, Found) or each.came == RANDOM
            if done:
                return


def _with_backward(
    unit: Unit, recipe: Recipe, record: Record, rows: Array, backward: str, named: Mapping[str, Any]
) -> Iterator[Found | Failed]:
    who = unit.name or backward
    recipe = _with_lazy_parameters(recipe, record, rows)
    rng = np.random.default_rng(5)
    params = {path: rng.normal(size=np.shape(array)) for path, array in recipe.templates.items()}
    record = recipe.play(params, to_form(rows, recipe.form))
    if record.raised:
        yield Failed(who, "forward with random parameters", record.raised)
        return
    again = [recipe.play(params, to_form(rows, recipe.form)) for _ in range(3)]
    if any(
        each.raised or any(not _equal(each.seen.get(key), array) for key, array in record.seen.items())
        for each in again
    ):
        yield Failed(who, "forward, several times with the same X", RANDOM)
        return
    moving, network, output = understand(recipe, record, params, rows)
    if output is None:
        yield Failed(
            who,
            f"forward with X {to_form(rows, recipe.form).shape}",
            "no output with a row for each example was found",
            is_unwritten(record, unit, str(recipe.calls[0].target.path[-1]).lstrip(".")) and not _any_state(record),
        )
        return
    recipe = replace(recipe, slots=network.slots if network else loose_slots(moving, params))
    Y = from_form(record.seen[output], recipe.form, len(rows))
    if Y is None:
        return
    value = record.outcomes[0].value
    caches: list[Any] = [Part(0, (i,)) for i in range(1, len(value))] if isinstance(value, tuple) else []
    outs: list[Any] = [Part(0, output[2:])] if output[0] == "value" else []
    names = unit.results.get(str(recipe.calls[0].target.path[-1]).lstrip("."), ())
    named = {**named, **{name: Part(0, (i,) if len(names) > 1 else ()) for i, name in enumerate(names) if name}}
    yield from _backwards(unit, recipe, record, output, network, rows, Y, backward, caches, outs, named)


def without_forward(
    unit: Unit, backward: str, network: Network, parameters: Parameters | None
) -> Iterator[Found | Failed]:
    """A backward whose forward is not in the file, but is known."""
    data, _ = unit.sizes.data()
    for form in FORMS[:2] if parameters is None or not parameters.form else (parameters.form,):
        arrays = dict(parameters.arrays) if parameters else {}
        found = next(assign(arrays, data.shape[1]), None) if arrays else ([], [])
        if found is None:
            continue
        own = Network(tuple(found[0]), tuple(found[1]), network.activations)
        own = rename(own, {slot.name: str(slot.path[-1]) for slot in own.slots})
        recipe = Recipe(unit.host, None, (), arrays, form, slots=own.slots)
        rng = np.random.default_rng(5)
        params = {slot.name: rng.normal(size=slot.positions.shape) for slot in own.slots}
        Y = model_of(own)(params, data)
        named = dict(parameters.named) if parameters else {}
        yield from _backwards(unit, recipe, Record(), None, own, data, Y, backward, [], [Given(("out",))], named)


def model_of(network: Network) -> Any:
    """The output of a known layer."""
    if network.layers:
        return lambda params, X: logits(network, params, X)
    return lambda params, X: ACTIVATIONS[network.activations[0]](X)


def _backwards(
    unit: Unit, recipe: Recipe, record: Record, output: Key | None, network: Network | None, rows: Array, Y: Array,
    backward: str, caches: Sequence[Any], outs: Sequence[Any], named: Mapping[str, Any],
) -> Iterator[Found | Failed]:  # fmt: skip
    signature = unit.functions[backward]
    unpacked = [tuple_of(unit, names, X, outs, named) for names in unit.unpacks.get(backward, {}).values()]
    opaque = [*caches, *(each for each in unpacked if each is not None and not caches), *([] if caches else [X, *outs])]
    named = {name: value for name, value in named.items() if role_of(name) != "G"}
    roles: dict[str, Sequence[Any]] = {"G": [G], "X": [X], "P": outs, "cache": opaque, "": caches}
    spare = ["G", "cache"]
    if len(signature.required) == 1 and not matches(
        "back", backward
    ):  # a derivative alone, of the input or of the output
        same = bool(unit.name) and signature.required[0] in _names_of_forward(unit, recipe)
        roles |= {"X": [X] if same else [X, *outs], "P": [X] if same else [*outs, X]}
        spare = ["X" if same else "cache"]
    elementwise = network is not None or (
        output is not None and not recipe.templates and _is_elementwise(recipe, record, output, rows)
    )
    any_call = False
    for call in bind(unit.function(backward), signature, Available(roles, named, spare=spare)):
        full = replace(recipe, calls=(*recipe.calls, call))
        derivative = not full.uses("G") and not recipe.slots and elementwise
        if full.uses("G") or derivative:
            any_call = True
            yield _locate(unit, full, record, output, network, rows, Y, backward, derivative)
    if not any_call:
        yield Failed(
            unit.name or backward,
            f"{backward}({', '.join(signature.required)})",
            "it is not clear what to pass for its arguments",
        )


def _names_of_forward(unit: Unit, recipe: Recipe) -> tuple[str, ...]:
    """The names of the arguments of the function that was called first."""
    if not recipe.calls:
        return ()
    return unit.functions[str(recipe.calls[0].target.path[-1]).lstrip(".")].names


def _is_elementwise(recipe: Recipe, record: Record, output: Key, rows: Array) -> bool:
    """Whether each entry of the output depends on the same entry of the input alone."""
    before = from_form(record.seen[output], recipe.form, len(rows))
    moved = rows.copy()
    moved[0, 0] += 0.1
    after = recipe.play({}, to_form(moved, recipe.form))
    changed = from_form(after.seen.get(output, np.nan), recipe.form, len(rows))
    if before is None or changed is None or before.shape != rows.shape != changed.shape:
        return False
    different = before != changed
    return bool(different[0, 0] and different.sum() == 1)


def tuple_of(unit: Unit, names: Sequence[str], x: Any, outs: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """A cache with these contents, as far as their names say what they are; None if one does not."""
    values = []
    for name in names:
        role = role_of(name)
        value = named.get(name) or (x if role == "X" else None) or (outs[0] if outs and role in ("P", "y") else None)
        if value is None:
            return None
        values.append(value)
    return tuple(values)


def _with_lazy_parameters(recipe: Recipe, record: Record, rows: Array) -> Recipe:
    """The recipe with the parameters that the first forward made."""
    if recipe.target is None or recipe.templates:
        return recipe
    made = {
        key[1:]: np.asarray(array)
        for key, array in record.seen.items()
        if key[0] == "state" and may_be_parameter(key[1:], array) and _is_parameter(recipe, key[1:], array, rows)
    }
    return replace(recipe, templates=made)


def _is_parameter(recipe: Recipe, path: Any, array: Array, rows: Array) -> bool:
    """Whether the output of forward moves with this array of the object."""
    moved = replace(recipe, templates={path: array})
    records = [moved.play({path: array + step}, to_form(rows, recipe.form)) for step in (0.0, 0.7)]
    if any(each.raised for each in records):
        return False
    return any(
        key in records[1].seen and not np.array_equal(np.asarray(records[1].seen[key]), np.asarray(value))
        for key, value in records[0].seen.items()
        if key[1:] != path
    )


def understand(
    recipe: Recipe, record: Record, params: Mapping[Any, Array], rows: Array
) -> tuple[list[Any], Network | None, Key | None]:
    """The parameters that move the output, the known network if it is one, and the output."""
    network = _elementwise(record, rows, recipe.form) if not params else None
    moving = [path for path in params if _moves(recipe, record, params, path, rows)]
    if moving and len(moving) <= 8:
        network = recognise({path: params[path] for path in moving}, rows, recipe.form, record.seen)
    if network is not None:
        names = {
            slot.name: name_of(slot.path, [other.path for other in network.slots], slot.name) for slot in network.slots
        }
        return moving, rename(network, names), network.output
    keys = [key for key, value in record.seen.items() if _has_rows(recipe, record, params, key, rows)]
    returned = [key for key in keys if key[0] == "value"]
    named = [key for key in keys if key[0] == "state" and matches("out|result|^.a$|^.y$", str(key[-1]))]
    return moving, None, next(iter([*returned[:1], *named, *keys]), None)


def _elementwise(record: Record, rows: Array, form: str) -> Network | None:
    network = None
    for step in ("relu", "sigmoid", "tanh"):
        expected = ACTIVATIONS[step](rows)
        for key, value in record.seen.items():
            found = from_form(value, form, len(rows))
            if found is not None and same(found, expected) and (network is None or key[0] == "value"):
                network = Network((), (), (step,), "", key)
    return network


def _moves(recipe: Recipe, record: Record, params: Mapping[Any, Array], path: Any, rows: Array) -> bool:
    other = recipe.play({**params, path: params[path] * 1.1 + 0.3}, to_form(rows, recipe.form))
    return not other.raised and any(
        key not in other.seen or not _equal(other.seen[key], value)
        for key, value in record.seen.items()
        if key[1:] != path and key != ("state", *path) and np.size(value) > 0
    )


def _any_state(record: Record) -> bool:
    """Whether the object holds an array that may be an output."""
    return any(
        key[0] == "state" and key[1:] not in record.put and np.size(array) > 1 for key, array in record.seen.items()
    )


def _equal(one: Any, other: Any) -> bool:
    return np.shape(one) == np.shape(other) and np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True)


def _has_rows(recipe: Recipe, record: Record, params: Mapping[Any, Array], key: Key, rows: Array) -> bool:
    """Whether this array has a row for each example, which moves with that example and with no other."""
    found = from_form(record.seen[key], recipe.form, len(rows))
    if found is None or found.dtype.kind != "f" or (key[0] == "state" and np.ndim(record.seen[key]) == 0):
        return False
    if key[0] == "state" and _equal(record.seen[key], to_form(rows, recipe.form)):
        return False
    moved = rows.copy()
    moved[0] *= np.linspace(0.6, 1.7, moved[0].size)
    other = recipe.play(params, to_form(moved, recipe.form))
    if other.raised or key not in other.seen:
        return False
    after = from_form(other.seen[key], recipe.form, len(rows))
    if after is None or after.shape != found.shape:
        return False
    changed = np.any(after != found, axis=tuple(range(1, found.ndim)))
    return bool(changed[0] and not changed[1:].any())


def loose_slots(paths: Sequence[Any], params: Mapping[Any, Array]) -> tuple[Slot, ...]:
    """Slots in their own shapes, for a network that is not known."""
    slots = []
    for path in paths:
        shape = np.shape(params[path])
        name = name_of(path, paths, "")
        slots.append(Slot(name, path, shape, np.arange(params[path].size).reshape(shape)))
    return tuple(slots)


def name_of(path: Any, all_paths: Sequence[Any], standard: str) -> str:
    """The learner's name for a parameter: W, or params['W1'], or weights[0]; short if that is clear."""
    words = [key for key in path if isinstance(key, str)]
    last = str(path[-1]).lstrip(".") if isinstance(path[-1], str) else ""
    if last and sum(str(other[-1]) == str(path[-1]) for other in all_paths) == 1 and last not in ("data", "value"):
        return last
    text = ""
    for key in path:
        text += key if isinstance(key, str) and key.startswith(".") else f"[{key!r}]"
    return text.lstrip(".") if words else standard or text


def _locate(
    unit: Unit,
    recipe: Recipe,
    before: Record,
    output: Key | None,
    network: Network | None,
    rows: Array,
    Y: Array,
    backward: str,
    derivative: bool,
) -> Found | Failed:
    rng = np.random.default_rng(7)
    params = {slot.name: rng.normal(size=slot.positions.shape) for slot in recipe.slots}
    point = Point(params, rows, None, rng.normal(size=Y.shape))
    width = Y.shape[1] if Y.ndim == 2 else None
    model = model_of(network) if output is None and network else None
    asked = Asked(
        recipe, output, None, {}, width=width, one_example=len(rows) == 1, model=model, slope_alone=derivative
    )
    record = asked.play(point)
    shown = f"{backward}({', '.join(map(describe, recipe.calls[-1].args))})"
    if record.raised:
        return Failed(
            unit.name or backward,
            shown,
            f"{record.raised} {record.place}".strip(),
            is_unwritten(record, unit, backward),
            True,
        )
    try:
        slopes = slopes_of(asked, point, (*params, "X"))
    except RuntimeError as error:
        return Failed(unit.name or backward, shown, str(error))
    sources = locate(record, before.seen, slopes, recipe.slots, recipe.form, RATE)
    if set(sources) != set(slopes):
        missing = " or ".join(f"grad_{name}" for name in slopes if name not in sources)
        return Failed(
            unit.name or backward,
            shown,
            f"nothing was found that could be {missing}",
            is_unwritten(record, unit, backward) and not sources,
        )
    if not any(np.any(record.seen[source.key]) for source in sources.values() if not source.factor) and not any(
        source.factor for source in sources.values()
    ):
        return Failed(unit.name or backward, shown, "all its gradients are 0", backward not in unit.computing)
    update = any(source.factor for source in sources.values())
    notes = (
        (f"it updates its parameters: the gradient is (before − after) / {RATE}, the learning rate that was passed",)
        if update
        else ()
    )
    question = replace_question(asked, replace(recipe, fresh=update), sources)
    return Found(unit.name or backward, question, network, "", point, notes)


def describe(argument: Any) -> str:
    """An argument as it is told to the learner."""
    path = getattr(argument, "path", None)
    return str(argument) if path is None else str(path[-1]) if path else "what forward returned"


def replace_question(asked: Asked, recipe: Recipe, sources: Mapping[str, Any]) -> Asked:
    return replace(asked, recipe=recipe, gradients=sources)


def _value_with(asked: Asked, point: Point, name: str, array: Array) -> float:
    return asked.value(asked.with_variable(point, name, array))


def slopes_of(asked: Asked, point: Point, names: Sequence[str]) -> dict[str, Array]:
    """Central differences of the loss, by the name of the parameter."""
    found = {}
    for name in names:
        array = np.asarray(point.X if name == "X" else point.params[name])
        found[name] = central_differences(partial(_value_with, asked, point, name), array)
    return found
