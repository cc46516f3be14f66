"""How the tests compare numbers: one table of tolerances, one measure of error, and gradients by central differences."""

import numpy as np

# max|a − e| ≤ tolerance · max|e|, with equal shape and dtype. Measured on a right implementation: an order of magnitude less.
TOLERANCES = {
    "float64 formulas": 2e-14,  # the same formula in another order of operations
    "float64 central differences": 1e-9,  # h = 1e-5, pre-activations at least 1e-3 away from a kink
    "float32 against float64": 3e-6,  # the same computation in both precisions
}


def error(actual, expected):
    """max|a − e| / max|e|, norm-wise: entries that cancel to almost nothing do not count for more than they are."""
    scale = np.max(np.abs(expected), initial=0.0)
    difference = np.max(np.abs(np.asarray(actual, np.float64) - expected), initial=0.0)
    return difference / scale if scale else difference


def assert_agree(actual, expected, comparison, what=""):
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    if comparison != "float32 against float64":
        assert actual.dtype == expected.dtype, f"{what}: dtype {actual.dtype}, expected {expected.dtype}"
    found = error(actual, expected)
    assert found <= TOLERANCES[comparison], f"{what}: error {found:.2g} > {TOLERANCES[comparison]:.2g} ({comparison})"


def central_differences(f, X, h=1e-5):
    """∂f/∂X for a scalar f, entry by entry: (f(X + h) − f(X − h)) / 2h. Each call gets a fresh copy of X."""
    gradient = np.empty(X.shape, np.float64)
    for index in np.ndindex(X.shape):
        above, below = X.copy(), X.copy()
        above[index] += h
        below[index] -= h
        gradient[index] = (f(above) - f(below)) / (2 * h)
    return gradient


def away_from_zero(rng, shape, least=1e-3):
    """Normal numbers with the ones near 0 moved off, so that no central difference straddles the ReLU's kink."""
    X = rng.normal(size=shape)
    return X + np.where(np.abs(X) < 10 * least, np.copysign(10 * least, X), 0)


def check_backward(forward, backward, inputs, rng):
    """Compare every gradient that backward returns with central differences of L = Σ G ∘ forward(*inputs), G at random.

    backward(G, *inputs) returns one gradient per input; None (not asked for) is refused.
    """
    G = rng.normal(size=np.shape(forward(*inputs)))
    gradients = backward(G, *inputs)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    assert len(gradients) == len(inputs)
    for i, gradient in enumerate(gradients):

        def L(value, i=i):
            return np.sum(G * forward(*inputs[:i], value, *inputs[i + 1 :]))

        expected = central_differences(L, inputs[i])
        assert_agree(gradient, expected, "float64 central differences", f"gradient {i} of {forward.__name__}")


def check_model_gradients(loss_and_gradients, params, X, y):
    """Compare the gradients of every parameter with central differences of the loss; the same keys, shapes, dtypes."""
    _, grads = loss_and_gradients(params, X, y)
    assert list(grads) == list(params)
    for name in params:

        def L(value, name=name):
            return loss_and_gradients({**params, name: value}, X, y)[0]

        expected = central_differences(L, params[name])
        assert_agree(grads[name], expected, "float64 central differences", f"grad_{name}")
