"""Gradient descent: how parameters move once their gradients are known. The whole idea is one line, `W -= lr * grad_W`,
in `sgd`; the SGD object calls it, after adding momentum or weight decay for those who ask for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from numpynet.checks import check_number
from numpynet.functional import Array
from numpynet.layers import Parameter


def sgd(params: Mapping[Any, Array], grads: Mapping[Any, Array], lr: float) -> None:
    """W ← W − lr ∂L/∂W for every parameter, in place: the one function of the library that writes to its arguments.

    Why: the gradient points where the loss grows fastest, so a small step against it makes the loss smaller.

    Shapes: grads has the keys and shapes of params. dtype: that of params. Cost: two passes over the parameters.
    Raises: TypeError or ValueError for an lr that is not a finite number >= 0, ValueError for other keys or shapes.
    Source: D2L 3.2; torch.optim.SGD.

    >>> params = {"b": np.array([1.0, 2.0])}
    >>> sgd(params, {"b": np.array([10.0, -10.0])}, lr=0.1)
    >>> params["b"]
    array([0., 3.])
    """
    check_number("sgd", "lr", lr)
    if params.keys() != grads.keys():
        raise ValueError(f"sgd: grads must have the names {list(params)}, got {list(grads)}")
    for name in params:
        if params[name].shape != grads[name].shape:
            raise ValueError(f"sgd: grads[{name!r}] must have shape {params[name].shape}, got {grads[name].shape}")
    for name, W in params.items():
        W -= float(lr) * grads[name]


class SGD:
    """Stochastic gradient descent over a network's parameters: `step()` is `sgd` on the gradients that backward set.

    With the defaults that is all. The options change G, the direction that is stepped along, by torch's formulas:

        G = ∂L/∂W                       plain
        G = ∂L/∂W + weight_decay W      weight decay: as if the loss had another weight_decay/2 Σ W²
        V = momentum V + G              momentum: V, at first 0, sums past directions, older ones fading;
        G = V                               step along the sum
        G = G + momentum V              Nesterov's momentum: the same, one step further on

    Cost: two passes over the parameters, and two more for each option.
    Raises: TypeError or ValueError for an option that is not a finite number >= 0, ValueError for no parameters or for
    Nesterov without momentum. step: RuntimeError where a parameter has no gradient yet.
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
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("SGD: parameters must have at least one Parameter, got none")
        for name, value in {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}.items():
            check_number("SGD", name, value)
        if nesterov and momentum == 0:
            raise ValueError("SGD: nesterov=True requires momentum above 0, got 0")
        self.lr, self.momentum, self.weight_decay = float(lr), float(momentum), float(weight_decay)
        self.nesterov = nesterov
        self.velocities = [np.zeros_like(parameter.data) for parameter in self.parameters] if momentum else []

    def step(self) -> None:
        """Move every parameter one step along its direction."""
        data, directions = {}, {}
        for i, parameter in enumerate(self.parameters):
            if parameter.grad is None:
                raise RuntimeError(f"SGD.step: parameter {i} has no gradient: call net.backward first")
            data[i], directions[i] = parameter.data, self._direction(i, parameter.data, parameter.grad)
        sgd(data, directions, self.lr)

    def _direction(self, i: int, W: Array, G: Array) -> Array:
        if self.weight_decay:
            G = G + self.weight_decay * W
        if self.momentum:
            V = self.velocities[i] = self.momentum * self.velocities[i] + G
            G = G + self.momentum * V if self.nesterov else V
        return G
