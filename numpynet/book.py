"""The book's three models: what each is called, its sizes, its loss, its data, and the settings it is trained with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from numpynet import arguments, models, scratch
from numpynet.data import Split, make_shapes, synthetic_regression
from numpynet.data.fashion_mnist import find_fashion_mnist, load_copy
from numpynet.layers import Sequential
from numpynet.losses import CrossEntropyLoss, Loss, SquaredLoss

TRUE_W, TRUE_B = (2.0, -3.4), 4.2  # what linear regression should recover


@dataclass(frozen=True)
class Model:
    """One of the three models. Both of its versions have this name, in `numpynet.scratch` and in `numpynet.models`."""

    name: str
    sizes: tuple[int, ...]  # inputs, hidden units, outputs; a linear regression has one output
    loss: type[Loss]
    data: tuple[str, ...]

    @property
    def scratch(self) -> Any:
        """The module of `numpynet.scratch`."""
        return getattr(scratch, self.name)

    def concise(self, *sizes: Any, rng: np.random.Generator, **options: Any) -> Sequential:
        """The network, of these sizes or the book's."""
        return getattr(models, self.name)(*(sizes or self.sizes), rng=rng, **options)  # type: ignore[no-any-return]


_IMAGES = ("auto", "fashion-mnist", "shapes")
MODELS = {  # by the name that the command line uses
    "linear": Model("linear_regression", (2,), SquaredLoss, ("synthetic",)),
    "softmax": Model("softmax_regression", (784, 10), CrossEntropyLoss, _IMAGES),
    "mlp": Model("mlp", (784, 256, 10), CrossEntropyLoss, _IMAGES),
}


@dataclass(frozen=True)
class Settings:
    """Everything that determines a run's figures, apart from software versions.

    Raises: TypeError or ValueError for invalid settings.
    """

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
        if self.model not in MODELS:
            raise ValueError(f"Settings: model must be one of {list(MODELS)}, got {self.model!r}")
        if self.data not in MODELS[self.model].data:
            raise ValueError(f"Settings: data must be one of {list(MODELS[self.model].data)}, got {self.data!r}")
        if not isinstance(self.scratch, bool):
            raise TypeError(f"Settings: scratch must be True or False, got {self.scratch!r}")
        for name, least in {"seed": 0, "epochs": 0, "batch_size": 1}.items():
            arguments.check_size("Settings", name, getattr(self, name), least=least)
        for name in ("lr", "momentum", "weight_decay"):
            arguments.check_number("Settings", name, getattr(self, name))
            object.__setattr__(self, name, float(getattr(self, name)))
        self._set_hidden()
        if self.scratch:
            self._check_scratch()

    def _set_hidden(self) -> None:
        if not isinstance(self.hidden, (list, tuple)):  # a checkpoint has a list
            raise TypeError(f"Settings: hidden must be a tuple of widths, got {self.hidden!r}")
        for width in self.hidden:
            arguments.check_size("Settings", "hidden", width)
        object.__setattr__(self, "hidden", tuple(self.hidden) if self.model == "mlp" else ())  # others have none

    def _check_scratch(self) -> None:
        if self.momentum or self.weight_decay:
            raise ValueError("Settings: scratch is plain gradient descent, without momentum and weight_decay")
        if self.model == "mlp" and len(self.hidden) != 1:
            raise ValueError(f"Settings: scratch must have one hidden layer, got {len(self.hidden)}")


SETTINGS = tuple(field.name for field in fields(Settings))
BOOK = {  # what the book trains each model with
    "linear": Settings("linear", data="synthetic", epochs=3, batch_size=10, lr=0.03, hidden=()),
    "softmax": Settings("softmax", hidden=()),
    "mlp": Settings("mlp"),
}


class BookData(NamedTuple):
    """What a model is trained on: training and test data, or None for no test; class names for images."""

    train: Split
    test: Split | None
    class_names: tuple[str, ...]
    name: str
    source: str  # in words: which data these are, and why


def load_data(
    name: str, root: str | Path | None = None, *, rng: np.random.Generator, dtype: DTypeLike = np.float32
) -> BookData:
    """The data called "synthetic", "fashion-mnist" or "shapes"; "auto" is Fashion-MNIST if a copy is here, else shapes.

    root is a folder of Fashion-MNIST; rng and dtype are for the synthetic data. Raises: as `load_fashion_mnist`.
    """
    if name == "synthetic":
        X, y = synthetic_regression(TRUE_W, TRUE_B, rng=rng, dtype=dtype)
        source = f"synthetic: {len(X)} points around y = {TRUE_W[0]} x1 - {-TRUE_W[1]} x2 + {TRUE_B}"
        return BookData(Split(X, y), None, (), name, source)
    if name == "fashion-mnist" or (name == "auto" and (root or find_fashion_mnist())):
        data, folder = load_copy(root)
        return BookData(*data, "fashion-mnist", f"fashion-mnist: the copy in {folder}")
    why = "" if name == "shapes" else ", because no copy of Fashion-MNIST was found (numpynet data lists the places)"
    return BookData(*make_shapes(rng=np.random.default_rng(0)), "shapes", f"shapes: generated pictures{why}")
