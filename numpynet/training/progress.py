"""What a run prints: a line for each epoch and, in a terminal or a notebook, a bar while the epoch runs."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

from numpynet.training.state import Callback, State, format_figure


class Progress(Callback):
    """Prints a line after every epoch, and shows a bar during it: in a notebook, or in a terminal with tqdm."""

    def __init__(self, num_epochs: int) -> None:
        self.num_epochs = num_epochs
        self._bar = _bar()

    def before_training(self, state: State) -> None:
        self._bar.before_training(state)

    def after_step(self, state: State) -> None:
        self._bar.after_step(state)

    def after_epoch(self, state: State) -> None:
        self._bar.after_epoch(state)
        history = state.history
        parts = [f"epoch {state.epoch:{len(str(self.num_epochs))}}/{self.num_epochs}"]
        parts.append(f"loss {format_figure('train_loss', history.train_loss[-1])}")
        for name, values in {"train accuracy": history.train_accuracy, "test accuracy": history.test_accuracy}.items():
            parts += [f"{name} {format_figure(name, values[-1])}"] if values else []
        parts.append(f"{format_figure('seconds', history.seconds[-1])} s")
        print("  ".join(parts), flush=True)

    def after_training(self, state: State) -> None:
        self._bar.after_training(state)


class _TerminalBar(Callback):
    """tqdm's bar, which is removed before the line of its epoch is printed."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None

    def after_step(self, state: State) -> None:
        if state.order is None:
            return
        if self._bar is None:
            self._bar = self._tqdm(total=len(state.order), desc=f"epoch {state.epoch}", unit="example", leave=False)
        self._bar.update(state.position - self._bar.n)

    def after_epoch(self, state: State) -> None:
        self.after_training(state)

    def after_training(self, state: State) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _NotebookBar(Callback):
    """A bar above the lines, updated in place. tqdm's text would appear between the lines, and its widget needs
    ipywidgets.
    """

    def __init__(self) -> None:
        self._display: Any = None
        self._updated = -math.inf

    def before_training(self, state: State) -> None:
        from IPython.display import display

        self._display = display(self._content("starting"), raw=True, display_id=True)

    def after_step(self, state: State) -> None:
        now = time.monotonic()
        if state.order is None or now - self._updated < 0.1:  # seconds; more updates would only slow down the browser
            return
        self._updated = now
        text = f"epoch {state.epoch}: {state.position} of {len(state.order)} examples"
        bar = f'<progress value="{state.position}" max="{len(state.order)}"></progress>'
        self._display.update(self._content(text, bar), raw=True)

    def after_training(self, state: State) -> None:
        if self._display is not None:
            self._display.update(self._content(), raw=True)

    @staticmethod
    def _content(text: str = "", bar: str = "") -> dict[str, str]:
        return {"text/plain": text, "text/html": f"{bar} {text}".strip()}


def in_notebook() -> bool:
    """Whether this runs in an IPython kernel. IPython's terminal has none, and cannot show figures."""
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _bar() -> Callback:
    """The bar for a notebook or a terminal; elsewhere, or without tqdm, a callback that does nothing."""
    if in_notebook():
        return _NotebookBar()
    if sys.stderr is not None and sys.stderr.isatty():  # None where there is no console
        try:
            from tqdm import tqdm
        except ImportError:
            return Callback()
        return _TerminalBar(tqdm)
    return Callback()
