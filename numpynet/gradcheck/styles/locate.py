"""Where a recipe leaves its gradients: of all arrays seen, those that are most like the slopes; names break ties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.styles.conventions import Slot, from_form
from numpynet.gradcheck.styles.names import english, gradient_names
from numpynet.gradcheck.styles.recipe import Record, Source, take

UNLIKE = 0.05  # a cosine below this, and no name that fits: this array is no attempt at the gradient


@dataclass(frozen=True)
class Seen:
    """What one run of a recipe showed. before: what was seen before its last call; loss: the key of the loss."""

    record: Record
    slots: Sequence[Slot]
    form: str
    rate: float
    before: Mapping[Any, Any] = field(default_factory=dict)
    loss: Any = None

    def slot(self, name: str) -> Slot | None:
        """The parameter of this name; None for the input."""
        return next((each for each in self.slots if each.name == name), None)


def locate(seen: Seen, slopes: Mapping[str, Array]) -> dict[str, Source]:
    """The source of each gradient that has one."""
    options = [_choose(seen, slopes, updates) for updates in (False, True)]
    plain, update = options
    kept = [name for name, source in plain[0].items() if source.key[0] == "state" and not _fits(source, name, seen)]
    if kept and len(update[0]) == len(slopes):  # arrays beside an update may be velocities
        return update[0]
    return max(options, key=lambda option: (len(option[0]), option[1]))[0]


def missing(sources: Mapping[str, Source], slopes: Mapping[str, Array]) -> str:
    """What was not found, in words; "" if everything was."""
    names = [f"grad_{name}" for name in slopes if name not in sources]
    return f"nothing was found that could be {' or '.join(names)}" if names else ""


def _fits(source: Source, name: str, seen: Seen) -> bool:
    """Whether the name of an array is that of this gradient."""
    slot = seen.slot(name)
    return slot is None or _name_of(source.key) in gradient_names(_name_of(slot.path))


def _choose(seen: Seen, slopes: Mapping[str, Array], updates: bool) -> tuple[dict[str, Source], float]:
    """The best sources of one kind for the parameters, gradients or updates, and how well they fit together."""
    n = len(slopes["X"]) if "X" in slopes else 0
    scored: list[tuple[float, str, Source]] = []
    for name, slope in slopes.items():
        slot = seen.slot(name)
        for source, array in candidates(seen.record, seen.before, slot, seen.rate):
            if source.key != seen.loss and (slot is None or bool(source.factor) == updates):
                score = _score(source, array, slope, slot, seen.form, n)
                scored += [(score, name, source)] if score is not None else []
    chosen: dict[str, Source] = {}
    taken: dict[Any, Any] = {}
    total = 0.0
    for score, name, source in sorted(scored, key=lambda each: -each[0]):
        slot = seen.slot(name)
        owner = slot.path if slot else name  # W and b may be parts of one array
        if name not in chosen and taken.setdefault(source.key, owner) == owner:
            chosen[name] = source
            total += score
    return chosen, total


def _score(source: Source, array: Array, slope: Array, slot: Slot | None, form: str, n: int) -> float | None:
    """How well an array fits as this gradient; None if it is no attempt at it."""
    found = from_form(array, form, n, slope.shape[1]) if slot is None else take(slot, array)
    penalty = 0.0
    if found is None and slot is not None and not source.factor and _is_transpose(array, slot):
        found, penalty = slot.read(array.T), 0.6
    if found is None or found.shape != slope.shape:
        return None
    if np.size(array) == 1 < found.size:
        if source.key[0] == "state":
            return None
        penalty = 0.7
    fits = slot is not None and _name_of(source.key) in gradient_names(_name_of(slot.path))
    stored = source.key[0] == "state" and not source.factor
    if not np.isfinite(found).all():
        return None
    if not np.any(found):  # perhaps never set, or not written yet
        return -1.0 if fits or not stored else None
    likeness = _likeness(found, slope)
    if likeness < UNLIKE and not fits and stored:
        return None
    return float(likeness + 0.3 * fits + 0.1 * (source.key[0] == "value") - penalty - 0.05 * bool(source.factor))


def candidates(
    record: Record, before: Mapping[Any, Any], slot: Slot | None, rate: float
) -> Iterator[tuple[Source, Any]]:
    last = max((key[1] for key in record.seen if key[0] == "value"), default=0)
    updated = any(
        key[-len(path) :] == path
        and key[0] in ("state", "argument")
        and not np.array_equal(np.asarray(array), record.put[path])
        for path in record.put
        for key, array in record.seen.items()
    )
    for key, array in record.seen.items():
        if slot is not None and key[0] in ("state", "argument") and key[-len(slot.path) :] == slot.path:
            if updated:
                yield Source(key, 1 / rate), (record.put[slot.path] - array) / rate
            continue
        if key[0] == "argument" or (key[0] == "value" and key[1] != last):
            continue
        if key[0] == "state" and key in before and np.array_equal(np.asarray(before[key]), np.asarray(array)):
            continue
        yield Source(key), np.asarray(array)
        if slot is not None and key[0] == "value" and np.shape(array) == slot.shape:
            difference = (record.put[slot.path] - np.asarray(array)) / rate
            if np.linalg.norm(difference) * rate < 0.9 * np.linalg.norm(record.put[slot.path]):
                yield Source(key, 1 / rate), difference


def _likeness(found: Array, slope: Array) -> float:
    """1 for the same direction, 2 if it is exactly a multiple, plus a little if that is 1."""
    size = np.linalg.norm(found) * np.linalg.norm(slope)
    if not size or not np.isfinite(size):
        return 0.0
    cosine = abs(float(np.sum(found * slope))) / size
    return float(cosine + (cosine > 1 - 1e-9) + 0.2 * (cosine > 1 - 1e-9 and np.allclose(found, slope, rtol=1e-6)))


def fits(slot: Slot, array: Any) -> bool:
    """Whether an array has the shape of this gradient, or of its transpose."""
    return take(slot, np.asarray(array)) is not None or _is_transpose(array, slot)


def _is_transpose(array: Any, slot: Slot) -> bool:
    shape = np.shape(array)
    return len(shape) == 2 and shape == slot.shape[::-1] and shape != slot.shape


def _name_of(path: Sequence[Any]) -> str:
    """The last word of a path."""
    words = [str(key).lstrip(".") for key in path if isinstance(key, str)]
    return english(words[-1]) if words else ""
