"""Layers: a forward that takes X, and a backward that takes the gradient of its output; classes and functions."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import ACTIVATIONS, Point
from numpynet.gradcheck.files.host import Call, Part
from numpynet.gradcheck.styles.bind import RATE, Available, G, Parameters, X, bind
from numpynet.gradcheck.styles.conventions import FORMS, ONE_EXAMPLE, assign, from_form, to_form
from numpynet.gradcheck.styles.found import (
    RANDOM,
    Failed,
    Found,
    is_equal,
    is_unwritten,
    loose_slots,
    slopes_of,
    with_own_names,
)
from numpynet.gradcheck.styles.functions import options
from numpynet.gradcheck.styles.known import Network, logits, recognise, rename, same
from numpynet.gradcheck.styles.locate import Seen, locate, missing
from numpynet.gradcheck.styles.names import BACKWARD, FORWARD, IGNORED, LOSS, kind_of_parameter, matches, role_of
from numpynet.gradcheck.styles.recipe import Asked, Given, Key, Recipe, Record
from numpynet.gradcheck.styles.units import Unit, may_be_parameter, sizes_for


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
    arrays = parameters.arrays if parameters else unit.parameters()
    forms = FORMS if parameters is None or not parameters.form else (parameters.form,)
    for call in itertools.islice(bind(unit.function(forward), unit.functions[forward], available), 3):
        texts = {name: value for name, value in named_arguments(call, unit) if isinstance(value, str)}
        for sizes, form in itertools.product(sizes_for(unit.sizes, arrays), forms):
            data, _ = sizes.data()
            rows = data[:1] if form in ONE_EXAMPLE else data
            recipe = _recipe(unit, parameters, call, form)
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
            understood = _understood(unit, recipe, record, rows, unit.name or backward)
            if isinstance(understood, Failed):
                yield understood
                if understood.came == RANDOM:
                    return  # with fewer examples it may seem to be none
                continue
            for each in _backwards(replace(understood, named={**named, **understood.named, **texts}), backward):
                yield each
                done = done or isinstance(each, Found)
            if done:
                return


def _recipe(unit: Unit, parameters: Parameters | None, call: Call, form: str) -> Recipe:
    """How to call the forward: with parameters that are passed, or as an object that holds its own."""
    if parameters is not None:
        return Recipe(unit.host, parameters.ref, (call,), parameters.arrays, form, fresh=parameters.ref is not None)
    target = unit.ref if unit.ref.number else None
    return Recipe(unit.host, target, (call,), unit.parameters(), form, fresh=target is not None and unit.zeroes)


def named_arguments(call: Call, unit: Unit) -> list[tuple[str, Any]]:
    """The arguments of a call with their names."""
    return [*zip(unit.functions[function_of(call)].names, call.args, strict=False), *call.kwargs.items()]


@dataclass(frozen=True)
class Forward:
    """A forward that ran: what it was given and gave, and what may be passed to its backward.

    rows and Y are in the formulas' form. caches and outs stand for what forward returned, named for it by name.
    """

    unit: Unit
    recipe: Recipe
    rows: Array
    Y: Array
    record: Record = field(default_factory=Record)
    output: Key | None = None
    network: Network | None = None
    caches: Sequence[Any] = ()
    outs: Sequence[Any] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arguments of the function that was called first."""
        return self.unit.functions[function_of(self.recipe.calls[0])].names if self.recipe.calls else ()

    def is_elementwise(self) -> bool:
        """Whether each entry of the output depends on the same entry of the input alone."""
        if self.network is not None or self.output is None or self.recipe.templates:
            return self.network is not None
        moved = self.rows.copy()
        moved[0, 0] += 0.1
        after = self.recipe.play({}, to_form(moved, self.recipe.form))
        changed = from_form(after.seen.get(self.output, np.nan), self.recipe.form, len(self.rows))
        if changed is None or not self.Y.shape == self.rows.shape == changed.shape:
            return False
        different = changed != self.Y
        return bool(different[0, 0] and different.sum() == 1)


def function_of(call: Call) -> str:
    """The name of the function or method that is called."""
    return str(call.target.path[-1]).lstrip(".")


def _understood(unit: Unit, recipe: Recipe, record: Record, rows: Array, who: str) -> Forward | Failed:
    """What a forward computes, at random parameters; or why that is not known."""
    recipe = _with_lazy_parameters(recipe, record, rows)
    rng = np.random.default_rng(5)
    params = {path: rng.normal(size=np.shape(array)) for path, array in recipe.templates.items()}
    X = to_form(rows, recipe.form)
    record = recipe.play(params, X)
    if record.raised:
        return Failed(who, "forward with random parameters", record.raised)
    again = [recipe.play(params, X) for _ in range(3)]
    if any(
        each.raised or any(not is_equal(each.seen.get(key), array) for key, array in record.seen.items())
        for each in again
    ):
        return Failed(who, "forward, several times with the same X", RANDOM)
    moving, network, output = understand(recipe, record, params, rows)
    forward = function_of(recipe.calls[0])
    Y = None if output is None else from_form(record.seen[output], recipe.form, len(rows))
    if output is None or Y is None:
        unwritten = is_unwritten(record, unit, forward) and not _any_state(record)
        came = "no output with a row for each example was found"
        return Failed(who, f"forward with X {X.shape}", came, unwritten)
    recipe = replace(recipe, slots=network.slots if network else loose_slots(moving, params))
    value = record.outcomes[0].value
    caches = [Part(0, (i,)) for i in range(1, len(value))] if isinstance(value, tuple) else []
    outs = [Part(0, output[2:])] if output[0] == "value" else []
    names = unit.results.get(forward, ())
    named = {name: Part(0, (i,) if len(names) > 1 else ()) for i, name in enumerate(names) if name}
    return Forward(unit, recipe, rows, Y, record, output, network, caches, outs, named)


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
        yield from _backwards(
            Forward(unit, recipe, data, Y, network=own, outs=[Given(("out",))], named=named), backward
        )


def model_of(network: Network) -> Any:
    """The output of a known layer."""
    if network.layers:
        return lambda params, X: logits(network, params, X)
    return lambda params, X: ACTIVATIONS[network.activations[0]](X)


def _backwards(forward: Forward, backward: str) -> Iterator[Found | Failed]:
    """The ways to call a backward after this forward."""
    unit = forward.unit
    signature = unit.functions[backward]
    elementwise = forward.is_elementwise()
    any_call = False
    for call in bind(unit.function(backward), signature, _available(forward, backward)):
        recipe = replace(forward.recipe, calls=(*forward.recipe.calls, call))
        slope_alone = not recipe.uses("G") and not recipe.slots and elementwise
        if recipe.uses("G") or slope_alone:
            any_call = True
            yield _locate(replace(forward, recipe=recipe), backward, slope_alone)
    if not any_call:
        shown = f"{backward}({', '.join(signature.required)})"
        yield Failed(unit.name or backward, shown, "it is not clear what to pass for its arguments")


def _available(forward: Forward, backward: str) -> Available:
    """What can be passed to a backward: the gradient of the output, and what the forward was given and returned."""
    unit, outs, caches = forward.unit, forward.outs, forward.caches
    signature = unit.functions[backward]
    unpacked = [tuple_of(names, outs, forward.named) for names in unit.unpacks.get(backward, {}).values()]
    opaque = [*caches, *(each for each in unpacked if each is not None and not caches), *([] if caches else [X, *outs])]
    named = {name: value for name, value in forward.named.items() if role_of(name) != "G"}
    roles: dict[str, Sequence[Any]] = {"G": [G], "X": [X], "P": outs, "cache": opaque, "": caches}
    if len(signature.required) != 1 or matches("back", backward):
        return Available(roles, named, spare=["G", "cache"])
    # a derivative alone, of the input or of the output
    if unit.name and signature.required[0] in forward.names:
        return Available(roles | {"P": [X]}, named, spare=["X"])
    return Available(roles | {"X": [X, *outs], "P": [*outs, X]}, named, spare=["cache"])


def tuple_of(names: Sequence[str], outs: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """A cache with these contents, as far as their names say what they are; None if one does not."""
    values = []
    for name in names:
        role = role_of(name)
        value = named.get(name) or (X if role == "X" else None) or (outs[0] if outs and role in ("P", "y") else None)
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
        return moving, with_own_names(network), network.output
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
        key not in other.seen or not is_equal(other.seen[key], value)
        for key, value in record.seen.items()
        if key[1:] != path and key != ("state", *path) and np.size(value) > 0
    )


def _any_state(record: Record) -> bool:
    """Whether the object holds an array that may be an output."""
    return any(
        key[0] == "state" and key[1:] not in record.put and np.size(array) > 1 for key, array in record.seen.items()
    )


def _has_rows(recipe: Recipe, record: Record, params: Mapping[Any, Array], key: Key, rows: Array) -> bool:
    """Whether this array has a row for each example, which moves with that example and with no other."""
    found = from_form(record.seen[key], recipe.form, len(rows))
    if found is None or found.dtype.kind != "f" or (key[0] == "state" and np.ndim(record.seen[key]) == 0):
        return False
    if key[0] == "state" and is_equal(record.seen[key], to_form(rows, recipe.form)):
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


def _locate(forward: Forward, backward: str, slope_alone: bool) -> Found | Failed:
    """Where the gradients are, after the calls of forward and backward."""
    unit, recipe, network = forward.unit, forward.recipe, forward.network
    who = unit.name or backward
    rng = np.random.default_rng(7)
    params = {slot.name: rng.normal(size=slot.positions.shape) for slot in recipe.slots}
    point = Point(params, forward.rows, None, rng.normal(size=forward.Y.shape))
    width = forward.Y.shape[1] if forward.Y.ndim == 2 else None
    model = model_of(network) if forward.output is None and network else None
    asked = Asked(
        recipe,
        forward.output,
        None,
        {},
        width=width,
        one_example=len(forward.rows) == 1,
        model=model,
        slope_alone=slope_alone,
    )
    record = asked.play(point)
    shown = f"{backward}({', '.join(map(describe, recipe.calls[-1].args))})"
    if record.raised:
        came = f"{record.raised} {record.place}".strip()
        return Failed(who, shown, came, is_unwritten(record, unit, backward), True)
    try:
        slopes = slopes_of(asked, point, (*params, "X"))
    except RuntimeError as error:
        return Failed(who, shown, str(error))
    sources = locate(Seen(record, recipe.slots, recipe.form, RATE, forward.record.seen), slopes)
    if lacking := missing(sources, slopes):
        return Failed(who, shown, lacking, is_unwritten(record, unit, backward) and not sources)
    updates = any(source.factor for source in sources.values())
    if not updates and not any(np.any(record.seen[source.key]) for source in sources.values()):
        return Failed(who, shown, "all its gradients are 0", backward not in unit.computing)
    note = f"it updates its parameters: the gradient is (before − after) / {RATE}, the learning rate that was passed"
    question = replace(asked, recipe=replace(recipe, fresh=updates or recipe.fresh), gradients=sources)
    return Found(who, question, network, "", point, (note,) if updates else ())


def describe(argument: Any) -> str:
    """An argument as it is told to the learner."""
    path = getattr(argument, "path", None)
    return str(argument) if path is None else str(path[-1]) if path else "what forward returned"
