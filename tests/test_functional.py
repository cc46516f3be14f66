"""Every formula against central differences, its algebraic properties, the corners of floating point, and bad input."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from numpynet import functional as F
from tests.compare import assert_agree, away_from_zero, central_differences, check_backward

SIZES = [(1, 1, 1), (1, 3, 2), (5, 1, 4), (7, 4, 3)]  # n, d, m


def floats(*shape, magnitude=100):
    return hnp.arrays(np.float64, shape, elements=st.floats(-magnitude, magnitude, allow_subnormal=False))


def logits_and_labels():
    sizes = st.tuples(st.integers(1, 6), st.integers(1, 5))
    return sizes.flatmap(
        lambda nq: st.tuples(floats(*nq), hnp.arrays(np.int64, nq[0], elements=st.integers(0, nq[1] - 1)))
    )


@pytest.fixture
def rng():
    return np.random.default_rng(20)


# Gradients.


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
def test_softmax_cross_entropy_backward_agrees_with_central_differences(n, q, rng):
    O, y = rng.normal(size=(n, q)), rng.integers(0, q, n)
    loss, P = F.softmax_cross_entropy(O, y)
    expected = central_differences(lambda O: F.softmax_cross_entropy(O, y)[0], O)
    assert_agree(F.softmax_cross_entropy_backward(P, y), expected, "float64 central differences")
    assert_agree(P, F.softmax(O), "float64 formulas")
    assert_agree(loss, np.mean([-np.log(P[i, y[i]]) for i in range(n)]), "float64 formulas")


@pytest.mark.parametrize("shape", [(1,), (5,), (5, 1), (4, 3), (2, 3, 4)])
@pytest.mark.parametrize("name", ["squared_loss", "mse_loss"])
def test_losses_backward_agree_with_central_differences_for_any_number_of_columns(name, shape, rng):
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


# Properties.


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
def test_softmax_cross_entropy_is_never_negative_and_its_gradient_rows_sum_to_zero(case):
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


# dtype, memory, arguments. One call of each function, on arguments that its layouts are then varied of.


def calls(dtype=np.float64):
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


# The corners of floating point.


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
def test_softmax_cross_entropy_is_right_to_four_eps_at_any_scale_of_logits(scale, dtype):
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


# Refusals: what NumPy would accept and get wrong, or refuse in words that do not help.

X, W, b = np.ones((4, 3)), np.ones((3, 2)), np.ones(2)
O, P, y = np.ones((4, 2)), np.full((4, 2), 0.5), np.array([0, 1, 1, 0])

REFUSED = {
    "X does not fit W": (F.linear, (np.ones((4, 2)), W, b), ValueError, r"linear: X must have shape \(n, 3\) to fit W \(3, 2\), got \(4, 2\)"),
    "X is a single example": (F.linear, (np.ones(3), W, b), ValueError, r"linear: X must have shape \(n, 3\)"),
    "W is a vector": (F.linear, (X, np.ones(3), b), ValueError, r"linear: W must have shape \(inputs, outputs\), got \(3,\)"),
    "bias (n, 1) broadcasts": (F.linear, (X, W, np.ones((4, 1))), ValueError, r"linear: b must have shape \(2,\)"),
    "bias (1,) broadcasts": (F.linear, (X, W, np.ones(1)), ValueError, r"linear: b must have shape \(2,\)"),
    "bias is a number": (F.linear, (X, W, 1.0), TypeError, "linear: b must be an array of floats, got float"),
    "uint8 X": (F.linear, (X.astype(np.uint8), W, b), TypeError, "linear: X must be an array of floats, got an array of uint8"),
    "X is a list": (F.linear, ([[1.0, 2.0, 3.0]], W, b), TypeError, "linear: X must be an array of floats, got list"),
    "complex W": (F.linear, (X, W * 1j, b), TypeError, "linear: W must be an array of floats, got an array of complex128"),
    "X of objects": (F.linear, (X.astype(object), W, b), TypeError, "linear: X must be an array of floats, got an array of object"),
    "grad_Y does not fit": (F.linear_backward, (np.ones((4, 1)), X, W), ValueError, r"linear_backward: grad_Y must have shape \(4, 2\)"),
    "grad_Y of integers": (F.linear_backward, (O.astype(int), X, W), TypeError, "linear_backward: grad_Y must be an array of floats"),
    "relu of integers": (F.relu, (np.array([1, -1]),), TypeError, "relu: X must be an array of floats"),
    "relu's grad_Y broadcasts": (F.relu_backward, (np.ones((4, 1)), X), ValueError, r"relu_backward: grad_Y and Y must have the same shape, got \(4, 1\) and \(4, 3\)"),
    "uint8 images, named with their remedy": (F.linear, (X.astype(np.uint8), W, b), TypeError, r"got an array of uint8; for images, try X / numpy.float32\(255\)"),
    "flatten of a list": (F.flatten, ([[1.0]],), TypeError, "flatten: X must be an array of numbers, got list"),
    "flatten of a number": (F.flatten, (np.float64(3.0),), ValueError, r"flatten: X must have shape \(n, ...\), got \(\)"),
    "softmax of a vector": (F.softmax, (np.ones(3),), ValueError, r"softmax: O must have shape \(n, classes\), got \(3,\)"),
    "softmax of no classes": (F.softmax, (np.ones((3, 0)),), ValueError, r"softmax: O must have shape \(n, classes\), got \(3, 0\)"),
    "label -1 wraps": (F.softmax_cross_entropy, (O, np.array([0, 1, -1, 0])), ValueError, r"softmax_cross_entropy: y must be in 0 ... 1 to fit O \(4, 2\), got y\[2\] = -1"),
    "label too large": (F.softmax_cross_entropy, (O, np.array([0, 2, 1, 0])), ValueError, r"got y\[1\] = 2"),
    "labels (n, 1) broadcast": (F.softmax_cross_entropy, (O, y[:, None]), ValueError, r"softmax_cross_entropy: y must have shape \(4,\) to fit O \(4, 2\), got \(4, 1\)"),
    "one-hot labels": (F.softmax_cross_entropy, (O, np.eye(2, dtype=int)[y]), ValueError, r"y must have shape \(4,\)"),
    "one label for n rows": (F.softmax_cross_entropy, (O, y[:1]), ValueError, r"y must have shape \(4,\) .* got \(1,\)"),
    "float labels": (F.softmax_cross_entropy, (O, y.astype(float)), TypeError, "y must be an array of integer classes, got an array of float64"),
    "boolean labels mask": (F.softmax_cross_entropy, (O, y.astype(bool)), TypeError, "y must be an array of integer classes, got an array of bool"),
    "labels in a list": (F.softmax_cross_entropy, (O, [0, 1, 1, 0]), TypeError, "y must be an array of integer classes, got list"),
    "no examples": (F.softmax_cross_entropy, (O[:0], y[:0]), ValueError, "O must have at least one row"),
    "backward, label -1": (F.softmax_cross_entropy_backward, (P, y - 1), ValueError, r"softmax_cross_entropy_backward: y must be in 0 ... 1 to fit P \(4, 2\), got y\[0\] = -1"),
    "(n, 1) against (n,)": (F.squared_loss, (np.ones((4, 1)), np.ones(4)), ValueError, r"squared_loss: y_hat and y must have the same shape, got \(4, 1\) and \(4,\)"),
    "squared loss of uint8 wraps": (F.squared_loss, (np.ones(4, np.uint8), np.ones(4, np.uint8)), TypeError, "squared_loss: y_hat must be an array of floats"),
    "squared loss of nothing": (F.squared_loss, (np.ones(0), np.ones(0)), ValueError, "squared_loss: y_hat must have at least one element"),
    "backward, (n,) against (n, 1)": (F.squared_loss_backward, (np.ones(4), np.ones((4, 1))), ValueError, "squared_loss_backward: y_hat and y"),
    "mse, one target for n": (F.mse_loss, (np.ones(4), np.ones(1)), ValueError, "mse_loss: y_hat and y must have the same shape"),
    "mse backward, one target for n": (F.mse_loss_backward, (np.ones(4), np.ones(1)), ValueError, "mse_loss_backward: y_hat and y"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_misuse_is_refused_in_words(case):
    function, arguments, kind, message = REFUSED[case]
    with pytest.raises(kind, match=message):
        function(*arguments)


@pytest.mark.parametrize(
    ("sizes", "kind", "message"),
    [
        ((0, 3), ValueError, "num_inputs must be at least 1, got 0"),
        ((3, -1), ValueError, "num_outputs must be at least 1, got -1"),
        ((2.5, 3), TypeError, "num_inputs must be a whole number, got 2.5"),
        ((True, 3), TypeError, "num_inputs must be a whole number, got True"),
        ((3, "256"), TypeError, "num_outputs must be a whole number, got '256'"),
    ],
)
def test_weights_of_impossible_sizes_are_refused(sizes, kind, message):
    with pytest.raises(kind, match=message):
        F.normal_weights(*sizes, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"sigma": float("nan")}, ValueError, "sigma must be finite and at least 0, got nan"),
        ({"sigma": -1}, ValueError, "sigma must be finite and at least 0, got -1"),
        ({"sigma": np.ones(3)}, TypeError, "sigma must be a number"),
        ({"dtype": int}, TypeError, "dtype must be float32 or float64, got int64"),
    ],
)
def test_weights_of_impossible_spread_or_kind_are_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        F.normal_weights(2, 3, rng=np.random.default_rng(0), **options)


def test_a_seed_is_not_a_generator():
    with pytest.raises(TypeError, match=r"rng must be a generator such as numpy.random.default_rng\(0\), got 0"):
        F.normal_weights(2, 3, rng=0)


@settings(max_examples=50)
@given(st.floats(1e-300, 1e300), logits_and_labels())
def test_no_scale_of_logits_makes_the_loss_or_its_gradient_leave_the_numbers(scale, case):
    O, y = case
    loss, P = F.softmax_cross_entropy(O * scale, y)
    assert np.isfinite(loss)
    assert np.isfinite(F.softmax_cross_entropy_backward(P, y)).all()
