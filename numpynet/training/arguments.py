"""What `train` and `train_scratch` ask of their arguments: whatever does not fit is refused now, not after an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.data.batches import as_floats, minibatches
from numpynet.training.state import Callback, State
from numpynet.training.trainable import Trainable

if TYPE_CHECKING:
    from numpynet.training.loop import Loop


def check_run(loop: Loop, data: tuple[Array, Array], num_epochs: int, test: tuple[Array, Array] | None) -> None:
    """Raise TypeError or ValueError, in the name of the loop's caller, for anything that does not fit."""
    function, state = loop.caller, loop.state
    arguments.check_size(function, "num_epochs", num_epochs, least=0)
    arguments.check_size(function, "batch_size", loop.batch_size)
    arguments.check_rng(function, loop.rng)
    if isinstance(loop.callbacks, Callback) or not all(isinstance(callback, Callback) for callback in loop.callbacks):
        raise TypeError(f"{function}: callbacks must be a list of Callback objects, got {loop.callbacks!r}")
    if not isinstance(state, State):
        raise TypeError(f"{function}: state must be a State, as from load_checkpoint, got {type(state).__name__}")
    _check_pair(function, "data", data, loop.model)
    if test is not None:
        _check_pair(function, "test", test, loop.model)
        if test[1].dtype.kind not in "iu":
            raise ValueError(f"{function}: test requires integer y, because it measures accuracy, got {test[1].dtype}")
    if state.order is not None and len(state.order) != len(data[0]):
        raise ValueError(f"{function}: data must have {len(state.order)} examples, as state has, got {len(data[0])}")


def _check_pair(function: str, name: str, pair: Any, model: Trainable) -> None:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        got = f"{type(pair).__name__} of {len(pair)}" if isinstance(pair, (tuple, list)) else type(pair).__name__
        raise TypeError(f"{function}: {name} must be a pair (X, y), got {got}")
    X, y = pair
    minibatches(X, y, 1)  # raises for anything that cannot be split into batches
    if len(X) == 0:
        raise ValueError(f"{function}: {name} must have at least one example, got none")
    for letter, array in {"X": X, "y": y}.items():
        if array.dtype.kind == "f":
            arguments.check_finite(function, letter if name == "data" else f"test {letter}", array)
    if y.dtype.kind in "iu":
        O = model.predict(as_floats(X[:1]))  # for the number of classes
        arguments.check_labels(function, "predictions", np.broadcast_to(O, (len(y), *O.shape[1:])), y)
