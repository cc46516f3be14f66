"""A run, as the command line starts it: choose data and model, train, and leave everything about it in a folder."""

from __future__ import annotations

import dataclasses
import json
import shlex
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet import models, plotting, scratch
from numpynet.checkpoint import Checkpoint, Checkpointer, CheckpointError, read_checkpoint, sha256
from numpynet.checks import check_number, check_size
from numpynet.data import ImageDataset, make_shapes, synthetic_regression
from numpynet.data.batches import as_floats
from numpynet.data.fashion_mnist import find_fashion_mnist, load_copy
from numpynet.environment import blas, versions
from numpynet.files import write_whole
from numpynet.functional import Array
from numpynet.layers import Layer, Parameter
from numpynet.losses import CrossEntropyLoss, SquaredLoss
from numpynet.npz import to_npz
from numpynet.optim import SGD
from numpynet.plotting.figure import as_png
from numpynet.training import Callback, History, State, train, train_scratch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
        if (
            rows.shape != (len(rows) if rows.ndim else 1, self.rows[0].size)
            or len(rows) == 0
            or every.shape
            or every < 1
        ):
            raise CheckpointError(f"{checkpoint.path}: extra: path and every are not those of a run of this model")
        self.rows, self.every = list(rows), int(every)


class CtrlC(Callback):
    """While this is entered, Ctrl-C waits for the end of the step under way, when every parameter has moved, or none;
    then a checkpoint is saved, and KeyboardInterrupt is raised, naming the command that goes on. A second Ctrl-C does
    not wait.
    """

    def __init__(self, checkpointer: Checkpointer, command: str) -> None:
        self.checkpointer, self.command, self.pressed = checkpointer, command, False

    def __enter__(self) -> CtrlC:
        self.listening = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self.listening and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *error: object) -> None:
        if self.listening and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _press(self, *signal_and_frame: object) -> None:
        self.pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def after_step(self, state: State) -> None:
        if self.pressed:
            where = f"after step {state.step}, in epoch {state.epoch}"
            if self.checkpointer.save(state):
                raise KeyboardInterrupt(f"saved {where}; `{self.command}` goes on from there")
            raise KeyboardInterrupt(
                f"not saved {where}, as a parameter is not finite; `{self.command}` goes on from the last checkpoint"
            )

    def after_epoch(self, state: State) -> None:
        self.after_step(state)


def settings_to_resume(checkpoint: Checkpoint, given: Mapping[str, Any]) -> Settings:
    """The settings of the run that left the checkpoint, those given among them; another number of epochs is allowed.

    Raises: CheckpointError for any other setting that differs, or fewer epochs than are done.
    """
    path = checkpoint.path
    try:
        saved = Settings(**checkpoint.settings)
        if set(vars(saved)) != set(checkpoint.settings):
            raise ValueError(f"must be {list(vars(saved))}, got {list(checkpoint.settings)}")
    except Exception as error:  # whatever comes of strange settings
        raise CheckpointError(f"{path}: its settings are not those of a run: {error}") from None
    for name, value in given.items():
        if name != "epochs" and value != getattr(saved, name):
            raise CheckpointError(
                f"{path}: {name} is {getattr(saved, name)} there, and cannot become {value}; "
                "leave the option out, or start afresh without --resume"
            )
    settings = dataclasses.replace(saved, epochs=given.get("epochs", saved.epochs))
    state = checkpoint.state
    if settings.epochs < state.epoch:
        raise CheckpointError(f"{path}: epochs cannot become {settings.epochs}: it is in epoch {state.epoch}")
    return settings


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
        if checkpoint.data_digest != digest:
            raise CheckpointError(f"{checkpoint.path}: data: its run was trained on other data than these")
        _check_lengths(checkpoint, len(data[0]), classifier=test is not None)
        if recorder:
            recorder.restore(checkpoint)
        state = checkpoint.restore(model.net, model.optimizer, rng=rng)
        if state.epoch == settings.epochs and state.order is None:
            print(f"nothing to train: all {settings.epochs} epochs are done; --epochs with a larger number goes on")
        else:
            print(f"resuming after step {state.step}, in epoch {state.epoch} of {settings.epochs}")
    else:
        _warn_of_unfinished(place.checkpoint)
        state = State()
        checkpointer.save(state)  # now, so that an earlier run's is not mistaken for this one's
    with CtrlC(checkpointer, place.command(settings.model)) as ctrl_c:
        callbacks = [*([recorder] if recorder else []), checkpointer, ctrl_c]
        options = {"num_epochs": settings.epochs, "batch_size": settings.batch_size, "rng": rng, "test": test}
        return model.train(data, **options, callbacks=callbacks, state=state)


def _check_lengths(checkpoint: Checkpoint, num_examples: int, *, classifier: bool) -> None:
    state = checkpoint.state
    lengths, done = {}, state.epoch
    if state.order is not None:
        lengths, done = {"order": (len(state.order), num_examples)}, state.epoch - 1
    for name, figures in vars(state.history).items():
        lengths[f"history's {name}"] = len(figures), done if classifier or "accuracy" not in name else 0
    for name, (length, wanted) in lengths.items():
        if length != wanted:
            raise CheckpointError(f"{checkpoint.path}: {name} must have {wanted} entries, got {length}")


def _warn_of_unfinished(path: Path) -> None:
    try:
        saved = read_checkpoint(path)
    except (CheckpointError, OSError):
        return
    epochs = saved.settings.get("epochs")
    if saved.state.order is not None or (isinstance(epochs, int) and saved.state.epoch < epochs):
        print(f"starting afresh; {path} of an unfinished run is replaced (--resume would go on with it)")


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
