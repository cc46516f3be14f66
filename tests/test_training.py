"""The training loop, its figures, its callbacks, and how it stops."""

import io
import sys

import numpy as np
import pytest

from numpynet import (
    SGD,
    Callback,
    CrossEntropyLoss,
    DivergedError,
    SquaredLoss,
    accuracy,
    evaluate_accuracy,
    load_fashion_mnist,
    models,
    scratch,
    synthetic_regression,
    train,
    train_scratch,
)
from tests.test_fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def blobs(rng, n=103):
    """Three well separated classes of uint8 pictures, 4 by 4."""
    y = rng.integers(0, 3, n)
    X = rng.integers(0, 60, (n, 4, 4), dtype=np.uint8)
    X[np.arange(n), y] += 180
    return X, y


def run(
    rng, data, test=None, *, lr=0.1, momentum=0.0, num_epochs=3, batch_size=10, callbacks=(), progress=False, seed=0
):
    net = models.softmax_regression(16, 3, rng=np.random.default_rng(seed))
    optimizer = SGD(net.parameters(), lr, momentum)
    options = {"num_epochs": num_epochs, "batch_size": batch_size, "rng": rng, "test": test}
    return net, train(net, CrossEntropyLoss(), optimizer, data, **options, callbacks=callbacks, progress=progress)


def test_training_learns_and_records_a_figure_of_each_kind_an_epoch(rng):
    _, history = run(rng, blobs(rng), blobs(rng), num_epochs=4)
    for figures in (history.train_loss, history.train_accuracy, history.test_accuracy, history.seconds):
        assert len(figures) == 4
        assert all(type(figure) is float for figure in figures)
    assert history.train_loss == sorted(history.train_loss, reverse=True)
    assert history.test_accuracy[-1] == 1.0
    assert min(history.seconds) > 0


def test_linear_regression_has_a_loss_and_no_accuracy_and_finds_w_and_b(rng):
    X, y = synthetic_regression([2.0, -3.4], 4.2, rng=rng)
    net = models.linear_regression(2, rng=rng)
    history = train(net, SquaredLoss(), SGD(net.parameters(), 0.03), (X, y), num_epochs=3, batch_size=10, rng=rng)
    assert history.train_accuracy == history.test_accuracy == []
    W, b = (parameter.data for parameter in net.parameters())
    np.testing.assert_allclose(W[:, 0], [2, -3.4], atol=0.02)
    np.testing.assert_allclose(b, [4.2], atol=0.02)


def test_the_short_last_batch_counts_by_its_own_size(rng):
    """With lr = 0 the epoch's figures must be the whole data set's, however unevenly the batches divide it."""
    data = blobs(rng)
    net, history = run(rng, data, lr=0.0, num_epochs=1, batch_size=100)
    X = (data[0] / 255).astype(np.float32)
    assert history.train_loss[0] == pytest.approx(float(CrossEntropyLoss()(net(X), data[1])), rel=1e-6)
    assert history.train_accuracy[0] == pytest.approx(accuracy(net(X), data[1]), rel=1e-12)
    assert evaluate_accuracy(net, *data, batch_size=100) == pytest.approx(accuracy(net(X), data[1]), rel=1e-12)


def test_the_same_seeds_give_the_same_run_and_others_another(rng):
    data = blobs(rng)
    (net, first), (same_net, same), (_, other) = (run(np.random.default_rng(s), data) for s in (5, 5, 6))
    assert first.train_loss == same.train_loss
    assert first.train_loss != other.train_loss
    np.testing.assert_array_equal(net.parameters()[0].data, same_net.parameters()[0].data)


def test_no_global_random_state_is_read_or_set(rng):
    data = blobs(rng)
    np.random.seed(1)  # noqa: NPY002
    _, first = run(np.random.default_rng(5), data)
    np.random.seed(2)  # noqa: NPY002
    _, second = run(np.random.default_rng(5), data)
    assert first.train_loss == second.train_loss
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.get_state()[1].copy()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    run(np.random.default_rng(5), data)
    np.testing.assert_array_equal(np.random.get_state()[1], expected)  # noqa: NPY002


@pytest.mark.parametrize("name", ["softmax_regression", "mlp"])
def test_scratch_and_concise_have_the_same_history_and_end_with_the_same_bits(name, rng):
    data, test = blobs(rng), blobs(rng)
    sizes = {"softmax_regression": (16, 3), "mlp": (16, 8, 3)}[name]
    options = {"num_epochs": 3, "batch_size": 10, "test": test, "progress": False}
    net = getattr(models, name)(*sizes, rng=np.random.default_rng(1))
    concise = train(net, CrossEntropyLoss(), SGD(net.parameters(), 0.1), data, rng=np.random.default_rng(2), **options)
    module = getattr(scratch, name)
    params = module.init_parameters(*sizes, rng=np.random.default_rng(1))
    own = train_scratch(module, params, data, lr=0.1, rng=np.random.default_rng(2), **options)
    assert own.train_loss == concise.train_loss
    assert own.train_accuracy == concise.train_accuracy
    assert own.test_accuracy == concise.test_accuracy
    for array, parameter in zip(params.values(), net.parameters(), strict=True):
        np.testing.assert_array_equal(array, parameter.data)


class Recorder(Callback):
    def __init__(self):
        self.steps, self.epochs = [], []

    def after_step(self, state):
        self.steps.append((state.epoch, state.step, state.loss))

    def after_epoch(self, state):
        self.epochs.append((state.epoch, state.step, len(state.history.test_accuracy)))


def test_callbacks_look_on_after_every_step_and_every_epoch(rng):
    recorder = Recorder()
    _, history = run(rng, blobs(rng, 25), blobs(rng), num_epochs=2, callbacks=[recorder])
    assert [(epoch, step) for epoch, step, _ in recorder.steps] == [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6)]
    assert recorder.epochs == [(1, 3, 1), (2, 6, 2)]
    losses = [loss for _, _, loss in recorder.steps[3:]]
    assert history.train_loss[1] == pytest.approx((10 * losses[0] + 10 * losses[1] + 5 * losses[2]) / 25)


def test_no_epochs_no_history_and_no_change(rng):
    net, history = run(rng, blobs(rng), num_epochs=0)
    assert history.train_loss == history.train_accuracy == history.test_accuracy == history.seconds == []
    fresh = models.softmax_regression(16, 3, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(net.parameters()[0].data, fresh.parameters()[0].data)


def test_a_learning_rate_of_zero_leaves_the_parameters_untouched(rng):
    net, _ = run(rng, blobs(rng), lr=0)
    fresh = models.softmax_regression(16, 3, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(net.parameters()[0].data, fresh.parameters()[0].data)


def test_a_line_is_printed_for_every_epoch_and_none_if_not_wanted(rng, capsys):
    run(rng, blobs(rng), blobs(rng), num_epochs=2, progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2  loss ")
    assert "train accuracy 0." in lines[0]
    assert "test accuracy " in lines[0]
    run(rng, blobs(rng), num_epochs=2)
    assert capsys.readouterr().out == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_shown_on_a_terminal_only_and_only_where_tqdm_is_installed(rng, monkeypatch):
    shown = []
    for stream, tqdm_missing in [(Terminal(), False), (io.StringIO(), False), (Terminal(), True)]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stream)
            if tqdm_missing:
                patch.setitem(sys.modules, "tqdm.auto", None)
            _, history = run(rng, blobs(rng), num_epochs=2, progress=True)
        assert len(history.train_loss) == 2
        shown.append("epoch 2" in stream.getvalue())
    assert shown == [True, False, False]


@pytest.mark.parametrize("lr", [1e30, 1e38])
def test_a_run_that_diverges_stops_naming_epoch_step_and_learning_rate(lr, rng):
    X, y = synthetic_regression(rng=rng)
    net = models.linear_regression(2, rng=rng)
    with pytest.raises(
        DivergedError, match=r"train: the loss is (inf|nan) in epoch 1, step \d+, at learning rate 1e\+3"
    ) as caught:
        train(net, SquaredLoss(), SGD(net.parameters(), lr), (X, y), num_epochs=3, batch_size=10, rng=rng)
    assert isinstance(caught.value, ArithmeticError)


def test_a_last_step_that_leaves_the_numbers_is_said_too(rng):
    """One step, whose loss is still finite, and whose update overflows: the model must not pass for trained."""
    X, y = synthetic_regression(rng=rng, dtype=np.float64)
    net = models.linear_regression(2, rng=rng, dtype=np.float64)
    with pytest.raises(DivergedError, match="train: the prediction is (inf|-inf|nan) in epoch 1, step 1,"):
        train(net, SquaredLoss(), SGD(net.parameters(), 1e308), (1e5 * X, y), num_epochs=1, batch_size=1000, rng=rng)


def test_a_run_that_diverges_before_any_update_points_elsewhere_and_leaves_the_net_alone(rng):
    X, y = synthetic_regression(rng=rng)
    net = models.linear_regression(2, rng=rng)
    net.parameters()[1].data[0] = np.nan
    W = net.parameters()[0].data.copy()
    with pytest.raises(DivergedError, match="epoch 1, step 1, at learning rate 0.1; does a parameter hold nan or inf"):
        train(net, SquaredLoss(), SGD(net.parameters(), 0.1), (X, y), num_epochs=1, batch_size=1000, rng=rng)
    np.testing.assert_array_equal(net.parameters()[0].data, W)


def test_an_optimizer_of_another_network_is_refused(rng):
    X, y = synthetic_regression(rng=rng)
    net, other = (models.linear_regression(2, rng=rng) for _ in range(2))
    with pytest.raises(ValueError, match="train: optimizer must hold parameters of net"):
        train(net, SquaredLoss(), SGD(other.parameters(), 0.1), (X, y), num_epochs=1, batch_size=10, rng=rng)


@pytest.mark.parametrize(
    "test", [(np.ones((0, 4, 4), np.uint8), np.ones(0, int)), (np.ones((3, 4, 4), np.uint8), np.ones(2, int))]
)
def test_a_test_set_that_does_not_fit_is_refused_before_training(test, rng):
    recorder = Recorder()
    with pytest.raises(ValueError, match="at least one example|same length"):
        run(rng, blobs(rng), test, callbacks=[recorder])
    assert recorder.steps == []


def test_accuracy_is_the_share_of_rows_whose_largest_logit_is_at_the_class():
    O = np.array([[0.1, 0.7, 0.2], [5.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-3.0, -2.0, -1.0]])
    assert accuracy(O, np.array([1, 0, 0, 1])) == 0.5
    assert accuracy(O, np.array([1, 0, 2, 2], np.uint8)) == 1.0


@pytest.mark.parametrize(
    ("O", "y", "kind", "message"),
    [
        (np.ones((4, 2)), np.zeros((4, 1), int), ValueError, r"accuracy: y must have shape \(4,\) to fit O \(4, 2\), got \(4, 1\)"),
        (np.ones((4, 2)), np.zeros(1, int), ValueError, r"accuracy: y must have shape \(4,\)"),
        (np.ones((4, 2)), np.zeros(4), TypeError, "accuracy: y must be an array of integer classes"),
        (np.ones((4, 2)), np.full(4, -1), ValueError, r"accuracy: y must be in 0 ... 1"),
        (np.ones(4), np.zeros(4, int), ValueError, r"accuracy: O must have shape \(n, classes\), got \(4,\)"),
        (np.array([[0.0, 1.0], [np.nan, 0.0]]), np.zeros(2, int), ValueError, "accuracy: O must not hold NaN, got it in row 1"),
    ],
)  # fmt: skip
def test_accuracy_refuses_what_would_broadcast_wrap_or_have_no_largest(O, y, kind, message):
    with pytest.raises(kind, match=message):
        accuracy(O, y)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"num_epochs": -1}, ValueError, "train: num_epochs must be at least 0, got -1"),
        ({"num_epochs": 1.5}, TypeError, "train: num_epochs must be a whole number, got 1.5"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"data": ([[1.0, 2.0]], np.ones(1, int))}, TypeError, "minibatches: X must be an array of numbers, got list"),
        ({"batch_size": 0, "num_epochs": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"rng": 7}, TypeError, "train: rng must be a generator"),
        ({"rng": None}, TypeError, "train: rng must be a generator"),
        (
            {"data": (np.ones((0, 16), np.float32), np.ones(0, int))},
            ValueError,
            "train: data must have at least one example",
        ),
        (
            {"data": (np.ones((4, 16), np.float32), np.ones(3, int))},
            ValueError,
            "X and y must have the same length",
        ),
    ],
)
def test_training_refuses_what_cannot_be_trained_on(change, kind, message, rng):
    arguments = {"rng": rng, "data": blobs(rng)} | change
    with pytest.raises(kind, match=message):
        run(arguments.pop("rng"), arguments.pop("data"), **arguments)


def test_a_test_set_for_a_regression_is_refused(rng):
    X, y = synthetic_regression(rng=rng)
    net = models.linear_regression(2, rng=rng)
    options = {"num_epochs": 1, "batch_size": 10, "rng": rng, "test": (X, y)}
    with pytest.raises(ValueError, match="train: test requires integer y"):
        train(net, SquaredLoss(), SGD(net.parameters(), 0.03), (X, y), **options)


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.parametrize(("name", "loss", "tolerance"), [("softmax_regression", 0.4474, 0.004), ("mlp", 0.3831, 0.007)])
def test_ten_epochs_on_fashion_mnist_end_where_the_book_does(name, loss, tolerance):
    """The training losses measured over several seeds, and a test accuracy of at least 0.80 in every run."""
    data, ends = load_fashion_mnist(), []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        net = getattr(models, name)(rng=rng)
        optimizer = SGD(net.parameters(), 0.1)
        options = {"num_epochs": 10, "batch_size": 256, "rng": rng, "test": data.test, "progress": False}
        history = train(net, CrossEntropyLoss(), optimizer, data.train, **options)
        assert history.test_accuracy[-1] >= 0.80
        ends.append(history.train_loss[-1])
    assert np.mean(ends) == pytest.approx(loss, abs=tolerance)
