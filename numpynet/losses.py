"""Losses as objects, with the rule of layers: `loss(y_hat, y)` computes, `loss.forward(y_hat, y)` also remembers, and
`loss.backward()` turns what was remembered into the gradient that `net.backward` starts from.
"""

from __future__ import annotations

from typing import Any

from numpynet import functional
from numpynet.functional import Array


class Loss:
    """What losses have in common: forward remembers the two arrays that the gradient is made of, for one backward."""

    _remembered: tuple[Array, Array] | None = None

    def __call__(self, y_hat: Array, y: Array) -> Any:
        raise NotImplementedError

    def forward(self, y_hat: Array, y: Array) -> Any:
        self._remembered = None  # if this batch is refused, the last one must not stand in for it
        loss = self(y_hat, y)
        self._remembered = y_hat, y
        return loss

    def backward(self) -> Array:
        raise NotImplementedError

    def _take(self) -> tuple[Array, Array]:
        if self._remembered is None:
            raise RuntimeError(f"{type(self).__name__}.backward: call forward first; each forward serves one backward")
        remembered, self._remembered = self._remembered, None
        return remembered


class CrossEntropyLoss(Loss):
    """The mean over the examples of −log(probability of the right class) (`functional.softmax_cross_entropy`).

    Shapes: y_hat (n, q) logits, y (n,) integer classes -> a scalar; backward gives their gradient, grad_O (n, q).
    Source: D2L 3.7; torch.nn.CrossEntropyLoss.
    """

    def __call__(self, y_hat: Array, y: Array) -> Any:
        return functional.softmax_cross_entropy(y_hat, y)[0]

    def forward(self, y_hat: Array, y: Array) -> Any:
        self._remembered = None
        loss, P = functional.softmax_cross_entropy(y_hat, y)
        self._remembered = P, y  # P and not the logits: it is P that the gradient is made of
        return loss

    def backward(self) -> Array:
        P, y = self._take()
        return functional.softmax_cross_entropy_backward(P, y)


class SquaredLoss(Loss):
    """The mean over all elements of (y_hat − y)² / 2 (`functional.squared_loss`): the book's, with the ½.

    Shapes: y_hat and y alike, any -> a scalar; backward gives grad_y_hat, the same.
    Source: D2L 3.1.
    """

    def __call__(self, y_hat: Array, y: Array) -> Any:
        return functional.squared_loss(y_hat, y)

    def backward(self) -> Array:
        y_hat, y = self._take()
        return functional.squared_loss_backward(y_hat, y)


class MSELoss(Loss):
    """The mean over all elements of (y_hat − y)² (`functional.mse_loss`): torch's, without the ½.

    Shapes: y_hat and y alike, any -> a scalar; backward gives grad_y_hat, the same.
    Source: D2L 3.3; torch.nn.MSELoss.
    """

    def __call__(self, y_hat: Array, y: Array) -> Any:
        return functional.mse_loss(y_hat, y)

    def backward(self) -> Array:
        y_hat, y = self._take()
        return functional.mse_loss_backward(y_hat, y)
