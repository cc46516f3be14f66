"""What `train` and `train_scratch` require of their arguments, so that an error appears at once, not after an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.data.batches import as_floats
from numpynet.training.state import Callback, State
from numpynet.training.trainable import Trainable


def check_options(
    function: str, num_epochs: Any, batch_size: Any, rng: np.random.Generator, callbacks: Any, state: Any
) -> None:
    """Raise TypeError or ValueError for an invalid option."""
    arguments.check_size(function, "num_epochs", num_epochs, least=0)
    arguments.check_size(function, "batch_size", batch_size)
    arguments.check_rng(function, rng)
    is_list = isinstance(callbacks, (list, tuple))
    if not is_list or not all(isinstance(callback, Callback) for callback in callbacks):
        raise TypeError(f"{function}: callbacks must be a list of Callback objects, got {callbacks!r}")
    if not isinstance(state, State):
        raise TypeError(f"{function}: state must be a State, as from load_checkpoint, got {type(state).__name__}")


def check_data(
    function: str, model: Trainable, data: tuple[Array, Array], test: tuple[Array, Array] | None, state: State
) -> None:
    """Raise TypeError or ValueError for data that do not fit the model, and for test data without classes."""
    _check_pair(function, "data", data, model)
    if test is not None:
        _check_pair(function, "test", test, model)
        if test[1].dtype.kind not in "iu":
            raise ValueError(f"{function}: test requires integer y, because it measures accuracy, got {test[1].dtype}")
    if state.order is not None and len(state.order) != len(data[0]):
        raise ValueError(f"{function}: data must have {len(state.order)} examples to fit state, got {len(data[0])}")


def _check_pair(function: str, name: str, pair: Any, model: Trainable) -> None:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        got = f"{type(pair).__name__} of {len(pair)}" if isinstance(pair, (tuple, list)) else type(pair).__name__
        raise TypeError(f"{function}: {name} must be a pair (X, y), got {got}")
    X, y = pair
    arguments.check_examples(function, X, y)
    if len(X) == 0:
        raise ValueError(f"{function}: {name} must have at least one example, got none")
    for letter, array in {"X": X, "y": y}.items():
        if array.dtype.kind == "f":
            arguments.check_finite(function, letter if name == "data" else f"test {letter}", array)
    if y.dtype.kind in "iu":
        O = model.predict(as_floats(X[:1]))  # for the number of classes
        arguments.check_labels(function, "predictions", np.broadcast_to(O, (len(y), *O.shape[1:])), y)
