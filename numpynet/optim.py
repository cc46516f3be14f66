"""Gradient descent: how parameters move once their gradients are known. The whole idea is one line, `W -= lr * grad_W`,
in `sgd`. The SGD object does the same to a network's parameters, with momentum or weight decay if you ask for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.base import Parameter


def sgd(params: Mapping[Any, Array] | Sequence[Array], grads: Mapping[Any, Array] | Sequence[Array], lr: float) -> None:
    """W ← W − lr ∂L/∂W for every parameter, in place: the one function of the library that writes to its arguments.

    Why: the gradient points in the direction in which the loss grows fastest, so a small step in the opposite direction
    makes the loss smaller.

    Shapes: params and grads are dicts with the same names, or lists in the same order, of arrays with the same shapes.
    dtype: that of params. Cost: two passes over the parameters.
    Raises: TypeError or ValueError for an lr that is not a finite number >= 0, TypeError for anything but dicts or
    lists of arrays, ValueError if names, lengths or shapes differ. In all these cases nothing has moved.
    Source: D2L 3.2; torch.optim.SGD.

    >>> import numpy as np
    >>> params = {"b": np.array([1.0, 2.0])}
    >>> sgd(params, {"b": np.array([10.0, -10.0])}, lr=0.1)
    >>> params["b"]
    array([0., 3.])
    """
    arguments.check_number("sgd", "lr", lr)
    for W, grad_W in arguments.check_pairs("sgd", params, grads):
        W -= float(lr) * grad_W


class SGD:
    """Stochastic gradient descent over a network's parameters: `step()` is `sgd` on the gradients that backward set.

    With the defaults that is all. The options change the direction of the step, by torch's formulas:

        G = ∂L/∂W                       the direction without options
        G = ∂L/∂W + weight_decay W      with weight_decay: as if weight_decay/2 Σ W² were added to the loss
        V = momentum V + G              the direction with momentum: a sum of past G in which old ones fade
        G + momentum V                  the direction with nesterov=True: one step ahead of V

    Cost: two passes over the parameters, and two more for each option.
    Raises: TypeError or ValueError for an option that is not a finite number >= 0; TypeError if parameters holds
    anything but Parameter objects; ValueError if it is empty or holds one twice, and for Nesterov without momentum.
    step: RuntimeError if a parameter has no gradient, ValueError if it is read-only or its gradient has another shape;
    in all these cases nothing has moved.
    Source: D2L 3.3, 4.5, 11.6; torch.optim.SGD.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        self.parameters = list(parameters) if isinstance(parameters, Iterable) else [parameters]
        if not self.parameters:
            raise ValueError("SGD: parameters must not be empty")
        for i, parameter in enumerate(self.parameters):
            if not isinstance(parameter, Parameter):
                got = type(parameter).__name__
                raise TypeError(f"SGD: parameters must be Parameter objects, as in net.parameters(), got {got}")
            if any(parameter is earlier for earlier in self.parameters[:i]):
                raise ValueError(f"SGD: parameters must be different objects, but parameter {i} is there twice")
        for name, value in {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}.items():
            arguments.check_number("SGD", name, value)
        if nesterov and momentum == 0:
            raise ValueError("SGD: nesterov=True requires momentum above 0, got 0")
        self.lr, self.momentum, self.weight_decay = float(lr), float(momentum), float(weight_decay)
        self.nesterov = nesterov
        self.velocities: list[Any] = [0.0 for _ in self.parameters]

    def __repr__(self) -> str:
        options = {"momentum": self.momentum, "weight_decay": self.weight_decay, "nesterov": self.nesterov}
        words = [f"{name}={value}" for name, value in options.items() if value]
        return f"SGD({', '.join([f'{len(self.parameters)} parameters', f'lr={self.lr}', *words])})"

    def step(self) -> None:
        """Move every parameter one step along its direction."""
        pairs: list[tuple[Array, Any]] = []
        for i, parameter in enumerate(self.parameters):
            W, G = parameter.data, parameter.grad
            if G is None:
                raise RuntimeError(f"SGD.step: parameter {i} has no gradient: call net.backward first")
            if G.shape != W.shape:
                raise ValueError(f"SGD.step: the grad of parameter {i} must have shape {W.shape}, got {G.shape}")
            if not W.flags.writeable:
                raise ValueError(f"SGD.step: parameter {i} must be writable, got a read-only array")
            pairs.append((W, G))
        if self.momentum or self.weight_decay:
            pairs = [(W, self._direction(i, W, G)) for i, (W, G) in enumerate(pairs)]
        for W, G in pairs:
            W -= self.lr * G  # as in sgd

    def _direction(self, i: int, W: Array, G: Any) -> Any:
        if self.weight_decay:
            G = G + self.weight_decay * W
        if self.momentum == 0:
            return G
        self.velocities[i] = V = self.momentum * self.velocities[i] + G
        return G + self.momentum * V if self.nesterov else V
