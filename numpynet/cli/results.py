"""What a finished run leaves in its folder (the model, its history, its pictures), and the summary that it prints."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet import plotting
from numpynet.book import TRUE_B, TRUE_W, BookData
from numpynet.cli.environment import blas, versions
from numpynet.cli.run import Run
from numpynet.data import Split
from numpynet.data.batches import as_floats
from numpynet.plotting.figure import as_png
from numpynet.storage.atomic import write_atomic
from numpynet.storage.npz import to_npz
from numpynet.training.state import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Pictures = dict[str, Callable[[], Figure]]

BOUND_ON_SHAPES = (
    "No linear model can get more than 77.5 % of the shapes right: one picture in four is a negative, and a linear\n"
    "model can recognise both pictures and negatives of one class only (numpynet/data/shapes.py explains why)."
)
PICTURES = ("learning_curves.png", "fit.png", "path.png", "predictions.png", "weights.png", "confusion.png")


def write_results(run: Run, data: BookData, history: History) -> str:
    """Write model.npz (for `net.load_state_dict(numpy.load(path))`), history.json (with all settings) and the pictures.
    Return a summary, which says what was written and, if pictures could not be drawn, what is missing.
    """
    summary, pictures = _regression(run, data) if data.test is None else _classifier(run, data, data.test, history)
    if history.train_loss:
        pictures = {"learning_curves.png": lambda: plotting.learning_curves(history)} | pictures
    output = run.folder.output
    record = {
        "settings": dataclasses.asdict(run.settings),
        "versions": versions() | {"blas": blas()},
        **dataclasses.asdict(history),
    }
    _write(output / "model.npz", to_npz(run.net.state_dict()))
    if not _is_of_same_run(output / "history.json", record):  # otherwise the versions that trained it would be lost
        _write(output / "history.json", json.dumps(record, indent=2).encode() + b"\n")
    written, note = ["model.npz", "history.json"], ""
    try:
        for name, draw in pictures.items():
            _write(output / name, as_png(draw()))
            written.append(name)
    except ImportError as error:
        note = f"\nno pictures: {error}"
    for name in set(PICTURES) - set(written):  # an earlier run's must not pass for this one's
        (output / name).unlink(missing_ok=True)
    return f"{summary}\nwritten to {output}: {', '.join(written)}{note}"


def _regression(run: Run, data: BookData) -> tuple[str, Pictures]:
    W, b = run.model.parameters().values()
    lines = [f"          {'learned':>10} {'true':>10} {'error':>10}"]
    for name, found, truth in zip(["w1", "w2", "b"], [*W[:, 0], *b], [*TRUE_W, TRUE_B], strict=True):
        lines.append(f"{name:>8}  {found:10.4f} {truth:10.4f} {found - truth:+10.4f}")
    path: Any = run.path
    return "\n".join(lines), {
        "fit.png": lambda: plotting.regression_fit(W, b, *data.train),
        "path.png": lambda: plotting.parameter_path(
            np.array(path.rows), np.array(TRUE_W), TRUE_B, every=path.every, data=data.train
        ),
    }


def _classifier(run: Run, data: BookData, test: Split, history: History) -> tuple[str, Pictures]:
    X, y = test
    predictions = np.concatenate([run.model.predict(as_floats(part)) for part in np.array_split(X, 40)]).argmax(axis=1)
    right = float(np.mean(predictions == y))
    W, *others = run.model.parameters().values()
    names = data.class_names
    seconds = sum(history.seconds)
    summary = f"test accuracy {right:.4f} after {run.settings.epochs} epochs ({seconds:.1f} s of training)"
    if run.settings.model == "softmax" and data.name == "shapes":
        summary += f"\n{BOUND_ON_SHAPES}"
    return summary, {
        "predictions.png": lambda: plotting.images(X, y, names, predictions),
        "weights.png": lambda: plotting.first_layer_weights(W, class_names=names if len(others) == 1 else None),
        "confusion.png": lambda: plotting.confusion_matrix(predictions, y, names),
    }


def _is_of_same_run(path: Path, record: dict[str, Any]) -> bool:
    """Whether the file has the same settings, figures and seconds as the record, whatever the versions."""
    try:
        old = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(old, dict) and old | {"versions": None} == json.loads(json.dumps(record | {"versions": None}))


def _write(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_atomic(path, content)
