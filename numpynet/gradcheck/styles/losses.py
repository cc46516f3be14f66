"""Losses: from predictions and targets to a number, and its gradient. Functions, pairs of functions, and classes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.functional import softmax
from numpynet.gradcheck.backward_rules import Point, onehot
from numpynet.gradcheck.files.host import Call, Part, Signature
from numpynet.gradcheck.styles import known
from numpynet.gradcheck.styles.bind import Available, X, Y, bind
from numpynet.gradcheck.styles.conventions import from_form, targets, to_form
from numpynet.gradcheck.styles.found import Failed, Found, is_unwritten, slopes_of
from numpynet.gradcheck.styles.known import KnownLoss, same
from numpynet.gradcheck.styles.names import BACKWARD, FORWARD, IGNORED, LOSS, kind_of_parameter, matches, role_of
from numpynet.gradcheck.styles.recipe import Asked, Given, Key, Recipe, Record, Source
from numpynet.gradcheck.styles.units import Unit

# What predictions may be, for a loss that is not known: logits, or probabilities.
PREDICTIONS: dict[str, Callable[[Array], Array]] = {
    "": lambda O: O,
    "softmax": softmax,
    "sigmoid": lambda O: np.asarray(0.2 + 0.6 / (1 + np.exp(-O))),
}


TOGETHER = (
    "its gradient is that of the softmax, or sigmoid, and the loss together; the two can be checked where they are used"
)
EXACT = 1.8  # a likeness above this: the numbers are equal
OUT = Given(("out",))  # the softmax of the predictions


def attempts(unit: Unit, values: Sequence[str], derivatives: Sequence[str]) -> Iterator[Found | Failed]:
    """The ways in which these functions give a loss, and these its gradient; a function may give both."""
    failed: list[Failed] = []
    found: list[tuple[float, Found]] = []
    pairs = [(value, each) for value in values for each in derivatives if value != each]
    through = any(_before_the_output(unit.functions[each]) for each in derivatives)
    for names in [] if through else [*pairs, *((value,) for value in values)]:
        for calls in itertools.islice(_calls(unit, names), 6):
            target = unit.ref if unit.ref.number else None
            for form, head, numbers in itertools.product(("rows", "columns"), PREDICTIONS, (False, True)):
                recipe = Recipe(unit.host, target, calls, {}, form)
                outcome = _first(unit, recipe, head, numbers, names)
                if isinstance(outcome, Failed):
                    failed.append(outcome)
                elif outcome is not None:
                    found.append(outcome)
                    if outcome[0] > EXACT:
                        break
            if found and found[-1][0] > EXACT:
                break
        if found:
            break
    if not found and pairs:
        found = list(_through_an_activation(unit, *pairs[0]))
    together = [each for each in failed if each.came == TOGETHER]
    if together and not any(score > EXACT for score, _ in found):
        found = []
    failed.sort(key=lambda each: (each.came != TOGETHER, not each.kind))
    best = [each for _, each in sorted(found, key=lambda pair: -pair[0])][:4]
    yield from best or failed[: 1 if together else 4]


def _before_the_output(signature: Signature) -> str:
    """Which argument is the z of delta(z, a, y): the gradient is then meant at z, not at the output a = f(z)."""
    z = next((name for name in signature.required if role_of(name) == "X"), "")
    return z if len(signature.required) >= 3 else ""


def recognised(unit: Unit) -> set[tuple[str, str]]:
    """The known losses that functions of the file compute from outputs and targets: their kinds, and their words."""
    names = [name for name in unit.functions if matches(LOSS, name) and is_loss(unit, name)]
    found: set[tuple[str, str]] = set()
    for name in [each for each in names if not matches(BACKWARD, each) and not matches(IGNORED, each)]:
        for calls, form, head in itertools.product(
            itertools.islice(_calls(unit, (name,)), 6), ("rows", "columns"), PREDICTIONS
        ):
            found |= set.intersection(*(_computed(unit, calls, form, head, seed) for seed in (4, 5)))
    return found


def _computed(unit: Unit, calls: Sequence[Call], form: str, head: str, seed: int) -> set[tuple[str, str]]:
    """The known losses whose value a call gives at random outputs and targets."""
    rng = np.random.default_rng(seed)
    n, m = unit.sizes.n, unit.sizes.outputs
    rows, found = PREDICTIONS[head](rng.normal(size=(n, m))), set()
    for y in (rng.integers(0, m, n), rng.uniform(0.2, 0.8, size=(n, m))):
        for kind, _ in targets(y, m, form):
            asked = Asked(Recipe(unit.host, None, tuple(calls), {}, form, kind), None, None, {}, classes=m, width=m)
            asked = replace(asked, out_of=softmax)
            record = asked.play(Point({}, rows, y)) if asked.recipe.uses("X") and asked.recipe.uses("y") else None
            key = None if record is None or record.raised else _value(record, asked.recipe, rows)
            if record is None or key is None or np.size(record.seen[key]) != 1:
                continue
            for loss in known.losses(head):
                T = known.targets_of(loss, y, rows)
                value = float(np.ravel(record.seen[key])[0])
                if T is not None and abs(value - loss.value(rows, T)) <= 1e-9 * abs(value):
                    found.add((loss.kind, loss.words))
    return found


def _through_an_activation(unit: Unit, value: str, derivative: str) -> Iterator[tuple[float, Found]]:
    """A loss of a = f(z), and its gradient with respect to z, delta(z, a, y): right if it is so for a usual f."""
    signature = unit.functions[derivative]
    z = _before_the_output(signature)
    if not z:
        return
    rng = np.random.default_rng(4)
    rows, m = rng.normal(size=(unit.sizes.n, unit.sizes.outputs)), unit.sizes.outputs
    outs = Available({"X": [OUT], "P": [OUT], "y": [Y]}, {}, ["P", "y"])
    both = Available({"X": [X], "P": [OUT], "y": [Y]}, {}, ["P", "y"])
    calls = itertools.product(
        bind(unit.function(value), unit.functions[value], outs), bind(unit.function(derivative), signature, both)
    )
    numbers = rng.uniform(0.2, 0.8, size=rows.shape)
    heads = {head: apply for head, apply in known.HEADS.items() if head}  # or a would be z
    ways = itertools.product(calls, ("columns", "rows"), heads.items(), (numbers, rng.integers(0, m, len(rows))))
    for pair, form, (head, apply), y in ways:
        for kind, _ in targets(y, m, form):
            recipe = Recipe(unit.host, unit.ref if unit.ref.number else None, pair, {}, form, kind)
            point, asked = Point({}, rows, y), Asked(recipe, None, None, {}, classes=m, width=m, out_of=apply)
            try:
                asked, slope, record = _with_loss(asked, point, 2)
                likeness, key = _gradient(asked, record, slope, point, 2)
            except (_UnfitError, RuntimeError):
                continue
            if likeness > EXACT:
                note = f"this is for {head}({z}) as the output"
                question = replace(asked, input_name=z, gradients={z: Source(key)})
                yield likeness, Found(unit.name or derivative, question, None, "unknown", point, (note,))
                return


# The losses of numpynet: where a file defines only the backward, it is that of this loss.
OWN = {
    "softmax_cross_entropy": ("cross_entropy", 1.0),
    "squared_loss": ("squared_loss", 1.0),
    "mse_loss": ("squared_loss", 2.0),
}


def without_value(unit: Unit, name: str) -> Iterator[Found | Failed]:
    """A gradient of a loss that the file does not compute: the one whose gradient is most like it."""
    own = OWN.get(re.sub(r"_?(backward|grad|gradient)$", "", name.lower()))
    rng = np.random.default_rng(4)
    n, m = unit.sizes.n, unit.sizes.outputs
    O = rng.normal(size=(n, m))
    best: tuple[float, Found] | None = None
    failed: list[Failed] = []
    roles: dict[str, Sequence[Any]] = {"X": [X, OUT], "P": [OUT, X], "G": [OUT, X], "y": [Y]}
    for call in bind(unit.function(name), unit.functions[name], Available(roles, {}, ["P", "y"])):
        for form, y in itertools.product(
            ("rows", "columns"), (rng.integers(0, m, n), rng.uniform(0.2, 0.8, size=(n, m)))
        ):
            for kind, _ in targets(y, m, form):
                recipe = Recipe(unit.host, None, (call,), {}, form, kind)
                point = Point({}, O, y)
                asked = Asked(recipe, None, None, {}, classes=m, width=m, out_of=softmax, model=lambda params, X: X)
                record = asked.play(point)
                if record.raised or is_unwritten(record, unit, name):
                    failed.append(
                        Failed(
                            name,
                            f"{name} with {kind}",
                            record.raised or "it returns nothing",
                            is_unwritten(record, unit, name),
                        )
                    )
                    continue
                for loss in known.losses(""):
                    if (loss.kind == "cross_entropy") == (y.ndim == 1) and (
                        own is None or (loss.kind, loss.scale(n, n * m)) == own
                    ):
                        found = _likest(asked, record, loss, point, name, own is not None)
                        best = found if found and (best is None or found[0] > best[0]) else best
    yield from [best[1]] if best else failed[:3]


def _likest(
    asked: Asked, record: Record, loss: KnownLoss, point: Point, name: str, pinned: bool
) -> tuple[float, Found] | None:
    right = known.output_gradient(loss, point.X, np.asarray(point.y))
    keys = {
        key: from_form(array, asked.recipe.form, len(point.X), point.X.shape[1]) for key, array in record.seen.items()
    }
    scored = [
        (_cosine(found, right) + same(found, right, 1e-9), key) for key, found in keys.items() if found is not None
    ]
    if not scored:
        return None
    score, key = max(scored, key=lambda each: each[0])
    word = "O" if loss.kind == "cross_entropy" else "y_hat"
    assumed = "" if pinned else loss.words
    question = replace(asked, loss_of=loss.value, assumed=assumed, input_name=word, gradients={word: Source(key)})
    return score, Found(name, question, None, loss.kind, point, (), pinned or score > EXACT)


def _cosine(one: Array, other: Array) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return abs(float(np.sum(one * other))) / size if size else 0.0


def is_loss(unit: Unit, name: str) -> bool:
    """Whether a function may be a loss of predictions and targets alone."""
    signature = unit.functions[name]
    return (matches(LOSS, name) or bool(unit.name)) and not any(
        kind_of_parameter(each) or role_of(each) == "params" for each in signature.names
    )


def of_class(unit: Unit) -> Iterator[Found | Failed]:
    names = [name for name in unit.functions if not matches(IGNORED, name)]
    derivatives = [name for name in names if matches(BACKWARD, name)]
    values = [
        name
        for name in names
        if name not in derivatives
        and (matches(f"{LOSS}|calc", name) or (matches(FORWARD, name) and len(unit.functions[name].required) > 1))
        and len(unit.functions[name].names) > 1
    ]
    yield from attempts(unit, values[:3], derivatives[:2])


def _calls(unit: Unit, names: Sequence[str]) -> Iterator[tuple[Call, ...]]:
    first, *rest = names
    roles: dict[str, Sequence[Any]] = {"X": [X], "P": [X], "y": [Y]}
    for call in bind(unit.function(first), unit.functions[first], Available(roles, {}, ["X", "y"])):
        if not rest:
            yield (call,)
            continue
        result = unit.results.get(first, ())
        named = {
            name: Part(0, (i,) if len(result) > 1 else ())
            for i, name in enumerate(result)
            if name and role_of(name) != "y"
        }
        outs = [*([Part(0, (1,))] if len(result) > 1 else []), OUT]
        more: dict[str, Sequence[Any]] = {
            "P": [X, *outs],
            "G": [X, *outs, 1.0],
            "cache": [Part(0, (1,))] if len(result) > 1 else [],
        }
        for second in bind(
            unit.function(rest[0]), unit.functions[rest[0]], Available({**roles, **more}, named, ["X", "y"])
        ):
            yield call, second


def _first(
    unit: Unit, recipe: Recipe, head: str, numbers: bool, names: Sequence[str]
) -> tuple[float, Found] | Failed | None:
    """The first way to write the targets with which the loss is a number, and a gradient is there."""
    rng = np.random.default_rng(4)
    n, m = unit.sizes.n, unit.sizes.outputs
    for width in (m, 1):
        rows = PREDICTIONS[head](rng.normal(size=(n, width)))
        labels = rng.integers(0, max(width, 2), n)
        y = rng.uniform(0.2, 0.8, size=(n, width)) if numbers else labels
        if not numbers and width == 1:
            continue
        for kind, _ in targets(y, m, recipe.form):
            found = _ask(unit, replace(recipe, target_kind=kind), rows, y, names, head)
            if not isinstance(found, Failed) or found.came == TOGETHER:
                return found
    return found


def _ask(
    unit: Unit, recipe: Recipe, rows: Array, y: Array, names: Sequence[str], head: str
) -> tuple[float, Found] | Failed:
    who = unit.name or names[-1]
    point = Point({}, rows, y)
    asked = Asked(recipe, None, None, {}, classes=rows.shape[1], width=rows.shape[1], out_of=softmax)
    kind = ""
    try:
        asked, slope, record = _with_loss(asked, point, len(names))
        kind = _kind(asked, point)
        if head and kind == "cross_entropy":
            raise _UnfitError("")
        likeness, key = _gradient(asked, record, slope, point, len(names))
        gradient = from_form(record.seen[key], recipe.form, len(rows), rows.shape[1])
        if gradient is None or likeness < EXACT:
            _refuse_together(recipe, gradient, rows, y, slope, head)
            if not kind and gradient is not None and np.any((slope == 0) & (gradient != 0)):
                raise _UnfitError("the loss does not move with all predictions: these may be out of its range")
    except (_UnfitError, RuntimeError) as error:
        shown = f"{', '.join(names)} with predictions {to_form(rows, recipe.form).shape} and {recipe.target_kind}"
        return Failed(who, shown, str(error), kind=kind or (_kind(asked, point, head) if head and asked.loss else ""))
    name = "O" if kind == "cross_entropy" else "y_hat"
    question = replace(asked, input_name=name, gradients={name: Source(key)})
    return likeness + 0.3 * bool(kind), Found(who, question, None, kind or "unknown", point)


class _UnfitError(Exception):
    """Why a function is no loss with these predictions and targets."""


def _with_loss(asked: Asked, point: Point, calls: int) -> tuple[Asked, Array, Record]:
    """The question with the place of the loss, the slopes of that loss, and what was seen."""
    if not (asked.recipe.uses("X") and asked.recipe.uses("y")):
        raise _UnfitError("it does not take predictions and targets")
    record = asked.play(point)
    if record.raised:
        raise _UnfitError(f"{record.raised} {record.place}".strip())
    value = _value(record, asked.recipe, point.X)
    if value is None:
        raise _UnfitError("it gives no number that could be a loss")
    asked = replace(asked, loss=value)
    _gradient(asked, record, point.X, point, calls)  # before the slopes, which take many calls
    slope = slopes_of(asked, point, ["X"])["X"]
    if np.size(record.seen[value]) > 1:
        asked = _averaged(asked, point, record, slope)
        slope = slope / (np.size(record.seen[value]) if asked.averaged else 1)
    if not np.any(slope) or not np.isfinite(slope).all():
        raise _UnfitError("the loss does not move with the predictions")
    return asked, slope, record


def _gradient(asked: Asked, record: Record, slope: Array, point: Point, calls: int) -> tuple[float, Key]:
    """How like the slopes the gradient is, with 1 more if it equals them, and where it is."""
    fitting = []
    form, (n, m) = asked.recipe.form, point.X.shape
    given = [point.X, np.asarray(point.y)]
    for key, array in record.seen.items():
        found = from_form(array, form, n, m)
        if found is None or key == asked.loss or (key[0] != "value" and calls == 1) or not np.any(found):
            continue
        if not any(same(found, each) for each in given):
            fitting.append((key[0] == "value" and key[1] == calls - 1, _cosine(found, slope), found, key))
    if not fitting:
        raise _UnfitError("nothing was found that could be its gradient")
    _, likeness, found, key = max(fitting, key=lambda each: each[:2])
    return likeness + same(found, slope, 1e-6), key


def _refuse_together(recipe: Recipe, gradient: Array | None, rows: Array, y: Array, slope: Array, head: str) -> None:
    """Refuse a gradient that may be that of the softmax, or sigmoid, and the loss together."""
    if len([value for value in recipe.calls[-1].args if value in (X, OUT)]) > 1:
        raise _UnfitError(TOGETHER)
    T = onehot(y, rows) if y.ndim == 1 else y
    if head and gradient is not None and _is_multiple(gradient, rows - T) and not _is_multiple(gradient, slope):
        raise _UnfitError(TOGETHER)


def _value(record: Record, recipe: Recipe, rows: Array) -> Key | None:
    """Where the loss is: the first number that is returned or kept, or one number for each example."""
    keys = sorted(record.seen, key=lambda key: (key[0] != "value", key[1] if key[0] == "value" else 0))
    numbers = [
        key
        for key in keys
        if key[0] == "value"
        and np.size(record.seen[key]) == 1
        and np.isfinite(np.asarray(record.seen[key], float)).all()
    ]
    kept = [key for key in keys if key[0] == "state" and np.size(record.seen[key]) == 1 and matches(LOSS, str(key[-1]))]
    shapes = {(len(rows),), (len(rows), 1), (1, len(rows)), to_form(rows, recipe.form).shape}
    each = [key for key in keys if key == ("value", 0) and np.shape(record.seen[key]) in shapes]
    return next(iter([*numbers, *kept, *each]), None)


def _averaged(asked: Asked, point: Point, record: Record, slope: Array) -> Asked:
    """A loss for each example: averaged if the gradient is that of the mean, else summed."""
    mean = slope / np.size(record.seen[asked.loss or ()])
    arrays = [from_form(array, asked.recipe.form, len(point.X), point.X.shape[1]) for array in record.seen.values()]
    return replace(asked, averaged=any(array is not None and same(array, mean, 1e-5) for array in arrays))


def _kind(asked: Asked, point: Point, head: str = "") -> str:
    """The kind of the known loss that this is, of outputs with this head; "" if it is none."""
    value = asked.value(point)
    y = np.asarray(point.y)
    for loss in known.losses(head):
        T = known.targets_of(loss, y, point.X)
        if (
            T is not None
            and abs(loss.value(point.X, T) - value) <= 1e-4 * abs(value)
            and not (y.ndim == 1 and loss.kind != "cross_entropy")
        ):
            return loss.kind
    return ""


def _is_multiple(found: Array, right: Array) -> bool:
    ratio = float(np.sum(found * right) / (np.sum(right * right) or 1.0))
    return bool(ratio) and same(found, ratio * right, 1e-7)
