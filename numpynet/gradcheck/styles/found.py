"""What a style finds: something that can be judged, or what was tried in vain; and what several styles ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import Point
from numpynet.gradcheck.numeric import central_differences
from numpynet.gradcheck.styles.conventions import Slot
from numpynet.gradcheck.styles.known import Network, rename
from numpynet.gradcheck.styles.recipe import Asked, Record
from numpynet.gradcheck.styles.units import Unit


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
    kind: str = ""  # that of the loss, if it is one whose gradient is not alone


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
    put = {("state", *path): array for path, array in record.put.items()}
    changed = any(
        key[0] == "argument" or (key in put and not is_equal(array, put[key])) for key, array in record.seen.items()
    )
    return not changed and not any(np.any(array) for array in arrays) and (value is None or bool(arrays))


def is_equal(one: Any, other: Any) -> bool:
    """Whether two arrays have the same shape and entries; NaN equals NaN."""
    return np.shape(one) == np.shape(other) and np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True)


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


def with_own_names(network: Network) -> Network:
    """The network with the learner's names for its parameters; W[1:] and W[0] if the biases are a row of W."""
    paths = [slot.path for slot in network.slots]
    names = {}
    for slot in network.slots:
        name = name_of(slot.path, list(dict.fromkeys(paths)), slot.name)
        names[slot.name] = name + (_part_of(slot) if paths.count(slot.path) > 1 else "")
        if len(set(paths)) == 1 < len(network.layers):  # they are unrolled into one vector
            names[slot.name] = slot.name
    return rename(network, names)


def _part_of(slot: Slot) -> str:
    """Which rows or columns of its array a parameter is, as an index."""
    at = [np.unique(each) for each in np.unravel_index(slot.positions.reshape(-1), slot.shape)]
    axis = next(axis for axis, indices in enumerate(at) if len(indices) < slot.shape[axis])
    first, last = at[axis][0] == 0, at[axis][-1] == slot.shape[axis] - 1
    part = ("0" if first else "-1") if len(at[axis]) == 1 else (":-1" if not last else "1:")
    return f"[{':, ' * axis}{part}]"


def _value_with(asked: Asked, point: Point, name: str, array: Array) -> float:
    return asked.value(asked.with_variable(point, name, array))


def slopes_of(asked: Asked, point: Point, names: Sequence[str]) -> dict[str, Array]:
    """Central differences of the loss, by the name of the parameter."""
    found = {}
    for name in names:
        array = np.asarray(point.X if name == "X" else point.params[name])
        found[name] = central_differences(partial(_value_with, asked, point, name), array)
    return found
