"""Linear regression from scratch: y_hat = X W + b and the squared loss. The smallest model that learns by gradients.

Training takes two lines for every batch of examples, in this module as in the other two (`sgd` is in `optim`):

    loss, grads = loss_and_gradients(params, X, y)
    sgd(params, grads, lr=0.03)                     # W -= lr * grad_W, and b likewise
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.functional import (
    linear,
    linear_backward,
    normal_weights,
    squared_loss,
    squared_loss_backward,
)


def init_parameters(num_inputs: int, *, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> dict[str, Array]:
    """W ~ N(0, 0.01²), b = 0.

    Shapes: W (num_inputs, 1), b (1,). dtype: as given. Raises: as `functional.normal_weights`. Source: D2L 3.2.
    """
    return {
        "W": normal_weights(num_inputs, 1, rng=rng, sigma=0.01, dtype=dtype),
        "b": np.zeros(1, dtype),
    }


def predict(params: dict[str, Array], X: Array) -> Array:
    """y_hat = X W + b.

    Shapes: X (n, d) -> y_hat (n, 1). Raises: ValueError if X is not finite; as `functional.linear`. Source: D2L 3.2.
    """
    arguments.check_finite("predict", "X", X)
    return linear(X, params["W"], params["b"])


def loss_and_gradients(params: dict[str, Array], X: Array, y: Array) -> tuple[Any, dict[str, Array]]:
    """The squared loss of y_hat = X W + b, and its gradient with respect to W and b.

    Shapes: X (n, d), y (n, 1) -> a scalar, and gradients with the names and shapes of params.
    dtype: that of params and X. Cost: two matrix products of 2nd flops.
    Raises: as `functional.linear` and `functional.squared_loss`. Source: D2L 3.2.
    """
    W, b = params["W"], params["b"]

    y_hat = linear(X, W, b)
    loss = squared_loss(y_hat, y)

    grad_y_hat = squared_loss_backward(y_hat, y)
    _, grad_W, grad_b = linear_backward(grad_y_hat, X, W, input_grad=False)  # X is data and needs no gradient

    return loss, {"W": grad_W, "b": grad_b}
