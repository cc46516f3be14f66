"""What layers and losses are built on: a parameter, the memory between forward and backward, and the base of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from numpynet.arguments import Array


class Parameter:
    """`data` is an array that training changes; `grad` is ∂L/∂data, None until the first backward."""

    def __init__(self, data: Array) -> None:
        self.data = data
        self.grad: Array | None = None

    def __repr__(self) -> str:
        return f"Parameter({self.data.shape}, {self.data.dtype}{'' if self.grad is None else ', with grad'})"


class Memory:
    """What layers and losses share: forward remembers what backward will need, as a tuple, and backward uses it up.

    forward forgets first: if it then fails, backward finds nothing, rather than an earlier input.
    """

    _memory: tuple[Any, ...] | None = None

    def _take(self) -> tuple[Any, ...]:
        if self._memory is None:
            raise RuntimeError(f"{type(self).__name__}.backward: call forward first; each forward serves one backward")
        memory, self._memory = self._memory, None
        return memory


class Layer(Memory):
    """Base class for layers. A layer of your own defines `__call__`, `forward` and `backward`.

    Its parameters are its attributes of type Parameter and those of nested layers, in the order they were set.
    `backward` sets their `grad`, never adds to it, and returns the gradient of the input; with input_grad=False it may
    return None instead.
    """

    def __call__(self, X: Array) -> Array:
        raise NotImplementedError

    def forward(self, X: Array) -> Array:
        raise NotImplementedError

    def backward(self, grad_Y: Array, *, input_grad: bool = True) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _forget_all(self) -> None:
        """Forget, here and in nested layers."""
        self._memory = None
        for value in vars(self).values():
            if isinstance(value, Layer):
                value._forget_all()

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
