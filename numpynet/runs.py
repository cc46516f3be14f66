"""A run, as the command line starts it: choose data and model, train, and leave everything about it in a folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet import models, plotting, scratch
from numpynet.data import ImageDataset, load_fashion_mnist, make_shapes, synthetic_regression
from numpynet.data.batches import as_floats
from numpynet.data.fashion_mnist import find_fashion_mnist
from numpynet.environment import blas, versions
from numpynet.files import write_whole
from numpynet.functional import Array
from numpynet.losses import CrossEntropyLoss, SquaredLoss
from numpynet.optim import SGD
from numpynet.training import Callback, History, State, train, train_scratch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRUE_W, TRUE_B = (2.0, -3.4), 4.2  # the line that linear regression is to find


@dataclass(frozen=True)
class Settings:
    """What a run's figures depend on, beside the versions."""

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


BOOK = {  # what the book trains each model with
    "linear": Settings("linear", data="synthetic", epochs=3, batch_size=10, lr=0.03, hidden=()),
    "softmax": Settings("softmax", hidden=()),
    "mlp": Settings("mlp"),
}


PICTURES = ("learning_curves.png", "fit.png", "path.png", "predictions.png", "weights.png", "confusion.png")


class ParameterPath(Callback):
    """Where the parameters were, at first and after every step: the rows of `path`."""

    def __init__(self, arrays: list[Array]) -> None:
        self.arrays = arrays
        self.path: list[Array] = []
        self.after_step(State(History()))

    def after_step(self, state: State) -> None:
        self.path.append(np.concatenate([array.ravel() for array in self.arrays]))


def choose_images(name: str, root: str | None) -> tuple[ImageDataset, str]:
    """The image data set called "fashion-mnist", "shapes" or "auto", and a line that says which it is and why."""
    folder = None if name == "shapes" else find_fashion_mnist(root)
    if name == "fashion-mnist" or folder is not None or root is not None:
        return load_fashion_mnist(root), f"fashion-mnist: the copy in {folder}"
    why = "by formula" if name == "shapes" else "as no copy of Fashion-MNIST was found (numpynet info lists where)"
    return make_shapes(rng=np.random.default_rng(0)), f"shapes: pictures drawn here, {why}"


@dataclass
class Model:
    """A model, from scratch or concise: its arrays by name, a function to predict with, and one that trains it."""

    arrays: dict[str, Array]
    predict: Callable[[Array], Array]
    train: Callable[..., History]


def build(settings: Settings, rng: np.random.Generator) -> Model:
    """The model that the settings name, with weights drawn from rng."""
    name = {"linear": "linear_regression", "softmax": "softmax_regression", "mlp": "mlp"}[settings.model]
    sizes: tuple[Any, ...] = {"linear": (2,), "softmax": (784, 10), "mlp": (784, settings.hidden, 10)}[settings.model]
    if settings.scratch:
        if settings.model == "mlp":
            sizes = (784, *settings.hidden, 10)
        module = getattr(scratch, name)
        params = module.init_parameters(*sizes, rng=rng)
        return Model(
            params,
            lambda X: module.predict(params, X),
            lambda data, **options: train_scratch(module, params, data, lr=settings.lr, **options),
        )
    net = getattr(models, name)(*sizes, rng=rng)
    loss = SquaredLoss() if settings.model == "linear" else CrossEntropyLoss()
    optimizer = SGD(net.parameters(), settings.lr, settings.momentum, settings.weight_decay)
    arrays = {name: parameter.data for name, parameter in net.named_parameters().items()}
    return Model(arrays, net, lambda data, **options: train(net, loss, optimizer, data, **options))


def run(settings: Settings, output: Path, root: str | None = None) -> str:
    """Train as the settings say; write model.npz, history.json and the pictures into output; return a short summary.

    Raises: DataError for the data, DivergedError for the training, OSError where a file cannot be written.
    """
    output.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(settings.seed)
    if settings.model == "linear":
        return _run_linear(settings, output, rng)
    return _run_classifier(settings, output, rng, root)


def _run_linear(settings: Settings, output: Path, rng: np.random.Generator) -> str:
    X, y = synthetic_regression(TRUE_W, TRUE_B, rng=rng)
    print(f"data: synthetic: {len(X)} points around y = {TRUE_W[0]} x1 - {-TRUE_W[1]} x2 + {TRUE_B}")
    model = build(settings, rng)
    recorder = ParameterPath(list(model.arrays.values()))
    history = _train(model, settings, rng, (X, y), callbacks=[recorder])
    W, b = model.arrays.values()
    _write_results(output, settings, model, history, "synthetic")
    pictures = {
        "fit.png": lambda: plotting.regression_fit(W, b, X, y),
        "path.png": lambda: plotting.parameter_path(np.array(recorder.path), np.array(TRUE_W), TRUE_B),
    }
    lines = [
        f"          {'learnt':>10} {'truth':>10} {'error':>10}",
        *(
            f"{name:>8}  {found:10.4f} {truth:10.4f} {found - truth:+10.4f}"
            for name, found, truth in zip(["w1", "w2", "b"], [*W[:, 0], *b], [*TRUE_W, TRUE_B], strict=True)
        ),
    ]
    return "\n".join([*lines, _write_pictures(output, history, pictures)])


def _run_classifier(settings: Settings, output: Path, rng: np.random.Generator, root: str | None) -> str:
    data, source = choose_images(settings.data, root)
    print(f"data: {source}")
    model = build(settings, rng)
    history = _train(model, settings, rng, data.train, test=data.test)
    _write_results(output, settings, model, history, source.split(":")[0])
    O = np.concatenate([model.predict(as_floats(X)) for X in np.array_split(data.test.X, 40)])
    predictions = O.argmax(axis=1)
    W = next(iter(model.arrays.values()))
    names = data.class_names
    pictures = {
        "predictions.png": lambda: plotting.images(*data.test, names, predictions),
        "weights.png": lambda: plotting.first_layer_weights(W, class_names=names if len(model.arrays) == 2 else None),
        "confusion.png": lambda: plotting.confusion_matrix(predictions, data.test.y, names),
    }
    right = float(np.mean(predictions == data.test.y))
    summary = f"test accuracy {right:.4f} after {settings.epochs} epochs ({sum(history.seconds):.1f} s of training)"
    return f"{summary}\n{_write_pictures(output, history, pictures)}"


def _train(model: Model, settings: Settings, rng: np.random.Generator, data: Any, **options: Any) -> History:
    return model.train(data, num_epochs=settings.epochs, batch_size=settings.batch_size, rng=rng, **options)


def _write_results(output: Path, settings: Settings, model: Model, history: History, data: str) -> None:
    """Write model.npz, for `net.load_state_dict(numpy.load(path))`, and history.json, with all the settings."""
    record = {
        "settings": dataclasses.asdict(settings) | {"data": data},
        "versions": versions() | {"blas": blas()},
        **dataclasses.asdict(history),
    }
    write_whole(output / "model.npz", lambda file: np.savez(file, **model.arrays))  # type: ignore[arg-type]
    write_whole(output / "history.json", lambda file: file.write(json.dumps(record, indent=2).encode() + b"\n"))


def _write_pictures(output: Path, history: History, pictures: dict[str, Callable[[], Figure]]) -> str:
    """Draw each picture and write it, and say so; or say what is missing to draw them."""
    for name in PICTURES:  # an earlier run's must not pass for this one's
        (output / name).unlink(missing_ok=True)
    if history.train_loss:
        pictures = {"learning_curves.png": lambda: plotting.learning_curves(history)} | pictures
    written = ["model.npz", "history.json"]
    note = ""
    try:
        for name, draw in pictures.items():
            figure = draw()
            write_whole(output / name, lambda file, figure=figure: figure.savefig(file, format="png"))  # type: ignore[misc]
            written.append(name)
    except ImportError as error:
        note = f"\nno pictures: {error}"
    return f"written to {output}: {', '.join(written)}{note}"
