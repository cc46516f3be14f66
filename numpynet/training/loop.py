"""The training loop, one for all models: take a batch, compute the loss and its gradients, update; repeat."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.base import Layer
from numpynet.data.batches import as_floats, batches_in_order
from numpynet.losses import Loss
from numpynet.optim import SGD
from numpynet.training.arguments import check_data, check_options
from numpynet.training.divergence import check_last_update, diverged, require_finite
from numpynet.training.metrics import evaluate
from numpynet.training.progress import Progress
from numpynet.training.state import Callback, History, State
from numpynet.training.trainable import FromLayers, FromScratch, Trainable

Data = tuple[Array, Array]  # X and y


def train(
    net: Layer,
    loss: Loss,
    optimizer: SGD,
    data: Data,
    *,
    num_epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    test: Data | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    state: State | None = None,
) -> History:
    """Train net on data = (X, y) by minibatch gradient descent, and return the history.

    If y holds integers, net is a classifier: its accuracy is recorded on data and, with the loss, on test = (X, y).
    progress prints a line per epoch, and shows a bar where possible. A loss that is not finite stops the run before any
    parameter moves. state, from `load_checkpoint`, says where to resume. The loop itself is `Loop.epoch`, below.

    Shapes: X (n, ...), y (n, ...), as net and loss need them. dtype: uint8 X are passed to net as float32 in [0, 1].
    Cost: each epoch, a forward and a backward pass for every example, and a forward pass for every test example.
    Raises: DivergedError if the loss or, at the end of an epoch, a parameter is not finite; TypeError or ValueError for
    invalid arguments, and for an X or y that is not finite, naming the first such entry.
    Source: D2L 3.6, train_ch3.
    """
    if not {id(parameter) for parameter in optimizer.parameters} <= {id(parameter) for parameter in net.parameters()}:
        raise ValueError("train: optimizer must hold parameters of net, got those of a different network")
    state = State() if state is None else state
    loop = Loop(FromLayers(net, loss, optimizer), batch_size, rng, callbacks, state, loss if callable(loss) else None)
    return _checked_run(loop, data, num_epochs, test, progress)


def train_scratch(
    model: Any,
    params: dict[str, Array],
    data: Data,
    *,
    lr: float,
    num_epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    test: Data | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    state: State | None = None,
) -> History:
    """`train` for a model from scratch, one of the modules of `numpynet.scratch`; it changes params in place.

    From the same parameters and rng it takes the same steps as `train`, bit for bit. For the accuracy, a classifier has
    to predict a second time at each step, because loss_and_gradients returns no predictions. There is no test loss.

    Shapes, dtype, Raises: as `train`. Cost: as `train`, plus another forward pass for every example of a classifier.
    Source: D2L 3.2, 3.6, 4.2.
    """
    arguments.check_number("train_scratch", "lr", lr)
    state = State() if state is None else state
    loop = Loop(FromScratch(model, params, lr), batch_size, rng, callbacks, state, caller="train_scratch")
    return _checked_run(loop, data, num_epochs, test, progress)


def _checked_run(loop: Loop, data: Data, num_epochs: int, test: Data | None, progress: bool) -> History:
    check_options(loop.caller, num_epochs, loop.batch_size, loop.rng, loop.callbacks, loop.state)
    check_data(loop.caller, loop.model, data, test, loop.state)
    if progress:
        loop.callbacks = [Progress(num_epochs), *loop.callbacks]
    return loop.run(data, num_epochs, test)


@dataclass
class Loop:
    """Minibatch gradient descent on a model: `epoch` is one pass over the data, `run` the whole training."""

    model: Trainable
    batch_size: int
    rng: np.random.Generator
    callbacks: Sequence[Callback] = ()
    state: State = field(default_factory=State)
    test_loss: Callable[[Array, Array], Any] | None = None  # of predictions and y; None: measure the accuracy alone
    caller: str = "train"  # the function that error messages name

    @np.errstate(over="ignore", invalid="ignore")  # an overflow shows in the loss, which is checked
    def run(self, data: Data, num_epochs: int, test: Data | None = None) -> History:
        """Train until num_epochs epochs are done, each in a new random order."""
        (X, y), state = data, self.state
        try:
            for callback in self.callbacks:
                callback.before_training(state)
            while state.epoch + (state.order is None) <= num_epochs:
                self.epoch(X, y, self.rng.permutation(len(X)) if state.order is None else state.order)
                if test is not None:
                    loss, share = evaluate(self.model.predict, *test, self.batch_size, self.test_loss)
                    require_finite(self.caller, state, self.model, "test loss", loss)
                    state.history.add_test(loss, share)
                for callback in self.callbacks:
                    callback.after_epoch(state)
        finally:
            for callback in self.callbacks:
                callback.after_training(state)
        return state.history

    @np.errstate(over="ignore", invalid="ignore")
    def epoch(self, X: Array, y: Array, order: Array) -> float:
        """Train on the examples in this order, or finish an interrupted epoch in its own; return the mean loss."""
        state, model, classifier = self.state, self.model, y.dtype.kind in "iu"
        if state.order is None:
            state.epoch, state.order = state.epoch + 1, order
        order, start = state.order, time.perf_counter() - state.seconds
        for X_batch, y_batch in batches_in_order(X, y, self.batch_size, order[state.position :]):
            loss, y_hat, grads = model.loss_and_gradients(X_batch, y_batch)  # forward, then backward
            state.step, state.loss, num_examples = state.step + 1, float(loss), len(y_batch)
            if not math.isfinite(state.loss):
                raise diverged(self.caller, state, model, "loss", state.loss)
            model.update(grads)  # W -= lr * grad_W
            state.position += num_examples
            state.total_loss += state.loss * num_examples  # weighted, because the last batch may be short
            if classifier:
                state.total_right += int(np.count_nonzero(y_hat.argmax(axis=1) == y_batch))
            state.seconds = time.perf_counter() - start
            for callback in self.callbacks:
                callback.after_step(state)
        check_last_update(self.caller, state, self.model, as_floats(X[order[-self.batch_size :]]))
        state.end_epoch(time.perf_counter() - start, classifier=classifier)
        return state.history.train_loss[-1]
