"""The checkpoint file: a NumPy `.npz` of plain arrays, read without trusting a byte of it.

It holds every parameter, every velocity of the optimizer, the order of the examples in the current epoch, and `meta`, a
JSON text with everything else, such as the random generator's state. A SHA-256 over all of it detects a damaged file.
Nothing in it is pickled: reading one cannot run code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import reprlib
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.storage.npz import from_npz
from numpynet.training.state import History, State

VERSION = 2  # 1 had no test losses

# What meta holds, beside its version and the optimizer's options.
_COUNTS = ("epoch", "step", "position")
_FIGURES = ("total_loss", "total_right", "seconds")
_KINDS = {"architecture": str, "optimizer": dict, "rng": dict, "history": dict, "settings": dict, "data_digest": str}
OPTIONS = ("lr", "momentum", "weight_decay", "nesterov")
_GROUPS = {"parameter": "parameters", "velocity": "velocities", "extra": "extra"}  # prefix of an array's name: field
_HISTORY = tuple(field.name for field in dataclasses.fields(History))


class CheckpointError(ValueError):
    """A checkpoint is damaged, or belongs to a different network, optimizer or run; the message names what differs."""


@dataclass
class Checkpoint:
    """What a checkpoint file holds: see `save_checkpoint`."""

    parameters: dict[str, Array]
    velocities: dict[str, Array]
    extra: dict[str, Array]
    state: State
    architecture: str
    optimizer: dict[str, Any]
    rng: dict[str, Any]
    settings: dict[str, Any]
    data_digest: str
    path: str = ""


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """The contents of the checkpoint file at path, after every check that needs no network.

    Raises: CheckpointError if it is not a checkpoint, is damaged, or has a different version; OSError if
    it cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read()
    with errors_begin_with(os.fsdecode(path)):
        return dataclasses.replace(from_arrays(from_npz(content)), path=os.fsdecode(path))


def to_arrays(checkpoint: Checkpoint) -> dict[str, Array]:
    """The arrays of the file that holds this checkpoint."""
    state = checkpoint.state
    meta = {
        "version": VERSION,
        "architecture": checkpoint.architecture,
        "optimizer": checkpoint.optimizer,
        "rng": checkpoint.rng,
        "history": vars(state.history),
        "settings": checkpoint.settings,
        "data_digest": checkpoint.data_digest,
    } | {name: getattr(state, name) for name in _COUNTS + _FIGURES}
    arrays = {
        f"{group}/{name}": array
        for group, field in _GROUPS.items()
        for name, array in getattr(checkpoint, field).items()
    }
    if state.order is not None:
        arrays["order"] = np.asarray(state.order)
    arrays["meta"] = np.frombuffer(as_json(meta).encode(), np.uint8)
    arrays["digest"] = np.frombuffer(sha256(arrays), np.uint8)
    return arrays


def sha256(arrays: Mapping[str, Array]) -> bytes:
    """The SHA-256 over names, dtypes, shapes and contents."""
    import hashlib  # here, and json below: importing them takes longer than all of numpynet's core

    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.digest()


@contextlib.contextmanager
def errors_begin_with(words: str) -> Iterator[None]:
    """Turn any error, since invalid content can raise any, into a CheckpointError that begins with these words."""
    try:
        yield
    except Exception as error:
        raise CheckpointError(f"{words}: {str(error) or type(error).__name__}") from None


def as_json(value: Any) -> str:
    """JSON text of value, in which NumPy's arrays and numbers are plain ones; TypeError for what JSON lacks."""
    import json

    def plain(value: Any) -> Any:
        if isinstance(value, (np.ndarray, np.generic)):
            return value.tolist()
        raise TypeError(f"settings are stored as JSON, which has no {type(value).__name__}")

    return json.dumps(value, default=plain)


def from_arrays(arrays: dict[str, Array]) -> Checkpoint:
    """The checkpoint in these arrays, which are removed from the dict. Invalid content may raise any error."""
    meta = _checked_meta(arrays)
    order = arrays.pop("order", None)
    groups: dict[str, Any] = {field: {} for field in _GROUPS.values()}
    for key, array in arrays.items():
        group, _, name = key.partition("/")
        if group not in _GROUPS:
            raise CheckpointError(f"{key} is not expected")
        _check_array(key, array)
        groups[_GROUPS[group]][name] = array
    _check_meta(meta)
    _check_position(meta, order)
    if meta["optimizer"]["momentum"] and meta["step"] and not groups["velocities"]:
        raise CheckpointError(f"velocities are missing, at momentum {meta['optimizer']['momentum']}")
    state = State(History(**meta.pop("history")), order=order, **{name: meta.pop(name) for name in _COUNTS + _FIGURES})
    return Checkpoint(**groups, state=state, **meta)


def _checked_meta(arrays: dict[str, Array]) -> dict[str, Any]:
    """Take meta, decoded, and digest out of the arrays, after checking version and digest."""
    if "meta" not in arrays:
        raise CheckpointError("not a checkpoint: meta is missing")
    import json

    meta = json.loads(arrays["meta"].tobytes())
    version = meta.pop("version", None) if isinstance(meta, dict) else None
    if version != VERSION:
        raise CheckpointError(
            f"version must be {VERSION}, got {reprlib.repr(version)}: was it written by another version of numpynet?"
        )
    if "digest" not in arrays or arrays.pop("digest").tobytes() != sha256(arrays):
        raise CheckpointError("digest: the content is not what was written")
    del arrays["meta"]
    return meta  # type: ignore[no-any-return]


def _check_array(name: str, array: Array) -> None:
    _demand(array.dtype.kind in "fiu", name, "an array of numbers", array.dtype)
    if not np.isfinite(array).all():
        bad = np.argwhere(~np.isfinite(array))[0].tolist()
        raise CheckpointError(f"{name} must be finite, got {array[tuple(bad)]} at {bad}")


def _check_meta(meta: dict[str, Any]) -> None:
    _check_names("meta", meta, [*_COUNTS, *_FIGURES, *_KINDS])
    for name in _COUNTS:
        _demand(_is_whole(meta[name], 2**63 - 1), name, "a whole number of at least 0", meta[name])
    for name in _FIGURES:
        _demand(_is_finite(meta[name]), name, "finite", meta[name])
    for name, kind in _KINDS.items():
        _demand(isinstance(meta[name], kind), name, f"a {kind.__name__}", meta[name])
    _check_names("optimizer", meta["optimizer"], OPTIONS)
    for name, value in meta["optimizer"].items():
        if name == "nesterov":
            _demand(isinstance(value, bool), "optimizer's nesterov", "True or False", value)
        else:
            _demand(_is_finite(value) and value >= 0, f"optimizer's {name}", "finite and at least 0", value)


def _check_position(meta: dict[str, Any], order: Array | None) -> None:
    """Position, order and history must fit together."""
    position, epoch = meta["position"], meta["epoch"]
    if order is None:
        _demand(position == 0, "position", "0 where order is missing, between epochs", position)
    else:
        whole = order.dtype.kind == "i" and order.ndim == 1 and np.array_equal(np.sort(order), np.arange(order.size))
        _demand(whole and order.size > 0, "order", "the index of each example once", order)
        _demand(position <= len(order), "position", f"at most {len(order)}", position)
        _demand(epoch >= 1, "epoch", "at least 1 in mid-epoch", epoch)
        epoch -= 1  # the finished ones
    _check_names("history", meta["history"], _HISTORY)
    for name, figures in meta["history"].items():
        fits = isinstance(figures, list) and all(map(_is_finite, figures)) and len(figures) in (0, epoch)
        _demand(fits, f"history's {name}", f"finite numbers, none or one for each of {epoch} epochs", figures)


def _check_names(what: str, found: Mapping[str, Any], wanted: Collection[str]) -> None:
    if set(found) != set(wanted):
        raise CheckpointError(f"{what} must hold {sorted(wanted)}, got {reprlib.repr(sorted(found))}")


def _demand(fits: Any, name: str, wanted: str, got: Any) -> None:
    if not fits:
        raise CheckpointError(f"{name} must be {wanted}, got {reprlib.repr(got)}")


def _is_whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _is_finite(value: Any) -> bool:
    """Whether value is a number that fits into a float; 10**400 does not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def rng_state(kind: type[np.random.BitGenerator], saved: dict[str, Any]) -> Any:
    """The saved state, as accepted by a bit generator of this kind; CheckpointError unless it accepts all of it.

    NumPy does not check positions in buffers, and with a wrong one it reads outside the buffer.
    """
    import json

    generator = kind(0)
    with errors_begin_with("rng"):
        generator.state = saved
    _demand(json.loads(as_json(generator.state)) == saved, "rng", f"a state of {kind.__name__}", saved)
    if kind.__name__ == "MT19937":
        _demand(_is_whole(saved["state"]["pos"], 624), "rng's pos", "in 0 ... 624", saved["state"]["pos"])
    if kind.__name__ == "Philox":
        _demand(_is_whole(saved["buffer_pos"], 4), "rng's buffer_pos", "in 0 ... 4", saved["buffer_pos"])
    return generator.state
