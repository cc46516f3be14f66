"""What a run is made of: its settings, its folder, and the model with its optimizer."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from numpynet.arguments import Array
from numpynet.base import Layer, Parameter
from numpynet.book import MODELS, Settings
from numpynet.optim import SGD
from numpynet.training.checkpoint_file import Checkpoint, CheckpointError
from numpynet.training.state import Callback, State
from numpynet.training.trainable import FromLayers, FromScratch, Trainable


@dataclass(frozen=True)
class RunFolder:
    """The folder that a run writes its files to, and the options of its command that are not settings."""

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
    """Records the parameters before training and after every step; of too many rows, every second one is dropped."""

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
            raise CheckpointError(f"{checkpoint.path}: extra: path and every are not from a run of this model")
        self.rows, self.every = list(rows), int(every)


class Run:
    """A run of the model that the settings name: its first weights are drawn from rng here."""

    def __init__(self, settings: Settings, folder: RunFolder, rng: np.random.Generator) -> None:
        self.settings, self.folder, self.rng = settings, folder, rng
        book = MODELS[settings.model]
        num_inputs, num_outputs = book.sizes[0], book.sizes[1:][-1:]  # linear regression does not name its outputs
        if settings.scratch:
            params = book.scratch.init_parameters(num_inputs, *settings.hidden, *num_outputs, rng=rng)
            self.net: Layer = ScratchParameters(params)
        else:
            hidden = [settings.hidden] if settings.model == "mlp" else []
            self.net = book.concise(num_inputs, *hidden, *num_outputs, rng=rng)
        self.loss = book.loss()
        self.optimizer = SGD(self.net.parameters(), settings.lr, settings.momentum, settings.weight_decay)
        self.model: Trainable = (
            FromScratch(book.scratch, params, settings.lr)
            if settings.scratch
            else FromLayers(self.net, self.loss, self.optimizer)
        )
        self.path = ParameterPath(self.net) if settings.model == "linear" else None
