"""Checkpoints: a run under way as one file, from which it goes on, bit for bit, as if it had never stopped.

The file is a NumPy `.npz` of plain arrays: every parameter, every velocity of the optimizer, the order of the examples
in the epoch under way, and `meta`, a JSON text with everything else, such as the random generator's state. A SHA-256
over all of it tells a damaged file. Nothing in it is pickled: reading one cannot run code.
"""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numpynet.files import write_whole
from numpynet.functional import Array
from numpynet.layers import Layer, Sequential
from numpynet.npz import from_npz, to_npz
from numpynet.optim import SGD
from numpynet.training import Callback, History, State

VERSION = 1
_OPTIONS = ("lr", "momentum", "weight_decay", "nesterov")


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


def save_checkpoint(
    path: str | os.PathLike[str],
    net: Layer,
    optimizer: SGD,
    *,
    rng: np.random.Generator,
    epoch: int,
    step: int,
    history: History | None = None,
    order: Array | None = None,
    position: int = 0,
    total_loss: float = 0.0,
    total_right: float = 0.0,
    seconds: float = 0.0,
    settings: Mapping[str, Any] | None = None,
    data_digest: str = "",
    extra: Mapping[str, Array] | None = None,
) -> None:
    """Write net's parameters, optimizer's options and velocities, rng's state and where the run is to exactly path.

    epoch to seconds are the fields of `training.State`, with their meaning. settings (anything JSON has), data_digest
    and extra arrays are for the caller: they are kept, and given back by `read_checkpoint`. The file is written
    as `files.write_whole` does: at every moment it is the old one or the new one, whole.

    Raises: CheckpointError, a ValueError, where a number is not finite, and nothing is written; OSError where the file
    cannot be written, and the old one stays as it was.
    """
    names = {id(parameter): name for name, parameter in net.named_parameters().items()}
    if not {id(parameter) for parameter in optimizer.parameters} <= set(names):
        raise ValueError("save_checkpoint: optimizer must hold parameters of net, got another network's")
    arrays = {f"parameter/{name}": parameter.data for name, parameter in net.named_parameters().items()}
    for parameter, velocity in zip(optimizer.parameters, optimizer.velocities, strict=True):
        if isinstance(velocity, np.ndarray):  # until the first step with momentum it is just 0
            arrays[f"velocity/{names[id(parameter)]}"] = velocity
    if order is not None:
        arrays["order"] = order
    arrays |= {f"extra/{name}": array for name, array in (extra or {}).items()}
    meta = {
        "version": VERSION,
        "architecture": architecture(net),
        "optimizer": {name: getattr(optimizer, name) for name in _OPTIONS},
        "rng": rng.bit_generator.state,
        "epoch": epoch,
        "step": step,
        "position": position,
        "total_loss": total_loss,
        "total_right": total_right,
        "seconds": seconds,
        "history": dataclasses.asdict(history or History()),
        "settings": dict(settings or {}),
        "data_digest": data_digest,
    }
    _check_finite("save_checkpoint", arrays, meta)
    import json  # here, and below: importing these takes longer than all of numpynet's core

    text = json.dumps(meta, allow_nan=False, default=lambda value: value.tolist())
    arrays["meta"] = np.frombuffer(text.encode(), np.uint8)
    arrays["digest"] = _digest(arrays)
    write_whole(path, to_npz(arrays))


def load_checkpoint(path: str | os.PathLike[str], net: Layer, optimizer: SGD, *, rng: np.random.Generator) -> State:
    """Put what a checkpoint holds into net, optimizer and rng, and return the State for `train` to go on from.

    All of it is checked before anything is changed: it fits and takes effect as a whole, or not at all.

    Raises: CheckpointError, naming what is wrong, where the file is damaged, or the architecture, the parameters, the
    optimizer's options or the kind of rng are others; OSError where the file cannot be read.
    """
    checkpoint = read_checkpoint(path)
    parameters = net.named_parameters()
    _require(path, "architecture", checkpoint.architecture, architecture(net))
    _require(path, "parameters", list(checkpoint.parameters), list(parameters))
    for name, array in checkpoint.parameters.items():
        _require(path, f"parameter {name}", _form(array), _form(parameters[name].data))
    for option, value in checkpoint.optimizer.items():
        _require(path, f"optimizer's {option}", value, getattr(optimizer, option))
    names = {id(parameter): name for name, parameter in parameters.items()}
    optimized = [names.get(id(parameter), "of another network") for parameter in optimizer.parameters]
    velocities = checkpoint.velocities
    if velocities:
        _require(path, "velocities", sorted(velocities), sorted(optimized))
        for name, array in velocities.items():
            _require(path, f"velocity {name}", _form(array), _form(parameters[name].data))
    kind = type(rng.bit_generator)
    _require(path, "rng", checkpoint.rng.get("bit_generator"), kind.__name__)
    generator = kind(0)
    try:
        generator.state = checkpoint.rng
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise CheckpointError(f"{os.fspath(path)}: rng: {error}") from None

    net.load_state_dict(checkpoint.parameters)
    optimizer.velocities = [velocities.get(name, 0.0) for name in optimized]
    rng.bit_generator.state = generator.state
    return checkpoint.state


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """What the checkpoint file at path holds, after every check that needs no network.

    Raises: CheckpointError where it is no checkpoint, damaged, or of a later version; OSError where it cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read()
    try:
        return _checkpoint(from_npz(content))
    except ValueError as error:  # from_npz's, from json's reader or of our own
        raise CheckpointError(f"{os.fspath(path)}: {error}") from None


def architecture(net: Layer) -> str:
    """In words: each layer's type and the shapes of its parameters."""
    layers = net.layers if isinstance(net, Sequential) else [net]
    return ", ".join(
        " ".join([type(layer).__name__, *(f"{n} {p.data.shape}" for n, p in layer.named_parameters().items())])
        for layer in layers
    )


class Checkpointer(Callback):
    """Saves a checkpoint after every epoch, and within one every `every` steps or, if that is None, every 30 seconds.

    settings, data_digest and extra, a function that returns arrays, are what `save_checkpoint` is to keep beside it.
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
        self.path, self.net, self.optimizer, self.rng = path, net, optimizer, rng
        self.every, self.settings, self.data_digest, self.extra = every, settings, data_digest, extra
        self._last = time.monotonic()

    def after_step(self, state: State) -> None:
        if time.monotonic() - self._last >= 30 if self.every is None else state.step % self.every == 0:
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
        fields: dict[str, Any] = {name: value for name, value in vars(state).items() if name != "loss"}
        fields |= {"settings": self.settings, "data_digest": self.data_digest, "extra": self.extra()}
        save_checkpoint(self.path, self.net, self.optimizer, rng=self.rng, **fields)
        return True


def _require(path: str | os.PathLike[str], what: str, saved: Any, here: Any) -> None:
    if saved != here:
        raise CheckpointError(f"{os.fspath(path)}: {what}: {saved} in the checkpoint, {here} here")


def _form(array: Array) -> str:
    return f"{array.shape} {array.dtype}"


_META: dict[str, Any] = {  # what meta must hold
    "version": int,
    "architecture": str,
    "optimizer": dict,
    "rng": dict,
    "epoch": int,
    "step": int,
    "position": int,
    "total_loss": (int, float),
    "total_right": (int, float),
    "seconds": (int, float),
    "history": dict,
    "settings": dict,
    "data_digest": str,
}


def _checkpoint(arrays: dict[str, Array]) -> Checkpoint:
    if "meta" not in arrays:
        raise CheckpointError("no checkpoint: meta is missing")
    import json

    meta = json.loads(arrays["meta"].tobytes())
    if not isinstance(meta, dict) or meta.get("version") != VERSION:
        found = meta.get("version") if isinstance(meta, dict) else None
        raise CheckpointError(f"version must be {VERSION}, got {found}: was it written by a later numpynet?")
    if "digest" not in arrays or arrays.pop("digest").tobytes() != _digest(arrays).tobytes():
        raise CheckpointError("digest: the content is not what was written")
    del arrays["meta"]
    _check_meta(meta)
    order = arrays.pop("order", None)
    if order is None and meta["position"] != 0:
        raise CheckpointError("order is missing, in mid-epoch")
    if order is not None and (order.dtype.kind != "i" or not np.array_equal(np.sort(order), np.arange(order.size))):
        raise CheckpointError("order must hold every example once")
    if order is not None and meta["position"] > len(order):
        raise CheckpointError(f"position must be at most {len(order)}, got {meta['position']}")
    groups: dict[str, dict[str, Array]] = {"parameter": {}, "velocity": {}, "extra": {}}
    for key, array in arrays.items():
        group, _, name = key.partition("/")
        if group not in groups:
            raise CheckpointError(f"{key} is not expected")
        groups[group][name] = array
    _check_finite("it", arrays, meta)
    history = History(**meta["history"])
    state = State(history, meta["epoch"], meta["step"], order=order, position=meta["position"])
    state.total_loss, state.total_right, state.seconds = meta["total_loss"], meta["total_right"], meta["seconds"]
    rest = (meta[key] for key in ("architecture", "optimizer", "rng", "settings", "data_digest"))
    return Checkpoint(groups["parameter"], groups["velocity"], groups["extra"], state, *rest)


def _check_meta(meta: dict[str, Any]) -> None:
    if set(meta) != set(_META):
        raise CheckpointError(f"meta must hold {sorted(_META)}, got {sorted(meta)}")
    for name, kind in _META.items():
        if not isinstance(meta[name], kind) or isinstance(meta[name], bool):
            raise CheckpointError(f"{name} must not be {meta[name]!r}")
    for name in ("epoch", "step", "position"):
        if meta[name] < 0:
            raise CheckpointError(f"{name} must be at least 0, got {meta[name]}")
    if set(meta["optimizer"]) != set(_OPTIONS):
        raise CheckpointError(f"optimizer must hold {list(_OPTIONS)}, got {list(meta['optimizer'])}")
    fields = {field.name for field in dataclasses.fields(History)}
    if set(meta["history"]) != fields:
        raise CheckpointError(f"history must hold {sorted(fields)}, got {sorted(meta['history'])}")


def _check_finite(what: str, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise CheckpointError(f"{what}: {name} must be an array of numbers, got {array.dtype}")
        if not np.isfinite(array).all():
            bad = np.argwhere(~np.isfinite(array))[0].tolist()
            raise CheckpointError(f"{what}: {name} must be finite, got {array[tuple(bad)]} at {bad}")
    for name in ("total_loss", "total_right", "seconds"):
        if not math.isfinite(meta[name]):
            raise CheckpointError(f"{what}: {name} must be finite, got {meta[name]}")
    for name, figures in meta["history"].items():
        if not all(isinstance(figure, (int, float)) and math.isfinite(figure) for figure in figures):
            raise CheckpointError(f"{what}: history's {name} must be finite numbers, got {figures}")


def _digest(arrays: Mapping[str, Array]) -> Array:
    import hashlib

    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)
