"""`numpynet train` and `numpynet demo`: load the data, build the model, train it, and leave everything in a folder."""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np

from numpynet.book import BOOK, SETTINGS, BookData, Settings, load_data
from numpynet.cli.results import write_results
from numpynet.cli.resume import CtrlC, environment_array, restore_run, settings_to_resume, warn_of_unfinished
from numpynet.cli.run import Run, RunFolder
from numpynet.storage.lock import locked
from numpynet.training.checkpoint import Checkpointer
from numpynet.training.checkpoint_file import Checkpoint, read_checkpoint, sha256
from numpynet.training.loop import Loop
from numpynet.training.progress import Progress
from numpynet.training.state import Callback, History, State


def train_command(arguments: argparse.Namespace) -> None:
    """Train one model, from the start or from its checkpoint."""
    _refuse_what_does_not_fit(arguments)
    given = {name: getattr(arguments, name) for name in SETTINGS if getattr(arguments, name) not in (None, "auto")}
    if "hidden" in given:
        given["hidden"] = tuple(given["hidden"])
    output = arguments.output or Path("runs", arguments.model)
    folder = RunFolder(output, arguments.root, arguments.checkpoint_every, arguments.threads)
    checkpoint = None
    if arguments.resume and folder.checkpoint.exists():
        checkpoint = read_checkpoint(folder.checkpoint)
        settings = settings_to_resume(checkpoint, given)
    else:
        if arguments.resume:
            print(f"no checkpoint in {output}: starting from the beginning")
        settings = dataclasses.replace(BOOK[arguments.model], **{"seed": _random_seed()} | given)
    print(f"seed: {settings.seed}")
    print(run(settings, folder, checkpoint))


def demo_command(arguments: argparse.Namespace) -> None:
    """Train the three models on data that needs no download."""
    start = time.perf_counter()
    seed = _random_seed() if arguments.seed is None else arguments.seed
    print(f"seed: {seed}")
    for model, settings in BOOK.items():
        print(f"\n{model}")
        data = "synthetic" if model == "linear" else "shapes"
        folder = RunFolder(arguments.output / model, threads=arguments.threads)
        print(run(dataclasses.replace(settings, seed=seed, data=data), folder))
    print(f"\nthree models in {time.perf_counter() - start:.0f} s; their results are in {arguments.output}")


def run(settings: Settings, folder: RunFolder, checkpoint: Checkpoint | None = None) -> str:
    """Train as the settings say, resuming from the checkpoint if there is one; write checkpoint, model.npz,
    history.json and pictures; return a short summary.

    Raises: DataError for the data, DivergedError for the training, CheckpointError for a checkpoint that does not fit,
    OSError if a file cannot be written, or another run writes to the folder.
    """
    folder.output.mkdir(parents=True, exist_ok=True)
    with locked(folder.output):
        rng = np.random.default_rng(settings.seed)
        data = load_data(settings.data, folder.root, rng=rng)
        print(f"data: {data.source}")
        settings = dataclasses.replace(settings, data=data.name)
        this = Run(settings, folder, rng)
        history = _train(this, data, checkpoint)
        return write_results(this, data, history)


def _train(this: Run, data: BookData, checkpoint: Checkpoint | None) -> History:
    """The history of the run, from its start or resumed from the checkpoint."""
    settings, folder, path, environment = this.settings, this.folder, this.path, environment_array()
    digest = sha256({str(i): array for i, array in enumerate([*data.train, *(data.test or ())])}).hex()
    checkpointer = Checkpointer(
        folder.checkpoint,
        this.net,
        this.optimizer,
        rng=this.rng,
        every=folder.checkpoint_every,
        settings=dataclasses.asdict(settings),
        data_digest=digest,
        extra=lambda: {"environment": environment, **(path.arrays() if path else {})},
    )
    if checkpoint:
        state = restore_run(checkpoint, this, digest, num_examples=len(data.train[0]))
    else:
        warn_of_unfinished(folder.checkpoint)
        state = State()
        checkpointer.save(state)  # now, so that an earlier run's is not mistaken for this one's
    callbacks: list[Callback] = [Progress(settings.epochs), *([path] if path else [])]
    callbacks += [checkpointer, CtrlC(checkpointer, folder.command(settings.model))]
    loop = Loop(this.model, settings.batch_size, this.rng, callbacks, state, this.loss)
    return loop.run(data.train, settings.epochs, data.test)


def _refuse_what_does_not_fit(arguments: argparse.Namespace) -> None:
    model, error = arguments.model, arguments.error
    if model == "linear" and (arguments.data in ("fashion-mnist", "shapes") or arguments.root):
        error("--data and --root are for softmax and mlp; linear generates its own data")
    if arguments.root and arguments.data == "shapes":
        error("--root is the folder of Fashion-MNIST; shapes need none")
    if arguments.hidden and model != "mlp":
        error(f"--hidden is for mlp; {model} has no hidden layer")
    if arguments.scratch and len(arguments.hidden or [256]) > 1:
        error("--scratch: the MLP from scratch has one hidden layer")
    if arguments.scratch and (arguments.momentum or arguments.weight_decay):
        error("--scratch is plain gradient descent, without --momentum and --weight-decay")


def _random_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1)[0])
