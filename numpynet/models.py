"""The three models, made of layers: each is a Sequential. `numpynet.scratch` has the same three with nothing hidden."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from numpynet import arguments
from numpynet.base import Layer
from numpynet.layers import Flatten, Linear, ReLU, Sequential


def linear_regression(num_inputs: int, *, rng: np.random.Generator, dtype: DTypeLike = np.float32) -> Sequential:
    """y_hat = X W + b, one number per example.

    Shapes: X (n, num_inputs) -> y_hat (n, 1). dtype: float32 by default, or float64.
    Raises: as `functional.normal_weights`.
    Source: D2L 3.3; the twin from scratch is `scratch.linear_regression`.
    """
    return Sequential(Linear(num_inputs, 1, rng=rng, dtype=dtype))


def softmax_regression(
    num_inputs: int = 784, num_outputs: int = 10, *, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> Sequential:
    """O = X W + b: a logit for each class, which the loss turns into probabilities.

    Shapes: X (n, ...), num_inputs numbers per example -> O (n, num_outputs). dtype: float32 by default, or float64.
    Raises: as `functional.normal_weights`.
    Source: D2L 3.7; the twin from scratch is `scratch.softmax_regression`.
    """
    return Sequential(Flatten(), Linear(num_inputs, num_outputs, rng=rng, dtype=dtype))


def mlp(
    num_inputs: int = 784,
    num_hiddens: int | list[int] | tuple[int, ...] = 256,
    num_outputs: int = 10,
    *,
    rng: np.random.Generator,
    dtype: DTypeLike = np.float32,
) -> Sequential:
    """O = H W₂ + b₂ with H = max(X W₁ + b₁, 0); num_hiddens may be a list of widths, one per hidden layer.

    Shapes: X (n, ...), num_inputs numbers per example -> O (n, num_outputs). dtype: float32 by default, or float64.
    Raises: as `functional.normal_weights`.
    Source: D2L 4.3; the twin from scratch is `scratch.mlp`.

    >>> net = mlp(784, [256, 128], 10, rng=np.random.default_rng(0))
    >>> [type(layer).__name__ for layer in net.layers]
    ['Flatten', 'Linear', 'ReLU', 'Linear', 'ReLU', 'Linear']
    """
    layers: list[Layer] = [Flatten()]
    for width in num_hiddens if isinstance(num_hiddens, (list, tuple)) else [num_hiddens]:
        arguments.check_size("mlp", "num_hiddens", width)
        layers += [Linear(num_inputs, width, rng=rng, dtype=dtype), ReLU()]
        num_inputs = width
    return Sequential(*layers, Linear(num_inputs, num_outputs, rng=rng, dtype=dtype))
