"""The formulas on every dtype and memory layout, and in the corners of floating point."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numpynet import functional as F
from tests.helpers.compare import assert_agree
from tests.helpers.functional import logits_and_labels


def calls(dtype=np.float64):
    """One call of each function, on arguments whose memory layout and dtype the tests vary."""
    rng = np.random.default_rng(3)
    X, W, b, G = (rng.normal(size=shape).astype(dtype) for shape in [(6, 4), (4, 4), (4,), (6, 4)])
    y = rng.integers(0, 4, 6)
    return {
        "linear": (F.linear, [X, W, b]),
        "linear_backward": (F.linear_backward, [G, X, W]),
        "relu": (F.relu, [X]),
        "relu_backward": (F.relu_backward, [G, F.relu(X)]),
        "flatten": (F.flatten, [X]),
        "softmax": (F.softmax, [X]),
        "softmax_cross_entropy": (F.softmax_cross_entropy, [X, y]),
        "softmax_cross_entropy_backward": (F.softmax_cross_entropy_backward, [F.softmax(X), y]),
        "squared_loss": (F.squared_loss, [X, G]),
        "squared_loss_backward": (F.squared_loss_backward, [X, G]),
        "mse_loss": (F.mse_loss, [X, G]),
        "mse_loss_backward": (F.mse_loss_backward, [X, G]),
    }


def results(function, arguments):
    result = function(*arguments)
    return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]


def strided(A):
    room = np.zeros(tuple(2 * n for n in A.shape), A.dtype)
    room[tuple(slice(None, None, 2) for _ in A.shape)] = A
    return room[tuple(slice(None, None, 2) for _ in A.shape)]


def read_only(A):
    A = A.copy()
    A.flags.writeable = False
    return A


LAYOUTS = {
    "read-only": read_only,
    "strided": strided,
    "reversed": lambda A: A[::-1].copy()[::-1],
    "Fortran order": np.asfortranarray,
    "big-endian": lambda A: A.astype(A.dtype.newbyteorder(">")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", calls())
def test_memory_layout_and_byte_order_do_not_change_the_result(name, layout):
    function, arguments = calls()[name]
    for result, expected in zip(
        results(function, [LAYOUTS[layout](A) for A in arguments]), results(function, arguments), strict=True
    ):
        assert_agree(result.astype(result.dtype.newbyteorder("=")), expected, "float64 formulas", name)


@pytest.mark.parametrize("name", calls())
def test_broadcast_views_give_what_their_copies_give(name):
    function, arguments = calls()[name]
    views = [np.broadcast_to(A[:1], A.shape) for A in arguments]
    for result, expected in zip(
        results(function, views), results(function, [view.copy() for view in views]), strict=True
    ):
        assert_agree(result, expected, "float64 formulas", name)


@pytest.mark.parametrize("name", calls())
def test_arguments_are_never_changed(name):
    function, arguments = calls()[name]
    before = [A.copy() for A in arguments]
    function(*arguments)
    for argument, copy in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(argument, copy)


@pytest.mark.parametrize("name", calls())
def test_float32_stays_float32_and_agrees_with_float64(name):
    function, arguments = calls()[name]
    singles = [A.astype(np.float32) if A.dtype == np.float64 else A for A in arguments]
    for result, expected in zip(results(function, singles), results(function, arguments), strict=True):
        assert result.dtype == np.float32
        assert_agree(result, expected, "float32", name)


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.uint64])
def test_any_integer_type_serves_as_labels(kind, rng):
    O, y = rng.normal(size=(5, 3)), np.array([0, 1, 2, 1, 0])
    expected, P = F.softmax_cross_entropy(O, y)
    assert F.softmax_cross_entropy(O, y.astype(kind))[0] == expected
    np.testing.assert_array_equal(
        F.softmax_cross_entropy_backward(P, y.astype(kind)), F.softmax_cross_entropy_backward(P, y)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_ten_thousand_cost_ten_thousand_and_no_warning(dtype):
    O = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    assert F.softmax_cross_entropy(O, np.array([0, 1]))[0] == 0
    loss, P = F.softmax_cross_entropy(O, np.array([1, 0]))
    assert loss == 2e4
    np.testing.assert_array_equal(F.softmax_cross_entropy_backward(P, np.array([1, 0])), [[0.5, -0.5], [-0.5, 0.5]])


@pytest.mark.parametrize("value", [0.0, 1e-3, -1e4, 1e30])
def test_equal_logits_are_equal_chances(value):
    O = np.full((3, 4), value)
    loss, P = F.softmax_cross_entropy(O, np.array([0, 1, 3]))
    assert loss == pytest.approx(np.log(4), rel=1e-15)
    np.testing.assert_array_equal(P, np.full((3, 4), 0.25))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e4, 1e30])
def test_softmax_cross_entropy_is_right_to_four_eps_at_any_scale(scale, dtype):
    rng = np.random.default_rng(5)
    O, y = (scale * rng.normal(size=(8, 6))).astype(dtype), rng.integers(0, 6, 8)
    with mpmath.workdps(60):
        rows = [[mpmath.mpf(float(o)) for o in row] for row in O]
        sums = [mpmath.fsum(mpmath.exp(o - max(row)) for o in row) for row in rows]
        exact_P = [[float(mpmath.exp(o - max(row)) / s) for o in row] for row, s in zip(rows, sums, strict=True)]
        losses = [max(row) + mpmath.log(s) - row[k] for row, s, k in zip(rows, sums, y, strict=True)]
        exact_loss = float(mpmath.fsum(losses) / len(y))
    loss, P = F.softmax_cross_entropy(O, y)
    eps = np.finfo(dtype).eps
    assert abs(float(loss) - exact_loss) <= 4 * eps * exact_loss
    assert np.max(np.abs(P - np.array(exact_P))) <= 4 * eps


def test_nan_and_infinity_pass_through_instead_of_vanishing():
    np.testing.assert_array_equal(F.relu(np.array([np.nan, np.inf, -np.inf])), [np.nan, np.inf, 0])
    assert np.isnan(F.softmax(np.array([[0.0, np.nan]]))).all()


def test_no_rows_in_no_rows_out():
    X, W, b = np.zeros((0, 3)), np.ones((3, 2)), np.ones(2)
    assert F.linear(X, W, b).shape == (0, 2)
    assert F.relu(X).shape == F.flatten(np.zeros((0, 1, 3))).shape == F.softmax(X).shape == (0, 3)
    _, grad_W, grad_b = F.linear_backward(np.zeros((0, 2)), X, W)
    np.testing.assert_array_equal(grad_W, np.zeros((3, 2)))
    np.testing.assert_array_equal(grad_b, np.zeros(2))


@settings(max_examples=50)
@given(st.floats(1e-300, 1e300), logits_and_labels())
def test_loss_and_gradient_stay_finite_at_any_scale_of_logits(scale, case):
    O, y = case
    loss, P = F.softmax_cross_entropy(O * scale, y)
    assert np.isfinite(loss)
    assert np.isfinite(F.softmax_cross_entropy_backward(P, y)).all()
