"""Losses as objects. As with layers, `loss(y_hat, y)` only computes and `loss.forward(y_hat, y)` also remembers;
`loss.backward()` turns what was remembered into the gradient that `net.backward` starts from.
"""

from __future__ import annotations

from typing import Any

from numpynet import functional
from numpynet.arguments import Array
from numpynet.base import Memory


class Loss(Memory):
    """Base class for losses. backward returns the gradient of the loss with respect to its first argument."""

    def __call__(self, y_hat: Array, y: Array) -> Any:
        raise NotImplementedError

    def forward(self, y_hat: Array, y: Array) -> Any:
        self._memory = None
        loss = self(y_hat, y)
        self._memory = (y_hat, y)
        return loss

    def backward(self) -> Array:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class CrossEntropyLoss(Loss):
    """The mean over the examples of −log(probability of the right class) (`functional.softmax_cross_entropy`).

    Shapes: O (n, q) logits, y (n,) integer classes -> a scalar; backward returns grad_O (n, q).
    Source: D2L 3.7; torch.nn.CrossEntropyLoss.
    """

    def __call__(self, O: Array, y: Array) -> Any:
        return functional.softmax_cross_entropy(O, y)[0]

    def forward(self, O: Array, y: Array) -> Any:
        self._memory = None
        loss, P = functional.softmax_cross_entropy(O, y)
        self._memory = (P, y)  # P rather than O, because the gradient is computed from P
        return loss

    def backward(self) -> Array:
        P, y = self._take()
        return functional.softmax_cross_entropy_backward(P, y)


class SquaredLoss(Loss):
    """The mean over all elements of (y_hat − y)² / 2 (`functional.squared_loss`): the book's, with the ½.

    Shapes: y_hat and y of equal shape -> a scalar; backward returns grad_y_hat of that shape.
    Source: D2L 3.1.
    """

    def __call__(self, y_hat: Array, y: Array) -> Any:
        return functional.squared_loss(y_hat, y)

    def backward(self) -> Array:
        y_hat, y = self._take()
        return functional.squared_loss_backward(y_hat, y)


class MSELoss(Loss):
    """The mean over all elements of (y_hat − y)² (`functional.mse_loss`): torch's, without the ½.

    Shapes: y_hat and y of equal shape -> a scalar; backward returns grad_y_hat of that shape.
    Source: D2L 3.3; torch.nn.MSELoss.
    """

    def __call__(self, y_hat: Array, y: Array) -> Any:
        return functional.mse_loss(y_hat, y)

    def backward(self) -> Array:
        y_hat, y = self._take()
        return functional.mse_loss_backward(y_hat, y)
