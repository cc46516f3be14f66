"""What a run is made of: its settings, the book's among them, and the data and the model that they name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from numpynet import models, scratch
from numpynet.checks import check_number, check_size
from numpynet.data import ImageDataset, make_shapes
from numpynet.data.fashion_mnist import find_fashion_mnist, load_copy
from numpynet.functional import Array
from numpynet.layers import Layer, Parameter
from numpynet.losses import CrossEntropyLoss, SquaredLoss
from numpynet.optim import SGD
from numpynet.training import History, train, train_scratch

TRUE_W, TRUE_B = (2.0, -3.4), 4.2  # the line that linear regression is to find


IMAGES = ("auto", "fashion-mnist", "shapes")
DATA = {"linear": ("synthetic",), "softmax": IMAGES, "mlp": IMAGES}  # of each model


@dataclass(frozen=True)
class Settings:
    """What a run's figures depend on, beside the versions. Raises: TypeError or ValueError for what no run can have."""

    model: str
    seed: int = 0
    data: str = "auto"
    epochs: int = 10
    batch_size: int = 256
    lr: float = 0.1
    hidden: tuple[int, ...] = (256,)
    momentum: float = 0.0
    weight_decay: float = 0.0
    scratch: bool = False

    def __post_init__(self) -> None:
        if self.model not in DATA:
            raise ValueError(f"Settings: model must be one of {list(DATA)}, got {self.model!r}")
        if self.data not in DATA[self.model]:
            raise ValueError(f"Settings: data must be one of {list(DATA[self.model])}, got {self.data!r}")
        if not isinstance(self.scratch, bool):
            raise TypeError(f"Settings: scratch must be True or False, got {self.scratch!r}")
        for name, least in {"seed": 0, "epochs": 0, "batch_size": 1}.items():
            check_size("Settings", name, getattr(self, name), least=least)
        for name in ("lr", "momentum", "weight_decay"):
            check_number("Settings", name, getattr(self, name))
            object.__setattr__(self, name, float(getattr(self, name)))
        for width in self.hidden:
            check_size("Settings", "hidden", width)
        object.__setattr__(self, "hidden", tuple(self.hidden))  # from a checkpoint comes a list
        if self.scratch and (self.momentum or self.weight_decay or (self.model == "mlp" and len(self.hidden) != 1)):
            raise ValueError("Settings: scratch has one hidden layer, and neither momentum nor weight_decay")


BOOK = {  # what the book trains each model with
    "linear": Settings("linear", data="synthetic", epochs=3, batch_size=10, lr=0.03, hidden=()),
    "softmax": Settings("softmax", hidden=()),
    "mlp": Settings("mlp"),
}


def choose_images(name: str, root: str | Path | None) -> tuple[ImageDataset, str]:
    """The image data set called "fashion-mnist", "shapes" or "auto", and a line that says which it is and why."""
    if name == "fashion-mnist" or (name == "auto" and (root or find_fashion_mnist())):
        data, folder = load_copy(root)
        return data, f"fashion-mnist: the copy in {folder}"
    why = "by formula" if name == "shapes" else "as no copy of Fashion-MNIST was found (numpynet data lists where)"
    return make_shapes(rng=np.random.default_rng(0)), f"shapes: pictures drawn here, {why}"


class FromScratch(Layer):
    """A module of `numpynet.scratch` and its params as a layer, so that a run can treat both kinds of models alike."""

    def __init__(self, module: Any, params: dict[str, Array]) -> None:
        self.module, self.params = module, params
        for name, array in params.items():
            setattr(self, name, Parameter(array))

    def __call__(self, X: Array) -> Array:
        return self.module.predict(self.params, X)  # type: ignore[no-any-return]


@dataclass
class Model:
    """A model, from scratch or concise; its optimizer; and the function that trains it."""

    net: Layer
    optimizer: SGD
    train: Callable[..., History]


def build(settings: Settings, rng: np.random.Generator) -> Model:
    """The model that the settings name, with weights drawn from rng."""
    name = {"linear": "linear_regression", "softmax": "softmax_regression", "mlp": "mlp"}[settings.model]
    sizes: tuple[Any, ...] = {"linear": (2,), "softmax": (784, 10), "mlp": (784, settings.hidden, 10)}[settings.model]
    options = settings.lr, settings.momentum, settings.weight_decay
    if settings.scratch:
        if settings.model == "mlp":
            sizes = (784, *settings.hidden, 10)
        module = getattr(scratch, name)
        params = module.init_parameters(*sizes, rng=rng)
        net: Layer = FromScratch(module, params)
        return Model(net, SGD(net.parameters(), *options), partial(train_scratch, module, params, lr=settings.lr))
    net = getattr(models, name)(*sizes, rng=rng)
    optimizer = SGD(net.parameters(), *options)
    loss = SquaredLoss() if settings.model == "linear" else CrossEntropyLoss()
    return Model(net, optimizer, partial(train, net, loss, optimizer))
