"""What a run prints: a line for each epoch and, in a terminal or a notebook, a bar while the epoch runs."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from numpynet.training.state import Callback, State, format_figure


class Progress(Callback):
    """Prints a line after every epoch, and shows a bar during it where tqdm is installed and can draw one."""

    def __init__(self, num_epochs: int) -> None:
        self.num_epochs = num_epochs
        self._tqdm = _import_tqdm()
        self._bar: Any = None

    def after_step(self, state: State) -> None:
        if self._tqdm is None or state.order is None:
            return
        if self._bar is None:
            self._bar = self._tqdm(total=len(state.order), desc=f"epoch {state.epoch}", unit="example", leave=False)
        self._bar.update(state.position - self._bar.n)

    def after_epoch(self, state: State) -> None:
        self.after_training(state)  # the bar goes before its line comes
        history = state.history
        parts = [f"epoch {state.epoch:{len(str(self.num_epochs))}}/{self.num_epochs}"]
        parts.append(f"loss {format_figure('train_loss', history.train_loss[-1])}")
        for name, values in {"train accuracy": history.train_accuracy, "test accuracy": history.test_accuracy}.items():
            parts += [f"{name} {format_figure(name, values[-1])}"] if values else []
        parts.append(f"{format_figure('seconds', history.seconds[-1])} s")
        print("  ".join(parts), flush=True)

    def after_training(self, state: State) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def in_notebook() -> bool:
    """Whether this runs in an IPython kernel. IPython's terminal has none, and cannot show figures."""
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _import_tqdm() -> Any:
    """The bar that suits the place: a widget in a notebook, text in a terminal; None where no bar can be shown."""
    if not (in_notebook() or sys.stderr.isatty()):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tqdm.auto warns where a notebook has no widgets, and then draws text
            from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm
