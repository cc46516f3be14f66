"""Classes that are trained by one call, fit(X, y), and draw their own parameters in it.

With one seed, a fit of k iterations and one of k + 1 differ by one step: the gradient at the parameters after k steps
is (before − after) / learning rate. The parameters are what the code has then, not what the check would choose.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import Answer, Question
from numpynet.gradcheck.backward_rules import Point
from numpynet.gradcheck.files.host import Call, Definition, Look, Part, Path, Ref
from numpynet.gradcheck.styles import known
from numpynet.gradcheck.styles.bind import RATE, Available, X, Y, bind
from numpynet.gradcheck.styles.constructors import Sizes, arguments_of
from numpynet.gradcheck.styles.conventions import fill_in, targets, to_form, write_target
from numpynet.gradcheck.styles.found import Failed, Found, name_of
from numpynet.gradcheck.styles.known import KnownLoss, Network
from numpynet.gradcheck.styles.names import IGNORED, UPDATE, matches, role_of
from numpynet.gradcheck.styles.recipe import Recipe, Record, take
from numpynet.gradcheck.styles.units import may_be_parameter

ITERATIONS = 2
NOTE = "it makes its own parameters: the gradient is (before − after) / learning rate, from one iteration to the next"


@dataclass
class Fitted(Question):
    """A class that is fitted, as the judge sees it: it answers with the parameters that it had, in Answer.at."""

    recipe: Recipe
    make: Call
    fit: Call
    rate: float
    network: Network | None = None
    loss: KnownLoss | None = None
    classes: int = 0
    assumed: str = ""
    width: int | None = None
    gradients: Mapping[str, Any] = field(default_factory=dict)
    loss_is_own: bool = False

    def play(self, rows: Array, y: Array, iterations: int) -> Record:
        """The arrays of the object after so many iterations."""
        values = {
            "X": to_form(rows, self.recipe.form),
            "y": write_target(self.recipe.target_kind, y, self.classes, self.recipe.form),
        }
        seed = [Call(Ref(0, ("np", ".random", ".seed")), (0,))] if self.recipe.stored else []
        make, fit = (_with(call, values, iterations, len(seed)) for call in (self.make, self.fit))
        outcomes = self.recipe.host.run([*seed, make, fit, Look(Part(len(seed)))])
        last = outcomes[-1]
        if last.raised:
            return Record(raised=last.raised, place=last.place)
        return Record(outcomes, {}, dict(last.value))

    def ask(self, point: Point) -> Answer:
        answer = Answer()
        before, after = (self.play(point.X, np.asarray(point.y), k) for k in (ITERATIONS, ITERATIONS + 1))
        raised = before.raised or after.raised
        if raised or self.network is None or self.loss is None:
            answer.raised = raised
            answer.problems.append(f"it raised {raised}")
            return answer
        answer.at = {slot.name: slot.read(np.asarray(before.seen[slot.path])) for slot in self.recipe.slots}
        for slot in self.recipe.slots:
            change = (np.asarray(before.seen[slot.path]) - np.asarray(after.seen[slot.path])) / self.rate
            found = take(slot, change)
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


def _with(call: Call, values: Mapping[str, Array], iterations: int, first: int) -> Call:
    """The call with X, y and the number of iterations in their places."""

    def put(value: Any) -> Any:
        return fill_in(value, values, iterations)

    target = Part(first, call.target.path) if isinstance(call.target, Part) else call.target
    return Call(target, tuple(map(put, call.args)), {key: put(value) for key, value in call.kwargs.items()})


def of_class(
    host: Any, definition: Definition, known_names: Mapping[str, Definition], sizes: Sizes
) -> Iterator[Found | Failed]:
    """The ways in which a class can be fitted."""
    methods = definition.methods or {}
    for name in [name for name in methods if matches(UPDATE, name) and not matches(IGNORED, name)][:3]:
        roles = {role_of(each) for each in methods[name].names}
        if not {"X", "y"} <= roles or definition.signature is None:
            continue
        available = Available({"X": [X], "y": [Y], "epochs": ["iterations"]}, {}, ["X", "y"])
        for fit in itertools.islice(bind(Ref(0, (name,)), methods[name], available), 2):
            fit = Call(Part(0, (f".{name}",)), fit.args, fit.kwargs)
            for arguments in itertools.islice(arguments_of(definition.signature, known_names, sizes), 4):
                counted = {key: "iterations" if role_of(key) == "epochs" else value for key, value in arguments.items()}
                if not any(
                    isinstance(each, str) and each == "iterations"
                    for each in [*counted.values(), *fit.args, *fit.kwargs.values()]
                ):
                    continue
                make = Call(Ref(0, (definition.name,)), (), counted)
                for each in _ask(host, definition.name, make, fit, sizes):
                    yield each
                    if isinstance(each, Found):
                        return


def _ask(host: Any, name: str, make: Call, fit: Call, sizes: Sizes) -> Iterator[Found | Failed]:
    rng = np.random.default_rng(17)
    seeded = not host.run([Call(Ref(0, ("np", ".random", ".seed")), (0,))])[-1].raised
    for form, width in itertools.product(("rows", "columns"), (1, sizes.outputs)):
        rows = rng.normal(size=(sizes.n, sizes.inputs))
        labels = rng.integers(0, sizes.outputs, sizes.n)
        binary = (rng.random((sizes.n, width)) < 0.5).astype(float)
        binary[:2] = [[0.0] * width, [1.0] * width]
        for y in [binary, rng.normal(size=(sizes.n, width)), labels]:
            for kind, _ in targets(y, sizes.outputs, form):
                recipe = Recipe(host, None, (), {}, form, kind, stored={"seed": ()} if seeded else {})
                question = Fitted(recipe, make, fit, RATE, classes=sizes.outputs)
                before, after = (question.play(rows, y, k) for k in (ITERATIONS, ITERATIONS + 1))
                if before.raised or after.raised:
                    yield Failed(
                        name,
                        f"fit with X {to_form(rows, form).shape} and {kind}",
                        f"{before.raised or after.raised} {before.place or after.place}",
                    )
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
        moved = path in after.seen and not np.array_equal(array, np.asarray(after.seen[path]))
        if moved and may_be_parameter(path, array) and len(rows) not in array.shape:
            arrays[path] = array
    steps = {path: (array - np.asarray(after.seen[path])) / question.rate for path, array in arrays.items()}

    def read(slot: Any) -> Iterator[Array]:
        found = take(slot, steps[slot.path])
        if found is not None:
            yield found

    network = known.recognise_by_gradient(arrays, rows, y, read)
    if network is None:
        return None
    network = known.rename(network, {slot.name: name_of(slot.path, list(arrays), slot.name) for slot in network.slots})
    params = {slot.name: slot.read(arrays[slot.path]) for slot in network.slots}
    O = known.logits(network, params, rows)
    last = next(slot for slot in network.slots if slot.name == network.layers[-1].W)
    for loss in known.losses(network.head):
        if known.targets_of(loss, y, O) is None:
            continue
        right = known.gradients(network, params, rows, known.output_gradient(loss, O, y))[last.name]
        if any(known.same(each, right, 1e-7) for each in read(last)):
            recipe = Recipe(
                question.recipe.host,
                None,
                (),
                {},
                question.recipe.form,
                question.recipe.target_kind,
                network.slots,
                question.recipe.stored,
            )
            widths = network.widths[-1]
            return Fitted(
                recipe,
                question.make,
                question.fit,
                question.rate,
                network,
                loss,
                question.classes,
                loss.words,
                widths,
                {slot.name: None for slot in network.slots},
            )
    return None
