"""Layers hold the arrays that `functional` works on, and remember between forward and backward what the gradient needs.

`layer(X)` computes the function and remembers nothing. `layer.forward(X)` computes the same and remembers what the
backward pass will need; `layer.backward(grad_Y)` uses that up, so each forward serves one backward. They keep
the arrays themselves, not copies: do not change them in place between forward and backward.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from numpynet.arguments import Array
from numpynet.functional import flatten, linear, linear_backward, normal_weights, relu, relu_backward


class Parameter:
    """An array that training changes, `data`, and ∂L/∂data, the gradient of the loss, `grad`, None at first."""

    def __init__(self, data: Array) -> None:
        self.data = data
        self.grad: Array | None = None

    def __repr__(self) -> str:
        return f"Parameter({self.data.shape}, {self.data.dtype}{'' if self.grad is None else ', with grad'})"


class Memory:
    """What layers and losses share: forward remembers what backward will need, and backward uses it up."""

    _memory: Any = None

    def _forget(self) -> None:
        """Call this before the computation: if that raises, backward must not use an earlier input."""
        self._memory = None

    def _remember(self, needed: Any) -> None:
        self._memory = needed

    def _take(self) -> Any:
        if self._memory is None:
            raise RuntimeError(f"{type(self).__name__}.backward: call forward first; each forward serves one backward")
        needed, self._memory = self._memory, None
        return needed


class Layer(Memory):
    """Base class for layers. A layer of your own defines `__call__`, `forward` and `backward`.

    Its parameters are its attributes of type Parameter and those of nested layers, in the order they were set.
    `backward` sets their `grad`, never adds to it, and returns the gradient of the input; with input_grad=False it may
    skip the latter and return None.
    """

    def __call__(self, X: Array) -> Array:
        raise NotImplementedError

    def forward(self, X: Array) -> Array:
        raise NotImplementedError

    def backward(self, grad_Y: Array, *, input_grad: bool = True) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def named_parameters(self) -> dict[str, Parameter]:
        found = {}
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                found[name] = value
            elif isinstance(value, Layer):
                found |= {f"{name}.{inner}": parameter for inner, parameter in value.named_parameters().items()}
        return found

    def parameters(self) -> list[Parameter]:
        return list(self.named_parameters().values())

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter's data, by name."""
        return {name: parameter.data.copy() for name, parameter in self.named_parameters().items()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy the arrays of a state_dict into the parameters; if one does not fit, change nothing.

        Raises: ValueError for a missing or unexpected name, a different shape or a read-only parameter; TypeError for a
        different dtype.
        """
        parameters = self.named_parameters()
        if set(state) != set(parameters):
            raise ValueError(f"load_state_dict: names must be {sorted(parameters)}, got {sorted(state)}")
        arrays = {name: np.asarray(state[name]) for name in parameters}
        for name, array in arrays.items():
            data = parameters[name].data
            if array.shape != data.shape:
                raise ValueError(f"load_state_dict: {name} must have shape {data.shape}, got {array.shape}")
            if array.dtype != data.dtype:
                raise TypeError(f"load_state_dict: {name} must be {data.dtype}, got {array.dtype}")
            if not data.flags.writeable:
                raise ValueError(f"load_state_dict: the network's {name} must be writable, got a read-only array")
        for name, array in arrays.items():
            parameters[name].data[...] = array


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
        self._forget()
        Y = self(X)
        self._remember(X)  # backward will need it
        return Y

    def backward(self, grad_Y: Array, *, input_grad: bool = True) -> Any:
        X = self._take()
        grad_X, self.W.grad, self.b.grad = linear_backward(grad_Y, X, self.W.data, input_grad=input_grad)
        return grad_X

    def __repr__(self) -> str:
        return f"Linear({', '.join(map(str, self.W.data.shape))})"


class ReLU(Layer):
    """Y = max(X, 0) (`functional.relu`)."""

    def __call__(self, X: Array) -> Array:
        return relu(X)

    def forward(self, X: Array) -> Array:
        self._forget()
        Y = self(X)
        self._remember(Y)  # the output is enough to tell where the gradient passes
        return Y

    def backward(self, grad_Y: Array, *, input_grad: bool = True) -> Array:
        return relu_backward(grad_Y, self._take())


class Flatten(Layer):
    """Each example as one row (`functional.flatten`); backward restores each example's shape."""

    def __call__(self, X: Array) -> Array:
        return flatten(X)

    def forward(self, X: Array) -> Array:
        self._forget()
        Y = self(X)
        self._remember((X.shape, Y.shape))
        return Y

    def backward(self, grad_Y: Array, *, input_grad: bool = True) -> Array:
        X_shape, Y_shape = self._take()
        if grad_Y.shape != Y_shape:
            raise ValueError(f"Flatten.backward: grad_Y must have shape {Y_shape}, got {grad_Y.shape}")
        return grad_Y.reshape(X_shape)


class Sequential(Layer):
    """Layers one after the other: forward from front to back, backward from back to front.

    A parameter's name is its layer's position and its own name: "1.W". Nested Sequentials are flattened.
    Raises: TypeError for anything that is not a Layer; ValueError for no layers, or for the same layer twice, because a
    layer remembers only one forward.
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers: list[Layer] = []
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: layers must be Layer objects such as ReLU(), got {layer!r}")
            self.layers += layer.layers if isinstance(layer, Sequential) else [layer]
        if not self.layers:
            raise ValueError("Sequential: layers must be at least one, got none")
        if len(set(map(id, self.layers))) < len(self.layers):
            raise ValueError("Sequential: layers must be different objects, got the same one twice")

    def __call__(self, X: Array) -> Array:
        for layer in self.layers:
            X = layer(X)
        return X

    def forward(self, X: Array) -> Array:
        self._forget()
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, grad_Y: Array, *, input_grad: bool = False) -> Any:
        """Stop at the first layer with parameters: what lies before it is data, whose gradient nobody needs."""
        first = 0 if input_grad else next((i for i, layer in enumerate(self.layers) if layer.parameters()), 0)
        for layer in reversed(self.layers[first + 1 :]):
            grad_Y = layer.backward(grad_Y)
        return self.layers[first].backward(grad_Y, input_grad=input_grad)

    def named_parameters(self) -> dict[str, Parameter]:
        named = [(i, layer.named_parameters()) for i, layer in enumerate(self.layers)]
        return {f"{i}.{name}": parameter for i, parameters in named for name, parameter in parameters.items()}

    def _forget(self) -> None:
        for layer in self.layers:
            layer._forget()

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
        rows = [("", "layer", "output", "parameters"), ("", "", str(X.shape), "")]
        total = 0
        for i, layer in enumerate(self.layers):
            X = layer(X)
            count = sum(parameter.data.size for parameter in layer.parameters())
            rows.append((str(i), repr(layer), str(X.shape), f"{count:,}"))
            total += count
        rows.append(("", "", "total", f"{total:,}"))
        a, b, c, d = (max(map(len, column)) for column in zip(*rows, strict=True))
        lines = (f"{i:<{a}}  {layer:<{b}}  {shape:<{c}}  {count:>{d}}" for i, layer, shape, count in rows)
        return "\n".join(line.rstrip() for line in lines)
