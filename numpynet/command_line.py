"""The command `numpynet`: train a model, see all three learn, check gradients, set exercises. See `numpynet -h`."""

from __future__ import annotations

import argparse
import dataclasses
import io
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from numpynet import __version__
from numpynet.checkpoint import CheckpointError, read_checkpoint
from numpynet.data import DataError, DownloadError, fashion_mnist
from numpynet.data.fashion_mnist import fashion_mnist_folders, forms_in, load_copy, read_file
from numpynet.environment import blas, kernel_setting, restart_with, threads_setting, versions
from numpynet.resume import settings_to_resume
from numpynet.runs import Place, run
from numpynet.settings import BOOK
from numpynet.training import DivergedError

EXIT_CODES: dict[type[BaseException], int] = {
    DataError: 3,
    DownloadError: 3,
    CheckpointError: 4,
    DivergedError: 5,
    OSError: 6,
    MemoryError: 6,
    ImportError: 6,
    KeyboardInterrupt: 130,
}


OPTIONS = ("model", "seed", "data", "epochs", "batch_size", "lr", "hidden", "momentum", "weight_decay", "scratch")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Return 0 fine, 1 found wrong by check, 2 usage, 3 data, 4 checkpoint, 5 diverged, 6 files, memory or packages,
    130 Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal or file without ≤ and Σ gets ? for them, and no error
    parser = _parser()
    arguments = parser.parse_args(argv)
    threads = getattr(arguments, "threads", None)
    try:
        if argv is None and arguments.command in ("train", "demo", "info"):  # given argv, it is somebody else's process
            restart_with(kernel_setting() | (threads_setting(threads) if threads else {}))
        if arguments.command == "train":
            _train(arguments, parser)
        elif arguments.command == "demo":
            _demo(arguments)
        elif arguments.command == "data":
            _data(arguments)
        elif arguments.command == "check":
            return _check(arguments, parser)
        elif arguments.command == "exercises":
            return _exercises(arguments, parser)
        else:
            _info()
    except tuple(EXIT_CODES) as error:
        if arguments.debug:
            traceback.print_exc()
        if isinstance(error, BrokenPipeError):  # the reader of the output has gone, as in `numpynet info | head -1`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        message = " ".join(str(error).split())
        if isinstance(error, KeyboardInterrupt):
            message = f"interrupted; {message}" if message else "interrupted"
        elif isinstance(error, MemoryError):
            message = f"not enough memory: {message}"
        print(f"numpynet: {message}", file=sys.stderr)
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="numpynet", description="Backpropagation written by hand in NumPy: train models and look at the results."
    )
    parser.add_argument("--version", action="version", version=f"numpynet {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="{train,demo,check,exercises,data,info}")

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    training = argparse.ArgumentParser(add_help=False, parents=[common])
    training.add_argument("--seed", type=_whole(0), help="seed of all random numbers (default: drawn, and printed)")
    training.add_argument(
        "--threads", type=_whole(1), metavar="N", help="threads for matrix products; 1 is best on a busy machine"
    )

    train = commands.add_parser("train", parents=[training], help="train a model; the defaults are the book's settings")
    train.add_argument(
        "model", choices=list(BOOK), help="linear regression, softmax regression or multilayer perceptron"
    )
    train.add_argument(
        "--data",
        choices=["auto", "fashion-mnist", "shapes"],
        help="images for softmax and mlp; auto, the default: Fashion-MNIST if a copy is on this machine, else shapes",
    )
    train.add_argument(
        "--root", type=_folder, metavar="DIR", help="folder of the Fashion-MNIST copy (or set NUMPYNET_DATA)"
    )
    train.add_argument("--epochs", type=_whole(0), metavar="N", help="default: 10; linear: 3")
    train.add_argument("--batch-size", type=_whole(1), metavar="B", help="default: 256; linear: 10")
    train.add_argument("--lr", type=_number, metavar="LR", help="learning rate; default: 0.1; linear: 0.03")
    train.add_argument(
        "--hidden", type=_whole(1), nargs="+", metavar="H", help="widths of mlp's hidden layers (default: 256)"
    )
    train.add_argument("--momentum", type=_number, metavar="M", help="default: 0")
    train.add_argument("--weight-decay", type=_number, metavar="D", help="default: 0")
    train.add_argument("--scratch", action="store_true", default=None, help="the from-scratch version of the model")
    train.add_argument("--output", type=_folder, metavar="DIR", help="folder for the results (default: runs/MODEL)")

    train.add_argument(
        "--checkpoint-every",
        type=_whole(1),
        metavar="STEPS",
        help="steps between checkpoints (default: 30 s of training); there is one after each epoch, too",
    )
    train.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in the output folder, if there is one"
    )

    demo = commands.add_parser(
        "demo", parents=[training], help="the three models one after the other, on built-in data"
    )
    demo.add_argument("--output", type=_folder, default=Path("runs", "demo"), metavar="DIR", help="default: runs/demo")

    check = commands.add_parser(
        "check", parents=[common], help="check gradients, and name the mistake: of a file of yours, or of a model here"
    )
    check.add_argument("target", help="a Python file, a folder of exercises, or linear, softmax or mlp")
    check.add_argument("--sanity", action="store_true", help="for a model: triage before training, on data made here")
    check.add_argument("--seed", type=_whole(0), default=0, help="default: 0")
    check.add_argument(
        "--time-limit", type=_whole(1), default=60, metavar="SECONDS", help="for what a file computes; default: 60"
    )

    exercises = commands.add_parser(
        "exercises", parents=[common], help="write lessons with gaps, which `numpynet check DIR` and pytest mark"
    )
    exercises.add_argument("folder", type=_folder, nargs="?", metavar="DIR", help="where to write them")
    exercises.add_argument("--solutions", action="store_true", help="write the lessons solved")
    exercises.add_argument(
        "--prove", action="store_true", help="plant every known mistake in the solutions: is each caught, and named?"
    )

    data = commands.add_parser("data", parents=[common], help="look for Fashion-MNIST, or download it")
    data.add_argument("--download", action="store_true", help="fetch what is missing or wrong (31 MB)")
    data.add_argument(
        "--root", type=_folder, metavar="DIR", help="the folder to look in and to download to (or set NUMPYNET_DATA)"
    )

    commands.add_parser("info", parents=[common], help="versions, BLAS and threads")
    return parser


def _train(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    model = arguments.model
    if model == "linear" and (arguments.data in ("fashion-mnist", "shapes") or arguments.root):
        parser.error("--data and --root are for softmax and mlp; linear makes its own data")
    if arguments.root and arguments.data == "shapes":
        parser.error("--root is the folder of Fashion-MNIST; shapes need none")
    if arguments.hidden and model != "mlp":
        parser.error(f"--hidden is for mlp; {model} has no hidden layer")
    if arguments.scratch and len(arguments.hidden or [256]) > 1:
        parser.error("--scratch: the MLP from scratch has one hidden layer")
    if arguments.scratch and (arguments.momentum or arguments.weight_decay):
        parser.error("--scratch is plain gradient descent, without --momentum and --weight-decay")
    given = {name: getattr(arguments, name) for name in OPTIONS if getattr(arguments, name) not in (None, "auto")}
    if "hidden" in given:
        given["hidden"] = tuple(given["hidden"])
    output = arguments.output or Path("runs", model)
    place = Place(output, arguments.root, arguments.checkpoint_every, arguments.threads)
    if arguments.resume and place.checkpoint.exists():
        checkpoint = read_checkpoint(place.checkpoint)
        settings = settings_to_resume(checkpoint, given)
    else:
        checkpoint = None
        settings = dataclasses.replace(BOOK[model], **{"seed": _drawn_seed()} | given)
    print(f"seed: {settings.seed}")
    print(run(settings, place, checkpoint))


def _demo(arguments: argparse.Namespace) -> None:
    start = time.perf_counter()
    seed = _drawn_seed() if arguments.seed is None else arguments.seed
    print(f"seed: {seed}")
    for model, settings in BOOK.items():
        print(f"\n{model}")
        data = "synthetic" if model == "linear" else "shapes"
        place = Place(arguments.output / model, threads=arguments.threads)
        print(run(dataclasses.replace(settings, seed=seed, data=data), place))
    print(f"\nthree models in {time.perf_counter() - start:.0f} s; their results are in {arguments.output}")


def _check(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from numpynet.exercises.marking import has_lessons, mark_command
    from numpynet.gradcheck.command import MODELS, check_command

    if arguments.sanity and arguments.target not in MODELS:
        parser.error(f"--sanity is for a model, {', '.join(MODELS)}, got {arguments.target}")
    if arguments.target not in MODELS and has_lessons(Path(arguments.target)):
        return mark_command(Path(arguments.target), time_limit=arguments.time_limit)
    return check_command(
        arguments.target, with_sanity=arguments.sanity, time_limit=arguments.time_limit, seed=arguments.seed
    )


def _exercises(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from numpynet.exercises.folder import write_folder
    from numpynet.exercises.prove import prove_command

    if arguments.prove == bool(arguments.folder) or (arguments.prove and arguments.solutions):
        parser.error("exercises: give a folder to write to, or --prove")
    if arguments.prove:
        return prove_command()
    write_folder(arguments.folder, solutions=arguments.solutions)
    print(f"written to {arguments.folder}: begin with README.md; `numpynet check {arguments.folder}` marks")
    return 0


def _info() -> None:
    for name, version in versions().items():
        print(f"{name:9}{version}")
    print(f"{'BLAS':9}{blas()}")


def _data(arguments: argparse.Namespace) -> None:
    """Say what there is of Fashion-MNIST where, fetch it if asked to, and raise DataError if there is no right copy."""
    if not arguments.download:
        print(f"NUMPYNET_DATA is {os.environ.get('NUMPYNET_DATA') or 'not set'}; Fashion-MNIST is looked for in")
        for folder in fashion_mnist_folders(arguments.root):
            findings = list(_findings(folder))
            print(f"  {folder}{'' if findings else ': nothing'}")
            for name, finding in findings:
                print(f"    {name:28}{finding}")
    try:
        _, folder = load_copy(arguments.root, download=arguments.download)
    except DataError:
        raise DataError("no right copy of Fashion-MNIST was found; `numpynet data --download` fetches one") from None
    print(f"a right copy is in {folder}")


def _findings(folder: str) -> Iterator[tuple[str, str]]:
    """Each file that is there, and what it is; if any are, also those that are not."""
    found = [forms_in(folder, file) for file in fashion_mnist.FILES]
    for file, paths in zip(fashion_mnist.FILES, found, strict=True):
        if any(found) and not paths:
            yield f"{file.name}.gz", "missing"
        for path in paths:
            try:
                read_file(path, file)
            except DataError as error:
                yield os.path.basename(path), str(error).removeprefix(f"{path}: ")
            else:
                yield os.path.basename(path), "verified"


def _drawn_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1)[0])


def _whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {value}")
        return value

    parse.__name__ = "whole number"
    return parse


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("must be the name of a folder, got ''")
    return Path(text).expanduser()


def _number(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be finite and at least 0, got {text}")
    return value


_number.__name__ = "number"
