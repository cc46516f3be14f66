"""Checkpoints: a run under way as one file, from which it goes on, bit for bit, as if it had never stopped.

The file is a NumPy `.npz` of plain arrays: every parameter, every velocity of the optimizer, the order of the examples
in the epoch under way, and `meta`, a JSON text with everything else, such as the random generator's state. A SHA-256
over all of it tells a damaged file. Nothing in it is pickled: reading one cannot run code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import reprlib
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numpynet.checks import check_rng, check_size
from numpynet.files import write_whole
from numpynet.functional import Array
from numpynet.layers import Layer, Sequential
from numpynet.npz import from_npz, to_npz
from numpynet.optim import SGD
from numpynet.training import Callback, History, State

VERSION = 1

# What meta holds, beside its version and the optimizer's options.
_COUNTS = ("epoch", "step", "position")
_FIGURES = ("total_loss", "total_right", "seconds")
_KINDS = {"architecture": str, "optimizer": dict, "rng": dict, "history": dict, "settings": dict, "data_digest": str}
_OPTIONS = ("lr", "momentum", "weight_decay", "nesterov")
_HISTORY = tuple(field.name for field in dataclasses.fields(History))


class CheckpointError(ValueError):
    """A checkpoint is damaged, or another network's, optimizer's or run's; the message names what does not fit."""


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

    def restore(self, net: Layer, optimizer: SGD, *, rng: np.random.Generator) -> State:
        """As `load_checkpoint`, from this checkpoint."""
        check_rng("load_checkpoint", rng)
        parameters = net.named_parameters()
        self._require("architecture", self.architecture, architecture(net))
        self._require("parameters", list(self.parameters), list(parameters))
        for name, array in self.parameters.items():
            self._require(f"parameter {name}", _form(array), _form(parameters[name].data))
        for option, value in self.optimizer.items():
            self._require(f"optimizer's {option}", value, getattr(optimizer, option))
        names = {id(parameter): name for name, parameter in parameters.items()}
        optimized = [names.get(id(parameter), "of another network") for parameter in optimizer.parameters]
        if self.velocities:
            self._require("velocities", sorted(self.velocities), sorted(optimized))
        for name, array in self.velocities.items():
            self._require(f"velocity {name}", _form(array), _form(parameters[name].data))
        self._require("rng", self.rng.get("bit_generator"), type(rng.bit_generator).__name__)
        with _errors_begin_with(self.path):
            rng_state = _rng_state(type(rng.bit_generator), self.rng)

        net.load_state_dict(self.parameters)
        optimizer.velocities = [self.velocities.get(name, 0.0) for name in optimized]
        rng.bit_generator.state = rng_state
        return self.state

    def _require(self, what: str, saved: Any, here: Any) -> None:
        if saved != here:
            raise CheckpointError(f"{self.path}: {what}: {saved} in the checkpoint, {here} here")


def save_checkpoint(
    path: str | os.PathLike[str],
    net: Layer,
    optimizer: SGD,
    *,
    rng: np.random.Generator,
    epoch: int,
    step: int,
    settings: Mapping[str, Any] | None = None,
    data_digest: str = "",
    extra: Mapping[str, Array] | None = None,
    **where: Any,
) -> None:
    """Write net's parameters, optimizer's options and velocities, rng's state and where the run is to exactly path.

    epoch, step and, as `where`, history, order, position, total_loss, total_right and seconds are the fields of
    `training.State`, with their meaning. settings (anything JSON has), data_digest and extra arrays are for the caller:
    they are kept, and given back by `read_checkpoint`. The file is written as `files.write_whole` does: at every moment
    it is the old one or the new one, whole.

    Raises: CheckpointError, a ValueError, naming the field, for all that `read_checkpoint` would refuse, such as
    a number that is not finite; TypeError or ValueError for another rng or optimizer. Then nothing is written. OSError
    where the file cannot be written, and the old one stays as it was.
    """
    check_rng("save_checkpoint", rng)
    state = State(epoch=epoch, step=step, **where)
    names = {id(parameter): name for name, parameter in net.named_parameters().items()}
    if not {id(parameter) for parameter in optimizer.parameters} <= set(names):
        raise ValueError("save_checkpoint: optimizer must hold parameters of net, got another network's")
    arrays = {f"parameter/{name}": parameter.data for name, parameter in net.named_parameters().items()}
    for parameter, velocity in zip(optimizer.parameters, optimizer.velocities, strict=True):
        if optimizer.momentum or isinstance(velocity, np.ndarray):  # until the first step it is just the number 0
            arrays[f"velocity/{names[id(parameter)]}"] = np.full_like(parameter.data, velocity)
    if state.order is not None:
        arrays["order"] = np.asarray(state.order)
    arrays |= {f"extra/{name}": np.asarray(array) for name, array in (extra or {}).items()}
    with _errors_begin_with("save_checkpoint"):
        meta = {
            "version": VERSION,
            "architecture": architecture(net),
            "optimizer": {name: getattr(optimizer, name) for name in _OPTIONS},
            "rng": rng.bit_generator.state,
            "history": vars(state.history),
            "settings": dict(settings or {}),
            "data_digest": data_digest,
        } | {name: getattr(state, name) for name in _COUNTS + _FIGURES}
        arrays["meta"] = np.frombuffer(_json(meta).encode(), np.uint8)
        arrays["digest"] = np.frombuffer(sha256(arrays), np.uint8)
        readable = _checkpoint(dict(arrays))
        _rng_state(type(rng.bit_generator), readable.rng)
    write_whole(path, to_npz(arrays))


def load_checkpoint(path: str | os.PathLike[str], net: Layer, optimizer: SGD, *, rng: np.random.Generator) -> State:
    """Put what a checkpoint holds into net, optimizer and rng, and return the State for `train` to go on from.

    All of it is checked before anything is changed: it fits and takes effect as a whole, or not at all.

    Raises: CheckpointError, naming what is wrong, where the file is damaged, or the architecture, the parameters, the
    optimizer's options or the kind of rng are others; OSError where the file cannot be read; TypeError for an rng that
    is none, ValueError where a parameter of net is read-only.
    """
    return read_checkpoint(path).restore(net, optimizer, rng=rng)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """What the checkpoint file at path holds, after every check that needs no network.

    Raises: CheckpointError where it is no checkpoint, damaged, or of a later version; OSError where it cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read()
    with _errors_begin_with(os.fsdecode(path)):
        return dataclasses.replace(_checkpoint(from_npz(content)), path=os.fsdecode(path))


def architecture(net: Layer) -> str:
    """In words: each layer's type and the shapes of its parameters."""
    layers = net.layers if isinstance(net, Sequential) else [net]
    return ", ".join(
        " ".join([type(layer).__name__, *(f"{n} {p.data.shape}" for n, p in layer.named_parameters().items())])
        for layer in layers
    )


def sha256(arrays: Mapping[str, Array]) -> bytes:
    """The SHA-256 over names, dtypes, shapes and contents."""
    import hashlib  # here, and json below: importing them takes longer than all of numpynet's core

    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.digest()


class Checkpointer(Callback):
    """Saves a checkpoint after every epoch, and within one every `every` steps or, if that is None, every 30 seconds.

    rng is the one that `train` is given. settings, data_digest and extra, a function that returns arrays, are what
    `save_checkpoint` is to keep beside it. To go on, give what `load_checkpoint` returns to `train`, as its state.
    Raises: TypeError or ValueError for arguments that do not fit, FileNotFoundError where the path's folder is missing.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        net: Layer,
        optimizer: SGD,
        *,
        rng: np.random.Generator,
        every: int | None = None,
        settings: Mapping[str, Any] | None = None,
        data_digest: str = "",
        extra: Callable[[], Mapping[str, Array]] = dict,
    ) -> None:
        check_rng("Checkpointer", rng)
        if every is not None:
            check_size("Checkpointer", "every", every)
        folder = os.path.dirname(os.path.abspath(os.fsdecode(path)))
        if not os.path.isdir(folder):  # said now, and not after an epoch
            raise FileNotFoundError(f"Checkpointer: path must be in a folder that exists, got {os.fsdecode(path)!r}")
        with _errors_begin_with("settings"):
            _json(settings)
        self.path, self.net, self.optimizer, self.rng = path, net, optimizer, rng
        self.every, self.settings, self.data_digest, self.extra = every, settings, data_digest, extra
        self._last = time.monotonic()

    def after_step(self, state: State) -> None:
        due = time.monotonic() - self._last >= 30 if self.every is None else state.step % self.every == 0
        if due:
            self.save(state)

    def after_epoch(self, state: State) -> None:
        self.save(state)

    def save(self, state: State) -> bool:
        """Save a checkpoint; or, where a step has made a parameter infinite, keep the last one, and return False: the
        next loss, or the epoch's end, ends such a run.
        """
        self._last = time.monotonic()
        arrays = [parameter.data for parameter in self.net.parameters()] + self.optimizer.velocities
        if not all(np.isfinite(array).all() for array in arrays):
            return False
        kept: dict[str, Any] = {"settings": self.settings, "data_digest": self.data_digest, "extra": self.extra()}
        save_checkpoint(self.path, self.net, self.optimizer, rng=self.rng, **kept, **vars(state))
        return True


@contextlib.contextmanager
def _errors_begin_with(words: str) -> Iterator[None]:
    """Make every error, whatever strange content leads to, a CheckpointError that begins with these words."""
    try:
        yield
    except Exception as error:
        raise CheckpointError(f"{words}: {str(error) or type(error).__name__}") from None


def _form(array: Array) -> str:
    return f"{array.shape} {array.dtype}"


def _json(value: Any) -> str:
    import json

    def plain(value: Any) -> Any:
        if isinstance(value, (np.ndarray, np.generic)):
            return value.tolist()
        raise TypeError(f"JSON, in which settings are kept, has no {type(value).__name__}")

    return json.dumps(value, default=plain)


def _checkpoint(arrays: dict[str, Array]) -> Checkpoint:
    if "meta" not in arrays:
        raise CheckpointError("no checkpoint: meta is missing")
    import json

    meta = json.loads(arrays["meta"].tobytes())
    if not isinstance(meta, dict) or meta.get("version") != VERSION:
        found = meta.get("version") if isinstance(meta, dict) else None
        raise CheckpointError(
            f"version must be {VERSION}, got {reprlib.repr(found)}: was it written by a later numpynet?"
        )
    if "digest" not in arrays or arrays.pop("digest").tobytes() != sha256(arrays):
        raise CheckpointError("digest: the content is not what was written")
    del arrays["meta"], meta["version"]
    order = arrays.pop("order", None)
    groups: dict[str, dict[str, Array]] = {"parameter": {}, "velocity": {}, "extra": {}}
    for key, array in arrays.items():
        group, _, name = key.partition("/")
        if group not in groups:
            raise CheckpointError(f"{key} is not expected")
        _check_array(key, array)
        groups[group][name] = array
    _check_meta(meta, order)
    if meta["optimizer"]["momentum"] and meta["step"] and not groups["velocity"]:
        raise CheckpointError(f"velocities are missing, at momentum {meta['optimizer']['momentum']}")
    state = State(History(**meta.pop("history")), order=order, **{name: meta.pop(name) for name in _COUNTS + _FIGURES})
    return Checkpoint(groups["parameter"], groups["velocity"], groups["extra"], state, **meta)


def _check_array(name: str, array: Array) -> None:
    _demand(array.dtype.kind in "fiu", name, "an array of numbers", array.dtype)
    if not np.isfinite(array).all():
        bad = np.argwhere(~np.isfinite(array))[0].tolist()
        raise CheckpointError(f"{name} must be finite, got {array[tuple(bad)]} at {bad}")


def _check_meta(meta: dict[str, Any], order: Array | None) -> None:
    _check_names("meta", meta, [*_COUNTS, *_FIGURES, *_KINDS])
    for name in _COUNTS:
        _demand(_is_whole(meta[name], 2**63 - 1), name, "a whole number of at least 0", meta[name])
    for name in _FIGURES:
        _demand(_is_finite(meta[name]), name, "finite", meta[name])
    for name, kind in _KINDS.items():
        _demand(isinstance(meta[name], kind), name, f"a {kind.__name__}", meta[name])
    _check_names("optimizer", meta["optimizer"], _OPTIONS)
    for name, value in meta["optimizer"].items():
        if name == "nesterov":
            _demand(isinstance(value, bool), "optimizer's nesterov", "True or False", value)
        else:
            _demand(_is_finite(value) and value >= 0, f"optimizer's {name}", "finite and at least 0", value)
    position, epoch = meta["position"], meta["epoch"]
    if order is None:
        _demand(position == 0, "position", "0 where order is missing, between epochs", position)
    else:
        whole = order.dtype.kind == "i" and order.ndim == 1 and np.array_equal(np.sort(order), np.arange(order.size))
        _demand(whole and order.size > 0, "order", "the number of each example once", order)
        _demand(position <= len(order), "position", f"at most {len(order)}", position)
        _demand(epoch >= 1, "epoch", "at least 1 in mid-epoch", epoch)
        epoch -= 1  # those that are done
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
    """Whether value is a number that a float can hold, too: 10**400 is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _rng_state(kind: type[np.random.BitGenerator], saved: dict[str, Any]) -> Any:
    """The saved state as a bit generator of this kind takes it; CheckpointError where it does not take all of it.

    NumPy checks none of the positions in buffers, and reads beside the buffer with a wrong one.
    """
    import json

    generator = kind(0)
    with _errors_begin_with("rng"):
        generator.state = saved
    _demand(json.loads(_json(generator.state)) == saved, "rng", f"a state of {kind.__name__}", saved)
    if kind.__name__ == "MT19937":
        _demand(_is_whole(saved["state"]["pos"], 624), "rng's pos", "in 0 ... 624", saved["state"]["pos"])
    if kind.__name__ == "Philox":
        _demand(_is_whole(saved["buffer_pos"], 4), "rng's buffer_pos", "in 0 ... 4", saved["buffer_pos"])
    return generator.state
