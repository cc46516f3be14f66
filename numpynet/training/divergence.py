"""The error that stops a run whose numbers are no longer finite."""

from __future__ import annotations

import math

import numpy as np

from numpynet.arguments import Array
from numpynet.training.state import State
from numpynet.training.trainable import Trainable


class DivergedError(ArithmeticError):
    """Training stopped because the loss, or a parameter, became infinite or NaN."""


def check_finite_loss(function: str, state: State, model: Trainable) -> None:
    """Raise DivergedError unless the last batch's loss is finite."""
    if not math.isfinite(state.loss):
        raise _diverged(function, "loss", state.loss, state, model)


def check_last_update(function: str, state: State, model: Trainable, X: Array) -> None:
    """Raise DivergedError if the epoch's last update made a prediction or parameter infinite; no loss follows it.

    A prediction alone does not show it: ReLU turns a pre-activation of -inf into a harmless 0.
    """
    values = {"prediction": model.predict(X).sum()}
    values["largest parameter"] = max(np.abs(array).max(initial=0) for array in model.parameters().values())
    for what, value in values.items():
        if not math.isfinite(value):
            raise _diverged(function, what, value, state, model)


def _diverged(function: str, what: str, value: float, state: State, model: Trainable) -> DivergedError:
    where = f"epoch {state.epoch}, step {state.step}, at learning rate {model.lr}"
    if what == "loss" and state.step == 1:
        hint = "does a parameter hold nan or inf, or does X hold huge numbers?"
    else:
        hint = f"is the learning rate, {model.lr}, too large?"
    return DivergedError(f"{function}: the {what} is {value} in {where}; {hint}")
