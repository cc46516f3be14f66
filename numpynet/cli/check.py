"""`numpynet check`: the gradients in a learner's file, in a folder of lessons, or in the library's own models."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.book import BOOK, MODELS, TRUE_B, TRUE_W
from numpynet.data import make_shapes, synthetic_regression
from numpynet.optim import SGD
from numpynet.training.trainable import FromLayers

RULE = "─" * 60


def check_command(arguments: argparse.Namespace) -> int:
    """Print the findings; return 0 if everything is right, 1 if anything is wrong, 2 if nothing was checked."""
    from numpynet.exercises.marking import (  # imported here because it takes longer than the core
        has_lessons,
        mark_command,
    )

    target = arguments.target
    if arguments.sanity and target not in MODELS:
        arguments.error(f"--sanity needs one of the models {', '.join(MODELS)}, got {target}")
    if target in MODELS:
        return _sanity(target, arguments.seed) if arguments.sanity else _check_own(target, arguments.seed)
    if arguments.hint is not None:
        return _hint(arguments, Path(target))
    if has_lessons(Path(target)):
        return mark_command(Path(target), time_limit=arguments.time_limit)
    return _check_file(Path(target), arguments.time_limit)


def _hint(arguments: argparse.Namespace, target: Path) -> int:
    from numpynet.exercises.hints import format_hint
    from numpynet.exercises.marking import has_lessons, spoken_in
    from numpynet.wording import speaking

    if not has_lessons(target):
        arguments.error(f"--hint is for lessons, got {target}")
    try:
        with speaking(spoken_in(target)):
            print(format_hint("" if target.is_dir() else target.stem, arguments.hint))
    except LookupError as error:
        arguments.error(str(error))
    return 0


def _check_file(path: Path, time_limit: float) -> int:
    from numpynet.gradcheck.learner_file import check_file

    if not path.is_file():
        what = "is a folder without lessons" if path.is_dir() else "does not exist"
        print(f"numpynet check: {path} {what}; give a Python file, a folder of lessons, or one of {', '.join(MODELS)}")
        return 2
    try:
        report = check_file(path, time_limit=time_limit)
    except ValueError as error:
        print(f"numpynet check: {error}")
        return 2
    paragraphs = report.paragraphs()
    if not report.verdicts:
        paragraphs.append(f"numpynet check: found nothing to check in {path}: nothing in it seems to compute gradients")
    print(f"\n{RULE}\n".join(paragraphs))
    if report.verdicts:
        print(f"{RULE}\n{report.summary()}")
    return report.code


def _check_own(model: str, seed: int) -> int:
    """Check the model from scratch and the concise one; if PyTorch is installed, compare with it."""
    from numpynet.gradcheck import check_model

    rng = np.random.default_rng(seed)
    book = MODELS[model]
    shapes = {"linear": (6,), "softmax": (6, 4), "mlp": (6, 5, 4)}[model]
    X = rng.normal(size=(8, 6))
    y = rng.normal(size=(8, 1)) if model == "linear" else rng.integers(0, 4, 8)
    params = book.scratch.init_parameters(*shapes, rng=rng, dtype=np.float64)
    params = {name: 50 * array + 0.1 * rng.normal(size=array.shape) for name, array in params.items()}
    net = book.concise(*shapes, rng=rng, dtype=np.float64)
    layers = FromLayers(net, book.loss(), SGD(net.parameters(), lr=0))

    def concise(params: dict[str, Array], X: Array, y: Array) -> tuple[Any, dict[str, Any]]:
        for parameter, array in zip(net.parameters(), params.values(), strict=True):
            parameter.data = array
        loss, _, grads = layers.loss_and_gradients(X, y)
        return loss, dict(zip(params, grads.values(), strict=True))

    concise.__name__ = f"models.{book.name}"
    reports = [check_model(function, params, X, y) for function in (book.scratch.loss_and_gradients, concise)]
    print(f"scratch.{book.name}.{reports[0]}\n{RULE}\n{reports[1]}")
    right = all(report.ok for report in reports)
    if importlib.util.find_spec("torch") is None:
        print(f"{RULE}\nPyTorch is not installed, so there is no comparison with it.")
        return 0 if right else 1
    error = _difference_from_torch(book.scratch.loss_and_gradients(params, X, y), params, X, y)
    print(f"{RULE}\nscratch.{book.name} and torch.autograd: largest relative difference {error:.1e} (2e-14 allowed)")
    return 0 if right and error <= 2e-14 else 1


def _sanity(model: str, seed: int) -> int:
    """Run `sanity` on a new model of the book, with generated data."""
    from numpynet.training.sanity import sanity

    rng = np.random.default_rng(seed)
    if model == "linear":
        X, y = synthetic_regression(TRUE_W, TRUE_B, 1000, rng=rng)
    else:
        X, y = make_shapes(1000, 10, rng=rng).train
    findings = sanity(MODELS[model].concise(rng=rng), MODELS[model].loss(), X, y, lr=BOOK[model].lr)
    print("\n".join(findings) or f"{model}: nothing looks wrong on generated data (seed {seed}).")
    return 1 if findings else 0


def _difference_from_torch(result: Any, params: dict[str, Array], X: Array, y: Array) -> float:
    import torch

    tensors: dict[str, Any] = {name: torch.tensor(array, requires_grad=True) for name, array in params.items()}
    weights = list(tensors.values())
    out: Any = torch.from_numpy(X)
    for k in range(0, len(weights), 2):
        out = out @ weights[k] + weights[k + 1]
        out = torch.relu(out) if k + 2 < len(weights) else out
    target = torch.from_numpy(y)
    classes = y.dtype.kind in "iu"
    loss: Any = torch.nn.functional.cross_entropy(out, target) if classes else ((out - target) ** 2).mean() / 2
    loss.backward()
    pairs = [(result[1][name], tensors[name].grad.numpy()) for name in params]
    return max(float(np.max(np.abs(own - other)) / np.max(np.abs(other))) for own, other in pairs)
