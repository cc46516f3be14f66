"""A run, as the command line starts it: choose data and model, train, and leave everything about it in a folder."""

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
from numpynet.checkpoint import Checkpoint, Checkpointer, CheckpointError, sha256
from numpynet.data import synthetic_regression
from numpynet.data.batches import as_floats
from numpynet.environment import blas, versions
from numpynet.files import write_whole
from numpynet.functional import Array
from numpynet.layers import Layer
from numpynet.npz import to_npz
from numpynet.plotting.figure import as_png
from numpynet.resume import CtrlC, go_on, warn_of_unfinished
from numpynet.settings import TRUE_B, TRUE_W, Model, Settings, build, choose_images
from numpynet.training import Callback, History, State

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = ("learning_curves.png", "fit.png", "path.png", "predictions.png", "weights.png", "confusion.png")
CHECKPOINT = "checkpoint.npz"


@dataclass(frozen=True)
class Place:
    """Where a run leaves its files, how often a checkpoint, and what else its command was told beside the settings."""

    output: Path
    root: Path | None = None  # of Fashion-MNIST
    checkpoint_every: int | None = None  # steps
    threads: int | None = None

    @property
    def checkpoint(self) -> Path:
        return self.output / CHECKPOINT

    def command(self, model: str) -> str:
        """The command that goes on with the run of this model."""
        options = {"output": self.output, "root": self.root, "threads": self.threads}
        options["checkpoint-every"] = self.checkpoint_every
        given = [f"--{name}={value}" for name, value in options.items() if value is not None]
        return shlex.join(["numpynet", "train", model, *given, "--resume"])


class ParameterPath(Callback):
    """Where the parameters were, at first and after every step; of too many rows, every second is dropped."""

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


def run(settings: Settings, place: Place, checkpoint: Checkpoint | None = None) -> str:
    """Train as the settings say, from the checkpoint on where there is one; write checkpoint, model.npz, history.json
    and pictures; return a short summary.

    Raises: DataError for the data, DivergedError for the training, CheckpointError for a checkpoint that does not fit,
    OSError where a file cannot be written.
    """
    place.output.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(settings.seed)
    if settings.model == "linear":
        return _run_linear(settings, place, checkpoint, rng)
    return _run_classifier(settings, place, checkpoint, rng)


def _run_linear(settings: Settings, place: Place, checkpoint: Checkpoint | None, rng: np.random.Generator) -> str:
    X, y = synthetic_regression(TRUE_W, TRUE_B, rng=rng)
    print(f"data: synthetic: {len(X)} points around y = {TRUE_W[0]} x1 - {-TRUE_W[1]} x2 + {TRUE_B}")
    model = build(settings, rng)
    recorder = ParameterPath(model.net)
    history = _train(model, settings, place, checkpoint, rng, (X, y), None, recorder)
    W, b = (parameter.data for parameter in model.net.parameters())
    pictures = {
        "fit.png": lambda: plotting.regression_fit(W, b, X, y),
        "path.png": lambda: plotting.parameter_path(
            np.array(recorder.rows), np.array(TRUE_W), TRUE_B, every=recorder.every
        ),
    }
    lines = [
        f"          {'learnt':>10} {'truth':>10} {'error':>10}",
        *(
            f"{name:>8}  {found:10.4f} {truth:10.4f} {found - truth:+10.4f}"
            for name, found, truth in zip(["w1", "w2", "b"], [*W[:, 0], *b], [*TRUE_W, TRUE_B], strict=True)
        ),
    ]
    return "\n".join([*lines, _write_results(place.output, settings, model, history, pictures)])


def _run_classifier(settings: Settings, place: Place, checkpoint: Checkpoint | None, rng: np.random.Generator) -> str:
    data, source = choose_images(settings.data, place.root)
    settings = dataclasses.replace(settings, data=source.split(":")[0])
    print(f"data: {source}")
    model = build(settings, rng)
    history = _train(model, settings, place, checkpoint, rng, data.train, data.test)
    O = np.concatenate([model.net(as_floats(X)) for X in np.array_split(data.test.X, 40)])
    predictions = O.argmax(axis=1)
    parameters = model.net.parameters()
    names = data.class_names
    pictures = {
        "predictions.png": lambda: plotting.images(*data.test, names, predictions),
        "weights.png": lambda: plotting.first_layer_weights(
            parameters[0].data, class_names=names if len(parameters) == 2 else None
        ),
        "confusion.png": lambda: plotting.confusion_matrix(predictions, data.test.y, names),
    }
    right = float(np.mean(predictions == data.test.y))
    summary = f"test accuracy {right:.4f} after {settings.epochs} epochs ({sum(history.seconds):.1f} s of training)"
    return f"{summary}\n{_write_results(place.output, settings, model, history, pictures)}"


def _train(
    model: Model,
    settings: Settings,
    place: Place,
    checkpoint: Checkpoint | None,
    rng: np.random.Generator,
    data: tuple[Array, Array],
    test: tuple[Array, Array] | None,
    recorder: ParameterPath | None = None,
) -> History:
    """The history of the run, from its start or from the checkpoint on."""
    digest = sha256({str(i): array for i, array in enumerate([*data, *(test or ())])}).hex()
    checkpointer = Checkpointer(
        place.checkpoint,
        model.net,
        model.optimizer,
        rng=rng,
        every=place.checkpoint_every,
        settings=dataclasses.asdict(settings),
        data_digest=digest,
        extra=recorder.arrays if recorder else dict,
    )
    if checkpoint:
        classifier, num_examples = test is not None, len(data[0])
        state = go_on(checkpoint, model, rng=rng, data_digest=digest, num_examples=num_examples, classifier=classifier)
        if recorder:
            recorder.restore(checkpoint)
        if state.epoch == settings.epochs and state.order is None:
            print(f"nothing to train: all {settings.epochs} epochs are done; --epochs with a larger number goes on")
        else:
            print(f"resuming after step {state.step}, in epoch {state.epoch} of {settings.epochs}")
    else:
        warn_of_unfinished(place.checkpoint)
        state = State()
        checkpointer.save(state)  # now, so that an earlier run's is not mistaken for this one's
    with CtrlC(checkpointer, place.command(settings.model)) as ctrl_c:
        callbacks = [*([recorder] if recorder else []), checkpointer, ctrl_c]
        options = {"num_epochs": settings.epochs, "batch_size": settings.batch_size, "rng": rng, "test": test}
        return model.train(data, **options, callbacks=callbacks, state=state)


def _write_results(
    output: Path, settings: Settings, model: Model, history: History, pictures: dict[str, Callable[[], Figure]]
) -> str:
    """Write model.npz, for `net.load_state_dict(numpy.load(path))`, history.json, with all settings, and the pictures;
    say what was written, and what is missing to draw the pictures.
    """
    record = {
        "settings": dataclasses.asdict(settings),
        "versions": versions() | {"blas": blas()},
        **dataclasses.asdict(history),
    }
    _write(output / "model.npz", to_npz(model.net.state_dict()))
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


def _is_of_same_run(path: Path, record: dict[str, Any]) -> bool:
    """Whether the file has the same settings, figures and seconds as the record, by whatever versions."""
    try:
        old = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(old, dict) and old | {"versions": None} == json.loads(json.dumps(record | {"versions": None}))


def _write(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content)
