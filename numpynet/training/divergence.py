"""Stopping a run whose numbers are no longer finite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from numpynet.arguments import Array

if TYPE_CHECKING:
    from numpynet.training.loop import Loop


class DivergedError(ArithmeticError):
    """Training stopped because the loss, or a parameter, became infinite or NaN."""


def require_finite(loop: Loop, what: str, value: float) -> None:
    """Raise DivergedError unless value is finite."""
    if math.isfinite(value):
        return
    state, lr = loop.state, loop.model.lr
    where = f"epoch {state.epoch}, step {state.step}, at learning rate {lr}"
    if what == "loss" and state.step == 1:
        hint = "does a parameter hold nan or inf, or X huge numbers?"
    else:
        hint = f"is the learning rate, {lr}, too large?"
    raise DivergedError(f"{loop.caller}: the {what} is {value} in {where}; {hint}")


def check_last_update(loop: Loop, X: Array) -> None:
    """Raise DivergedError if the epoch's last update, which no loss follows, made a prediction or parameter infinite.

    A prediction alone does not show it: ReLU turns a pre-activation of -inf into a harmless 0.
    """
    require_finite(loop, "prediction", loop.model.predict(X).sum())
    for array in loop.model.parameters().values():
        require_finite(loop, "largest parameter", np.abs(array).max(initial=0))
