"""What training refuses."""

import numpy as np
import pytest

from numpynet import SGD, SquaredLoss, models, synthetic_regression, train
from tests.helpers.training import Recorder, blobs, run


@pytest.mark.parametrize(
    "test", [(np.ones((0, 4, 4), np.uint8), np.ones(0, int)), (np.ones((3, 4, 4), np.uint8), np.ones(2, int))]
)
def test_a_test_set_that_does_not_fit_is_refused_before_training(test, rng):
    recorder = Recorder()
    with pytest.raises(ValueError, match="at least one example|same length"):
        run(rng, blobs(rng), test, callbacks=[recorder])
    assert recorder.steps == []


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"num_epochs": -1}, ValueError, "train: num_epochs must be at least 0, got -1"),
        ({"num_epochs": 1.5}, TypeError, "train: num_epochs must be a whole number, got 1.5"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"data": ([[1.0, 2.0]], np.ones(1, int))}, TypeError, "train: X must be an array of numbers, got list"),
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
