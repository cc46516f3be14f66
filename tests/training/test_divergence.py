"""A run that diverges stops and says where."""

import numpy as np
import pytest

from numpynet import (
    SGD,
    Callback,
    CrossEntropyLoss,
    DivergedError,
    SquaredLoss,
    models,
    scratch,
    synthetic_regression,
    train,
    train_scratch,
)
from tests.helpers.checkpoints import data, start


class SetAtTheEnd(Callback):
    """Makes a parameter infinite after the epoch's last step, in a way that no prediction shows."""

    def __init__(self, array):
        self.array = array

    def after_step(self, state):
        if state.position == 23:
            self.array[..., 0] = -np.inf


def test_a_parameter_not_finite_at_an_epochs_end_is_divergence():
    options = {"num_epochs": 1, "batch_size": 5, "progress": False}
    message = ": the largest parameter is inf in epoch 1, step 5,"
    net, optimizer, rng = start(1)
    callbacks = [SetAtTheEnd(net.parameters()[1].data)]
    with pytest.raises(DivergedError, match=message):
        train(net, CrossEntropyLoss(), optimizer, data(), rng=rng, callbacks=callbacks, **options)
    params = scratch.mlp.init_parameters(4, 3, 2, rng=rng)
    callbacks = [SetAtTheEnd(params["b1"])]
    with pytest.raises(DivergedError, match=message):
        train_scratch(scratch.mlp, params, data(), lr=0.1, rng=rng, callbacks=callbacks, **options)


@pytest.mark.parametrize("lr", [1e30, 1e38])
def test_a_diverging_run_names_epoch_step_and_learning_rate(lr, rng):
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


def test_divergence_before_any_update_blames_no_learning_rate(rng):
    X, y = synthetic_regression(rng=rng)
    net = models.linear_regression(2, rng=rng)
    net.parameters()[1].data[0] = np.nan
    W = net.parameters()[0].data.copy()
    with pytest.raises(DivergedError, match="epoch 1, step 1, at learning rate 0.1; does a parameter hold nan or inf"):
        train(net, SquaredLoss(), SGD(net.parameters(), 0.1), (X, y), num_epochs=1, batch_size=1000, rng=rng)
    np.testing.assert_array_equal(net.parameters()[0].data, W)
