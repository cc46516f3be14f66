"""How a run that was interrupted goes on: Ctrl-C, and the way from a checkpoint back to where the run was."""

from __future__ import annotations

import dataclasses
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from numpynet.checkpoint import Checkpoint, Checkpointer, CheckpointError, read_checkpoint
from numpynet.settings import Model, Settings
from numpynet.training import Callback, State


class CtrlC(Callback):
    """While this is entered, Ctrl-C waits for the end of the step under way, when every parameter has moved, or none;
    then a checkpoint is saved, and KeyboardInterrupt is raised, naming the command that goes on. A second Ctrl-C does
    not wait.
    """

    def __init__(self, checkpointer: Checkpointer, command: str) -> None:
        self.checkpointer, self.command, self.pressed = checkpointer, command, False

    def __enter__(self) -> CtrlC:
        self.listening = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self.listening and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *error: object) -> None:
        if self.listening and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _press(self, *signal_and_frame: object) -> None:
        self.pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def after_step(self, state: State) -> None:
        if self.pressed:
            where = f"after step {state.step}, in epoch {state.epoch}"
            if self.checkpointer.save(state):
                raise KeyboardInterrupt(f"saved {where}; `{self.command}` goes on from there")
            raise KeyboardInterrupt(
                f"not saved {where}, as a parameter is not finite; `{self.command}` goes on from the last checkpoint"
            )

    def after_epoch(self, state: State) -> None:
        self.after_step(state)


def settings_to_resume(checkpoint: Checkpoint, given: Mapping[str, Any]) -> Settings:
    """The settings of the run that left the checkpoint, those given among them; another number of epochs is allowed.

    Raises: CheckpointError for any other setting that differs, or fewer epochs than are done.
    """
    path = checkpoint.path
    try:
        saved = Settings(**checkpoint.settings)
        if set(vars(saved)) != set(checkpoint.settings):
            raise ValueError(f"must be {list(vars(saved))}, got {list(checkpoint.settings)}")
    except Exception as error:  # whatever comes of strange settings
        raise CheckpointError(f"{path}: its settings are not those of a run: {error}") from None
    for name, value in given.items():
        if name != "epochs" and value != getattr(saved, name):
            raise CheckpointError(
                f"{path}: {name} is {getattr(saved, name)} there, and cannot become {value}; "
                "leave the option out, or start afresh without --resume"
            )
    settings = dataclasses.replace(saved, epochs=given.get("epochs", saved.epochs))
    state = checkpoint.state
    if settings.epochs < state.epoch:
        raise CheckpointError(f"{path}: epochs cannot become {settings.epochs}: it is in epoch {state.epoch}")
    return settings


def go_on(
    checkpoint: Checkpoint,
    model: Model,
    *,
    rng: np.random.Generator,
    data_digest: str,
    num_examples: int,
    classifier: bool,
) -> State:
    """Put the checkpoint into model and rng, and return where its run was.

    Raises: CheckpointError where it is another model's, or its run's data had another digest or number of examples.
    """
    if checkpoint.data_digest != data_digest:
        raise CheckpointError(f"{checkpoint.path}: data: its run was trained on other data than these")
    _check_lengths(checkpoint, num_examples, classifier=classifier)
    return checkpoint.restore(model.net, model.optimizer, rng=rng)


def _check_lengths(checkpoint: Checkpoint, num_examples: int, *, classifier: bool) -> None:
    state = checkpoint.state
    lengths, done = {}, state.epoch
    if state.order is not None:
        lengths, done = {"order": (len(state.order), num_examples)}, state.epoch - 1
    for name, figures in vars(state.history).items():
        lengths[f"history's {name}"] = len(figures), done if classifier or "accuracy" not in name else 0
    for name, (length, wanted) in lengths.items():
        if length != wanted:
            raise CheckpointError(f"{checkpoint.path}: {name} must have {wanted} entries, got {length}")


def warn_of_unfinished(path: Path) -> None:
    """Print a line if the checkpoint at path is that of a run that could go on."""
    try:
        saved = read_checkpoint(path)
    except (CheckpointError, OSError):
        return
    epochs = saved.settings.get("epochs")
    if saved.state.order is not None or (isinstance(epochs, int) and saved.state.epoch < epochs):
        print(f"starting afresh; {path} of an unfinished run is replaced (--resume would go on with it)")
