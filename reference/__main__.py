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

from numpynet import DataError, synthetic_regression
from numpynet.book import BOOK, MODELS, TRUE_B, TRUE_W, choose_images
from numpynet.cli.environment import restart_with, threads_setting
from numpynet.plotting.figure import BLUE, GREEN, PURPLE, VERMILION, as_png, new_figure
from numpynet.storage.atomic import write_atomic
from reference.agreement import TOLERANCES
from reference.twin import NUMPY_SCRATCH, make_contenders, twin_run


def main():
    """Run the twins; return 0 if they agree at every step, 1 where they part, 130 after Ctrl-C; 2 is wrong usage, data
    or files.
    """
    parser = argparse.ArgumentParser(prog="python -m reference", description="Train numpynet and PyTorch side by side.")
    parser.add_argument("model", choices=list(MODELS))
    parser.add_argument(
        "--data", choices=["auto", "fashion-mnist", "shapes"], default="auto", help="for softmax and mlp"
    )
    parser.add_argument("--root", metavar="DIR", help="folder of the Fashion-MNIST copy (or set NUMPYNET_DATA)")
    parser.add_argument("--epochs", type=int, metavar="N", help="default: 10; linear: 3")
    parser.add_argument("--dtype", choices=["float64", "float32"], default="float64")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the pictures (default: runs/twin-MODEL)")
    arguments = parser.parse_args()
    if arguments.epochs is not None and arguments.epochs < 1:
        parser.error(f"--epochs: must be at least 1, got {arguments.epochs}")
    if arguments.seed < 0:
        parser.error(f"--seed: must be at least 0, got {arguments.seed}")
    if arguments.model == "linear" and (arguments.data != "auto" or arguments.root):
        parser.error("--data and --root are for softmax and mlp; linear makes its own data")
    if arguments.root and arguments.data == "shapes":
        parser.error("--root is the folder of Fashion-MNIST; shapes need none")
    restart_with(threads_setting(1))  # two libraries with a thread for every core each would wait for one another
    torch.set_num_threads(1)
    try:
        return run(arguments)
    except (DataError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted", file=sys.stderr)
        return 130


def run(arguments):
    """Print the table and the verdict, leave the pictures, and return the exit code."""
    model = MODELS[arguments.model]
    book, dtype = BOOK[arguments.model], np.dtype(arguments.dtype)
    rng = np.random.default_rng(arguments.seed)  # data, weights and batches, in the order of `numpynet train`
    if arguments.model == "linear":
        data, test = synthetic_regression(TRUE_W, TRUE_B, rng=rng, dtype=dtype), None
    else:
        (data, test, _), source = choose_images(arguments.data, arguments.root)
        print(f"data: {source}")
    output = arguments.output or Path("runs", f"twin-{arguments.model}")
    output.mkdir(parents=True, exist_ok=True)
    for picture in ("curves.png", "difference.png"):  # an earlier run's must not pass for this one's
        (output / picture).unlink(missing_ok=True)
    contenders = make_contenders(model.name, model.sizes, lr=book.lr, rng=rng, dtype=dtype)
    print(f"{arguments.dtype}, one thread; per cell: loss, train and test accuracy (classifiers), seconds")
    print("epoch  " + "".join(f"{contender:30}" for contender in contenders) + "largest difference so far")
    report = twin_run(
        contenders,
        data,
        num_epochs=arguments.epochs or book.epochs,
        batch_size=book.batch_size,
        rng=rng,
        test=test,
        after_epoch=print_row,
    )
    if report.differences:
        print(draw_pictures(report, output))
    if report.parted:
        print(f"numpynet and PyTorch part at {report.parted}")
        return 1
    steps, tolerance = len(report.differences), TOLERANCES["float64 formulas" if dtype == np.float64 else "float32"]
    print(f"they agree at each of {steps} steps: from the same weights, the prediction, the loss, the gradients")
    print("and the new parameters are equal in numpynet's two; numpynet's and PyTorch's differ by at most")
    print(f"{tolerance:.0e} of the largest that each has been in the run so far;")
    if arguments.model == "mlp" and dtype == np.float32:
        print("at each step, units within rounding of 0 were left out, as their ReLU may round the other way;")
    print(f"left to themselves, their parameters came to differ by {max(report.differences):.1e}")
    return 0


def print_row(report):
    """The last epoch of every contender, and the largest `twin.drift` so far."""
    cells = []
    for history in report.histories.values():
        columns = [history.train_loss, history.train_accuracy, history.test_accuracy]
        numbers = " ".join(f"{column[-1]:.4f}" for column in columns if column)
        cells.append(f"{numbers} {history.seconds[-1]:.2f}")
    epoch = len(history.train_loss)
    print(f"{epoch:5}  " + "".join(f"{cell:30}" for cell in cells) + f"{max(report.differences):.1e}", flush=True)


def draw_pictures(report, output):
    """Write the pictures that there is an epoch or a step to show in, and say which."""
    pictures = {"difference.png": draw_difference}
    if report.histories[NUMPY_SCRATCH].train_loss:
        pictures["curves.png"] = draw_curves
    try:
        for picture, draw in pictures.items():
            write_atomic(output / picture, as_png(draw(report)))
    except ImportError as error:
        return f"no pictures: {error}"
    return f"written to {output}: {', '.join(pictures)}"


def draw_curves(report):
    """The training loss and, for a classifier, the test accuracy of all four, one over the other."""
    classifier = any(history.test_accuracy for history in report.histories.values())
    figure = new_figure(9 if classifier else 5, 3.6)
    panels = figure.subplots(1, 2 if classifier else 1, squeeze=False)[0]
    looks = [(BLUE, "-", 7), (GREEN, "-", 4.5), (VERMILION, "--", 2.5), (PURPLE, ":", 1.2)]
    for (name, history), (colour, style, width) in zip(report.histories.items(), looks, strict=True):
        for panel, values in zip(panels, [history.train_loss, history.test_accuracy], strict=False):
            panel.plot(range(1, len(values) + 1), values, "o" + style, color=colour, lw=width, ms=width + 2, label=name)
    for panel, title in zip(panels, ["Training loss", "Test accuracy"], strict=False):
        panel.set(title=title, xlabel="epoch")
        panel.locator_params(axis="x", integer=True, min_n_ticks=1)
        panel.legend()
        panel.grid(alpha=0.3)
    return figure


def draw_difference(report):
    """`twin.drift` after every step."""
    figure = new_figure(6, 3.6)
    axes = figure.subplots()
    axes.semilogy(np.maximum(report.differences, 1e-18), color=BLUE, linewidth=1)
    axes.set(
        title="How far have the parameters drifted apart?",
        xlabel="step, counted from 0",
        ylabel="largest difference from numpynet\nscratch, relative to that array's\nlargest entry (0 drawn as 1e-18)",
    )
    axes.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    raise SystemExit(main())
