"""What the formulas refuse: what NumPy would accept and get wrong, or refuse in words that do not help."""

import numpy as np
import pytest

from numpynet import functional as F

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
    "relu's grad_Y broadcasts": (F.relu_backward, (np.ones((4, 1)), X), ValueError,
                                 r"relu_backward: grad_Y and Y must have the same shape, got \(4, 1\) and \(4, 3\)"),
    "uint8 images, named with their remedy": (F.linear, (X.astype(np.uint8), W, b), TypeError,
                                               r"got an array of uint8; for images, try X / numpy.float32\(255\)"),
    "flatten of a list": (F.flatten, ([[1.0]],), TypeError, "flatten: X must be an array of numbers, got list"),
    "flatten of a number": (F.flatten, (np.float64(3.0),), ValueError, r"flatten: X must have shape \(n, ...\), got \(\)"),
    "softmax of a vector": (F.softmax, (np.ones(3),), ValueError, r"softmax: O must have shape \(n, classes\), got \(3,\)"),
    "softmax of no classes": (F.softmax, (np.ones((3, 0)),), ValueError, r"softmax: O must have shape \(n, classes\), got \(3, 0\)"),
    "label -1 wraps": (F.softmax_cross_entropy, (O, np.array([0, 1, -1, 0])), ValueError,
                       r"softmax_cross_entropy: y must be in 0 ... 1 to fit O \(4, 2\), got y\[2\] = -1"),
    "label too large": (F.softmax_cross_entropy, (O, np.array([0, 2, 1, 0])), ValueError, r"got y\[1\] = 2"),
    "labels (n, 1) broadcast": (F.softmax_cross_entropy, (O, y[:, None]), ValueError,
                                r"softmax_cross_entropy: y must have shape \(4,\) to fit O \(4, 2\), got \(4, 1\)"),
    "one-hot labels": (F.softmax_cross_entropy, (O, np.eye(2, dtype=int)[y]), ValueError, r"y must have shape \(4,\)"),
    "one label for n rows": (F.softmax_cross_entropy, (O, y[:1]), ValueError, r"y must have shape \(4,\) .* got \(1,\)"),
    "float labels": (F.softmax_cross_entropy, (O, y.astype(float)), TypeError, "y must be an array of integer classes, got an array of float64"),
    "boolean labels mask": (F.softmax_cross_entropy, (O, y.astype(bool)), TypeError, "y must be an array of integer classes, got an array of bool"),
    "labels in a list": (F.softmax_cross_entropy, (O, [0, 1, 1, 0]), TypeError, "y must be an array of integer classes, got list"),
    "no examples": (F.softmax_cross_entropy, (O[:0], y[:0]), ValueError, "O must have at least one row"),
    "backward, label -1": (F.softmax_cross_entropy_backward, (P, y - 1), ValueError,
                           r"softmax_cross_entropy_backward: y must be in 0 ... 1 to fit P \(4, 2\), got y\[0\] = -1"),
    "(n, 1) against (n,)": (F.squared_loss, (np.ones((4, 1)), np.ones(4)), ValueError,
                            r"squared_loss: y_hat and y must have the same shape, got \(4, 1\) and \(4,\)"),
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
