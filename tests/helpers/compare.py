"""How the tests compare numbers, by the table of `reference.agreement`, and gradients by central differences."""

import numpy as np

from numpynet.gradcheck.numeric import central_differences
from reference.agreement import TOLERANCES, norm_wise, relative_l2


def assert_agree(actual, expected, comparison, what=""):
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    single = comparison == "float32"  # may be compared with float64
    assert single or actual.dtype == expected.dtype, f"{what}: dtype {actual.dtype}, expected {expected.dtype}"
    found = (relative_l2 if single else norm_wise)(actual, expected)
    assert found <= TOLERANCES[comparison], f"{what}: error {found:.2g} > {TOLERANCES[comparison]:.2g} ({comparison})"


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
