"""Triage before training: `sanity` finds what is wrong, and nothing in healthy runs."""

import numpy as np
import pytest

from numpynet import (
    CrossEntropyLoss,
    Layer,
    Parameter,
    ReLU,
    Sequential,
    SquaredLoss,
    make_shapes,
    models,
    synthetic_regression,
)
from numpynet.gradcheck import sanity
from tests.helpers.slow import slow_after


@pytest.fixture(scope="module")
def shapes():
    return make_shapes(1000, 10, rng=np.random.default_rng(0)).train


def mlp(scale=1.0):
    net = models.mlp(784, 64, 10, rng=np.random.default_rng(0))
    for parameter in net.parameters():
        parameter.data *= np.float32(scale)
    return net


class Reversed(ReLU):
    def backward(self, grad_Y, *, input_grad=True):
        return -super().backward(grad_Y)


def with_nan():
    net = mlp()
    net.parameters()[2].data[0, 0] = np.nan
    return net


def all_off():
    net = mlp()
    net.parameters()[1].data[:] = -50
    return net


def wrong_way():
    before, after = mlp().layers[:2], mlp().layers[3:]
    return Sequential(*before, Reversed(), *after)


SICK = {
    "inputs not scaled": (mlp, lambda X, y: (X.astype(np.float32), y), 0.1, "are too large"),
    "labels shuffled": (mlp, lambda X, y: (X, np.random.default_rng(0).permutation(y)), 0.1, "labels look shuffled"),
    "rate too large": (mlp, lambda X, y: (X, y), 50, "learning rate 50 is too large"),
    "rate too small": (mlp, lambda X, y: (X, y), 1e-4, "learning rate 0.0001 is too small"),
    "weights too large": (lambda: mlp(100), lambda X, y: (X, y), 0.1, "sure of wrong answers"),
    "weights all 0": (lambda: mlp(0), lambda X, y: (X, y), 0.1, "All gradients are 0 at the first step"),
    "a parameter not finite": (with_nan, lambda X, y: (X, y), 0.1, "The parameter 3.W has a value that is not finite"),
    "units off": (all_off, lambda X, y: (X, y), 0.1, "100% of the units of layer 2"),
    "a wrong backward": (wrong_way, lambda X, y: (X, y), 0.1, "cannot overfit 8 examples"),
}  # fmt: skip


@pytest.mark.parametrize("what", slow_after(4, SICK))
def test_sanity_finds_what_is_wrong(what, shapes):
    net, change, lr, words = SICK[what]
    assert words in " ".join(sanity(net(), CrossEntropyLoss(), *change(*shapes), lr=lr))


@pytest.mark.parametrize("lr", slow_after(2, [0.01, 0.003, 0.001, 0.0003, 1e-4, 1e-5]))
def test_every_rate_that_is_too_small_is_found(lr, shapes):
    assert f"learning rate {lr:g} is too small" in " ".join(sanity(mlp(), CrossEntropyLoss(), *shapes, lr=lr))


@pytest.mark.parametrize("lr", slow_after(2, [2, 5, 10, 20, 50]))
def test_a_rate_that_is_too_large_is_found_where_the_loss_stays(lr, shapes):
    assert f"learning rate {lr:g} is too large" in " ".join(sanity(mlp(), CrossEntropyLoss(), *shapes, lr=lr))


def test_a_rate_of_0_moves_nothing(shapes):
    assert sanity(mlp(), CrossEntropyLoss(), *shapes, lr=0) == ["The learning rate is 0: nothing will change."]


def test_inputs_in_the_thousands_are_blamed_not_the_gradients():
    rng = np.random.default_rng(0)
    X, y = synthetic_regression(num_examples=300, rng=rng)
    found = " ".join(sanity(models.linear_regression(2, rng=rng), SquaredLoss(), 1000 * X, y, lr=0.03))
    assert "The inputs are too large" in found
    assert "gradients" not in found
    assert "fell" not in found


class Scale(Layer):
    """Each input times a number of its own: a layer with a parameter that is no matrix."""

    def __init__(self, d):
        self.s = Parameter(np.ones(d, np.float32))

    def __call__(self, X):
        return X * self.s.data

    def forward(self, X):
        self._memory = (X,)
        return self(X)

    def backward(self, grad_Y, *, input_grad=True):
        self.s.grad = (grad_Y * self._take()[0]).sum(axis=0)
        return grad_Y * self.s.data


def test_networks_without_matrices_and_without_parameters():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)).astype(np.float32)
    assert sanity(Sequential(Scale(2)), SquaredLoss(), X, X * np.float32([2, -3])) == []
    assert sanity(Sequential(ReLU()), SquaredLoss(), X, X) == [
        "The network has no parameters: there is nothing to train."
    ]


@pytest.mark.slow
def test_sanity_finds_nothing_on_healthy_runs():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        loss = SquaredLoss()
        for d in (1, 2, 5, 10, 20, 50, 100):
            w = rng.uniform(0.5, 2, d) * rng.choice([-1, 1], d)
            net, data = models.linear_regression(d, rng=rng), synthetic_regression(w, num_examples=300, rng=rng)
            assert sanity(net, loss, *data, lr=0.03) == [], (seed, d)
        net = models.mlp(784, 64, 10, rng=rng) if seed % 2 else models.softmax_regression(rng=rng)
        before = net.state_dict()
        assert sanity(net, CrossEntropyLoss(), *make_shapes(1000, 10, rng=rng).train, lr=0.1) == [], seed
        for name, array in net.state_dict().items():
            np.testing.assert_array_equal(array, before[name])
