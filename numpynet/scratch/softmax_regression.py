"""Softmax regression from scratch: O = X W + b scores every class, softmax turns the scores into probabilities, and
cross-entropy measures the surprise at the right answer. It is linear regression with more outputs and a different loss.
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
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)


def init_parameters(
    num_inputs: int = 784, num_outputs: int = 10, *, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> dict[str, Array]:
    """W ~ N(0, 0.01²), b = 0.

    Shapes: W (num_inputs, num_outputs), b (num_outputs,). dtype: as given.
    Raises: as `functional.normal_weights`. Source: D2L 3.6.
    """
    return {
        "W": normal_weights(num_inputs, num_outputs, rng=rng, sigma=0.01, dtype=dtype),
        "b": np.zeros(num_outputs, dtype),
    }


def predict(params: dict[str, Array], X: Array) -> Array:
    """The logits O = X W + b; the largest in a row is the predicted class.

    Shapes: X (n, ...) with d numbers per example -> O (n, q).
    Raises: ValueError if X is not finite; as `functional.linear`. Source: D2L 3.6.
    """
    arguments.check_finite("predict", "X", X)
    return linear(flatten(X), params["W"], params["b"])


def loss_and_gradients(params: dict[str, Array], X: Array, y: Array) -> tuple[Any, dict[str, Array]]:
    """The mean cross-entropy of softmax(X W + b), and its gradient with respect to W and b.

    Shapes: X (n, ...) with d numbers per example, y (n,) -> a scalar, and gradients named and shaped as params.
    dtype: that of params and X. Cost: two matrix products of 2ndq flops.
    Raises: as `functional.linear` and `functional.softmax_cross_entropy`. Source: D2L 3.6.
    """
    W, b = params["W"], params["b"]

    X = flatten(X)
    O = linear(X, W, b)
    loss, P = softmax_cross_entropy(O, y)

    grad_O = softmax_cross_entropy_backward(P, y)
    _, grad_W, grad_b = linear_backward(grad_O, X, W, input_grad=False)  # X is data and needs no gradient

    return loss, {"W": grad_W, "b": grad_b}
