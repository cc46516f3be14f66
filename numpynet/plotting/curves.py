"""Learning curves, after the training or while it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpynet.plotting.figure import BLUE, VERMILION, as_png, new_figure
from numpynet.storage.atomic import write_atomic
from numpynet.training import Callback, History, State

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curves(history: History) -> Figure:
    """The training loss of every epoch and, for a classifier, beside it the training and the test accuracy.

    The scale of the loss is logarithmic, and its title says so, where the largest is over 50 times the smallest. The
    training figures are averages over an epoch during which the model improves, the test accuracy is that of the
    epoch's end: early on, the test curve may lie above the training curve.

    Raises: TypeError unless history is what `train` returns; ValueError for a history without an epoch.
    """
    if not hasattr(history, "train_loss"):
        raise TypeError(f"learning_curves: history must be what train returns, got {type(history).__name__}")
    losses = history.train_loss
    if not losses:
        raise ValueError("learning_curves: history must have at least one epoch, got none")
    classifier = bool(history.train_accuracy or history.test_accuracy)
    figure = new_figure(9 if classifier else 4.5, 3.4)
    panels = figure.subplots(1, 2 if classifier else 1, squeeze=False)[0]
    logarithmic = max(losses) > 50 * min(losses) > 0
    panels[0].set_title("Loss, on a logarithmic scale" if logarithmic else "Loss")
    panels[0].set_yscale("log" if logarithmic else "linear")
    _curve(panels[0], losses, BLUE, "o-", f"train, last {losses[-1]:.3g}")
    if history.train_accuracy:
        _curve(panels[1], history.train_accuracy, BLUE, "o-", f"train, last {history.train_accuracy[-1]:.3f}")
    if history.test_accuracy:
        _curve(panels[1], history.test_accuracy, VERMILION, "s--", f"test, last {history.test_accuracy[-1]:.3f}")
    if classifier:
        panels[1].set_title("Accuracy")
        panels[1].set_ylim(top=min(panels[1].get_ylim()[1], 1))
    for panel in panels:
        panel.set(xlabel="epoch", xlim=(0.5, len(losses) + 0.5))
        if len(losses) <= 12:
            panel.set_xticks(range(1, len(losses) + 1))
        else:
            panel.locator_params(axis="x", integer=True)
        panel.grid(alpha=0.3)
        panel.legend()
    return figure


def _curve(axes: Any, values: Sequence[float], colour: str, style: str, label: str) -> None:
    size = 5 if len(values) <= 20 else 2.5
    axes.plot(range(1, len(values) + 1), values, style, color=colour, markersize=size, label=label, clip_on=False)


class LivePlot(Callback):
    """A callback for `train` that redraws the learning curves after every epoch.

    In a notebook the figure under the cell changes in place. Elsewhere the PNG file at path is written anew, and is
    whole at any moment, so that a picture viewer can follow it.

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
        self._history: History | None = None
        self._display: Any = None

    def after_epoch(self, state: State) -> None:
        figure = learning_curves(state.history)
        if not _in_notebook():
            write_atomic(self.path, as_png(figure))
        elif state.history is self._history:
            self._display.update(figure)
        else:  # another run, perhaps in another cell: a figure of its own
            from IPython.display import display

            self._history, self._display = state.history, display(figure, display_id=True)


def _in_notebook() -> bool:
    """Whether this runs in an IPython kernel. IPython's terminal has none, and cannot show figures."""
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
