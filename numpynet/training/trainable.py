"""What a training loop needs of a model, and the two kinds of model that provide it.

`FromScratch` is a module of `numpynet.scratch` with its params; `FromLayers` is a network with its loss and its
optimizer. Everything that trains a model takes either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpynet.arguments import Array
from numpynet.base import Layer
from numpynet.losses import Loss
from numpynet.optim import SGD, sgd


class Trainable(Protocol):
    """A model that predicts, computes its loss and gradients, and can be updated."""

    @property
    def lr(self) -> float:
        """The learning rate of its updates."""

    def parameters(self) -> Mapping[Any, Array]:
        """The parameters by name or number, front to back: the arrays themselves, which updates change in place."""

    def predict(self, X: Array) -> Array:
        """The predictions y_hat; for a classifier, the logits O."""

    def loss_and_gradients(self, X: Array, y: Array) -> tuple[Any, Array, Mapping[Any, Array]]:
        """The loss, the predictions, and the gradient of the loss with respect to each parameter."""

    def update(self, grads: Any) -> None:
        """Take one step of gradient descent; grads is what loss_and_gradients has just returned."""


class FromScratch:
    """A module of `numpynet.scratch`, or one with the same three functions, and its params."""

    def __init__(self, module: Any, params: dict[str, Array], lr: float) -> None:
        self.module, self.params, self.lr = module, params, lr

    def parameters(self) -> dict[str, Array]:
        return self.params

    def predict(self, X: Array) -> Array:
        return self.module.predict(self.params, X)  # type: ignore[no-any-return]

    def loss_and_gradients(self, X: Array, y: Array) -> tuple[Any, Array, dict[str, Array]]:
        y_hat = self.predict(X)  # once more, because the module's loss_and_gradients does not return its predictions
        loss, grads = self.module.loss_and_gradients(self.params, X, y)
        return loss, y_hat, grads

    def update(self, grads: dict[str, Array]) -> None:
        sgd(self.params, grads, self.lr)


class FromLayers:
    """A network made of layers, its loss and its optimizer."""

    def __init__(self, net: Layer, loss: Loss, optimizer: SGD) -> None:
        self.net, self.loss, self.optimizer = net, loss, optimizer
        self.numbered = dict(enumerate(net.parameters()))

    @property
    def lr(self) -> float:
        return self.optimizer.lr

    def parameters(self) -> dict[int, Array]:
        return {i: parameter.data for i, parameter in self.numbered.items()}

    def predict(self, X: Array) -> Array:
        return self.net(X)

    def loss_and_gradients(self, X: Array, y: Array) -> tuple[Any, Array, dict[int, Any]]:
        y_hat = self.net.forward(X)
        loss = self.loss.forward(y_hat, y)
        self.net.backward(self.loss.backward())
        return loss, y_hat, {i: parameter.grad for i, parameter in self.numbered.items()}

    def update(self, grads: dict[int, Array]) -> None:
        self.optimizer.step()  # it uses the gradients that backward left in the parameters, the same arrays as grads
