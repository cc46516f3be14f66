"""Interrupting a run with Ctrl-C, and restoring it from its checkpoint."""

from __future__ import annotations

import dataclasses
import json
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.book import Settings
from numpynet.cli.environment import bits_depend_on
from numpynet.cli.run import Run
from numpynet.training.checkpoint import Checkpointer, restore
from numpynet.training.checkpoint_file import Checkpoint, CheckpointError, read_checkpoint
from numpynet.training.state import Callback, State


class CtrlC(Callback):
    """While a run trains, Ctrl-C waits for the end of the current step, so that either all parameters have moved or
    none. Then a checkpoint is saved, and KeyboardInterrupt names the command that resumes. A second Ctrl-C stops the
    run at once.
    """

    def __init__(self, checkpointer: Checkpointer, command: str) -> None:
        self.checkpointer, self.command = checkpointer, command
        self.pressed = self.listening = False

    def before_training(self, state: State) -> None:
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._press)
            self.listening = True

    def after_training(self, state: State) -> None:
        if self.listening:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _press(self, *signal_and_frame: object) -> None:
        self.pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def after_step(self, state: State) -> None:
        if not self.pressed:
            return
        where = f"after step {state.step}, in epoch {state.epoch}"
        if self.checkpointer.save(state):
            raise KeyboardInterrupt(f"saved {where}; `{self.command}` resumes there")
        raise KeyboardInterrupt(
            f"not saved {where}, because a parameter is not finite; `{self.command}` resumes from the last checkpoint"
        )

    def after_epoch(self, state: State) -> None:
        self.after_step(state)


def settings_to_resume(checkpoint: Checkpoint, given: Mapping[str, Any]) -> Settings:
    """The settings of the run that left the checkpoint. Of those given, only the number of epochs may differ.

    Raises: CheckpointError for any other setting that differs, or fewer epochs than are done.
    """
    path = checkpoint.path
    try:
        saved = Settings(**checkpoint.settings)
        if set(vars(saved)) != set(checkpoint.settings):
            raise ValueError(f"must be {list(vars(saved))}, got {list(checkpoint.settings)}")
    except Exception as error:  # invalid settings can raise anything
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
        raise CheckpointError(
            f"{path}: epochs cannot become {settings.epochs}: the run is already in epoch {state.epoch}"
        )
    return settings


def environment_array() -> Array:
    """`bits_depend_on` as an array of bytes, which a checkpoint can keep."""
    return np.frombuffer(json.dumps(bits_depend_on()).encode(), np.uint8)


def _warn_of_other_bits(checkpoint: Checkpoint) -> None:
    """Print a line for each thing that the last bits depend on and that is not as it was."""
    try:
        saved = json.loads(checkpoint.extra["environment"].astype(np.uint8).tobytes())
        differing = [(name, saved[name], here) for name, here in bits_depend_on().items() if saved[name] != here]
    except (KeyError, ValueError, TypeError):  # from a checkpoint that does not say
        return
    for name, before, here in differing:
        print(f"{name}: {here}; it was {before}, so the results may differ in the last bits")


def restore_run(checkpoint: Checkpoint, run: Run, digest: str, *, num_examples: int) -> State:
    """Restore the checkpoint into the run's model, optimizer, rng and path, and say where the run resumes.

    Raises: CheckpointError unless it is from a run of this model, on data with this digest and number of examples.
    """
    if checkpoint.data_digest != digest:
        raise CheckpointError(f"{checkpoint.path}: data: the run was trained on different data")
    _check_lengths(checkpoint, num_examples, classifier=run.settings.model != "linear")
    state = restore(checkpoint, run.net, run.optimizer, rng=run.rng)
    if run.path:
        run.path.restore(checkpoint)
    _warn_of_other_bits(checkpoint)
    epochs = run.settings.epochs
    if state.epoch == epochs and state.order is None:
        print(f"nothing to train: all {epochs} epochs are done; use --epochs to train for longer")
    else:
        print(f"resuming after step {state.step}, in epoch {state.epoch} of {epochs}")
    return state


def _check_lengths(checkpoint: Checkpoint, num_examples: int, *, classifier: bool) -> None:
    state = checkpoint.state
    lengths, done = {}, state.epoch
    if state.order is not None:
        lengths, done = {"order": (len(state.order), num_examples)}, state.epoch - 1
    for name, figures in vars(state.history).items():
        of_classifiers = "accuracy" in name or "test" in name
        lengths[f"history's {name}"] = len(figures), 0 if of_classifiers and not classifier else done
    for name, (length, wanted) in lengths.items():
        if length != wanted:
            raise CheckpointError(f"{checkpoint.path}: {name} must have {wanted} entries, got {length}")


def warn_of_unfinished(path: Path) -> None:
    """Print a line if the checkpoint at path is from a run that could be resumed."""
    try:
        saved = read_checkpoint(path)
    except CheckpointError as error:
        print(f"starting afresh; this replaces a checkpoint that cannot be resumed: {error}")
        return
    except OSError:  # there is none
        return
    epochs = saved.settings.get("epochs")
    if saved.state.order is not None or (isinstance(epochs, int) and saved.state.epoch < epochs):
        print(f"starting afresh; this replaces {path}, from an unfinished run (--resume would have continued it)")
