"""Every formula against central differences, and its algebraic properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpynet import functional as F
from numpynet.gradcheck.numeric import central_differences
from tests.helpers.compare import assert_agree, away_from_zero, check_backward
from tests.helpers.functional import SIZES, floats, logits_and_labels


@pytest.mark.parametrize(("n", "d", "m"), SIZES)
def test_linear_backward_agrees_with_central_differences(n, d, m, rng):
    inputs = [rng.normal(size=shape) for shape in [(n, d), (d, m), (m,)]]
    check_backward(F.linear, lambda G, X, W, b: F.linear_backward(G, X, W), inputs, rng)


def test_linear_backward_without_input_grad_leaves_out_only_that(rng):
    G, X, W = rng.normal(size=(5, 3)), rng.normal(size=(5, 4)), rng.normal(size=(4, 3))
    none, grad_W, grad_b = F.linear_backward(G, X, W, input_grad=False)
    _, expected_W, expected_b = F.linear_backward(G, X, W)
    assert none is None
    np.testing.assert_array_equal(grad_W, expected_W)
    np.testing.assert_array_equal(grad_b, expected_b)


@pytest.mark.parametrize("shape", [(1,), (6, 4), (2, 3, 4)])
def test_relu_backward_agrees_with_central_differences(shape, rng):
    check_backward(F.relu, lambda G, X: F.relu_backward(G, F.relu(X)), [away_from_zero(rng, shape)], rng)


def test_relu_has_slope_zero_at_the_kink():
    X = np.array([0.0, -0.0, 5e-324, -5e-324])
    np.testing.assert_array_equal(F.relu_backward(np.ones(4), F.relu(X)), [0, 0, 1, 0])


@pytest.mark.parametrize(("n", "q"), [(1, 1), (1, 3), (4, 2), (6, 10)])
def test_softmax_cross_entropy_backward_agrees_with_differences(n, q, rng):
    O, y = rng.normal(size=(n, q)), rng.integers(0, q, n)
    loss, P = F.softmax_cross_entropy(O, y)
    expected = central_differences(lambda O: F.softmax_cross_entropy(O, y)[0], O)
    assert_agree(F.softmax_cross_entropy_backward(P, y), expected, "float64 central differences")
    assert_agree(P, F.softmax(O), "float64 formulas")
    assert_agree(loss, np.mean([-np.log(P[i, y[i]]) for i in range(n)]), "float64 formulas")


@pytest.mark.parametrize("shape", [(1,), (5,), (5, 1), (4, 3), (2, 3, 4)])
@pytest.mark.parametrize("name", ["squared_loss", "mse_loss"])
def test_losses_backward_agree_with_differences_for_any_columns(name, shape, rng):
    loss, backward = getattr(F, name), getattr(F, name + "_backward")
    y_hat, y = rng.normal(size=shape), rng.normal(size=shape)
    assert_agree(
        backward(y_hat, y), central_differences(lambda y_hat: loss(y_hat, y), y_hat), "float64 central differences"
    )


def test_squared_loss_keeps_the_half_and_mse_loss_does_not():
    y_hat, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [5.0, 3.0]])
    assert F.squared_loss(y_hat, y) == (1 + 0 + 4 + 1) / 4 / 2
    assert F.mse_loss(y_hat, y) == (1 + 0 + 4 + 1) / 4


def test_normal_weights_have_the_spread_asked_for(rng):
    W = F.normal_weights(300, 200, rng=rng, sigma=0.5)
    assert W.dtype == np.float32
    assert abs(W.mean()) < 0.01
    assert W.std() == pytest.approx(0.5, rel=0.02)


@given(floats(3, 4), floats(3, 4), floats(4, 2), st.floats(-10, 10))
def test_linear_is_linear(X1, X2, W, a):
    zero = np.zeros(2)
    combined, apart = F.linear(a * X1 + X2, W, zero), a * F.linear(X1, W, zero) + F.linear(X2, W, zero)
    np.testing.assert_allclose(combined, apart, rtol=0, atol=1e-9)  # entries reach 10⁵, so 10⁻¹⁴ of that


@given(logits_and_labels(), st.floats(-1000, 1000))
def test_softmax_rows_are_probabilities_and_ignore_shifts(case, shift):
    O, _ = case
    P = F.softmax(O)
    assert (P >= 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(F.softmax(O + shift), P, rtol=0, atol=1e-12)


@given(logits_and_labels())
def test_softmax_cross_entropy_is_nonnegative_with_zero_row_sums(case):
    O, y = case
    loss, P = F.softmax_cross_entropy(O, y)
    grad_O = F.softmax_cross_entropy_backward(P, y)
    assert loss >= 0
    np.testing.assert_allclose(grad_O.sum(axis=1), 0, atol=1e-15)
    assert (grad_O[np.arange(len(y)), y] <= 0).all()


@given(logits_and_labels())
def test_batch_gradient_is_the_mean_of_the_examples_gradients(case):
    O, y = case
    each = [F.softmax_cross_entropy_backward(F.softmax(O[i : i + 1]), y[i : i + 1]) for i in range(len(y))]
    together = F.softmax_cross_entropy_backward(F.softmax(O), y)
    assert_agree(together, np.concatenate(each) / len(y), "float64 formulas")


@given(floats(4, 3), floats(4, 3))
def test_relu_is_the_positive_part_and_its_gradient_a_mask(X, G):
    Y = F.relu(X)
    np.testing.assert_array_equal(Y - F.relu(-X), X)
    grad_X = F.relu_backward(G, Y)
    np.testing.assert_array_equal(grad_X[X > 0], G[X > 0])
    assert not grad_X[X <= 0].any()


@pytest.mark.parametrize("image_shape", [(), (3,), (2, 3), (1, 4, 5)])
def test_flatten_keeps_the_numbers_and_the_rows(image_shape, rng):
    X = rng.normal(size=(6, *image_shape))
    Y = F.flatten(X)
    assert Y.shape == (6, int(np.prod(image_shape)))
    np.testing.assert_array_equal(Y.ravel(), X.ravel())
