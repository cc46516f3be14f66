"""A multilayer perceptron with one hidden layer, from scratch: softmax regression, applied not to the inputs X but to
features that it learns from them, H = max(X W₁ + b₁, 0). Its gradients are backpropagation in full: every forward step
has its backward step, in reverse order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.functional import (
    flatten,
    linear,
    linear_backward,
    normal_weights,
    relu,
    relu_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)


def init_parameters(
    num_inputs: int = 784,
    num_hiddens: int = 256,
    num_outputs: int = 10,
    *,
    rng: np.random.Generator,
    dtype: DTypeLike = np.float32,
) -> dict[str, Array]:
    """W1 and W2 ~ N(0, 0.01²), b1 = b2 = 0.

    Shapes: W1 (num_inputs, num_hiddens), b1 (num_hiddens,), W2 (num_hiddens, num_outputs), b2 (num_outputs,).
    dtype: as given. Raises: as `functional.normal_weights`. Source: D2L 4.2.
    """
    return {
        "W1": normal_weights(num_inputs, num_hiddens, rng=rng, sigma=0.01, dtype=dtype),
        "b1": np.zeros(num_hiddens, dtype),
        "W2": normal_weights(num_hiddens, num_outputs, rng=rng, sigma=0.01, dtype=dtype),
        "b2": np.zeros(num_outputs, dtype),
    }


def predict(params: dict[str, Array], X: Array) -> Array:
    """The logits O = max(X W₁ + b₁, 0) W₂ + b₂; the largest in a row is the predicted class.

    Shapes: X (n, ...) with d numbers per example -> O (n, q).
    Raises: ValueError if X is not finite; as `functional.linear`. Source: D2L 4.2.
    """
    arguments.check_finite("predict", "X", X)
    H = relu(linear(flatten(X), params["W1"], params["b1"]))
    return linear(H, params["W2"], params["b2"])


def loss_and_gradients(params: dict[str, Array], X: Array, y: Array) -> tuple[Any, dict[str, Array]]:
    """The mean cross-entropy of the MLP's predictions, and its gradient with respect to W1, b1, W2 and b2.

    Shapes: X (n, ...) with d numbers per example, y (n,) -> a scalar, and gradients named and shaped as params.
    dtype: that of params and X. Cost: two products of 2ndh flops and three of 2nhq, with h hidden units and q classes.
    Raises: as `functional.linear` and `functional.softmax_cross_entropy`. Source: D2L 4.2, 4.7.

    >>> params = {"W1": np.array([[1.0, -1.0], [1.0, -2.0]]), "b1": np.array([0.0, 1.0]),
    ...           "W2": np.array([[2.0, 2.0], [5.0, 7.0]]), "b2": np.zeros(2)}
    >>> loss, grads = loss_and_gradients(params, np.array([[1.0, 2.0]]), np.array([0]))
    >>> print(grads["W2"])  # Z = (3, −4), H = (3, 0), O = (6, 6), P = (½, ½), grad_O = (−½, ½)
    [[-1.5  1.5]
     [ 0.   0. ]]
    """
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]

    X = flatten(X)
    Z = linear(X, W1, b1)
    H = relu(Z)
    O = linear(H, W2, b2)
    loss, P = softmax_cross_entropy(O, y)

    grad_O = softmax_cross_entropy_backward(P, y)
    grad_H, grad_W2, grad_b2 = linear_backward(grad_O, H, W2)  # grad_H carries the loss back to the first layer
    grad_Z = relu_backward(grad_H, H)
    _, grad_W1, grad_b1 = linear_backward(grad_Z, X, W1, input_grad=False)  # X is data and needs no gradient

    return loss, {"W1": grad_W1, "b1": grad_b1, "W2": grad_W2, "b2": grad_b2}
