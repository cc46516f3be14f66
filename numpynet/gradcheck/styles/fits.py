"""Classes and functions that train in one call, fit(X, y), and draw their own parameters in it.

With one seed, a fit of k iterations and one of k + 1 differ by one step: the gradient at the parameters after k steps
is (before − after) / learning rate. The parameters are what the code has then, not what the check would choose.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import Answer, Question
from numpynet.gradcheck.backward_rules import Point
from numpynet.gradcheck.files.host import Call, Definition, Look, Part, Path, Ref
from numpynet.gradcheck.styles import known
from numpynet.gradcheck.styles.bind import RATE, Available, X, Y, bind
from numpynet.gradcheck.styles.constructors import Sizes, arguments_of
from numpynet.gradcheck.styles.conventions import Slot, fill_in, targets, to_form, write_target
from numpynet.gradcheck.styles.found import Failed, Found, with_own_names
from numpynet.gradcheck.styles.known import KnownLoss, Network
from numpynet.gradcheck.styles.names import IGNORED, UPDATE, matches, role_of
from numpynet.gradcheck.styles.recipe import Recipe, Record, flatten, take
from numpynet.gradcheck.styles.units import Unit, may_be_parameter

ITERATIONS = 2
NOTE = "it makes its own parameters: the gradient is (before − after) / learning rate, from one iteration to the next"
AVAILABLE = Available({"X": [X], "y": [Y], "epochs": ["iterations"]}, {}, ["X", "y"])
SEED = Call(Ref(0, ("np", ".random", ".seed")), (0,))


@dataclass
class Fitted(Question):
    """Code that trains, as the judge sees it: it answers with the parameters that it had, in Answer.at.

    The recipe's last call trains: a method of what the call before it made, or a function that returns parameters,
    which have these names.
    """

    recipe: Recipe
    names: tuple[str, ...] = ()
    network: Network | None = None
    loss: KnownLoss | None = None
    classes: int = 0
    assumed: str = ""
    width: int | None = None
    gradients: Mapping[str, Any] = field(default_factory=dict)
    loss_is_own: bool = False

    def play(self, rows: Array, y: Array, iterations: int) -> Record:
        """The arrays that there are after so many iterations."""
        recipe = self.recipe
        targets = write_target(recipe.target_kind, y, self.classes, recipe.form)
        values = {"X": to_form(rows, recipe.form), "y": targets}
        program: list[Any] = [_filled(call, values, iterations) for call in recipe.calls]
        trained = program[-1].target
        outcomes = recipe.host.run([*program, Look(Part(trained.step))] if isinstance(trained, Part) else program)
        last = outcomes[-1]
        if last.raised:
            return Record(raised=last.raised, place=last.place)
        if isinstance(trained, Part):
            return Record(outcomes, {}, last.value)
        return Record(outcomes, {}, {self._named(path): array for path, array in flatten(last.value)})

    def _named(self, path: Path) -> Path:
        named = path and isinstance(path[0], int) and path[0] < len(self.names) and self.names[path[0]]
        return (named, *path[1:]) if named else path

    def ask(self, point: Point) -> Answer:
        answer = Answer()
        before, after = (self.play(point.X, np.asarray(point.y), k) for k in (ITERATIONS, ITERATIONS + 1))
        raised = before.raised or after.raised
        if raised:
            answer.raised = raised
            answer.problems.append(f"it raised {raised}")
            return answer
        answer.at = {slot.name: slot.read(np.asarray(before.seen[slot.path])) for slot in self.recipe.slots}
        for slot in self.recipe.slots:
            found = take(slot, _step(before, after, slot.path))
            if found is not None:
                answer.grads[slot.name] = found
        answer.loss = self.value(Point(answer.at, point.X, point.y))
        return answer

    def value(self, point: Point) -> float:
        if self.network is None or self.loss is None:
            raise RuntimeError("no network is known")
        O = known.logits(self.network, point.params, point.X)
        T = known.targets_of(self.loss, np.asarray(point.y), O)
        return np.nan if T is None else self.loss.value(known.HEADS[self.network.head](O), T)


def _step(before: Record, after: Record, path: Path) -> Array:
    """The gradient by which a parameter was changed."""
    return np.asarray((np.asarray(before.seen[path]) - np.asarray(after.seen[path])) / RATE)


def _filled(call: Call, values: Mapping[str, Array], iterations: int) -> Call:
    """The call with X, y and the number of iterations in their places."""
    args = tuple(fill_in(value, values, iterations) for value in call.args)
    return Call(call.target, args, {key: fill_in(value, values, iterations) for key, value in call.kwargs.items()})


def _counts(*calls: Call) -> bool:
    """Whether the number of iterations is among the arguments."""
    return any(
        isinstance(each, str) and each == "iterations" for call in calls for each in [*call.args, *call.kwargs.values()]
    )


def of_class(
    host: Any, definition: Definition, known_names: Mapping[str, Definition], sizes: Sizes
) -> Iterator[Found | Failed]:
    """The ways in which a class can be fitted."""
    methods = definition.methods or {}
    for name in [name for name in methods if matches(UPDATE, name) and not matches(IGNORED, name)][:3]:
        roles = {role_of(each) for each in methods[name].names}
        if not {"X", "y"} <= roles or definition.signature is None:
            continue
        for fit in itertools.islice(bind(Ref(0, (name,)), methods[name], AVAILABLE), 2):
            for arguments in itertools.islice(arguments_of(definition.signature, known_names, sizes), 4):
                counted = {key: "iterations" if role_of(key) == "epochs" else value for key, value in arguments.items()}
                make = Call(Ref(0, (definition.name,)), (), counted)
                for each in _ask(host, definition.name, (make, replace(fit, target=Part(0, (f".{name}",)))), sizes):
                    yield each
                    if isinstance(each, Found):
                        return


def of_function(unit: Unit, name: str) -> Iterator[Found | Failed]:
    """The ways in which a function can be called that trains and returns its parameters."""
    for call in itertools.islice(bind(unit.function(name), unit.functions[name], AVAILABLE), 2):
        for each in _ask(unit.host, name, (call,), unit.sizes, unit.results.get(name, ())):
            yield each
            if isinstance(each, Found):
                return


def _ask(
    host: Any, name: str, calls: tuple[Call, ...], sizes: Sizes, names: tuple[str, ...] = ()
) -> Iterator[Found | Failed]:
    if not _counts(*calls):
        return
    if not host.run([SEED])[-1].raised:
        train = calls[-1]
        moved = Part(1, train.target.path) if isinstance(train.target, Part) else train.target
        calls = (SEED, *calls[:-1], replace(train, target=moved))
    rng = np.random.default_rng(17)
    for form, width in itertools.product(("rows", "columns"), (1, sizes.outputs)):
        rows = rng.normal(size=(sizes.n, sizes.inputs))
        labels = rng.integers(0, sizes.outputs, sizes.n)
        binary = (rng.random((sizes.n, width)) < 0.5).astype(float)
        binary[:2] = [[0.0] * width, [1.0] * width]
        for y in [binary, rng.normal(size=(sizes.n, width)), labels]:
            for kind, _ in targets(y, sizes.outputs, form):
                question = Fitted(Recipe(host, None, calls, {}, form, kind), names, classes=sizes.outputs)
                before, after = (question.play(rows, y, k) for k in (ITERATIONS, ITERATIONS + 1))
                if before.raised or after.raised:
                    came = f"{before.raised or after.raised} {before.place or after.place}"
                    yield Failed(name, f"fit with X {to_form(rows, form).shape} and {kind}", came)
                    continue
                found = _recognise(question, before, after, rows, y)
                if found is not None:
                    given = Point(found.ask(Point({}, rows, y)).at or {}, rows, y)
                    yield Found(name, found, found.network, found.loss.kind if found.loss else "", given, (NOTE,), True)
                    return


def _recognise(question: Fitted, before: Record, after: Record, rows: Array, y: Array) -> Fitted | None:
    """The network and loss whose gradient is the step that was made."""
    arrays: dict[Path, Array] = {}
    for path, value in before.seen.items():
        array = np.asarray(value)
        same_shape = path in after.seen and np.shape(after.seen[path]) == array.shape
        moved = same_shape and not np.array_equal(array, np.asarray(after.seen[path]))
        if path and moved and may_be_parameter(path, array) and len(rows) not in array.shape:
            arrays[path] = array
    steps = {path: _step(before, after, path) for path in arrays}

    def read(slot: Slot) -> Iterator[Array]:
        found = take(slot, steps[slot.path])
        if found is not None:
            yield found

    network = known.recognise_by_gradient(arrays, rows, y, read)
    if network is None:
        return None
    network = with_own_names(network)
    params = {slot.name: slot.read(arrays[slot.path]) for slot in network.slots}
    O = known.logits(network, params, rows)
    last = next(slot for slot in network.slots if slot.name == network.layers[-1].W)
    for loss in known.losses(network.head):
        if known.targets_of(loss, y, O) is None:
            continue
        right = known.gradients(network, params, rows, known.output_gradient(loss, O, y))[last.name]
        if any(known.same(each, right, 1e-7) for each in read(last)):
            return replace(
                question,
                recipe=replace(question.recipe, slots=network.slots),
                network=network,
                loss=loss,
                assumed=loss.words,
                width=network.widths[-1],
                gradients={slot.name: None for slot in network.slots},
            )
    return None
