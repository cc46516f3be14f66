"""`python -m reference MODEL`: the twin run from the command line, with a table, two pictures and an exit code."""

import argparse
import sys
from pathlib import Path

import numpy as np

try:
    import torch
except ModuleNotFoundError as error:
    print(f'python -m reference: needs PyTorch ({error}): pip install -e ".[reference]"', file=sys.stderr)
    raise SystemExit(2) from None

from numpynet import DataError
from numpynet.book import BOOK, MODELS, load_data
from numpynet.cli.environment import restart_with, threads_setting
from numpynet.plotting.figure import BLUE, GREEN, PURPLE, VERMILION, as_png, new_figure
from numpynet.storage.atomic import write_atomic
from reference.agreement import TOLERANCES
from reference.twin import NUMPY_SCRATCH, TwinRun, make_contenders

DESCRIPTION = """Train four versions of a model side by side, numpynet's and PyTorch's, from scratch and concise, from
the same weights on the same batches, and compare them at every step. The exit code is 0 if they agree, 1 if they do
not."""


def main():
    """Run the twins; return 0 if they agree at every step, 1 if not, 130 after Ctrl-C; 2 is wrong usage, data or
    files.
    """
    parser = make_parser()
    arguments = parser.parse_args()
    images = BOOK[arguments.model].data != "synthetic"
    if arguments.epochs is not None and arguments.epochs < 1:
        parser.error(f"--epochs: must be at least 1, got {arguments.epochs}")
    if arguments.seed < 0:
        parser.error(f"--seed: must be at least 0, got {arguments.seed}")
    if not images and (arguments.data != "auto" or arguments.root):
        parser.error(f"--data and --root are for softmax and mlp; {arguments.model} generates its own data")
    if arguments.root and arguments.data == "shapes":
        parser.error("--root is the folder of Fashion-MNIST; shapes need none")
    restart_with(threads_setting(1))  # two libraries with a thread per core each would compete for the cores
    torch.set_num_threads(1)
    try:
        return run(arguments)
    except (DataError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted", file=sys.stderr)
        return 130


def make_parser():
    parser = argparse.ArgumentParser(prog="python -m reference", description=DESCRIPTION)
    parser.add_argument(
        "model", choices=list(MODELS), help="linear regression, softmax regression or multilayer perceptron"
    )
    parser.add_argument(
        "--data",
        choices=MODELS["mlp"].data,
        default="auto",
        help="images for softmax and mlp (default: Fashion-MNIST if a copy is found, otherwise the built-in shapes)",
    )
    parser.add_argument("--root", metavar="DIR", help="folder of the Fashion-MNIST copy (or set NUMPYNET_DATA)")
    parser.add_argument("--epochs", type=int, metavar="N", help="default: 10; linear: 3")
    parser.add_argument("--dtype", choices=["float64", "float32"], default="float64", help="default: float64")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="for data, weights and batches (default: 0)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the pictures (default: runs/twin-MODEL)")
    return parser


def run(arguments):
    """Print the table and the result, write the pictures, and return the exit code."""
    model, book = MODELS[arguments.model], BOOK[arguments.model]
    rng = np.random.default_rng(arguments.seed)  # draws data, weights and batches in the order of `numpynet train`
    name = "synthetic" if book.data == "synthetic" else arguments.data
    data = load_data(name, arguments.root, rng=rng, dtype=arguments.dtype)
    print(f"data: {data.source}")
    output = arguments.output or Path("runs", f"twin-{arguments.model}")
    output.mkdir(parents=True, exist_ok=True)
    for picture in ("curves.png", "difference.png"):  # so that no picture of an earlier run is taken for this one's
        (output / picture).unlink(missing_ok=True)
    twins = TwinRun(make_contenders(model, lr=book.lr, rng=rng, dtype=arguments.dtype), book.batch_size, rng)
    print(f"{arguments.dtype}, one thread; per cell: loss, train and test accuracy (classifiers), seconds")
    print("epoch  " + "".join(f"{name:30}" for name in twins.contenders) + "largest difference so far")
    for _ in range(arguments.epochs or book.epochs):
        twins.epoch(data.train, data.test)
        if twins.disagreement:
            break
        print_row(twins)
    if twins.differences:
        print(draw_pictures(twins, output))
    if twins.disagreement:
        print(f"they disagree at {twins.disagreement}")
        return 1
    print_agreement(twins)
    return 0


def print_row(twins):
    """The last epoch of every contender, and the largest `twin.drift` so far."""
    cells = []
    for history in twins.histories.values():
        columns = [history.train_loss, history.train_accuracy, history.test_accuracy]
        numbers = " ".join(f"{column[-1]:.4f}" for column in columns if column)
        cells.append(f"{numbers} {history.seconds[-1]:.2f}")
    epoch = len(history.train_loss)
    print(f"{epoch:5}  " + "".join(f"{cell:30}" for cell in cells) + f"{max(twins.differences):.1e}", flush=True)


def print_agreement(twins):
    """What it means that they agree."""
    tolerance = TOLERANCES["float64 formulas" if twins.dtype == np.float64 else "float32"]
    print(f"they agree at each of {len(twins.differences)} steps: starting each step from the same parameters,")
    print("numpynet's two versions have equal predictions, losses, gradients and updated parameters;")
    print(f"numpynet's and PyTorch's differ by at most {tolerance:.0e} of the largest value")
    print("that each of these has had in the run so far;")
    if "W1" in twins.names and twins.dtype == np.float32:
        print("at each step, hidden units within rounding of 0 were left out, because their ReLU may round either way;")
    print(f"over the whole run, their parameters drifted apart by {max(twins.differences):.1e}")


def draw_pictures(twins, output):
    """Write the pictures for which there is an epoch or a step to show; return the line that names them."""
    pictures = {"difference.png": draw_difference}
    if twins.histories[NUMPY_SCRATCH].train_loss:
        pictures["curves.png"] = draw_curves
    try:
        for picture, draw in pictures.items():
            write_atomic(output / picture, as_png(draw(twins)))
    except ImportError as error:
        return f"no pictures: {error}"
    return f"written to {output}: {', '.join(pictures)}"


def draw_curves(twins):
    """The training loss and, for a classifier, the test accuracy of all four, one over the other."""
    classifier = any(history.test_accuracy for history in twins.histories.values())
    figure = new_figure(9 if classifier else 5, 3.6)
    panels = figure.subplots(1, 2 if classifier else 1, squeeze=False)[0]
    looks = [(BLUE, "-", 7), (GREEN, "-", 4.5), (VERMILION, "--", 2.5), (PURPLE, ":", 1.2)]
    for (name, history), (colour, style, width) in zip(twins.histories.items(), looks, strict=True):
        for panel, values in zip(panels, [history.train_loss, history.test_accuracy], strict=False):
            panel.plot(range(1, len(values) + 1), values, "o" + style, color=colour, lw=width, ms=width + 2, label=name)
    for panel, title in zip(panels, ["Training loss", "Test accuracy"], strict=False):
        panel.set(title=title, xlabel="epoch")
        panel.locator_params(axis="x", integer=True, min_n_ticks=1)
        panel.legend()
        panel.grid(alpha=0.3)
    return figure


def draw_difference(twins):
    """`twin.drift` after every step."""
    figure = new_figure(6, 3.6)
    axes = figure.subplots()
    axes.semilogy(np.maximum(twins.differences, 1e-18), color=BLUE, linewidth=1)
    axes.set(
        title="How far have the parameters drifted apart?",
        xlabel="step, counted from 0",
        ylabel="largest difference from numpynet\nscratch, relative to that array's\nlargest entry (0 drawn as 1e-18)",
    )
    axes.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    raise SystemExit(main())
