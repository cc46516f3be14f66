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
from numpynet.gradcheck.styles import known, scripts
from numpynet.gradcheck.styles.bind import RATE, Available, X, Y, bind
from numpynet.gradcheck.styles.constructors import Sizes, arguments_of
from numpynet.gradcheck.styles.conventions import Slot, fill_in, targets, to_form, write_target
from numpynet.gradcheck.styles.found import Failed, Found, with_own_names
from numpynet.gradcheck.styles.known import KnownLoss, Network
from numpynet.gradcheck.styles.names import IGNORED, UPDATE, matches, role_of
from numpynet.gradcheck.styles.recipe import Recipe, Record, flatten, take
from numpynet.gradcheck.styles.units import Unit, may_be_parameter
from numpynet.wording import say

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
    rate: float = RATE
    n: int = 0  # the only number of examples that it takes; 0 for any
    network: Network | None = None
    loss: KnownLoss | None = None
    classes: int = 0
    assumed: str = ""
    by_loss: bool = False  # the network is known by its loss alone: its last step is no gradient of that
    width: int | None = None
    gradients: Mapping[str, Any] = field(default_factory=dict)

    def play(self, rows: Array, y: Array, iterations: int) -> Record:
        """The arrays that there are after so many iterations."""
        recipe = self.recipe
        if self.n and len(rows) != self.n:
            return Record(raised=f"ValueError: it takes {self.n} examples")
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
            answer.problems.append(say("it_raised", error=raised))
            return answer
        answer.at = {slot.name: slot.read(np.asarray(before.seen[slot.path])) for slot in self.recipe.slots}
        for slot in self.recipe.slots:
            found = take(slot, self.step(before, after, slot.path))
            if found is not None:
                answer.grads[slot.name] = found
        answer.loss = self.value(Point(answer.at, point.X, point.y))
        return answer

    def step(self, before: Record, after: Record, path: Path) -> Array:
        """The gradient by which a parameter was changed."""
        return np.asarray((np.asarray(before.seen[path]) - np.asarray(after.seen[path])) / self.rate)

    def value(self, point: Point) -> float:
        if self.network is None or self.loss is None:
            raise RuntimeError("no network is known")
        O = known.logits(self.network, point.params, point.X)
        T = known.targets_of(self.loss, np.asarray(point.y), O)
        return np.nan if T is None else self.loss.value(known.HEADS[self.network.head](O), T)


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


def of_script(unit: Unit) -> Iterator[Found | Failed]:
    """The ways in which the training loop of a script can be run with other data, in the shapes of its own."""
    run = Call(unit.function(scripts.NAME), (None, None, ITERATIONS))
    own = unit.host.run([run])[-1]
    seen = dict(flatten(own.value))
    data, y = (np.asarray(seen.get((name,), 0.0)) for name in ("_X", "_y"))
    rates = [float(value) for path, value in seen.items() if role_of(str(path[0])) == "lr" and np.size(value) == 1]
    if own.raised or data.ndim != 2 or not y.ndim:
        yield Failed("the training loop", "running it", own.raised or "no arrays with the data were found")
        return
    calls = _seeded(unit.host, (replace(run, args=(X, Y, "iterations")),))
    rng = np.random.default_rng(17)
    for form in ("rows", "columns"):
        n, d = data.shape if form == "rows" else data.shape[::-1]
        outputs = y.shape[-1 if form == "rows" else 0] if y.ndim == 2 else 1
        for targets_given in _targets(rng, n, outputs, max(outputs, int(np.max(y)) + 1 if y.ndim == 1 else 0)):
            for kind, written in targets(targets_given, outputs, form):
                if written.shape == y.shape:
                    rows = rng.normal(size=(n, d))
                    recipe = Recipe(unit.host, None, calls, {}, form, kind)
                    for rate in [*rates, 1.0]:
                        fitted = Fitted(recipe, rate=rate, n=n, classes=outputs)
                        found = _found("the training loop", fitted, rows, targets_given)
                        if isinstance(found, Found):
                            yield found
                            return


def _targets(rng: np.random.Generator, n: int, width: int, classes: int) -> list[Array]:
    """Targets of each kind: 0 and 1, any numbers, classes."""
    binary = (rng.random((n, width)) < 0.5).astype(float)
    binary[:2] = [[0.0] * width, [1.0] * width]
    return [binary, rng.normal(size=(n, width)), rng.integers(0, max(classes, 1), n)]


def _seeded(host: Any, calls: tuple[Call, ...]) -> tuple[Call, ...]:
    """The calls, after one that makes random numbers the same each time, if there is NumPy."""
    if host.run([SEED])[-1].raised:
        return calls
    train = calls[-1]
    moved = Part(1, train.target.path) if isinstance(train.target, Part) else train.target
    return (SEED, *calls[:-1], replace(train, target=moved))


def _found(name: str, question: Fitted, rows: Array, y: Array) -> Found | Failed:
    """The question with the network and the loss that the training shows."""
    before, after = (question.play(rows, y, k) for k in (ITERATIONS, ITERATIONS + 1))
    shown = f"fit with X {to_form(rows, question.recipe.form).shape} and {question.recipe.target_kind}"
    if before.raised or after.raised:
        return Failed(name, shown, f"{before.raised or after.raised} {before.place or after.place}")
    found = _recognise(question, before, after, rows, y)
    if found is None:
        return Failed(name, shown, "one iteration is no step of a network and loss that are known")
    given = Point(found.ask(Point({}, rows, y)).at or {}, rows, y)
    return Found(name, found, found.network, found.loss.kind if found.loss else "", given, (NOTE,), True)


def _ask(
    host: Any, name: str, calls: tuple[Call, ...], sizes: Sizes, names: tuple[str, ...] = ()
) -> Iterator[Found | Failed]:
    if not _counts(*calls):
        return
    calls = _seeded(host, calls)
    rng = np.random.default_rng(17)
    for form, width in itertools.product(("rows", "columns"), (1, sizes.outputs)):
        rows = rng.normal(size=(sizes.n, sizes.inputs))
        for y in _targets(rng, sizes.n, width, sizes.outputs):
            for kind, _ in targets(y, sizes.outputs, form):
                question = Fitted(Recipe(host, None, calls, {}, form, kind), names, classes=sizes.outputs)
                found = _found(name, question, rows, y)
                yield found
                if isinstance(found, Found):
                    return


def _recognise(question: Fitted, before: Record, after: Record, rows: Array, y: Array) -> Fitted | None:
    """The network and loss whose gradient is the step that was made."""
    moved = {}
    for path, value in before.seen.items():
        array, other = np.asarray(value), np.asarray(after.seen.get(path, np.nan))
        if path and may_be_parameter(path, array) and array.shape == other.shape and not np.array_equal(array, other):
            moved[path] = array
    steps = {path: question.step(before, after, path) for path in moved}

    def read(slot: Slot) -> Iterator[Array]:
        found = take(slot, steps[slot.path])
        if found is not None:
            yield found

    arrays = {path: array for path, array in moved.items() if len(rows) not in array.shape}
    numbers = np.array([np.asarray(each).reshape(-1)[0] for each in after.seen.values() if np.size(each) == 1], float)
    network = known.recognise_by_gradient(arrays, rows, y, read)
    if network is None and len(moved) > len(arrays):
        arrays, network = moved, known.recognise_by_gradient(moved, rows, y, read)
    by_loss = network is None
    network = network or known.recognise_by_value(arrays, rows, y, numbers)
    if network is None:
        return None
    network = with_own_names(network)
    params = {slot.name: slot.read(arrays[slot.path]) for slot in network.slots}
    O = known.logits(network, params, rows)
    last = next(slot for slot in network.slots if slot.name == network.layers[-1].W)
    output = known.HEADS[network.head](O)
    fitting = []
    for loss in known.losses(network.head):
        T = known.targets_of(loss, y, O)
        if T is None:
            continue
        right = known.gradients(network, params, rows, known.output_gradient(loss, O, y))[last.name]
        value = loss.value(output, T)
        own = bool(np.any(np.abs(numbers - value) <= 1e-9 * abs(value)))  # the code computes this loss
        if own or any(known.same(each, right, 1e-7) for each in read(last)):
            fitting.append((own, loss))
    if not fitting:
        return None
    own, loss = max(fitting, key=lambda each: each[0])
    return replace(
        question,
        recipe=replace(question.recipe, slots=network.slots),
        network=network,
        loss=loss,
        assumed="" if own else loss.words,
        by_loss=by_loss,
        width=network.widths[-1],
        gradients={slot.name: None for slot in network.slots},
    )
