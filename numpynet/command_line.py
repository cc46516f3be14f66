"""The command `numpynet`: train a model, see the three of them learn, look at the machine. `numpynet -h` lists it all."""

from __future__ import annotations

import argparse
import math
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from numpynet import __version__
from numpynet.data import DataError
from numpynet.data.fashion_mnist import FILES, fashion_mnist_folders
from numpynet.environment import blas, restart_with_threads, threads_are, versions
from numpynet.runs import Settings, run
from numpynet.training import DivergedError

# What the book trains each model with.
BOOK = {
    "linear": {"epochs": 3, "batch_size": 10, "lr": 0.03},
    "softmax": {"epochs": 10, "batch_size": 256, "lr": 0.1},
    "mlp": {"epochs": 10, "batch_size": 256, "lr": 0.1},
}

EXIT_CODES: dict[type[BaseException], int] = {
    DataError: 3,
    DivergedError: 5,
    OSError: 6,
    MemoryError: 6,
    KeyboardInterrupt: 130,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 fine, 2 usage, 3 data, 5 diverged, 6 other I/O, 130 Ctrl-C."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    threads = getattr(arguments, "threads", None)
    try:
        if argv is None and threads is not None and not threads_are(threads):
            sys.stdout.flush()
            restart_with_threads(threads)
        if arguments.command == "train":
            _train(arguments, parser)
        elif arguments.command == "demo":
            _demo(arguments)
        else:
            _info()
    except tuple(EXIT_CODES) as error:
        if arguments.debug:
            traceback.print_exc()
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"numpynet: {message}", file=sys.stderr)
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="numpynet", description="Backpropagation written by hand in NumPy: train and look.")
    parser.add_argument("--version", action="version", version=f"numpynet {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="{train,demo,info}")

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    training = argparse.ArgumentParser(add_help=False, parents=[common])
    training.add_argument("--seed", type=_whole(0), help="of every random number (default: drawn, and printed)")
    training.add_argument("--threads", type=_whole(1), metavar="N", help="for the matrix products (default: BLAS's choice)")

    train = commands.add_parser("train", parents=[training], help="train a model; the defaults are the book's settings")
    train.add_argument("model", choices=list(BOOK))
    train.add_argument("--data", choices=["auto", "fashion-mnist", "shapes"], default="auto",
                       help="images for softmax and mlp; auto (default): Fashion-MNIST if a copy is here, else shapes")  # fmt: skip
    train.add_argument("--root", metavar="DIR", help="the folder of the Fashion-MNIST copy")
    train.add_argument("--epochs", type=_whole(0), metavar="N")
    train.add_argument("--batch-size", type=_whole(1), metavar="B")
    train.add_argument("--lr", type=_number, metavar="LR", help="learning rate")
    train.add_argument("--hidden", type=_whole(1), nargs="+", metavar="H", help="widths of mlp's hidden layers (default: 256)")
    train.add_argument("--momentum", type=_number, default=0.0, metavar="M")
    train.add_argument("--weight-decay", type=_number, default=0.0, metavar="D")
    train.add_argument("--scratch", action="store_true", help="the from-scratch version of the model")
    train.add_argument("--output", type=Path, metavar="DIR", help="for the results (default: runs/MODEL)")

    demo = commands.add_parser("demo", parents=[training], help="the three models one after the other, on built-in data")
    demo.add_argument("--output", type=Path, default=Path("runs", "demo"), metavar="DIR", help="default: runs/demo")

    commands.add_parser("info", parents=[common], help="versions, BLAS, threads, and where data are looked for")
    return parser


def _train(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    model = arguments.model
    if model == "linear" and (arguments.data != "auto" or arguments.root):
        parser.error("--data and --root are for softmax and mlp; linear makes its own data")
    if arguments.root and arguments.data == "shapes":
        parser.error("--root is the folder of Fashion-MNIST; shapes need none")
    if arguments.hidden and model != "mlp":
        parser.error(f"--hidden is for mlp; {model} has no hidden layer")
    if arguments.scratch and len(arguments.hidden or [256]) > 1:
        parser.error("--scratch: the MLP from scratch has one hidden layer")
    if arguments.scratch and (arguments.momentum or arguments.weight_decay):
        parser.error("--scratch is plain gradient descent, without --momentum and --weight-decay")
    book = BOOK[model]
    settings = Settings(
        model=model,
        seed=_seed(arguments),
        data="synthetic" if model == "linear" else arguments.data,
        epochs=book["epochs"] if arguments.epochs is None else arguments.epochs,
        batch_size=arguments.batch_size or book["batch_size"],
        lr=book["lr"] if arguments.lr is None else arguments.lr,
        hidden=tuple(arguments.hidden or [256]) if model == "mlp" else (),
        momentum=arguments.momentum,
        weight_decay=arguments.weight_decay,
        scratch=arguments.scratch,
    )
    print(run(settings, arguments.output or Path("runs", model), arguments.root))


def _demo(arguments: argparse.Namespace) -> None:
    start = time.perf_counter()
    seed = _seed(arguments)
    for model, book in BOOK.items():
        print(f"\n{model}")
        data = "synthetic" if model == "linear" else "shapes"
        print(run(Settings(model=model, seed=seed, data=data, **book), arguments.output / model))
    print(f"\nthree models in {time.perf_counter() - start:.0f} s; their pictures are in {arguments.output}")


def _info() -> None:
    for name, version in versions().items():
        print(f"{name:9}{version}")
    print(f"{'BLAS':9}{blas()}")
    print("Fashion-MNIST is looked for in")
    for folder in fashion_mnist_folders():
        count = sum((folder / f.name).is_file() or (folder / f"{f.name}.gz").is_file() for f in FILES)
        print(f"  {folder}: {f'{count} of its {len(FILES)} files' if count else 'nothing'}")


def _seed(arguments: argparse.Namespace) -> int:
    """The seed given, or one drawn; printed, since it is what repeats the run."""
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if arguments.seed is None else arguments.seed
    print(f"seed: {seed}")
    return seed


def _whole(least: int):  # type: ignore[no-untyped-def]
    def parse(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {value}")
        return value

    parse.__name__ = "whole number"
    return parse


def _number(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be finite and at least 0, got {text}")
    return value


_number.__name__ = "number"
