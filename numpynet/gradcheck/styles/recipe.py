"""A recipe: which calls of somebody's code, with which arguments, answer the question for the loss and its gradients.

Every style ends in a Recipe, and the judge asks nothing else. The arguments of its calls are what the learner's code
takes, with a Given wherever the X, y, G or a parameter of the point belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import Answer, Question
from numpynet.gradcheck.backward_rules import Point
from numpynet.gradcheck.files.host import Call, Copy, Look, Opaque, Outcome, Part, Path, Put, Ref
from numpynet.gradcheck.styles.conventions import ONE_EXAMPLE, Slot, fill, from_form, to_form, write_target
from numpynet.gradcheck.styles.names import kind_of_parameter
from numpynet.wording import say


@dataclass(frozen=True)
class Given:
    """The place of an array of the point in the arguments of a call: ("X",), ("y",), ("G",) or a parameter's path.

    ("pairs",) is a list with a pair of x and y for each example, ("n",) their number.
    """

    path: Path


Key = tuple[
    Any, ...
]  # where an array was seen: ("value", step, *path), ("state", *path) or ("argument", *path of Given)


@dataclass(frozen=True)
class Source:
    """Where a gradient is read: in one array, or as (before − after) · factor of a parameter that is updated there."""

    key: Key
    factor: float = 0.0  # 0 for a gradient itself


@dataclass(frozen=True)
class Record:
    """What one run of a recipe gave: the outcomes of its calls, the arrays put in, those seen afterwards by key."""

    outcomes: Sequence[Outcome] = ()
    put: Mapping[Path, Array] = field(default_factory=dict)
    seen: Mapping[Key, Any] = field(default_factory=dict)
    raised: str = ""
    place: str = ""


@dataclass(frozen=True)
class Recipe:
    """The calls, and the conventions of the code that they call.

    target: the object that holds the parameters, None if they are arguments. stored: the attributes that hold X and y
    if they are no arguments. fresh: each run has a new copy of the object. slots: the parameters found.
    """

    host: Any
    target: Ref | None
    calls: tuple[Call, ...]
    templates: Mapping[Path, Array] = field(default_factory=dict)  # the parameters' arrays as they were found
    form: str = "rows"
    target_kind: str = "labels"
    slots: tuple[Slot, ...] = ()
    stored: Mapping[str, Path] = field(default_factory=dict)
    fresh: bool = False
    reg: float = 0.0  # the strength of weight decay, for code that takes one

    def play(
        self, arrays: Mapping[Path, Array], X: Array, y: Any = None, G: Any = None, out: Any = None, *, until: int = 99
    ) -> Record:
        """Run the calls with these parameters, by path, and X, y, G and the output in the code's form."""
        values = {**arrays, ("X",): X, ("y",): y, ("G",): G, ("out",): out, ("reg",): np.array(self.reg)}
        if y is not None:
            columns = self.form in ("columns", "column")
            values |= {("n",): X.shape[-1] if columns else len(X), ("pairs",): pairs(X, y, columns)}
        in_state = {path: value for path, value in values.items() if self.target is not None and path in self.templates}
        in_state |= {path: values[name,] for name, path in self.stored.items()}
        program: list[Any] = []
        target: Any = self.target
        if self.target is not None and self.fresh:
            program.append(Copy(self.target))
            target = Part(0)
        if in_state:
            program.append(Put(target, in_state))
        first = len(program)
        for call in self.calls[:until]:
            program.append(self._fill_in(call, values, first))
        if target is not None and until > len(self.calls):
            program.append(Look(target))
        outcomes = self.host.run(program)
        last = outcomes[-1]
        if last.raised:
            return Record(outcomes[first:], arrays, {}, last.raised, last.place)
        calls = outcomes[first : first + len(self.calls[:until])]
        seen: dict[Key, Any] = {}
        for step, (call, outcome) in enumerate(zip(self.calls, calls, strict=False)):
            seen |= {("value", step, *path): array for path, array in flatten(outcome.value)}
            places = {path: given for path, given in _places(call) if isinstance(given, Given)}
            seen |= {
                ("argument", step, *places[path].path): array
                for path, array in outcome.changed.items()
                if path in places
            }
        if target is not None and until > len(self.calls):
            seen |= {("state", *path): array for path, array in outcomes[-1].value.items()}
        return Record(calls, arrays, seen)

    def _fill_in(self, call: Call, values: Mapping[Path, Any], first: int) -> Call:
        def fill_in(value: Any) -> Any:
            if isinstance(value, Given):
                array = values[value.path]
                if value.path == ("reg",):
                    return self.reg
                return (
                    float(array)
                    if isinstance(array, np.ndarray) and array.ndim == 0 and value.path in self.templates
                    else array
                )
            if isinstance(value, Part):
                return Part(value.step + first, value.path)
            if isinstance(value, Ref) and self.target is not None and self.fresh and self._holds(value):
                return Part(0, value.path[len(self.target.path) :])
            if isinstance(value, (list, tuple)):
                return type(value)(map(fill_in, value))
            return {key: fill_in(each) for key, each in value.items()} if isinstance(value, dict) else value

        return Call(fill_in(call.target), fill_in(call.args), fill_in(call.kwargs))

    def _holds(self, ref: Ref) -> bool:
        """Whether this is the object that holds the parameters, or a part of it."""
        own = self.target
        return own is not None and ref.number == own.number and ref.path[: len(own.path)] == own.path

    def uses(self, name: str) -> bool:
        """Whether X, y or G is among the arguments, or stored."""
        paths = [(name,), ("pairs",)] if name in ("X", "y") else [(name,)]
        return name in self.stored or any(
            isinstance(given, Given) and given.path in paths for call in self.calls for _, given in _places(call)
        )

    def last_depends_on(self, arrays: Mapping[Path, Array]) -> bool:
        """Whether the last call is given a parameter, or something that an earlier call returned."""
        return any(not isinstance(each, Given) or each.path in arrays for _, each in _places(self.calls[-1]))


def pairs(X: Array, y: Array, columns: bool) -> list[tuple[Array, Array]]:
    """The examples one by one, as columns or as the entries of arrays with rows."""
    if columns and np.ndim(y) == 2:
        return [(X[:, i : i + 1], y[:, i : i + 1]) for i in range(X.shape[1])]
    return list(zip(X.T[:, :, None] if columns else X, y, strict=False))


def _places(call: Call) -> Iterator[tuple[Path, Given | Part | Ref]]:
    """The path of each Given, of each part of an earlier result and of each object, among a call's arguments."""

    def walk(path: Path, value: Any) -> Iterator[tuple[Path, Given | Part | Ref]]:
        if isinstance(value, (Given, Part, Ref)):
            yield path, value
        elif isinstance(value, (list, tuple)):
            for i, each in enumerate(value):
                yield from walk((*path, i), each)
        elif isinstance(value, dict):
            for key, each in value.items():
                yield from walk((*path, key), each)

    for i, value in enumerate(call.args):
        yield from walk((i,), value)
    for name, value in call.kwargs.items():
        yield from walk((name,), value)


def flatten(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The arrays and numbers in what a call returned, with their paths."""
    if isinstance(value, (np.ndarray, float, int)) and not isinstance(value, bool):
        yield path, value
    elif isinstance(value, (list, tuple)):
        for i, each in enumerate(value):
            yield from flatten(each, (*path, i))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from flatten(each, (*path, key))
    elif isinstance(value, Opaque):
        for inner, array in value.arrays.items():
            yield (*path, *inner), array


@dataclass
class Asked(Question):
    """A recipe as the judge sees it: asked at a point in the formulas' form, it answers in that form.

    loss: the key of the loss that the code computes, or None; then loss_of gives it from the output, and assumed says
    in words which loss that is. gradients: where each gradient is read, by the parameter's name; X for the input.
    """

    recipe: Recipe
    output: Key | None
    loss: Key | None
    gradients: Mapping[str, Source]
    loss_of: Callable[[Array, Any], float] | None = None
    assumed: str = ""
    classes: int = 0
    width: int | None = None
    one_example: bool = False
    scale: Callable[[int], float] = lambda n: 1.0
    model: Callable[[Mapping[str, Array], Array], Array] | None = None  # gives the output, if the code does not
    out_of: Callable[[Array], Array] | None = None  # gives the output from the input alone, where it is an argument
    entry: int | None = None  # the only entry of the gradient of the output that is not 0
    pure: bool = False  # a function of its arguments, which it may not change: it is no update
    averaged: bool = False  # a loss for each example is averaged, not summed
    input_name: str = "X"  # what its input is called in the formulas
    slope_alone: bool = False  # the code gives the derivative alone, without the gradient of the output

    def variables(self, point: Point) -> dict[str, Array]:
        return {**({self.input_name: point.X} if self.input_name in self.gradients else {}), **point.params}

    def with_variable(self, point: Point, name: str, array: Array) -> Point:
        if name == self.input_name:
            return Point(point.params, array, point.y, point.G)
        return Point(point.params | {name: array}, point.X, point.y, point.G)

    def in_callers_shape(self, name: str, array: Any) -> Any:
        slot = next((slot for slot in self.recipe.slots if slot.name == name), None)
        if (
            slot is None
            or array is None
            or array.shape != slot.positions.shape
            or array.size != np.prod(slot.shape, dtype=int)
        ):
            return array
        own = np.zeros(slot.shape)
        slot.write(own, array)
        return own

    def play(self, point: Point, until: int = 99) -> Record:
        recipe, n = self.recipe, len(point.X)
        if n > 1 and (self.one_example or recipe.form in ONE_EXAMPLE):
            return Record(raised="ValueError: it takes one example at a time")
        y = None if point.y is None else write_target(recipe.target_kind, point.y, self.classes, recipe.form)
        G = None if point.G is None else to_form(self._upstream(point), recipe.form)
        out = None
        if self.out_of is not None:
            out = to_form(self.out_of(point.X), recipe.form)
        elif self.model is not None and point.G is not None:
            out = to_form(self.model(point.params, point.X), recipe.form)
        return recipe.play(fill(recipe.slots, point.params), to_form(point.X, recipe.form), y, G, out, until=until)

    def value(self, point: Point) -> float:
        if self.model is not None:
            return self._modelled(point)
        key = self.loss or self.output
        until = key[1] + 1 if key is not None and key[0] == "value" else 99
        record = self.play(point, until)
        if record.raised:
            raise RuntimeError(record.raised)
        return self._loss(record, point)

    def _loss(self, record: Record, point: Point) -> float:
        if self.loss is not None:
            value = np.asarray(record.seen[self.loss], np.float64)
            return float(value.mean() if self.averaged else value.sum())
        if self.model is not None:
            return self._modelled(point)
        output = (
            from_form(record.seen[self.output], self.recipe.form, len(point.X), self.width) if self.output else None
        )
        if output is None:
            raise RuntimeError("the output has another shape")
        if point.G is not None:
            return float(np.sum(self._upstream(point) * output))
        if self.loss_of is None:
            raise RuntimeError("no loss is known")
        return self.loss_of(output, point.y)

    def _upstream(self, point: Point) -> Array:
        """The gradient of the output that the code is given."""
        if self.entry is None:
            return np.asarray(point.G)
        G = np.zeros_like(point.G)
        G.reshape(-1)[self.entry % G.size] = 1.0
        return np.asarray(G)

    def _modelled(self, point: Point) -> float:
        """The loss of the known network, where the code does not compute an output."""
        output = self.model(point.params, point.X) if self.model is not None else point.X
        if point.G is not None:
            return float(np.sum(self._upstream(point) * output))
        if self.loss_of is None:
            raise RuntimeError("no loss is known")
        return self.loss_of(output, point.y)

    def ask(self, point: Point) -> Answer:
        answer = Answer()
        record = self.play(point)
        if record.raised:
            answer.raised = record.raised + (f" ({record.place})" if record.place else "")
            answer.problems.append(say("it_raised", error=answer.raised))
            return answer
        try:
            with np.errstate(all="ignore"):
                answer.loss = self._loss(record, point)
        except (KeyError, RuntimeError, ValueError, TypeError, IndexError) as error:
            answer.problems.append(say("loss_unreadable", error=error))
        for name, source in self.gradients.items():
            self._read(name, source, record, point, answer)
        paths = {"X": ("X",), "y": ("y",), "grad_Y": ("G",)}
        if self.pure:
            paths |= {slot.name: slot.path for slot in self.recipe.slots}
        changed = {key[2:] for key in record.seen if key[0] == "argument"}
        answer.changed += [name for name, path in paths.items() if path in changed]
        return answer

    def _read(self, name: str, source: Source, record: Record, point: Point, answer: Answer) -> None:
        found = record.seen.get(source.key)
        if found is None:
            if source.factor and source.key[0] == "argument":
                found = record.put[source.key[2:]]
            else:
                answer.problems.append(say("grad_none", name=name))
                return
        array = np.asarray(found)
        if array.dtype in (np.float32, np.float16):
            answer.single.add(name)
        array = array.astype(np.float64)
        if name == self.input_name:
            rows = from_form(array, self.recipe.form, len(point.X), point.X.shape[1])
            rows = rows * point.G if rows is not None and self.slope_alone else rows
            answer.grads[name] = array if rows is None else rows
            if rows is None:
                shape = to_form(point.X, self.recipe.form).shape
                answer.problems.append(say("grad_shape", name=name, shape=shape, found=array.shape))
            return
        slot = next(slot for slot in self.recipe.slots if slot.name == name)
        if source.factor:
            array = (record.put[slot.path] - array) * source.factor
        if not np.isfinite(array).all():
            answer.problems.append(say("grad_nan" if np.isnan(array).any() else "grad_infinite", name=name, at=""))
            return
        read = take(slot, array)
        if read is None:
            answer.problems.append(say("grad_shape", name=name, shape=slot.shape, found=array.shape))
            answer.grads[name] = array
            return
        answer.grads[name] = read * self.scale(len(point.X))


def take(slot: Slot, array: Array) -> Array | None:
    """The gradient of a parameter from an array of its own shape, or of one that broadcasts to it; None for others."""
    if array.size == 1 < slot.positions.size and kind_of_parameter(str(slot.path[-1]).lstrip(".")) == "b":
        return np.full(slot.positions.shape, float(array.reshape(-1)[0]))  # b -= lr · db does so
    if array.shape == slot.shape or (
        array.size == np.prod(slot.shape, dtype=int) and _thin(array.shape) == _thin(slot.shape)
    ):
        return slot.read(array)
    return None


def _thin(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without its ones."""
    return tuple(size for size in shape if size != 1)
