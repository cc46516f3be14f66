"""`numpynet train` and `numpynet demo`: from the options to runs."""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np

from numpynet.book import BOOK, SETTINGS
from numpynet.cli.resume import settings_to_resume
from numpynet.cli.run import RunFolder, run
from numpynet.training.checkpoint_file import read_checkpoint


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
