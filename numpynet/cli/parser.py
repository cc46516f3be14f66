"""Every command of `numpynet` and its options."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from numpynet import __version__
from numpynet.book import MODELS
from numpynet.cli.check import check_command
from numpynet.cli.data import data_command
from numpynet.cli.environment import info_command
from numpynet.cli.exercises import exercises_command
from numpynet.cli.explain import explain_command
from numpynet.cli.explore import explore_command
from numpynet.cli.mark import mark_command
from numpynet.cli.notebooks import notebooks_command
from numpynet.cli.train import demo_command, train_command

LANGUAGE = "language (default: that of NUMPYNET_LANGUAGE, else en)"


def make_parser() -> argparse.ArgumentParser:
    """The parser. The namespace that it returns has the options, `run`, the function to call with that namespace, and
    `error`, which ends the command with a message about its usage.
    """
    parser = argparse.ArgumentParser(
        prog="numpynet", description="Backpropagation written by hand in NumPy: train models and look at the results."
    )
    parser.add_argument("--version", action="version", version=f"numpynet {__version__}")
    commands = parser.add_subparsers(
        required=True, metavar="{train,demo,explain,explore,check,exercises,mark,notebooks,data,info}"
    )

    def add(name: str, run: Callable[[argparse.Namespace], int | None], words: str) -> argparse.ArgumentParser:
        description = f"{words[0].upper()}{words[1:]}."
        command: argparse.ArgumentParser = commands.add_parser(name, help=words, description=description)
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
        command.set_defaults(command=name, run=run, error=command.error)
        return command

    _train(add("train", train_command, "train a model; the defaults are the book's settings"))
    _demo(add("demo", demo_command, "train the three models, one after the other, on generated data"))
    _explain(add("explain", explain_command, "show one step of backpropagation in numbers, on a tiny network"))
    _explore(add("explore", explore_command, "write one step of backpropagation as a page for the browser"))
    _check(add("check", check_command, "check the gradients in your file or in a built-in model, and name the mistake"))
    _exercises(
        add("exercises", exercises_command, "write lessons with gaps; `numpynet check DIR` and pytest mark them")
    )
    _mark(add("mark", mark_command, "mark the lessons of a class, one folder for each student"))
    _notebooks(add("notebooks", notebooks_command, "write the pages of the book as notebooks"))
    _data(add("data", data_command, "look for Fashion-MNIST, or download it"))
    add("info", info_command, "show versions, BLAS and threads")
    return parser


def _train(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "model", choices=list(MODELS), help="linear regression, softmax regression or multilayer perceptron"
    )
    command.add_argument(
        "--data",
        choices=["auto", "fashion-mnist", "shapes"],
        help="images for softmax and mlp; auto, the default, is Fashion-MNIST if this machine has a copy, else shapes",
    )
    command.add_argument(
        "--root", type=_folder, metavar="DIR", help="folder of the Fashion-MNIST copy (or set NUMPYNET_DATA)"
    )
    command.add_argument("--epochs", type=_whole(0), metavar="N", help="number of epochs (default: 10; linear: 3)")
    command.add_argument(
        "--batch-size", type=_whole(1), metavar="B", help="examples per minibatch (default: 256; linear: 10)"
    )
    command.add_argument("--lr", type=_number, metavar="LR", help="learning rate (default: 0.1; linear: 0.03)")
    command.add_argument(
        "--hidden", type=_whole(1), nargs="+", metavar="H", help="widths of mlp's hidden layers (default: 256)"
    )
    command.add_argument("--momentum", type=_number, metavar="M", help="momentum (default: 0)")
    command.add_argument("--weight-decay", type=_number, metavar="D", help="weight decay (default: 0)")
    command.add_argument("--scratch", action="store_true", default=None, help="train the from-scratch version")
    _seed_and_threads(command)
    command.add_argument("--output", type=_folder, metavar="DIR", help="folder for the results (default: runs/MODEL)")
    command.add_argument(
        "--checkpoint-every",
        type=_whole(1),
        metavar="STEPS",
        help="steps between checkpoints (default: one every 30 s); one is always saved after each epoch",
    )
    command.add_argument("--resume", action="store_true", help="resume from the checkpoint in the output folder")


def _demo(command: argparse.ArgumentParser) -> None:
    _seed_and_threads(command)
    command.add_argument(
        "--output",
        type=_folder,
        default=Path("runs", "demo"),
        metavar="DIR",
        help="folder for the results (default: runs/demo)",
    )


def _explain(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "model", choices=list(MODELS), help="linear regression, softmax regression or an MLP, cut small"
    )
    command.add_argument(
        "--entry", metavar="ENTRY", help="an entry, such as grad_W1[0,2]: the sums that lead to it, from the loss on"
    )
    command.add_argument("--figure", type=_folder, metavar="FILE", help="draw it too (PNG or SVG)")
    command.add_argument("--seed", type=_whole(0), default=0, help="seed of the numbers (default: 0)")


def _explore(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "model", nargs="?", choices=list(MODELS), default="mlp", help="the model that it opens with (default: mlp)"
    )
    command.add_argument(
        "--output",
        type=_folder,
        default=Path("explorer.html"),
        metavar="FILE",
        help="file for the page (default: explorer.html)",
    )
    command.add_argument("--open", action="store_true", help="open it in the browser")
    command.add_argument("--language", choices=["en", "zh"], help=f"its {LANGUAGE}")


def _seed_and_threads(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=_whole(0), help="seed of all random numbers (default: a random one, printed)")
    command.add_argument(
        "--threads",
        type=_whole(1),
        metavar="N",
        help="threads for matrix products (default: BLAS decides); 1 is best on a busy machine",
    )


CHECKED = """\
examples of what is found in a file, whatever the names (docs/checking.md has all):
  def relu_backward(grad_Y, Y): ...          functions, in pairs or alone, with or without a cache
  class Net: forward(X); backward(X, y)      objects that return, store or apply their gradients
  def loss(W1, b1, W2, b2, X, y): ...        whole networks, with examples in rows or in columns
For the rest, the report shows a few lines that call numpynet.gradcheck.check_model.

exit code: 0 if all is right, 1 if a gradient is wrong, 2 if something was not checked"""


def _check(command: argparse.ArgumentParser) -> None:
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = CHECKED
    command.add_argument("target", help="a Python file, a folder of lessons, or a model: linear, softmax or mlp")
    command.add_argument(
        "--sanity",
        action="store_true",
        help="for a built-in model: look for problems before training, on generated data",
    )
    command.add_argument(
        "--hint", metavar="NAME", help="for lessons: a hint for the gap NAME; NAME:2 and NAME:3 are the next ones"
    )
    command.add_argument("--seed", type=_whole(0), default=0, help="seed of the random numbers (default: 0)")
    command.add_argument(
        "--time-limit",
        type=_whole(1),
        default=60,
        metavar="SECONDS",
        help="time limit for each thing that is checked (default: 60)",
    )


def _exercises(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=_folder, nargs="?", metavar="DIR", help="folder to write them to")
    command.add_argument("--solutions", action="store_true", help="write the solved lessons")
    command.add_argument("--notebooks", action="store_true", help="write the lessons as notebooks")
    command.add_argument("--language", choices=["en", "zh"], help=f"their {LANGUAGE}")
    command.add_argument(
        "--prove",
        action="store_true",
        help="plant every known mistake in the solutions, and see whether each is caught and named",
    )


def _mark(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "folders",
        type=_folder,
        nargs="+",
        metavar="FOLDER",
        help="a hand-in, or a folder with one folder for each student; only the lessons in them are used",
    )
    command.add_argument("--csv", type=_folder, metavar="FILE", help="write a row for each student")
    command.add_argument(
        "--json",
        type=_folder,
        metavar="FILE",
        help="write results.json as Gradescope reads it, or a list of such results for several students",
    )
    command.add_argument("--junit", type=_folder, metavar="FILE", help="write JUnit XML, a test suite for each student")
    command.add_argument("--feedback", type=_folder, metavar="DIR", help="write a Markdown file for each student")
    command.add_argument(
        "--jobs", type=_whole(1), metavar="N", help="hand-ins marked at a time (default: one for each core)"
    )
    command.add_argument(
        "--time-limit", type=_whole(1), default=10, metavar="SECONDS", help="time limit for each gap (default: 10)"
    )


def _notebooks(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=_folder, metavar="DIR", help="folder to write them to")
    command.add_argument("--language", choices=["en", "zh"], help=f"their {LANGUAGE}")


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument("--download", action="store_true", help="download what is missing or wrong (31 MB)")
    command.add_argument(
        "--root", type=_folder, metavar="DIR", help="folder to look in and to download to (or set NUMPYNET_DATA)"
    )


def _whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {value}")
        return value

    parse.__name__ = "whole number"  # argparse's word for it, in "invalid whole number value: '1.5'"
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
