"""What a training loop needs of a model, and the two kinds of model that provide it.

`FromScratch` is a module of `numpynet.scratch` with its params; `FromLayers` is a network with its loss and its
optimizer. Everything that trains a model takes either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from numpynet.arguments import Array
from numpynet.base import Layer, Parameter
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

    def loss_and_gradients(self, X: Array, y: Array) -> tuple[Any, Any, Mapping[Any, Array]]:
        """The loss; the predictions, for a classifier's accuracy (a regression may leave them out: None); and the
        gradient of the loss with respect to each parameter.
        """

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

    def loss_and_gradients(self, X: Array, y: Array) -> tuple[Any, Any, dict[str, Array]]:
        y_hat = self.predict(X) if y.dtype.kind in "iu" else None  # the module's own function does not return them
        loss, grads = self.module.loss_and_gradients(self.params, X, y)
        return loss, y_hat, grads

    def update(self, grads: dict[str, Array]) -> None:
        sgd(self.params, grads, self.lr)


class _Gradients(Mapping[int, Any]):
    """The gradients that backward leaves in the parameters, by number: one view, rather than a new dict each step."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.parameters = parameters

    def __getitem__(self, i: int) -> Any:
        return self.parameters[i].grad

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.parameters)))

    def __len__(self) -> int:
        return len(self.parameters)


class FromLayers:
    """A network made of layers, its loss and its optimizer."""

    def __init__(self, net: Layer, loss: Loss, optimizer: SGD) -> None:
        self.net, self.loss, self.optimizer = net, loss, optimizer
        self.grads = _Gradients(net.parameters())

    @property
    def lr(self) -> float:
        return self.optimizer.lr

    def parameters(self) -> dict[int, Array]:
        return {i: parameter.data for i, parameter in enumerate(self.grads.parameters)}

    def predict(self, X: Array) -> Array:
        return self.net(X)

    def loss_and_gradients(self, X: Array, y: Array) -> tuple[Any, Array, _Gradients]:
        y_hat = self.net.forward(X)
        loss = self.loss.forward(y_hat, y)
        self.net.backward(self.loss.backward())
        return loss, y_hat, self.grads

    def update(self, grads: _Gradients) -> None:
        self.optimizer.step()  # it takes the same gradients from the parameters
