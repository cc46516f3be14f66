"""One run of a whole network: which network it is, which loss it has and where its gradients are, by the numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import Point, onehot
from numpynet.gradcheck.files.host import Ref
from numpynet.gradcheck.styles import known
from numpynet.gradcheck.styles.bind import RATE
from numpynet.gradcheck.styles.conventions import Slot, targets, to_form
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
from numpynet.gradcheck.styles.known import KnownLoss, Network, recognise
from numpynet.gradcheck.styles.locate import Seen, candidates, fits, locate, missing
from numpynet.gradcheck.styles.names import LOSS, kind_of_parameter, matches, role_of
from numpynet.gradcheck.styles.recipe import Asked, Key, Recipe, Record, Source, take
from numpynet.gradcheck.styles.units import Unit


@dataclass(frozen=True)
class Try:
    """One way to ask a network that ran: how well its numbers fit, and what was found."""

    score: float
    found: Found


@dataclass(frozen=True)
class Run:
    """What the functions of a recipe were given, and what came of it. shown: the calls in words."""

    unit: Unit
    recipe: Recipe
    names: Sequence[str]
    params: Mapping[Any, Array]
    rows: Array
    y: Array
    record: Record = field(default_factory=Record)

    @property
    def who(self) -> str:
        return self.unit.name or self.names[-1]

    @property
    def shown(self) -> str:
        shape = to_form(self.rows, self.recipe.form).shape
        return f"{', '.join(self.names)} with X {shape} and {self.recipe.target_kind}"

    def play(self, params: Mapping[Any, Array]) -> Record:
        """The same calls with other parameters."""
        y = dict(targets(self.y, self.unit.sizes.outputs, self.recipe.form))[self.recipe.target_kind]
        return self.recipe.play(params, to_form(self.rows, self.recipe.form), y)


def run(unit: Unit, recipe: Recipe, rows: Array, y: Array, names: Sequence[str]) -> Try | Failed:
    """Run the recipe at random parameters, and find the network, the loss and the gradients in what comes."""
    rng = np.random.default_rng(5)
    params = {path: 0.7 * rng.normal(size=array.shape) for path, array in recipe.templates.items()}
    if not params:
        return Failed(unit.name or names[-1], ", ".join(names), "no arrays were found that may be its parameters")
    played = Run(unit, recipe, names, params, rows, y)
    record = played.play(params)
    unwritten = is_unwritten(record, unit, names[-1])
    if record.raised or unwritten:
        came = f"{record.raised} {record.place}".strip() or "it returns nothing, or only zeros"
        in_last = bool(record.raised) and len(record.outcomes) == len(names)
        return Failed(played.who, played.shown, came, unwritten, in_last)
    if _differs(record, played.play(params)):
        return Failed(played.who, played.shown, RANDOM)
    played = replace(played, record=record)
    network = _recognise(played)
    narrow = network is None and recipe.target_kind == "numbers" and y.shape[1:] == (1,)
    if narrow and replace(played, y=np.hstack([y, y])).play(params).raised:  # (n, 1) only fits because it broadcasts
        return Failed(played.who, played.shown, "the targets need as many columns as the output")
    return _fit(played, network)


def _differs(one: Record, other: Record) -> bool:
    """Whether two runs with the same arguments gave different numbers."""
    return any(key in other.seen and not is_equal(other.seen[key], array) for key, array in one.seen.items())


def _recognise(run: Run) -> Network | None:
    """The network: by what it returns or keeps, by its loss, or by the gradients of its last layer."""
    network = recognise(run.params, run.rows, run.recipe.form, run.record.seen) if len(run.params) <= 8 else None
    if network is None and len(run.params) > 1:  # some arrays may be no parameters, such as velocities
        network = _without_idle(run)
    network = network or _by_loss(run)
    if network is None:
        rate = _rate(run.unit, run.recipe)
        network = known.recognise_by_gradient(run.params, run.rows, run.y, lambda slot: _read(run.record, slot, rate))
    return None if network is None else with_own_names(network)


def _read(record: Record, slot: Slot, rate: float) -> Iterator[Array]:
    for _, array in candidates(record, {}, slot, rate):
        found = take(slot, np.asarray(array))
        if found is not None:
            yield found


def _by_loss(run: Run) -> Network | None:
    """The network whose loss is among the numbers that the code returns."""
    for key in _scalars(run):
        rng = np.random.default_rng(13)
        points, values = [run.params], [_number(run.record.seen[key])]
        for _ in range(6):
            arrays = {path: 0.5 * rng.normal(size=array.shape) for path, array in run.params.items()}
            other = run.play(arrays)
            if other.raised or np.size(other.seen.get(key, ())) != 1:
                break
            points.append(arrays)
            values.append(_number(other.seen[key]))
        else:
            network = known.recognise_by_loss(points, values, run.rows, run.y)
            if network is not None:
                return network
    return None


def _scalars(run: Run) -> list[Key]:
    """The numbers that may be a loss: what a function named so returns, or what is returned before gradients."""
    found = []
    for key, value in run.record.seen.items():
        if key[0] != "value" or np.size(value) != 1 or not np.isfinite(_number(value)):
            continue
        name = str(run.recipe.calls[key[1]].target.path[-1]).lstrip(".")
        results = run.unit.results.get(name, ())
        own = results[key[2]] if len(key) > 2 and isinstance(key[2], int) and key[2] < len(results) else ""
        first = (
            key[2:] == (0,)
            and isinstance(run.record.outcomes[key[1]].value, tuple)
            and not kind_of_parameter(own.lstrip("d"))
        )
        if key[2:] == () or matches(LOSS, own) or first or (matches(LOSS, name) and len(key) == 3):
            found.append(key)
    return found


def _number(value: Any) -> float:
    return float(np.asarray(value).reshape(-1)[0])


def _without_idle(run: Run) -> Network | None:
    """The network of those arrays that make a difference to what the code returns or keeps."""
    moving = {}
    own = [("state", *path) for path in run.params]
    for path, array in run.params.items():
        other = run.play({**run.params, path: array * 1.1 + 0.3})
        if other.raised or any(
            key[1:] != path and not np.array_equal(np.asarray(other.seen.get(key)), np.asarray(value))
            for key, value in run.record.seen.items()
            if key not in own
        ):
            moving[path] = array
    if 0 < len(moving) <= 8 and len(moving) < len(run.params):
        return recognise(moving, run.rows, run.recipe.form, run.record.seen)
    return None


def _fit(run: Run, network: Network | None) -> Try | Failed:
    """Find the loss and the gradients by their numbers."""
    slots = network.slots if network else loose_slots(list(run.params), run.params)
    recipe = replace(run.recipe, slots=tuple(slots))
    point = Point({slot.name: slot.read(run.params[slot.path]) for slot in slots}, run.rows, run.y)
    width = network.widths[-1] if network else None
    output = network.output if network else None
    classes = width or run.unit.sizes.outputs
    base = Asked(recipe, output, None, {}, classes=classes, width=width, one_example=len(run.rows) == 1)
    best: Try | Failed = Failed(run.who, run.shown, "nothing was found that could be the gradients of its parameters")
    rate = _rate(run.unit, recipe)
    if not all(any(fits(slot, array) for _, array in candidates(run.record, {}, slot, rate)) for slot in slots):
        return best
    options: list[tuple[Asked, KnownLoss | None, dict[str, Array], float]] = []
    with np.errstate(all="ignore"), contextlib.suppress(RuntimeError):  # it raises at other parameters
        options += list(_losses(run, base, network, point))
    for asked, loss, slopes, certain in options:
        seen = Seen(run.record, slots, recipe.form, rate, loss=asked.loss)
        sources = locate(seen, slopes)
        if lacking := missing(sources, slopes):
            best = Failed(run.who, run.shown, lacking) if isinstance(best, Failed) else best
            continue
        if not any(source.factor or np.any(run.record.seen[source.key]) for source in sources.values()):
            return Failed(run.who, run.shown, "all its gradients are 0", run.names[-1] not in run.unit.computing)
        if any(source.factor for source in sources.values()) and _restarts(run, sources):
            return Failed(run.who, run.shown, "it makes its own parameters")
        each = _score(run.who, replace(asked, gradients=sources), loss, slopes, network, point)
        each = replace(each, score=each.score + certain)
        best = each if isinstance(best, Failed) or each.score > best.score else best
    return best


def _restarts(run: Run, sources: Mapping[str, Source]) -> bool:
    """Whether what looks like updated parameters is the same for any parameters."""
    other = run.play({path: array + 0.5 for path, array in run.params.items()})
    return not other.raised and all(
        np.array_equal(np.asarray(other.seen.get(source.key)), np.asarray(run.record.seen[source.key]))
        for source in sources.values()
    )


def _losses(
    run: Run, base: Asked, network: Network | None, point: Point
) -> Iterator[tuple[Asked, KnownLoss | None, dict[str, Array], float]]:
    """The losses that the code may have, its own or those that fit its output, with slopes. How certain is last."""
    own = _scalars(run)
    fitting: list[KnownLoss] = []
    if network is not None:
        O = known.logits(network, point.params, point.X)
        output = known.HEADS[network.head](O)
        y = np.asarray(point.y)
        for loss in known.losses(network.head):
            T = known.targets_of(loss, y, O)
            if T is None:
                continue
            fitting.append(loss)
            value = loss.value(output, T)
            for key in own:
                off = abs(_number(run.record.seen[key]) - value) / (abs(value) or np.inf)
                if off <= 1e-4:  # there may be a tiny number inside a log
                    slopes = known.gradients(network, point.params, point.X, known.output_gradient(loss, O, y))
                    yield replace(base, loss=key), loss, slopes, 2.0
                if off <= 1e-9:
                    return
    names = list(point.params)
    for key in own[:2]:
        asked = replace(base, loss=key)
        slopes = slopes_of(asked, point, names)
        if all(np.any(slope) for slope in slopes.values()):
            yield asked, fitting[0] if fitting else None, slopes, 1.2 if fitting else 0.0
    if network is None:
        return
    if network.output is None:
        base = replace(base, model=lambda params, X: known.HEADS[network.head](known.logits(network, params, X)))
    for loss in fitting:
        if loss.scale(3, 5) != 1.0:
            continue
        asked = replace(base, loss_of=value_of(loss), assumed=loss.words)
        yield asked, loss, known.gradients(network, point.params, point.X, known.output_gradient(loss, O, y)), 0.0


def _score(
    who: str, asked: Asked, loss: KnownLoss | None, slopes: Mapping[str, Array], network: Network | None, point: Point
) -> Try:
    """How well the gradients fit the loss; if the file computes none, with the scale that fits them best."""
    grads = asked.ask(point).grads
    exact = [ratio for name, slope in slopes.items() if (ratio := _ratio(grads.get(name), slope))]
    likeness = sum(_cosine(grads.get(name), slope) for name, slope in slopes.items()) / len(slopes)
    score = likeness + len(exact) / len(slopes)
    score += 1.0 if len(exact) == len(slopes) and np.ptp(exact) <= 1e-7 * abs(exact[0]) else 0.0
    updates = any(source.factor for source in asked.gradients.values())
    pinned = asked.loss is not None
    if not pinned and loss is not None and network is not None:
        asked, loss, pinned = _choose_scale(asked, loss, network, point, grads)
    known_kind = loss is not None and loss.kind and (loss.kind == "cross_entropy" or np.ndim(point.y) != 1)
    kind = loss.kind if loss is not None and known_kind else "unknown"
    target = asked.recipe.target
    asked = replace(asked, recipe=replace(asked.recipe, fresh=updates and target not in (None, Ref(0))))
    notes = ("it updates its parameters: the gradient is (before − after) / learning rate",) if updates else ()
    unusual = asked.recipe.target_kind in ("labels in a column", "labels in a row", "the other way")
    return Try(
        score - 0.1 * (kind == "unknown") - 0.3 * unusual, Found(who, asked, network, kind, point, notes, pinned)
    )


def _choose_scale(
    asked: Asked, loss: KnownLoss, network: Network, point: Point, grads: Mapping[str, Array]
) -> tuple[Asked, KnownLoss, bool]:
    """Of the losses of one kind (mean, sum, with ½ or without) the one whose last layer has these gradients, if any."""
    last = network.layers[-1].W
    O = known.logits(network, point.params, point.X)
    for each in known.losses(network.head):
        if each.kind == loss.kind:
            right = known.gradients(network, point.params, point.X, known.output_gradient(each, O, np.asarray(point.y)))
            found = grads.get(last)
            if found is not None and (known.same(found, right[last], 1e-7) or known.same(-found, right[last], 1e-7)):
                asked = replace(asked, assumed=each.words, loss_of=value_of(each))
                return asked, each, True
    return asked, loss, False


def value_of(loss: KnownLoss) -> Callable[[Array, Array], float]:
    """The loss from an output and targets, which may be classes where the loss takes numbers."""
    return lambda P, y: loss.value(P, onehot(y, P) if y.ndim == 1 and loss.kind != "cross_entropy" else y)


def _ratio(found: Array | None, right: Array) -> float:
    if found is None or found.shape != right.shape or not np.any(found) or not np.any(right):
        return 0.0
    ratio = float(np.sum(found * right) / np.sum(right * right))
    return ratio if known.same(found, ratio * right, 1e-6) else 0.0


def _cosine(found: Array | None, right: Array) -> float:
    if found is None or found.shape != right.shape:
        return 0.0
    size = float(np.linalg.norm(found) * np.linalg.norm(right))
    return abs(float(np.sum(found * right))) / size if size else 0.0


def _rate(unit: Unit, recipe: Recipe) -> float:
    """The learning rate of an update; 1 if it is not known."""
    for call in recipe.calls:
        signature = unit.functions.get(str(call.target.path[-1]).lstrip(".")) if isinstance(call.target, Ref) else None
        values = [*zip(signature.names if signature else (), call.args, strict=False), *call.kwargs.items()]
        if any(role_of(name) == "lr" and value == RATE for name, value in values):
            return RATE
        if signature:
            for name, default in signature.defaults.items():
                if role_of(name) == "lr" and isinstance(default, float):
                    return default
    for path, value in unit.seen.items():
        if np.ndim(value) == 0 and isinstance(path[-1], str) and role_of(path[-1].lstrip(".")) == "lr":
            return float(value)
    return 1.0
