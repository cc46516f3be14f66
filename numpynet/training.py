"""The training loop, once for all models: take a batch, predict, measure the loss, send its gradient back, step; again.
Beside it the history of a run, the accuracy, and callbacks, to watch a run.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet.checks import check_finite, check_labels, check_rng, check_size
from numpynet.data.batches import as_floats, batches_in_order, minibatches
from numpynet.functional import Array
from numpynet.layers import Layer
from numpynet.losses import Loss
from numpynet.optim import SGD, sgd


class DivergedError(ArithmeticError):
    """Training stopped because the loss, or a parameter, is no longer a number, or infinite."""


@dataclass
class History:
    """The numbers of a run, one entry per epoch; accuracies only for classifiers.

    Training numbers are averages over the epoch's batches, each taken before its own update. The test accuracy is that
    of the epoch's end; seconds is the time spent training, without the test.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass
class State:
    """Where a run is: with the parameters, the optimizer and the rng, all that is needed to go on from there.

    epoch is the one under way, counted from 1, or the last one done; step counts all since the start, and loss is the
    last batch's. Within an epoch, order is its shuffled order of the examples, of which `position` are done; the sums
    and the seconds are the epoch's so far. Between epochs, order is None.
    """

    history: History = field(default_factory=History)
    epoch: int = 0
    step: int = 0
    loss: float = math.nan
    order: Array | None = None
    position: int = 0
    total_loss: float = 0.0
    total_right: float = 0.0
    seconds: float = 0.0

    def end_epoch(self) -> None:
        self.order, self.position, self.total_loss, self.total_right, self.seconds = None, 0, 0.0, 0.0, 0.0


class Callback:
    """Something that watches a run: a subclass overrides what it needs, after every step or after every epoch."""

    def after_step(self, state: State) -> None:
        pass

    def after_epoch(self, state: State) -> None:
        pass


def train(
    net: Layer,
    loss: Loss,
    optimizer: SGD,
    data: tuple[Array, Array],
    *,
    num_epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    test: tuple[Array, Array] | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    state: State | None = None,
) -> History:
    """Train net on data = (X, y) by minibatch gradient descent, and return the history.

    If y holds integers, net is a classifier: its accuracy is recorded on data and, if given, on test = (X, y). progress
    prints a line per epoch and shows a bar, where tqdm is installed and the output is a terminal. A loss that is not
    finite stops the run before it is sent back. state, as from `load_checkpoint`, is where to go on from; it changes as
    the run goes on. The loop over epochs and batches is `_run`, below.

    Shapes: X (n, ...), y (n, ...), as net and loss need them. dtype: uint8 X reach net as float32 in [0, 1].
    Cost: each epoch, a forward and a backward pass for every example, and a forward pass for every test example.
    Raises: DivergedError where the loss, or at an epoch's end a parameter, is not finite; TypeError or ValueError for
    arguments that do not fit, and for X or y that are not finite, with the first such entry.
    Source: D2L 3.6, train_ch3.
    """

    def step(X: Array, y: Array) -> tuple[Any, Array]:
        y_hat = net.forward(X)
        value = loss.forward(y_hat, y)
        if math.isfinite(value):
            net.backward(loss.backward())
            optimizer.step()
        return value, y_hat

    if not {id(parameter) for parameter in optimizer.parameters} <= {id(parameter) for parameter in net.parameters()}:
        raise ValueError("train: optimizer must hold parameters of net, got another network's")
    return _run(
        step,
        net,
        lambda: [parameter.data for parameter in net.parameters()],
        data,
        optimizer.lr,
        num_epochs,
        batch_size,
        rng,
        test,
        callbacks,
        progress,
        state,
    )


def train_scratch(
    model: Any,
    params: dict[str, Array],
    data: tuple[Array, Array],
    *,
    lr: float,
    num_epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    test: tuple[Array, Array] | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    state: State | None = None,
) -> History:
    """`train` for a model from scratch, one of the modules of `numpynet.scratch`, whose params it changes in place.

    From the same parameters and rng it takes the same steps as `train` does, bit for bit. It predicts a second time,
    for the accuracy, as loss_and_gradients keeps its own predictions to itself.

    Shapes, dtype, Raises: as `train`. Cost: as `train`, and another forward pass for every example.
    Source: D2L 3.2, 3.6, 4.2.
    """

    def step(X: Array, y: Array) -> tuple[Any, Array]:
        y_hat = model.predict(params, X)
        value, grads = model.loss_and_gradients(params, X, y)
        if math.isfinite(value):
            sgd(params, grads, lr)
        return value, y_hat

    return _run(
        step,
        lambda X: model.predict(params, X),
        params.values,
        data,
        lr,
        num_epochs,
        batch_size,
        rng,
        test,
        callbacks,
        progress,
        state,
    )


@np.errstate(over="ignore", invalid="ignore")  # no warning of an overflow: the loss shows it, and is checked
def _run(
    step: Callable[[Array, Array], tuple[Any, Array]],
    predict: Callable[[Array], Array],
    parameters: Callable[[], Iterable[Array]],
    data: tuple[Array, Array],
    lr: float,
    num_epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    test: tuple[Array, Array] | None,
    callbacks: Sequence[Callback],
    progress: bool,
    state: State | None,
) -> History:
    check_size("train", "num_epochs", num_epochs, least=0)
    check_rng("train", rng)
    if isinstance(callbacks, Callback) or not all(isinstance(callback, Callback) for callback in callbacks):
        raise TypeError(f"train: callbacks must be a list of Callback objects, got {callbacks!r}")
    if state is not None and not isinstance(state, State):
        raise TypeError(f"train: state must be a State, as from load_checkpoint, got {type(state).__name__}")
    _check_data(predict, data, test, batch_size)
    X, y = data
    classifier = y.dtype.kind in "iu"
    state = State() if state is None else state
    if state.order is not None and len(state.order) != len(X):
        raise ValueError(f"train: data must have {len(state.order)} examples, as state says, got {len(X)}")
    history = state.history
    for epoch in range(state.epoch + (state.order is None), num_epochs + 1):
        state.epoch = epoch
        start = time.perf_counter() - state.seconds
        if state.order is None:
            state.order = rng.permutation(len(X))
        batches = batches_in_order(X, y, batch_size, state.order[state.position :])
        for X_batch, y_batch in _bar(batches, state, batch_size) if progress else batches:
            loss, y_hat = step(X_batch, y_batch)
            state.step, state.loss = state.step + 1, float(loss)
            _check_finite("loss", state.loss, state, lr)
            state.position += len(y_batch)
            state.total_loss += state.loss * len(y_batch)  # weighted, as the last batch may be short
            if classifier:
                state.total_right += accuracy(y_hat, y_batch) * len(y_batch)
            state.seconds = time.perf_counter() - start
            for callback in callbacks:
                callback.after_step(state)
        last = as_floats(X[state.order[-batch_size:]])  # after the last update comes no loss: predict once more
        _check_finite("prediction", predict(last).sum(), state, lr)
        for array in parameters():  # and look at them: ReLU turns a score of -inf into a harmless 0
            _check_finite("largest parameter", np.abs(array).max(initial=0), state, lr)
        history.seconds.append(time.perf_counter() - start)
        history.train_loss.append(state.total_loss / len(X))
        if classifier:
            history.train_accuracy.append(state.total_right / len(X))
        if test is not None:
            history.test_accuracy.append(evaluate_accuracy(predict, *test, batch_size))
        state.end_epoch()
        if progress:
            print(_line(state, num_epochs), flush=True)
        for callback in callbacks:
            callback.after_epoch(state)
    return history


def _check_data(
    predict: Callable[[Array], Array], data: tuple[Array, Array], test: tuple[Array, Array] | None, batch_size: int
) -> None:
    """Refuse what does not fit now, and not after an epoch."""
    for name, pair in {"data": data, "test": data if test is None else test}.items():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            came = f"{type(pair).__name__} of {len(pair)}" if isinstance(pair, (tuple, list)) else type(pair).__name__
            raise TypeError(f"train: {name} must be a pair (X, y), got {came}")
        X, y = pair
        minibatches(X, y, batch_size)
        if len(X) == 0:
            raise ValueError(f"train: {name} must have at least one example, got none")
        for letter, array in {"X": X, "y": y}.items():
            if array.dtype.kind == "f":
                check_finite("train", letter if name == "data" else f"test {letter}", array)
        if y.dtype.kind in "iu":
            O = predict(as_floats(X[:1]))  # for its shape
            check_labels("train", "predictions", np.broadcast_to(O, (len(y), *O.shape[1:])), y)
        elif test is not None:
            raise ValueError(f"train: test requires integer y, whose accuracy it is for, got y of {y.dtype}")


def _check_finite(what: str, value: float, state: State, lr: float) -> None:
    if not math.isfinite(value):
        first = what == "loss" and state.step == 1
        hint = (
            "does a parameter hold nan or inf, or X huge numbers?"
            if first
            else f"is the learning rate, {lr}, too large?"
        )
        where = f"epoch {state.epoch}, step {state.step}, at learning rate {lr}"
        raise DivergedError(f"train: the {what} is {value} in {where}; {hint}")


def accuracy(O: Array, y: Array) -> float:
    """The share of the rows of O whose largest logit is at the right class.

    Shapes: O (n, q), y (n,) integer classes -> a number in [0, 1]. Cost: three passes over O.
    Raises: as `functional.softmax_cross_entropy`; ValueError for a row with NaN, which has no largest.
    Source: D2L 3.6.

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    check_labels("accuracy", "O", O, y)
    if np.isnan(O).any():
        raise ValueError(f"accuracy: O must not hold NaN, got it in row {int(np.isnan(O).any(axis=1).argmax())}")
    return float(np.count_nonzero(O.argmax(axis=1) == y) / len(y))


def evaluate_accuracy(net: Callable[[Array], Array], X: Array, y: Array, batch_size: int = 256) -> float:
    """The accuracy of net, a network or any function from X to logits, over a whole data set, a batch at a time.

    Shapes: X (n, ...), y (n,). dtype: uint8 X reach net as float32 in [0, 1]. Cost: a forward pass for every example.
    Raises: as `accuracy`. Source: D2L 3.6.
    """
    batches = minibatches(X, y, batch_size)
    if len(X) == 0:
        raise ValueError("evaluate_accuracy: X must have at least one example, got none")
    right = sum(accuracy(net(X_batch), y_batch) * len(y_batch) for X_batch, y_batch in batches)
    return right / len(X)


def _bar(batches: Iterator[Any], state: State, batch_size: int) -> Iterable[Any]:
    if not sys.stderr.isatty():
        return batches
    try:
        from tqdm import tqdm
    except ImportError:
        return batches
    done, total = (math.ceil(n / batch_size) for n in (state.position, len(state.order)))  # type: ignore[arg-type]
    return tqdm(batches, initial=done, total=total, desc=f"epoch {state.epoch}", unit="batch", leave=False)  # type: ignore[no-any-return]


def _line(state: State, num_epochs: int) -> str:
    history, loss = state.history, state.history.train_loss[-1]
    parts = [
        f"epoch {state.epoch:{len(str(num_epochs))}}/{num_epochs}",
        f"loss {loss:.4f}" if loss < 1e4 else f"loss {loss:.3e}",
    ]
    if history.train_accuracy:
        parts.append(f"train accuracy {history.train_accuracy[-1]:.4f}")
    if history.test_accuracy:
        parts.append(f"test accuracy {history.test_accuracy[-1]:.4f}")
    return "  ".join([*parts, f"{history.seconds[-1]:.2f} s"])
