"""The loop itself: what one epoch does, in which order callbacks are told, and how a run stops."""

import numpy as np
import pytest

from numpynet import (
    SGD,
    CrossEntropyLoss,
    DivergedError,
    Linear,
    ReLU,
    Sequential,
    SquaredLoss,
    models,
    scratch,
    train,
    train_scratch,
)
from numpynet.training import Callback, History, State
from numpynet.training.loop import Loop
from numpynet.training.trainable import FromLayers, FromScratch

X = np.random.default_rng(0).normal(size=(11, 4))
Y = np.array([0, 2, 1, 1, 0, 2, 2, 0, 1, 2, 0])
ORDER = np.array([10, 3, 7, 0, 5, 1, 9, 2, 8, 6, 4])


def make(seed=1):
    net = models.mlp(4, 5, 3, rng=np.random.default_rng(seed), dtype=np.float64)
    return FromLayers(net, CrossEntropyLoss(), SGD(net.parameters(), 0.5))


def test_an_epoch_takes_the_examples_in_the_order_given():
    model, by_hand = make(), make()
    loop = Loop(model, 4, np.random.default_rng(0))
    mean_loss = loop.epoch(X, Y, ORDER)
    losses = []
    for rows in (ORDER[:4], ORDER[4:8], ORDER[8:]):
        loss, _, grads = by_hand.loss_and_gradients(X[rows], Y[rows])
        by_hand.update(grads)
        losses += [loss] * len(rows)
    assert mean_loss == pytest.approx(np.mean(losses), rel=1e-14)
    for name, array in by_hand.parameters().items():
        np.testing.assert_array_equal(model.parameters()[name], array)
    assert (loop.state.epoch, loop.state.step, loop.state.order, loop.state.position) == (1, 3, None, 0)
    assert loop.state.history.train_loss == [mean_loss]


def test_a_second_epoch_goes_on_from_the_first():
    loop = Loop(make(), 4, np.random.default_rng(0))
    first, second = loop.epoch(X, Y, ORDER), loop.epoch(X, Y, ORDER[::-1])
    assert loop.state.history.train_loss == [first, second]
    assert (loop.state.epoch, loop.state.step) == (2, 6)
    assert len(loop.state.history.seconds) == len(loop.state.history.train_accuracy) == 2


class Diary(Callback):
    def __init__(self):
        self.entries = []

    def before_training(self, state):
        self.entries.append("before")

    def after_step(self, state):
        self.entries.append(f"step {state.step}")

    def after_epoch(self, state):
        self.entries.append(f"epoch {state.epoch}, {len(state.history.test_loss)} test losses")

    def after_training(self, state):
        self.entries.append("after")


def test_callbacks_are_told_of_every_moment_in_order():
    diary = Diary()
    model = make()
    options = {"num_epochs": 2, "batch_size": 6, "rng": np.random.default_rng(0), "progress": False}
    train(model.net, model.loss, model.optimizer, (X, Y), test=(X, Y), callbacks=[diary], **options)
    assert diary.entries == [
        "before", "step 1", "step 2", "epoch 1, 1 test losses", "step 3", "step 4", "epoch 2, 2 test losses", "after",
    ]  # fmt: skip


def test_after_training_comes_even_when_the_run_diverges():
    diary, model = Diary(), make()
    model.net.parameters()[0].data[0, 0] = np.nan
    with pytest.raises(DivergedError):
        Loop(model, 4, np.random.default_rng(0), [diary]).run((X, Y), 1)
    assert diary.entries == ["before", "after"]


@pytest.mark.parametrize("kind", ["layers", "scratch"])
def test_a_loss_that_is_not_finite_moves_no_parameter(kind):
    if kind == "layers":
        model = make()
    else:
        params = scratch.mlp.init_parameters(4, 5, 3, rng=np.random.default_rng(1), dtype=np.float64)
        model = FromScratch(scratch.mlp, params, 0.5)
    list(model.parameters().values())[-1][1] = np.inf
    before = {name: array.copy() for name, array in model.parameters().items()}
    loop = Loop(model, 4, np.random.default_rng(0))
    with pytest.raises(DivergedError, match="train: the loss is nan in epoch 1, step 1"):
        loop.epoch(X, Y, ORDER)
    for name, array in model.parameters().items():
        np.testing.assert_array_equal(array, before[name])


def test_train_scratch_names_itself_in_errors():
    params = scratch.mlp.init_parameters(4, 5, 3, rng=np.random.default_rng(1))
    options = {"lr": 0.1, "batch_size": 4, "rng": np.random.default_rng(0)}
    with pytest.raises(TypeError, match=r"^train_scratch: num_epochs must be a whole number, got 'x'"):
        train_scratch(scratch.mlp, params, (X, Y), num_epochs="x", **options)
    params["b2"][0] = np.nan
    with pytest.raises(DivergedError, match=r"^train_scratch: the loss is nan"):
        train_scratch(scratch.mlp, params, (X.astype(np.float32), Y), num_epochs=1, progress=False, **options)


def train_with_test(loss, test, **options):
    net = models.mlp(4, 5, 3, rng=np.random.default_rng(1), dtype=np.float64)
    options = {"num_epochs": 2, "batch_size": 3, "rng": np.random.default_rng(0), "progress": False} | options
    return net, train(net, loss, SGD(net.parameters(), 0.5), (X, Y), test=test, **options)


def test_the_test_loss_is_that_of_the_whole_test_set():
    X_test, y_test = X[:7] * 2, Y[:7]
    net, history = train_with_test(CrossEntropyLoss(), (X_test, y_test))
    assert len(history.test_loss) == 2
    assert history.test_loss[-1] == pytest.approx(float(CrossEntropyLoss()(net(X_test), y_test)), rel=1e-14)


def test_no_test_loss_is_recorded_where_it_is_not_known():
    """A module from scratch has no function for it, nor has a loss of one's own with forward and backward alone."""

    class Own:
        def __init__(self):
            inner = CrossEntropyLoss()
            self.forward, self.backward = inner.forward, inner.backward

    _, history = train_with_test(Own(), (X, Y))
    params = scratch.mlp.init_parameters(4, 5, 3, rng=np.random.default_rng(1), dtype=np.float64)
    options = {"num_epochs": 2, "batch_size": 3, "rng": np.random.default_rng(0), "progress": False}
    other = train_scratch(scratch.mlp, params, (X, Y), test=(X, Y), lr=0.5, **options)
    assert history.test_loss == other.test_loss == []
    assert len(history.test_accuracy) == len(other.test_accuracy) == 2


def test_a_test_loss_that_is_not_finite_stops_the_run():
    net = models.softmax_regression(4, 3, rng=np.random.default_rng(1), dtype=np.float64)
    net.parameters()[0].data *= 1000
    huge = X.copy()
    huge[3] = 1e308, -1e308, 1e308, 1e308
    options = {"num_epochs": 1, "batch_size": 3, "rng": np.random.default_rng(0), "progress": False}
    with pytest.raises(
        DivergedError, match="train: the test loss is (nan|inf) in epoch 1, .*does the test X hold huge"
    ):
        train(net, CrossEntropyLoss(), SGD(net.parameters(), 0), (X, Y), test=(huge, Y), **options)


class SetAtTheEnd(Callback):
    """Puts a value into an array after the epoch's last step."""

    def __init__(self, array, value):
        self.array, self.value = array, value

    def after_step(self, state):
        if state.position == len(X):
            self.array[0] = self.value


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", range(4))
def test_no_epoch_ends_with_a_parameter_that_is_not_finite(which, value):
    """ReLU, and here a layer of one's own that turns NaN into 0, may hide it from the predictions."""

    class Own(ReLU):
        def __call__(self, X):
            return np.where(X > 0, X, 0)

    rng = np.random.default_rng(0)
    net = Sequential(Linear(4, 5, rng=rng, dtype=np.float64), Own(), Linear(5, 3, rng=rng, dtype=np.float64))
    callbacks = [SetAtTheEnd(net.parameters()[which].data, value)]
    options = {"num_epochs": 1, "batch_size": 4, "rng": rng, "progress": False}
    with pytest.raises(
        DivergedError, match="train: the (prediction|largest parameter) is -?(nan|inf) in epoch 1, step 3"
    ):
        train(net, CrossEntropyLoss(), SGD(net.parameters(), 0.1), (X, Y), callbacks=callbacks, **options)


def test_seconds_continue_after_an_interruption():
    state = State(epoch=1, order=ORDER, position=4, step=1, seconds=1000.0)
    loop = Loop(make(), 4, np.random.default_rng(0), state=state)
    loop.run((X, Y), 2)
    first, second = state.history.seconds
    assert 1000 <= first < 1100
    assert second < 900


def test_in_mid_epoch_the_order_of_its_start_is_kept():
    resumed, whole = make(), make()
    state = State(epoch=1, order=ORDER, position=4, step=1)
    Loop(resumed, 4, np.random.default_rng(0), state=state).epoch(X, Y, np.arange(len(X)))
    for rows in (ORDER[4:8], ORDER[8:]):
        whole.update(whole.loss_and_gradients(X[rows], Y[rows])[2])
    for name, array in whole.parameters().items():
        np.testing.assert_array_equal(resumed.parameters()[name], array)


@pytest.mark.parametrize("callbacks", [None, Callback(), [print], (callback for callback in [Callback()])])
def test_callbacks_must_be_a_list(callbacks):
    with pytest.raises(TypeError, match="train: callbacks must be a list of Callback objects"):
        train_with_test(CrossEntropyLoss(), (X, Y), callbacks=callbacks)


def test_train_scratch_checks_its_learning_rate_at_once():
    params = scratch.mlp.init_parameters(4, 5, 3, rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"^train_scratch: lr must be finite and at least 0, got -1"):
        train_scratch(scratch.mlp, params, (X, Y), lr=-1, num_epochs=0, batch_size=4, rng=np.random.default_rng(0))


def test_a_regression_has_neither_accuracies_nor_a_test_loss():
    net = models.linear_regression(4, rng=np.random.default_rng(0), dtype=np.float64)
    options = {"num_epochs": 1, "batch_size": 3, "rng": np.random.default_rng(0), "progress": False}
    history = train(net, SquaredLoss(), SGD(net.parameters(), 0.1), (X, X[:, :1]), **options)
    assert (history.train_accuracy, history.test_accuracy, history.test_loss) == ([], [], [])


def test_a_history_shows_as_a_table():
    history = History([2.25, 12345.0], [0.5, 0.75], [0.25, 1.0], [0.1234, 10.0], [1.5, 0.00005])
    assert repr(history).splitlines() == [
        "   epoch  train loss  test loss  train accuracy  test accuracy   seconds",
        "       1      2.2500     1.5000          0.5000         0.2500      0.12",
        "       2   1.234e+04  5.000e-05          0.7500         1.0000     10.00",
    ]
    html = history._repr_html_()
    assert html.startswith("<table><tr><th>epoch</th><th>train loss</th>")
    assert html.count("<tr>") == 3
    assert "<td>2</td><td>1.234e+04</td>" in html


def test_a_history_without_tests_or_epochs_shows_what_it_has():
    assert repr(History([0.5], seconds=[2.0])).splitlines() == [
        "   epoch  train loss   seconds",
        "       1      0.5000      2.00",
    ]
    assert repr(History()) == "no epochs yet"
