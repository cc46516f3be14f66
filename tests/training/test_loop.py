"""The training loop, its figures and its callbacks."""

import numpy as np
import pytest

from numpynet import (
    SGD,
    CrossEntropyLoss,
    SquaredLoss,
    accuracy,
    evaluate_accuracy,
    load_fashion_mnist,
    models,
    synthetic_regression,
    train,
)
from tests.helpers.fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST
from tests.helpers.training import Recorder, blobs, run


def test_training_learns_and_records_every_figure_each_epoch(rng):
    _, history = run(rng, blobs(rng), blobs(rng), num_epochs=4)
    for figures in (history.train_loss, history.train_accuracy, history.test_accuracy, history.seconds):
        assert len(figures) == 4
        assert all(type(figure) is float for figure in figures)
    assert history.train_loss == sorted(history.train_loss, reverse=True)
    assert history.test_accuracy[-1] == 1.0
    assert min(history.seconds) > 0


def test_linear_regression_finds_w_and_b_and_has_no_accuracy(rng):
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


def test_an_optimizer_of_another_network_is_refused(rng):
    X, y = synthetic_regression(rng=rng)
    net, other = (models.linear_regression(2, rng=rng) for _ in range(2))
    with pytest.raises(ValueError, match="train: optimizer must hold parameters of net"):
        train(net, SquaredLoss(), SGD(other.parameters(), 0.1), (X, y), num_epochs=1, batch_size=10, rng=rng)


@pytest.mark.slow
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
