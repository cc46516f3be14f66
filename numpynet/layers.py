"""Layers hold the arrays that `functional` works on, and remember between forward and backward what the gradient needs.

`layer(X)` computes the function and remembers nothing. `layer.forward(X)` computes the same and remembers what the
backward pass will need; `layer.backward(grad_Y)` uses that up, so each forward serves one backward. They keep
the arrays themselves, not copies: do not change them in place between forward and backward.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from numpynet.arguments import Array
from numpynet.base import Layer, Parameter
from numpynet.functional import flatten, linear, linear_backward, normal_weights, relu, relu_backward


class Linear(Layer):
    """Y = X W + b (`functional.linear`), starting from W ~ N(0, sigma²) (`functional.normal_weights`) and b = 0.

    Shapes: X (n, num_inputs) -> Y (n, num_outputs). dtype: float32 by default, or float64.
    Source: D2L 3.3; torch.nn.Linear, which starts from different weights.
    """

    def __init__(
        self,
        num_inputs: int,
        num_outputs: int,
        *,
        rng: np.random.Generator,
        sigma: float = 0.01,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.W = Parameter(normal_weights(num_inputs, num_outputs, rng=rng, sigma=sigma, dtype=dtype))
        self.b = Parameter(np.zeros(num_outputs, dtype))

    def __call__(self, X: Array) -> Array:
        return linear(X, self.W.data, self.b.data)

    def forward(self, X: Array) -> Array:
        self._memory = None
        Y = self(X)
        self._memory = (X,)  # backward will need it
        return Y

    def backward(self, grad_Y: Array, *, input_grad: bool = True) -> Any:
        (X,) = self._take()
        grad_X, self.W.grad, self.b.grad = linear_backward(grad_Y, X, self.W.data, input_grad=input_grad)
        return grad_X

    def __repr__(self) -> str:
        return f"Linear({', '.join(map(str, self.W.data.shape))})"


class ReLU(Layer):
    """Y = max(X, 0) (`functional.relu`)."""

    def __call__(self, X: Array) -> Array:
        return relu(X)

    def forward(self, X: Array) -> Array:
        self._memory = None
        Y = self(X)
        self._memory = (Y,)  # the output is enough to tell where the gradient passes
        return Y

    def backward(self, grad_Y: Array, *, input_grad: bool = True) -> Array:
        (Y,) = self._take()
        return relu_backward(grad_Y, Y)


class Flatten(Layer):
    """Each example as one row (`functional.flatten`); backward restores each example's shape."""

    def __call__(self, X: Array) -> Array:
        return flatten(X)

    def forward(self, X: Array) -> Array:
        self._memory = None
        Y = self(X)
        self._memory = (X.shape, Y.shape)
        return Y

    def backward(self, grad_Y: Array, *, input_grad: bool = True) -> Array:
        X_shape, Y_shape = self._take()
        if grad_Y.shape != Y_shape:
            raise ValueError(f"Flatten.backward: grad_Y must have shape {Y_shape}, got {grad_Y.shape}")
        return grad_Y.reshape(X_shape)


class Sequential(Layer):
    """Layers one after the other: forward from front to back, backward from back to front.

    A parameter's name is its layer's position and its own name: "1.W". Nested Sequentials are flattened. layers is a
    tuple and stays as it is: to replace a layer, make another Sequential.
    Raises: TypeError for anything that is not a Layer; ValueError for no layers, or for the same layer twice, because a
    layer remembers only one forward.
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers: tuple[Layer, ...] = ()
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: layers must be Layer objects such as ReLU(), got {layer!r}")
            self.layers += layer.layers if isinstance(layer, Sequential) else (layer,)
        if not self.layers:
            raise ValueError("Sequential: layers must be at least one, got none")
        if len(set(map(id, self.layers))) < len(self.layers):
            raise ValueError("Sequential: layers must be different objects, got the same one twice")

    def __call__(self, X: Array) -> Array:
        for layer in self.layers:
            X = layer(X)
        return X

    def forward(self, X: Array) -> Array:
        try:
            for layer in self.layers:
                X = layer.forward(X)
        except BaseException:
            self._forget_all()  # or the layers that X did not reach would still hold an earlier one
            raise
        return X

    def backward(self, grad_Y: Array, *, input_grad: bool = False) -> Any:
        """Go back as far as the first layer with parameters: the layers before it have nothing to learn."""
        first = 0 if input_grad else self._first_with_parameters
        for layer in reversed(self.layers[first + 1 :]):
            grad_Y = layer.backward(grad_Y)
        return self.layers[first].backward(grad_Y, input_grad=input_grad)

    @cached_property
    def _first_with_parameters(self) -> int:
        return next((i for i, layer in enumerate(self.layers) if layer.parameters()), 0)

    def named_parameters(self) -> dict[str, Parameter]:
        named = [(i, layer.named_parameters()) for i, layer in enumerate(self.layers)]
        return {f"{i}.{name}": parameter for i, parameters in named for name, parameter in parameters.items()}

    def _forget_all(self) -> None:
        for layer in self.layers:
            layer._forget_all()

    def __repr__(self) -> str:
        """One line for each layer, with its position."""
        lines = [f"    ({i}) {layer!r}\n" for i, layer in enumerate(self.layers)]
        return f"Sequential(\n{''.join(lines)})"

    def summary(self, X: Array) -> str:
        """A table: for each layer, the shape of its output for the input X, and its number of parameters.

        Shapes: X as the network expects it. Cost: a forward pass. Raises: as the layers.

        >>> net = Sequential(Linear(4, 3, rng=np.random.default_rng(0)), ReLU())
        >>> print(net.summary(np.zeros((5, 4), np.float32)))
           layer         output  parameters
                         (5, 4)
        0  Linear(4, 3)  (5, 3)          15
        1  ReLU()        (5, 3)           0
                         total           15
        """
        rows = [("", "layer", "output", "parameters"), ("", "", str(np.shape(X)), "")]
        total = 0
        for i, layer in enumerate(self.layers):
            X = layer(X)
            count = sum(parameter.data.size for parameter in layer.parameters())
            rows.append((str(i), " ".join(repr(layer).split()), str(X.shape), f"{count:,}"))
            total += count
        rows.append(("", "", "total", f"{total:,}"))
        a, b, c, d = (max(map(len, column)) for column in zip(*rows, strict=True))
        lines = (f"{i:<{a}}  {layer:<{b}}  {shape:<{c}}  {count:>{d}}" for i, layer, shape, count in rows)
        return "\n".join(line.rstrip() for line in lines)
