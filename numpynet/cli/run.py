"""A run, as the command line starts it: build the model, train it, and leave everything about it in a folder."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet import plotting
from numpynet.arguments import Array
from numpynet.book import MODELS, TRUE_B, TRUE_W, Settings, choose_images
from numpynet.cli.environment import blas, versions
from numpynet.cli.resume import CtrlC, check_same_data, warn_of_unfinished
from numpynet.data import Split, synthetic_regression
from numpynet.data.batches import as_floats
from numpynet.layers import Layer, Parameter
from numpynet.optim import SGD
from numpynet.plotting.figure import as_png
from numpynet.storage.atomic import write_atomic
from numpynet.storage.npz import to_npz
from numpynet.training.arguments import check_run
from numpynet.training.checkpoint import Checkpointer, restore
from numpynet.training.checkpoint_file import Checkpoint, CheckpointError, sha256
from numpynet.training.loop import Loop
from numpynet.training.progress import Progress
from numpynet.training.state import Callback, History, State
from numpynet.training.trainable import FromLayers, FromScratch, Trainable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BOUND_ON_SHAPES = (
    "No linear model can get more than 77.5 % of the shapes right: one picture in four is a negative, and a linear\n"
    "model can recognise both pictures and negatives of one class only (numpynet/data/shapes.py explains why)."
)
PICTURES = ("learning_curves.png", "fit.png", "path.png", "predictions.png", "weights.png", "confusion.png")


@dataclass(frozen=True)
class RunFolder:
    """The folder that a run leaves its files in, and the options of its command that are not settings."""

    output: Path
    root: Path | None = None  # of Fashion-MNIST
    checkpoint_every: int | None = None  # steps
    threads: int | None = None

    @property
    def checkpoint(self) -> Path:
        return self.output / "checkpoint.npz"

    def command(self, model: str) -> str:
        """The command that resumes the run of this model."""
        options = {"output": self.output, "root": self.root, "threads": self.threads}
        options["checkpoint-every"] = self.checkpoint_every
        given = [f"--{name}={value}" for name, value in options.items() if value is not None]
        return shlex.join(["numpynet", "train", model, *given, "--resume"])


class ScratchParameters(Layer):
    """The params of a model from scratch as a layer's parameters, which is how checkpoints hold them."""

    def __init__(self, params: dict[str, Array]) -> None:
        for name, array in params.items():
            setattr(self, name, Parameter(array))


class ParameterPath(Callback):
    """Records the parameters before training and after every step; with too many rows, it drops every second one."""

    MOST = 2000

    def __init__(self, net: Layer) -> None:
        self.net, self.every = net, 1
        self.rows = [self._now()]

    def _now(self) -> Array:
        return np.concatenate([parameter.data.ravel() for parameter in self.net.parameters()])

    def after_step(self, state: State) -> None:
        if state.step % self.every == 0:
            self.rows.append(self._now())
        if len(self.rows) > self.MOST:
            self.rows, self.every = self.rows[::2], 2 * self.every

    def arrays(self) -> dict[str, Array]:
        return {"path": np.array(self.rows), "every": np.array(self.every)}

    def restore(self, checkpoint: Checkpoint) -> None:
        rows, every = (checkpoint.extra.get(name, np.array(0)) for name in ("path", "every"))
        right_rows = rows.ndim == 2 and len(rows) > 0 and rows.shape[1] == self.rows[0].size
        if not right_rows or every.shape or every.dtype.kind not in "iu" or every < 1:
            raise CheckpointError(f"{checkpoint.path}: extra: path and every are not those of a run of this model")
        self.rows, self.every = list(rows), int(every)


class Run:
    """A run of the model that the settings name: its first weights are drawn from rng here."""

    def __init__(
        self, settings: Settings, folder: RunFolder, checkpoint: Checkpoint | None, rng: np.random.Generator
    ) -> None:
        self.settings, self.folder, self.checkpoint, self.rng = settings, folder, checkpoint, rng
        book = MODELS[settings.model]
        num_inputs, *hidden_and_outputs = book.sizes
        num_outputs = hidden_and_outputs[-1:]
        options = settings.lr, settings.momentum, settings.weight_decay
        if settings.scratch:
            params = book.scratch.init_parameters(num_inputs, *settings.hidden, *num_outputs, rng=rng)
            self.net: Layer = ScratchParameters(params)
            self.optimizer = SGD(self.net.parameters(), *options)
            self.model: Trainable = FromScratch(book.scratch, params, settings.lr)
        else:
            hidden = [settings.hidden] if settings.hidden else []
            self.net = book.concise(num_inputs, *hidden, *num_outputs, rng=rng)
            self.optimizer = SGD(self.net.parameters(), *options)
            self.model = FromLayers(self.net, book.loss(), self.optimizer)

    def train(self, data: Any, test: Any = None, recorder: ParameterPath | None = None) -> History:
        """The history of the run, from its start or resumed from the checkpoint."""
        settings, folder = self.settings, self.folder
        digest = sha256({str(i): array for i, array in enumerate([*data, *(test or ())])}).hex()
        kept = {"settings": dataclasses.asdict(settings), "data_digest": digest}
        checkpointer = Checkpointer(
            folder.checkpoint,
            self.net,
            self.optimizer,
            rng=self.rng,
            every=folder.checkpoint_every,
            extra=recorder.arrays if recorder else dict,
            **kept,
        )
        if self.checkpoint:
            check_same_data(self.checkpoint, digest, len(data[0]), classifier=test is not None)
            state = restore(self.checkpoint, self.net, self.optimizer, rng=self.rng)
            if recorder:
                recorder.restore(self.checkpoint)
            if state.epoch == settings.epochs and state.order is None:
                print(f"nothing to train: all {settings.epochs} epochs are done; use --epochs to train for more")
            else:
                print(f"resuming after step {state.step}, in epoch {state.epoch} of {settings.epochs}")
        else:
            warn_of_unfinished(folder.checkpoint)
            state = State()
            checkpointer.save(state)  # now, so that an earlier run's is not mistaken for this one's
        callbacks: list[Callback] = [Progress(settings.epochs), *([recorder] if recorder else [])]
        callbacks += [checkpointer, CtrlC(checkpointer, folder.command(settings.model))]
        loop = Loop(self.model, settings.batch_size, self.rng, callbacks, state)
        check_run(loop, data, settings.epochs, test)
        return loop.run(data, settings.epochs, test)

    def write_results(self, history: History, pictures: dict[str, Callable[[], Figure]]) -> str:
        """Write model.npz, for `net.load_state_dict(numpy.load(path))`, history.json, with all settings, and the
        pictures; say what was written, and what is missing to draw the pictures.
        """
        output = self.folder.output
        record = {
            "settings": dataclasses.asdict(self.settings),
            "versions": versions() | {"blas": blas()},
            **dataclasses.asdict(history),
        }
        _write(output / "model.npz", to_npz(self.net.state_dict()))
        if not _is_of_same_run(output / "history.json", record):  # or the versions that trained it would be lost
            _write(output / "history.json", json.dumps(record, indent=2).encode() + b"\n")
        if history.train_loss:
            pictures = {"learning_curves.png": lambda: plotting.learning_curves(history)} | pictures
        written = ["model.npz", "history.json"]
        note = ""
        try:
            for name, draw in pictures.items():
                _write(output / name, as_png(draw()))
                written.append(name)
        except ImportError as error:
            note = f"\nno pictures: {error}"
        for name in set(PICTURES) - set(written):  # an earlier run's must not pass for this one's
            (output / name).unlink(missing_ok=True)
        return f"written to {output}: {', '.join(written)}{note}"


def run(settings: Settings, folder: RunFolder, checkpoint: Checkpoint | None = None) -> str:
    """Train as the settings say, resuming from the checkpoint if there is one; write checkpoint, model.npz,
    history.json and pictures; return a short summary.

    Raises: DataError for the data, DivergedError for the training, CheckpointError for a checkpoint that does not fit,
    OSError if a file cannot be written.
    """
    folder.output.mkdir(parents=True, exist_ok=True)
    train = _run_linear if settings.model == "linear" else _run_classifier
    return train(settings, folder, checkpoint, np.random.default_rng(settings.seed))


def _run_linear(settings: Settings, folder: RunFolder, checkpoint: Checkpoint | None, rng: np.random.Generator) -> str:
    X, y = synthetic_regression(TRUE_W, TRUE_B, rng=rng)
    print(f"data: synthetic: {len(X)} points around y = {TRUE_W[0]} x1 - {-TRUE_W[1]} x2 + {TRUE_B}")
    this = Run(settings, folder, checkpoint, rng)
    recorder = ParameterPath(this.net)
    history = this.train((X, y), recorder=recorder)
    W, b = this.model.parameters().values()
    pictures = {
        "fit.png": lambda: plotting.regression_fit(W, b, X, y),
        "path.png": lambda: plotting.parameter_path(
            np.array(recorder.rows), np.array(TRUE_W), TRUE_B, every=recorder.every, data=(X, y)
        ),
    }
    lines = [
        f"          {'learned':>10} {'true':>10} {'error':>10}",
        *(
            f"{name:>8}  {found:10.4f} {truth:10.4f} {found - truth:+10.4f}"
            for name, found, truth in zip(["w1", "w2", "b"], [*W[:, 0], *b], [*TRUE_W, TRUE_B], strict=True)
        ),
    ]
    return "\n".join([*lines, this.write_results(history, pictures)])


def _run_classifier(
    settings: Settings, folder: RunFolder, checkpoint: Checkpoint | None, rng: np.random.Generator
) -> str:
    data, source = choose_images(settings.data, folder.root)
    print(f"data: {source}")
    this = Run(dataclasses.replace(settings, data=source.split(":")[0]), folder, checkpoint, rng)
    history = this.train(data.train, data.test)
    test: Split = data.test
    predictions = np.concatenate([this.model.predict(as_floats(X)) for X in np.array_split(test.X, 40)]).argmax(axis=1)
    W, *others = this.model.parameters().values()
    names = data.class_names
    pictures = {
        "predictions.png": lambda: plotting.images(*test, names, predictions),
        "weights.png": lambda: plotting.first_layer_weights(W, class_names=names if len(others) == 1 else None),
        "confusion.png": lambda: plotting.confusion_matrix(predictions, test.y, names),
    }
    right = float(np.mean(predictions == test.y))
    summary = f"test accuracy {right:.4f} after {settings.epochs} epochs ({sum(history.seconds):.1f} s of training)"
    if settings.model == "softmax" and this.settings.data == "shapes":
        summary += f"\n{BOUND_ON_SHAPES}"
    return f"{summary}\n{this.write_results(history, pictures)}"


def _is_of_same_run(path: Path, record: dict[str, Any]) -> bool:
    """Whether the file has the same settings, figures and seconds as the record, whatever the versions."""
    try:
        old = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(old, dict) and old | {"versions": None} == json.loads(json.dumps(record | {"versions": None}))


def _write(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_atomic(path, content)
