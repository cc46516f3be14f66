"""What a run records (its figures and its progress), and the callbacks that watch it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import zip_longest

from numpynet.arguments import Array


@dataclass(repr=False)
class History:
    """The figures of a run, one entry per epoch. Accuracies are recorded for classifiers only.

    The training figures are averages over the epoch's batches, each measured before that batch's update. The test
    figures are measured at the end of the epoch. seconds is the time spent training, without the test.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)

    def add_test(self, loss: float | None, accuracy: float) -> None:
        """Record an epoch's test; a loss that is not known is left out."""
        self.test_accuracy.append(accuracy)
        if loss is not None:
            self.test_loss.append(loss)

    def __repr__(self) -> str:
        """A table with a row for each epoch."""
        if not self.train_loss:
            return "no epochs yet"
        head, *rows = self._table()
        widths = [max(len(name), 8) for name in head]
        return "\n".join(
            "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]
        )

    def _repr_html_(self) -> str:
        """The same table, for a notebook."""
        head, *rows = self._table()
        lines = [f"<tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>"]
        lines += [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows]
        return f"<table>{''.join(lines)}</table>"

    def _table(self) -> list[list[str]]:
        order = ("train_loss", "test_loss", "train_accuracy", "test_accuracy", "seconds")
        columns = {name: getattr(self, name) for name in order if getattr(self, name)}
        rows = enumerate(zip_longest(*columns.values()), start=1)
        return [
            ["epoch", *(name.replace("_", " ") for name in columns)],
            *([str(epoch), *map(format_figure, columns, row)] for epoch, row in rows),
        ]


def format_figure(name: str, value: float | None) -> str:
    """One figure of a History as text: 4 digits, but 2 for seconds, and powers of ten for a huge or tiny loss."""
    if value is None:
        return ""
    if name == "seconds":
        return f"{value:.2f}"
    scientific = "loss" in name and (value >= 1e4 or 0 < value < 1e-3)
    return f"{value:.3e}" if scientific else f"{value:.4f}"


@dataclass
class State:
    """The progress of a run. With the parameters, the optimizer and the rng, it is all that resuming needs.

    epoch is the current epoch, counted from 1, or the last finished one. step counts the batches since the start of
    the run, and loss is the last batch's. Within an epoch, order is the shuffled order of its examples, `position` of
    which are done; the totals and the seconds are those of the epoch so far. Between epochs, order is None.
    """

    history: History = field(default_factory=History)
    epoch: int = 0
    step: int = 0
    loss: float = math.nan
    order: Array | None = None
    position: int = 0
    total_loss: float = 0.0
    total_right: float = 0.0
    seconds: float = 0.0

    def end_epoch(self, seconds: float, *, classifier: bool) -> None:
        """Record the epoch in the history, and clear what belongs to it alone."""
        history, num_examples = self.history, len(self.order)  # type: ignore[arg-type]
        history.seconds.append(seconds)
        history.train_loss.append(self.total_loss / num_examples)
        if classifier:
            history.train_accuracy.append(self.total_right / num_examples)
        self.order, self.position, self.total_loss, self.total_right, self.seconds = None, 0, 0.0, 0.0, 0.0


class Callback:
    """Base class for callbacks: override what you need. after_training is called even if an error ends the run."""

    def before_training(self, state: State) -> None:
        pass

    def after_step(self, state: State) -> None:
        pass

    def after_epoch(self, state: State) -> None:
        pass

    def after_training(self, state: State) -> None:
        pass
