"""Learning curves, after training or while it runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpynet.plotting.figure import BLUE, VERMILION, as_png, new_figure
from numpynet.storage.atomic import write_atomic
from numpynet.training.progress import in_notebook
from numpynet.training.state import Callback, History, State

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curves(history: History) -> Figure:
    """The loss at every epoch and, for a classifier, the accuracy: on the training data and, where known, on the test.

    The training figures are averages over an epoch, during which the model improves; the test figures are those at its
    end. So the test accuracy may at first be above the training accuracy, and the test loss below the training loss.
    The loss has a logarithmic scale, as the title then says, where the largest is over 50 times the smallest. The
    accuracy axis spans at least 0.1 and the loss axis at least a fifth of the largest loss, so that small changes
    look small.

    Raises: TypeError unless history is what `train` returns; ValueError for a history without an epoch.
    """
    if not hasattr(history, "train_loss"):
        raise TypeError(f"learning_curves: history must be what train returns, got {type(history).__name__}")
    if not history.train_loss:
        raise ValueError("learning_curves: history must have at least one epoch, got none")
    classifier = bool(history.train_accuracy or history.test_accuracy)
    figure = new_figure(9 if classifier else 4.5, 3.4)
    panels = figure.subplots(1, 2 if classifier else 1, squeeze=False)[0]
    losses = [*history.train_loss, *history.test_loss]
    logarithmic = max(losses) > 50 * min(losses) > 0
    panels[0].set_title("Loss, on a logarithmic scale" if logarithmic else "Loss")
    panels[0].set_yscale("log" if logarithmic else "linear")
    _curves(panels[0], history.train_loss, history.test_loss, "#.3g")
    if not logarithmic:
        _span_at_least(0.2 * max(losses), panels[0])
    if classifier:
        panels[1].set_title("Accuracy")
        _curves(panels[1], history.train_accuracy, history.test_accuracy, ".3f")
        _span_at_least(0.1, panels[1], highest=1)
    epochs = len(history.train_loss)
    for panel in panels:
        panel.set(xlabel="epoch", xlim=(0.5, epochs + 0.5))
        if epochs <= 12:
            panel.set_xticks(range(1, epochs + 1))
        else:
            panel.locator_params(axis="x", integer=True)
        panel.grid(alpha=0.3)
        panel.legend()
    return figure


def _curves(axes: Any, train: Sequence[float], test: Sequence[float], digits: str) -> None:
    """Both curves, as far as there are figures, with the last ones in the legend."""
    size = 5 if len(train) <= 20 else 2.5
    for values, name, colour, style in ((train, "train", BLUE, "o-"), (test, "test", VERMILION, "s--")):
        if values:
            label = f"{name}, last {values[-1]:{digits}}"
            epochs = range(1, len(values) + 1)
            axes.plot(epochs, values, style, color=colour, markersize=size, label=label, clip_on=False)


def _span_at_least(least: float, axes: Any, highest: float | None = None) -> None:
    """Widen the y axis to both sides where it spans less than this, but neither below 0 nor above the highest value."""
    low, high = axes.get_ylim()
    missing = max(least - (high - low), 0)
    low, high = low - missing / 2, high + missing / 2
    if low < 0:
        low, high = 0, max(high, least)
    if highest is not None and high > highest:
        low, high = min(low, highest - least), highest
    axes.set_ylim(low, high)


class LivePlot(Callback):
    """A callback for `train` that draws the learning curves, and draws them again after every epoch.

    In a notebook they are the first thing under the cell, and change in place. In a script they are the PNG file at
    path, which is replaced atomically, so that a picture viewer can follow it.

    Raises: before training, ImportError without matplotlib, ValueError unless path ends in .png, FileNotFoundError
    unless its folder exists.
    Source: D2L 3.6, Animator.
    """

    def __init__(self, path: str | os.PathLike[str] = "learning_curves.png") -> None:
        self.path = Path(path)
        if self.path.suffix.lower() != ".png":
            raise ValueError(f"LivePlot: path must end in .png, got {str(path)!r}")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"LivePlot: path must be in a folder that exists, got {str(path)!r}")
        new_figure(1, 1)
        self._display: Any = None

    def before_training(self, state: State) -> None:
        self._display = None  # each run has a figure of its own
        self.after_epoch(state)

    def after_epoch(self, state: State) -> None:
        figure = learning_curves(state.history) if state.history.train_loss else _no_curves_yet()
        if not in_notebook():
            write_atomic(self.path, as_png(figure))
        elif self._display is not None:
            self._display.update(figure)
        else:
            from IPython.display import display

            self._display = display(figure, display_id=True)


def _no_curves_yet() -> Figure:
    figure = new_figure(4.5, 3.4)
    axes = figure.subplots()
    axes.set(xlabel="epoch", title="Loss", xticks=[], yticks=[])
    axes.text(0.5, 0.5, "after the first epoch,\nthe curves appear here", ha="center", va="center")
    return figure
