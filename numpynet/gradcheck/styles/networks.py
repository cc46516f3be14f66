"""Whole networks: from X and y to the gradients of every parameter, by methods of an object or by functions.

The parameters are arrays of the object or of the file, or arguments. The calls that are tried are a forward, a loss and
the function that makes the gradients or the update; those that run, and whose numbers fit best, are what is judged.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import Point, onehot
from numpynet.gradcheck.files.host import Call, Part, Ref
from numpynet.gradcheck.styles import known
from numpynet.gradcheck.styles.bind import RATE, Available, Parameters, X, Y, bind
from numpynet.gradcheck.styles.conventions import FORMS, ONE_EXAMPLE, Slot, targets, to_form
from numpynet.gradcheck.styles.known import KnownLoss, Network, recognise, rename
from numpynet.gradcheck.styles.layers import Failed, Found, forward_names, is_unwritten, loose_slots, name_of, slopes_of
from numpynet.gradcheck.styles.locate import candidates, locate
from numpynet.gradcheck.styles.names import BACKWARD, IGNORED, LOSS, UPDATE, bare, kind_of_parameter, matches, role_of
from numpynet.gradcheck.styles.recipe import Asked, Key, Recipe, Record, Source, take
from numpynet.gradcheck.styles.units import Unit, sizes_for, without_examples

Options = Callable[[Sequence[str]], Iterable[Parameters | None]]  # what to pass for the parameters of functions


@dataclass(frozen=True)
class Try:
    """One way to ask a network that ran: how well its numbers fit, and what was found."""

    score: float
    found: Found


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
        recipe = Recipe(unit.host, unit.ref if parameters is None else None, calls)
        arrays = dict(parameters.arrays) if parameters else unit.parameters()
        stored = _stored(unit)
        arrays = {path: array for path, array in arrays.items() if path not in stored.values()}
        arrays = without_examples(arrays, unit.sizes.n) if stored else arrays
        stored |= _strength(unit)
        recipe = replace(recipe, templates=arrays, stored=stored, fresh=bool(recipe.target and recipe.target.number))
        if not recipe.uses("y") or not recipe.uses("X"):
            continue
        forms = FORMS if parameters is None or not parameters.form else (parameters.form,)
        for sizes, form in itertools.product(sizes_for(unit.sizes, arrays), forms):
            data, labels = sizes.data()
            rows = data[:1] if form in ONE_EXAMPLE else data
            found = False
            failures: list[str] = []
            for y, kind in _targets(labels[: len(rows)], sizes.outputs, form):
                outcome = _ask(replace(unit, sizes=sizes), replace(recipe, form=form, target_kind=kind), rows, y, names)
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
        roles: dict[str, Sequence[Any]] = {"X": [X], "y": [Y]}
        if firsts:
            wholes = [Part(step) for step in range(len(names) - 1)]
            caches = [*others, *wholes]
            roles |= {"P": [*firsts, *others], "cache": caches, "G": caches}
        if parameters is not None and parameters.whole is not None:
            roles["params"] = [parameters.whole]
        signature = unit.functions[names[-1]]
        named = {name: value for name, value in named.items() if role_of(name) not in ("X", "y") or bare(name) == "z"}
        for call in bind(
            unit.function(names[-1]), signature, Available(roles, named, ("X", "y") if not before else ("cache",))
        ):
            yield (*before, call)


def _ask(unit: Unit, recipe: Recipe, rows: Array, y: Array, names: Sequence[str]) -> Try | Failed:
    rng = np.random.default_rng(5)
    params = {path: 0.7 * rng.normal(size=array.shape) for path, array in recipe.templates.items()}
    who = unit.name or names[-1]
    if not params:
        return Failed(who, ", ".join(names), "no arrays were found that may be its parameters")
    shown = f"{', '.join(names)} with X {to_form(rows, recipe.form).shape} and {recipe.target_kind}"
    y_written = dict(targets(y, unit.sizes.outputs, recipe.form))[recipe.target_kind]
    record = recipe.play(params, to_form(rows, recipe.form), y_written)
    unwritten = is_unwritten(record, unit, names[-1])
    if record.raised or unwritten:
        came = f"{record.raised} {record.place}".strip() or "it returns nothing, or only zeros"
        in_last = bool(record.raised) and len(record.outcomes) == len(names)
        return Failed(who, shown, came, unwritten, in_last)
    network = recognise(params, rows, recipe.form, record.seen) if 0 < len(params) <= 8 else None
    if network is None and len(params) > 1:  # some arrays may be no parameters, such as velocities
        network = _without_idle(recipe, record, params, rows, y_written)
    network = network or _by_loss(unit, recipe, record, params, rows, y, y_written)
    if network is None:
        rate, _ = _rate(unit, recipe)
        network = known.recognise_by_gradient(params, rows, y, lambda slot: _read(record, slot, rate))
    if network is not None:
        paths = [slot.path for slot in network.slots]
        network = rename(network, {slot.name: name_of(slot.path, paths, slot.name) for slot in network.slots})
    return _fit(who, shown, recipe, record, network, rows, y, unit, params)


def _read(record: Record, slot: Slot, rate: float) -> Iterator[Array]:
    for _, array in candidates(record, {}, slot, rate):
        found = take(slot, np.asarray(array))
        if found is not None:
            yield found


def _by_loss(
    unit: Unit, recipe: Recipe, record: Record, params: Mapping[Any, Array], rows: Array, y: Array, y_written: Any
) -> Network | None:
    """The network whose loss is among the numbers that the code returns."""
    for key in _scalars(unit, recipe, record):
        rng = np.random.default_rng(13)
        points, values = [params], [_number(record.seen[key])]
        for _ in range(6):
            arrays = {path: 0.5 * rng.normal(size=array.shape) for path, array in params.items()}
            other = recipe.play(arrays, to_form(rows, recipe.form), y_written)
            if other.raised or np.size(other.seen.get(key, ())) != 1:
                break
            points.append(arrays)
            values.append(_number(other.seen[key]))
        else:
            network = known.recognise_by_loss(points, values, rows, y)
            if network is not None:
                return network
    return None


def _scalars(unit: Unit, recipe: Recipe, record: Record) -> list[Key]:
    """The numbers that may be a loss: what a function named so returns, or what is returned before gradients."""
    found = []
    for key, value in record.seen.items():
        if key[0] != "value" or np.size(value) != 1 or not np.isfinite(_number(value)):
            continue
        name = str(recipe.calls[key[1]].target.path[-1]).lstrip(".")
        results = unit.results.get(name, ())
        own = results[key[2]] if len(key) > 2 and isinstance(key[2], int) and key[2] < len(results) else ""
        first = (
            key[2:] == (0,)
            and isinstance(record.outcomes[key[1]].value, tuple)
            and not kind_of_parameter(own.lstrip("d"))
        )
        if key[2:] == () or matches(LOSS, own) or first or (matches(LOSS, name) and len(key) == 3):
            found.append(key)
    return found


def _number(value: Any) -> float:
    return float(np.asarray(value).reshape(-1)[0])


def _without_idle(recipe: Recipe, record: Record, params: Mapping[Any, Array], rows: Array, y: Any) -> Network | None:
    """The network of those arrays that make a difference to what the code returns or keeps."""
    moving = {}
    for path, array in params.items():
        other = recipe.play({**params, path: array * 1.1 + 0.3}, to_form(rows, recipe.form), y)
        if other.raised or any(
            key[1:] != path and not np.array_equal(np.asarray(other.seen.get(key)), np.asarray(value), equal_nan=False)
            for key, value in record.seen.items()
            if key not in [("state", *each) for each in params]
        ):
            moving[path] = array
    if 0 < len(moving) <= 8 and len(moving) < len(params):
        return recognise(moving, rows, recipe.form, record.seen)
    return None


def _fit(
    who: str,
    shown: str,
    recipe: Recipe,
    record: Record,
    network: Network | None,
    rows: Array,
    y: Array,
    unit: Unit,
    params: Mapping[Any, Array],
) -> Try | Failed:
    """Find the loss and the gradients by their numbers."""
    slots = network.slots if network else loose_slots(list(params), params)
    recipe = replace(recipe, slots=tuple(slots))
    point = Point({slot.name: slot.read(params[slot.path]) for slot in slots}, rows, y)
    width = network.widths[-1] if network else None
    base = Asked(
        recipe,
        network.output if network else None,
        None,
        {},
        classes=width or unit.sizes.outputs,
        width=width,
        one_example=len(rows) == 1,
    )
    rate, rate_known = _rate(unit, recipe)
    options: list[tuple[Asked, KnownLoss | None, dict[str, Array]]] = []
    best: Try | Failed = Failed(who, shown, "nothing was found that could be the gradients of its parameters")
    with np.errstate(all="ignore"), contextlib.suppress(RuntimeError):  # it raises at other parameters
        options += list(_losses(unit, base, record, network, point))
    for asked, loss, slopes in options:
        sources = locate(record, {}, slopes, slots, recipe.form, rate, asked.loss)
        if set(sources) != set(slopes):
            missing = " or ".join(f"grad_{name}" for name in slopes if name not in sources)
            if isinstance(best, Failed):
                best = Failed(who, shown, f"nothing was found that could be {missing}")
            continue
        if not any(source.factor or np.any(record.seen[source.key]) for source in sources.values()):
            last = str(recipe.calls[-1].target.path[-1]).lstrip(".")
            return Failed(who, shown, "all its gradients are 0", last not in unit.computing)
        each = _score(who, asked, loss, slopes, sources, network, point, record, rate_known)
        if isinstance(best, Failed) or each.score > best.score:
            best = each
    return best


def _losses(
    unit: Unit, base: Asked, record: Record, network: Network | None, point: Point
) -> Iterator[tuple[Asked, KnownLoss | None, dict[str, Array]]]:
    """The losses that the code may have: its own, if it returns one; else those that fit its output."""
    own = _scalars(unit, base.recipe, record)
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
                off = abs(_number(record.seen[key]) - value) / (abs(value) or np.inf)
                if off <= 1e-4:  # there may be a tiny number inside a log
                    slopes = known.gradients(network, point.params, point.X, known.output_gradient(loss, O, y))
                    yield replace(base, loss=key), loss, slopes
                if off <= 1e-9:
                    return
    names = list(point.params)
    for key in own[:2]:
        asked = replace(base, loss=key)
        slopes = slopes_of(asked, point, names)
        if all(np.any(slope) for slope in slopes.values()):
            yield asked, fitting[0] if network is not None and fitting else None, slopes
    if network is None:
        return
    if network.output is None:
        base = replace(base, model=lambda params, X: known.HEADS[network.head](known.logits(network, params, X)))
    for loss in fitting:
        if loss.scale(3, 5) != 1.0:
            continue
        asked = replace(base, loss_of=value_of(loss), assumed=loss.words)
        yield asked, loss, known.gradients(network, point.params, point.X, known.output_gradient(loss, O, y))


def _score(
    who: str, asked: Asked, loss: KnownLoss | None, slopes: Mapping[str, Array], sources: Mapping[str, Source],
    network: Network | None,
    point: Point, record: Record, rate_known: bool,
) -> Try:  # fmt: skip
    """How well the gradients fit the loss; if the file computes none, with the scale that fits them best."""
    asked = replace(asked, gradients=sources)
    answer = asked.ask(point)
    ratios = [_ratio(answer.grads.get(name), slope) for name, slope in slopes.items()]
    exact = [ratio for ratio in ratios if ratio]
    likeness = sum(_cosine(answer.grads.get(name), slope) for name, slope in slopes.items()) / len(slopes)
    score = likeness + len(exact) / len(slopes) + 2 * (asked.loss is not None and loss is not None)
    score += 1.0 if len(exact) == len(slopes) and np.ptp(exact) <= 1e-7 * abs(exact[0]) else 0.0
    notes = []
    if any(source.factor for source in sources.values()):
        notes.append("it updates its parameters: the gradient is (before − after) / learning rate")
    pinned = asked.loss is not None
    if not pinned and loss is not None and network is not None:
        asked, loss, pinned = _choose_scale(asked, loss, network, point, answer.grads)
    kind = (
        "unknown"
        if loss is None or not loss.kind or (loss.kind != "cross_entropy" and np.ndim(point.y) == 1)
        else loss.kind
    )
    score -= 0.1 * (kind == "unknown")
    recipe = replace(
        asked.recipe,
        fresh=bool(asked.recipe.target and asked.recipe.target.number)
        and any(source.factor for source in sources.values()),
    )
    return Try(score, Found(who, replace(asked, recipe=recipe), network, kind, point, tuple(notes), pinned))


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


def _rate(unit: Unit, recipe: Recipe) -> tuple[float, bool]:
    """The learning rate of an update, and whether it is known."""
    for call in recipe.calls:
        signature = unit.functions.get(str(call.target.path[-1]).lstrip(".")) if isinstance(call.target, Ref) else None
        values = [*zip(signature.names if signature else (), call.args, strict=False), *call.kwargs.items()]
        if any(role_of(name) == "lr" and value == RATE for name, value in values):
            return RATE, True
        if signature:
            for name, default in signature.defaults.items():
                if role_of(name) == "lr" and isinstance(default, float):
                    return default, True
    for path, value in unit.seen.items():
        if np.ndim(value) == 0 and isinstance(path[-1], str) and role_of(path[-1].lstrip(".")) == "lr":
            return float(value), True
    return 1.0, False
