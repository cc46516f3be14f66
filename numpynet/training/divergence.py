"""The error that stops a run whose numbers are no longer finite."""

from __future__ import annotations

import math

import numpy as np

from numpynet.arguments import Array
from numpynet.training.state import State
from numpynet.training.trainable import Trainable


class DivergedError(ArithmeticError):
    """Training stopped because the loss, or a parameter, became infinite or NaN."""


def require_finite(function: str, state: State, model: Trainable, what: str, value: float | None) -> None:
    """Raise DivergedError, in the name of the function, if value is infinite or NaN."""
    if value is not None and not math.isfinite(value):
        raise diverged(function, state, model, what, value)


def diverged(function: str, state: State, model: Trainable, what: str, value: float) -> DivergedError:
    """The error for a value that is not finite, with what may have led to it."""
    where = f"epoch {state.epoch}, step {state.step}, at learning rate {model.lr}"
    if what == "loss" and state.step == 1:
        hint = "does a parameter hold nan or inf, or does X hold huge numbers?"
    elif what == "test loss":
        hint = f"does the test X hold huge numbers, or is the learning rate, {model.lr}, too large?"
    else:
        hint = f"is the learning rate, {model.lr}, too large?"
    return DivergedError(f"{function}: the {what} is {value} in {where}; {hint}")


def check_last_update(function: str, state: State, model: Trainable, X: Array) -> None:
    """Raise DivergedError if the epoch's last update made a prediction or parameter infinite; no loss follows it.

    A prediction alone does not show it: ReLU turns a pre-activation of -inf into a harmless 0.
    """
    require_finite(function, state, model, "prediction", model.predict(X).sum())
    for array in model.parameters().values():
        require_finite(function, state, model, "largest parameter", np.abs(array).max(initial=0))
