"""`python -m reference MODEL`: the twin run from the command line, with a table, two pictures and an exit code."""

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np
import torch

from numpynet import synthetic_regression
from numpynet.environment import restart_with_threads, threads_are
from numpynet.files import write_whole
from numpynet.plotting.figure import BLUE, GREEN, PURPLE, VERMILION, new_figure
from numpynet.runs import BOOK, TRUE_B, TRUE_W, choose_images
from reference.twin import contenders, twin_run

MODELS = {  # name and sizes, as the book has them
    "linear": ("linear_regression", (2,)),
    "softmax": ("softmax_regression", (784, 10)),
    "mlp": ("mlp", (784, 256, 10)),
}


def main():
    """Run the twins; 0 if they agree to the end, 1 where they part."""
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
    if not threads_are(1):  # two libraries with a thread for every core each would wait for one another
        sys.stdout.flush()
        restart_with_threads(1)
    torch.set_num_threads(1)

    output = arguments.output or Path("runs", f"twin-{arguments.model}")
    output.mkdir(parents=True, exist_ok=True)
    name, sizes = MODELS[arguments.model]
    book, dtype = BOOK[arguments.model], np.dtype(arguments.dtype)
    test = None
    if arguments.model == "linear":
        data = synthetic_regression(TRUE_W, TRUE_B, rng=np.random.default_rng(arguments.seed), dtype=dtype)
    else:
        images, source = choose_images(arguments.data, arguments.root)
        print(f"data: {source}")
        data, test = (images.train.X, images.train.y.astype(np.int64)), images.test
    four = contenders(name, sizes, lr=book.lr, seed=arguments.seed, dtype=dtype)
    print(f"{arguments.dtype}, one thread; per cell: loss, train and test accuracy (classifiers), seconds")
    print("epoch  " + "".join(f"{contender:30}" for contender in four) + "largest difference")
    report = twin_run(
        four,
        data,
        num_epochs=arguments.epochs or book.epochs,
        batch_size=book.batch_size,
        seed=arguments.seed,
        test=test,
        after_epoch=print_row,
    )
    if report.parted:
        print(f"numpynet and PyTorch part at {report.parted}")
        return 1
    for picture, draw in {"curves.png": draw_curves, "difference.png": draw_difference}.items():
        write_whole(output / picture, lambda file, draw=draw: draw(report).savefig(file, format="png"))
    print(f"they agree; written to {output}: curves.png, difference.png")
    return 0


def print_row(report):
    """The last epoch of every contender, and the largest parameter difference so far."""
    cells = []
    for history in report.histories.values():
        numbers = [figures[-1] for figures in dataclasses.astuple(history)[:3] if figures]
        cells.append(" ".join(f"{number:.4f}" for number in numbers) + f" {history.seconds[-1]:.2f}")
    epoch = len(history.train_loss)
    print(f"{epoch:5}  " + "".join(f"{cell:30}" for cell in cells) + f"{max(report.differences):.1e}", flush=True)


def draw_curves(report):
    """The training loss and, for a classifier, the test accuracy of all four, one over the other."""
    classifier = any(history.test_accuracy for history in report.histories.values())
    figure = new_figure(9 if classifier else 5, 3.6)
    panels = figure.subplots(1, 2 if classifier else 1, squeeze=False)[0]
    looks = [(BLUE, "-", 7), (GREEN, "-", 4.5), (VERMILION, "--", 2.5), (PURPLE, ":", 1.2)]
    for (name, history), (colour, style, width) in zip(report.histories.items(), looks, strict=True):
        for panel, values in zip(panels, [history.train_loss, history.test_accuracy], strict=False):
            panel.plot(range(1, len(values) + 1), values, style, color=colour, linewidth=width, label=name)
    for panel, title in zip(panels, ["Training loss", "Test accuracy"], strict=False):
        panel.set(title=title, xlabel="epoch")
        panel.locator_params(axis="x", integer=True)
        panel.legend()
        panel.grid(alpha=0.3)
    return figure


def draw_difference(report):
    """The largest parameter difference between numpynet and PyTorch after every step."""
    figure = new_figure(6, 3.6)
    axes = figure.subplots()
    axes.semilogy(range(1, len(report.differences) + 1), np.maximum(report.differences, 1e-18), color=BLUE, linewidth=1)
    axes.set(
        title="How far apart are the parameters?",
        xlabel="step",
        ylabel="largest difference,\nrelative to the largest entry",
    )
    axes.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    raise SystemExit(main())
