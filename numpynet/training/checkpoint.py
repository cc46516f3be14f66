"""Checkpoints: a run saved to one file, from which it resumes, bit for bit, as if it had never stopped."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.base import Layer
from numpynet.layers import Sequential
from numpynet.optim import SGD
from numpynet.storage.atomic import write_atomic
from numpynet.storage.npz import to_npz
from numpynet.training.checkpoint_file import (
    OPTIONS,
    Checkpoint,
    CheckpointError,
    as_json,
    errors_begin_with,
    from_arrays,
    read_checkpoint,
    rng_state,
    to_arrays,
)
from numpynet.training.state import Callback, State


def save_checkpoint(
    path: str | os.PathLike[str],
    net: Layer,
    optimizer: SGD,
    *,
    rng: np.random.Generator,
    epoch: int,
    step: int,
    **fields: Any,
) -> None:
    """Write net's parameters, the optimizer's options and velocities, rng's state and the state of the run to path.

    epoch, step and, as fields, history, order, position, total_loss, total_right and seconds are those of
    `training.State`. Three more fields are for the caller, and `read_checkpoint` returns them: settings (anything that
    JSON can hold), data_digest (a string) and extra (arrays by name). The file is written atomically: it always has its
    old content, or all of the new.

    Raises: CheckpointError, a ValueError, naming the field, for anything that `read_checkpoint` would refuse, such as
    a number that is not finite; TypeError or ValueError for an invalid rng or optimizer. Then nothing is written.
    OSError if the file cannot be written; the old one stays as it was.
    """
    arguments.check_rng("save_checkpoint", rng)
    settings, extra = fields.pop("settings", None), fields.pop("extra", None)
    data_digest = fields.pop("data_digest", "")
    state = State(epoch=epoch, step=step, **fields)
    names = _names_by_id("save_checkpoint", net, optimizer)
    velocities = {
        names[id(parameter)]: np.full_like(parameter.data, velocity)
        for parameter, velocity in zip(optimizer.parameters, optimizer.velocities, strict=True)
        if optimizer.momentum or isinstance(velocity, np.ndarray)  # until the first step it is just the number 0
    }
    with errors_begin_with("save_checkpoint"):
        checkpoint = Checkpoint(
            parameters={name: parameter.data for name, parameter in net.named_parameters().items()},
            velocities=velocities,
            extra={name: np.asarray(array) for name, array in (extra or {}).items()},
            state=state,
            architecture=architecture(net),
            optimizer={name: getattr(optimizer, name) for name in OPTIONS},
            rng=dict(rng.bit_generator.state),
            settings=dict(settings or {}),
            data_digest=data_digest,
        )
        arrays = to_arrays(checkpoint)
        rng_state(type(rng.bit_generator), from_arrays(dict(arrays)).rng)  # make sure that it can be read back
    write_atomic(path, to_npz(arrays))


def _names_by_id(function: str, net: Layer, optimizer: SGD) -> dict[int, str]:
    """The name of each parameter of net. Raise unless the optimizer's parameters are among them."""
    if not isinstance(net, Layer):
        raise TypeError(f"{function}: net must be a Layer, got {type(net).__name__}")
    if not isinstance(optimizer, SGD):
        raise TypeError(f"{function}: optimizer must be an SGD object, got {type(optimizer).__name__}")
    names = {id(parameter): name for name, parameter in net.named_parameters().items()}
    if not {id(parameter) for parameter in optimizer.parameters} <= set(names):
        raise ValueError(f"{function}: optimizer must hold parameters of net, got those of a different network")
    return names


def load_checkpoint(path: str | os.PathLike[str], net: Layer, optimizer: SGD, *, rng: np.random.Generator) -> State:
    """Load a checkpoint into net, optimizer and rng, and return the State with which `train` resumes the run.

    All of it is checked before anything is changed: it takes effect as a whole, or not at all.

    Raises: CheckpointError, naming what is wrong, if the file is damaged, or if the architecture, the parameters, the
    optimizer's options or the kind of rng differ; OSError if the file cannot be read; TypeError if rng is not a
    Generator; ValueError if a parameter of net is read-only.
    """
    return restore(read_checkpoint(path), net, optimizer, rng=rng)


def restore(checkpoint: Checkpoint, net: Layer, optimizer: SGD, *, rng: np.random.Generator) -> State:
    """`load_checkpoint` for a checkpoint that has been read already."""
    arguments.check_rng("load_checkpoint", rng)
    parameters = net.named_parameters()
    names = {id(parameter): name for name, parameter in parameters.items()}
    optimized = [names.get(id(parameter), "of a different network") for parameter in optimizer.parameters]
    _require_equal(checkpoint, "architecture", checkpoint.architecture, architecture(net))
    _require_equal(checkpoint, "parameters", list(checkpoint.parameters), list(parameters))
    for name, array in checkpoint.parameters.items():
        _require_equal(checkpoint, f"parameter {name}", _form(array), _form(parameters[name].data))
    for option, value in checkpoint.optimizer.items():
        _require_equal(checkpoint, f"optimizer's {option}", value, getattr(optimizer, option))
    if checkpoint.velocities:
        _require_equal(checkpoint, "velocities", sorted(checkpoint.velocities), sorted(optimized))
    for name, array in checkpoint.velocities.items():
        _require_equal(checkpoint, f"velocity {name}", _form(array), _form(parameters[name].data))
    _require_equal(checkpoint, "rng", checkpoint.rng.get("bit_generator"), type(rng.bit_generator).__name__)
    with errors_begin_with(checkpoint.path):
        bits = rng_state(type(rng.bit_generator), checkpoint.rng)

    net.load_state_dict(checkpoint.parameters)
    optimizer.velocities = [checkpoint.velocities.get(name, 0.0) for name in optimized]
    rng.bit_generator.state = bits
    return checkpoint.state


def _require_equal(checkpoint: Checkpoint, what: str, saved: Any, here: Any) -> None:
    if saved != here:
        raise CheckpointError(f"{checkpoint.path}: {what}: {saved} in the checkpoint, {here} here")


def architecture(net: Layer) -> str:
    """In words: each layer's type and the shapes of its parameters."""
    layers = net.layers if isinstance(net, Sequential) else [net]
    return ", ".join(
        " ".join([type(layer).__name__, *(f"{n} {p.data.shape}" for n, p in layer.named_parameters().items())])
        for layer in layers
    )


def _form(array: Array) -> str:
    return f"{array.shape} {array.dtype}"


PATIENCE = 20


class Checkpointer(Callback):
    """Saves a checkpoint after every epoch, and within one every `every` steps or, if that is None, every 30 seconds.

    Where epochs take milliseconds, and every is None, it waits after a checkpoint until the run has gone on for twenty
    times as long as saving took, so that it takes no more than a twentieth of the time. The last epoch is always saved.
    rng is the one passed to `train`. kept are further fields for `save_checkpoint`: settings, data_digest
    and extra, a function that returns the arrays. To resume, pass to `train` the state that `load_checkpoint` returns.
    Raises: TypeError or ValueError for invalid arguments, FileNotFoundError if the path's folder is missing, another
    OSError for a path at which no file can be.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        net: Layer,
        optimizer: SGD,
        *,
        rng: np.random.Generator,
        every: int | None = None,
        **kept: Any,
    ) -> None:
        arguments.check_rng("Checkpointer", rng)
        if every is not None:
            arguments.check_size("Checkpointer", "every", every)
        if not set(kept) <= {"settings", "data_digest", "extra"}:
            raise TypeError(f"Checkpointer: kept must be settings, data_digest or extra, got {list(kept)}")
        folder = os.path.dirname(os.path.abspath(os.fsdecode(path)))
        if not os.path.isdir(folder):  # say so now, not after an epoch
            raise FileNotFoundError(f"Checkpointer: path must be in a folder that exists, got {os.fsdecode(path)!r}")
        if not os.fsdecode(path) or os.path.isdir(path):
            raise IsADirectoryError(f"Checkpointer: path must be that of a file, got {os.fsdecode(path)!r}")
        with contextlib.suppress(FileNotFoundError):
            os.stat(path)  # this raises where no file of this name can be
        _names_by_id("Checkpointer", net, optimizer)
        with errors_begin_with("settings"):
            as_json(kept.get("settings"))
        self.path, self.net, self.optimizer, self.rng = path, net, optimizer, rng
        self.every, self.kept = every, kept
        self._last = time.monotonic()
        self._pause = 0.0  # seconds to wait after the last checkpoint
        self._not_saved = ""  # where the run was when an epoch ended in that time

    def after_step(self, state: State) -> None:
        due = time.monotonic() - self._last >= 30 if self.every is None else state.step % self.every == 0
        if due:
            self.save(state)

    def after_epoch(self, state: State) -> None:
        if self.every is None and time.monotonic() - self._last < self._pause:
            self._not_saved = self._where(state)
        else:
            self.save(state)

    def after_training(self, state: State) -> None:
        if self._not_saved == self._where(state):  # unless an error has ended the run in the middle of things
            self.save(state)

    def _where(self, state: State) -> str:
        return as_json([state.step, self.rng.bit_generator.state])

    def save(self, state: State) -> bool:
        """Save a checkpoint, and return True. If a step has made a parameter infinite, keep the last checkpoint and
        return False: the next loss, or the end of the epoch, will stop such a run.
        """
        began, self._not_saved = time.monotonic(), ""
        arrays = [parameter.data for parameter in self.net.parameters()] + self.optimizer.velocities
        if not all(np.isfinite(array).all() for array in arrays):
            self._last = began
            return False
        kept = self.kept | {"extra": self.kept["extra"]() if "extra" in self.kept else {}}
        save_checkpoint(self.path, self.net, self.optimizer, rng=self.rng, **kept, **vars(state))
        self._last = time.monotonic()
        self._pause = PATIENCE * (self._last - began)
        return True
