"""The tests' own checks catch wrong backward passes."""

import numpy as np
import pytest

from numpynet import functional as F
from numpynet import scratch
from reference.agreement import TOLERANCES
from tests.helpers.compare import assert_agree, away_from_zero, check_backward, check_model_gradients


def linear_backward(G, X, W, b):
    return F.linear_backward(G, X, W)


WRONG_LINEAR = {
    "sign": lambda G, X, W, b: tuple(-g for g in linear_backward(G, X, W, b)),
    "W not transposed": lambda G, X, W, b: (G @ W, X.T @ G, G.sum(axis=0)),
    "grad_W transposed": lambda G, X, W, b: (G @ W.T, G.T @ X, G.sum(axis=0)),
    "bias mean for sum": lambda G, X, W, b: (G @ W.T, X.T @ G, G.mean(axis=0)),
    "bias over the wrong axis": lambda G, X, W, b: (G @ W.T, X.T @ G, G.sum(axis=1)),
    "input gradient left out": lambda G, X, W, b: (None, X.T @ G, G.sum(axis=0)),
    "one gradient too few": lambda G, X, W, b: (G @ W.T, X.T @ G),
    "relative error 1e-8": lambda G, X, W, b: (G @ W.T * (1 + 1e-8), X.T @ G, G.sum(axis=0)),
    "one entry wrong": lambda G, X, W, b: (G @ W.T + 1e-6 * (np.indices((4, 4)).sum(axis=0) == 0), X.T @ G, G.sum(axis=0)),
    "float32 on the way": lambda G, X, W, b: tuple(g.astype(np.float32).astype(np.float64) for g in linear_backward(G, X, W, b)),
    "float32 result": lambda G, X, W, b: tuple(g.astype(np.float32) for g in linear_backward(G, X, W, b)),
}  # fmt: skip
WRONG_RELU = {
    "no mask": lambda G, X: G,
    "mask from the gradient": lambda G, X: G * (G > 0),
    "mask turned round": lambda G, X: G * (X < 0),
    "leaks": lambda G, X: np.where(X > 0, G, 0.01 * G),
}


def test_the_right_linear_backward_passes():
    rng = np.random.default_rng(0)
    check_backward(
        F.linear, linear_backward, [rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=4)], rng
    )


@pytest.mark.parametrize("mistake", WRONG_LINEAR)
def test_a_wrong_linear_backward_is_caught_where_shapes_agree(mistake):
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=4)]
    with pytest.raises(AssertionError):
        check_backward(F.linear, WRONG_LINEAR[mistake], inputs, rng)


@pytest.mark.parametrize("mistake", WRONG_RELU)
def test_a_wrong_relu_backward_is_caught(mistake):
    rng = np.random.default_rng(1)
    with pytest.raises(AssertionError):
        check_backward(F.relu, WRONG_RELU[mistake], [away_from_zero(rng, (6, 5))], rng)


def test_a_mask_that_lets_the_kink_through_is_caught():
    X, G = np.array([[0.0, 1.0, -1.0]]), np.ones((1, 3))
    assert_agree(F.relu_backward(G, F.relu(X)), np.array([[0.0, 1.0, 0.0]]), "float64 formulas")
    with pytest.raises(AssertionError):
        assert_agree(G * (F.relu(X) >= 0), np.array([[0.0, 1.0, 0.0]]), "float64 formulas")


def test_a_loss_gradient_divided_by_rows_is_caught():
    rng = np.random.default_rng(3)
    y = rng.normal(size=(4, 3))
    wrong = {"rows": lambda G, y_hat: G * (y_hat - y) / len(y), "nothing": lambda G, y_hat: G * (y_hat - y)}

    def loss(y_hat):
        return F.squared_loss(y_hat, y)

    check_backward(loss, lambda G, y_hat: G * F.squared_loss_backward(y_hat, y), [rng.normal(size=(4, 3))], rng)
    for backward in wrong.values():
        with pytest.raises(AssertionError):
            check_backward(loss, backward, [rng.normal(size=(4, 3))], rng)


WRONG_MODEL = {
    "sum for mean": lambda loss, grads, n: (loss, {k: g * n for k, g in grads.items()}),
    "divided by n twice": lambda loss, grads, n: (loss, {k: g / n for k, g in grads.items()}),
    "one layer's gradient forgotten": lambda loss, grads, n: (loss, {**grads, "b1": np.zeros_like(grads["b1"])}),
    "a gradient missing": lambda loss, grads, n: (loss, {k: g for k, g in grads.items() if k != "b2"}),
    "a loss that is not this gradient's": lambda loss, grads, n: (2 * loss, grads),
}


@pytest.mark.parametrize("mistake", WRONG_MODEL)
def test_a_wrong_model_is_caught(mistake):
    rng = np.random.default_rng(2)
    params = {k: 30 * v for k, v in scratch.mlp.init_parameters(4, 4, 4, rng=rng, dtype=np.float64).items()}
    X, y = rng.normal(size=(4, 4)), rng.integers(0, 4, 4)

    def wrong(params, X, y):
        return WRONG_MODEL[mistake](*scratch.mlp.loss_and_gradients(params, X, y), len(X))

    with pytest.raises(AssertionError):
        check_model_gradients(wrong, params, X, y)


@pytest.mark.parametrize("comparison", TOLERANCES)
def test_every_tolerance_refuses_what_lies_just_outside_it(comparison):
    expected = np.array([-2.0])
    off = np.array([2 * 1.1 * TOLERANCES[comparison]])
    with pytest.raises(AssertionError, match="error"):
        assert_agree(expected + off, expected, comparison)
    assert_agree(expected + off / 2, expected, comparison)


def test_nan_agrees_with_nothing():
    with pytest.raises(AssertionError):
        assert_agree(np.array([np.nan]), np.array([1.0]), "float64 formulas")
