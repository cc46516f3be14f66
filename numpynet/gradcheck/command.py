"""What `numpynet check` does: check a learner's file, or the library's own models, and say what was found."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from numpynet import models, scratch
from numpynet.data import make_shapes, synthetic_regression
from numpynet.functional import Array
from numpynet.gradcheck.apart import Finding
from numpynet.gradcheck.check import check_model
from numpynet.gradcheck.learner_file import LOOKED_FOR, check_file
from numpynet.gradcheck.triage import sanity
from numpynet.losses import CrossEntropyLoss, Loss, SquaredLoss
from numpynet.settings import BOOK, TRUE_B, TRUE_W

MODELS = ("linear", "softmax", "mlp")
RULE = "─" * 60


def check_command(target: str, *, with_sanity: bool, time_limit: float, seed: int) -> int:
    """Print the findings; return 0 where all is right, 1 where something is wrong, 2 where nothing was checked."""
    if target not in MODELS:
        return _check_file(Path(target), time_limit)
    return _sanity(target, seed) if with_sanity else _check_own(target, seed)


def _check_file(path: Path, time_limit: float) -> int:
    if not path.is_file():
        print(f"numpynet check: {path} is no file, no folder of exercises and none of {', '.join(MODELS)}")
        return 2
    found = check_file(path, time_limit=time_limit)
    if not found:
        print(f"numpynet check: nothing to check in {path}; looked for {LOOKED_FOR}")
        return 2
    print(f"\n{RULE}\n".join(finding["text"] for finding in found))
    print(RULE)
    print(_last_line(found))
    if any(finding["ok"] is False for finding in found):
        return 1
    return 0 if any(finding["ok"] for finding in found) else 2


def _last_line(found: list[Finding]) -> str:
    """How many are right; which are wrong, and which were not checked."""
    right, wrong, unknown = (
        [finding["name"] for finding in found if finding["ok"] is ok] for ok in (True, False, None)
    )
    line = f"{len(right)} of {len(found)} right"
    if wrong:
        line += f"; wrong: {', '.join(wrong)}"
    if unknown:
        line += f"; not checked, and not counted as wrong: {', '.join(unknown)}"
    return line


def _check_own(model: str, seed: int) -> int:
    """The model from scratch, the concise one, and, if it is installed, torch."""
    rng = np.random.default_rng(seed)
    names = {"linear": "linear_regression", "softmax": "softmax_regression", "mlp": "mlp"}
    from_scratch = getattr(scratch, names[model])
    X = rng.normal(size=(8, 6))
    y = rng.normal(size=(8, 1)) if model == "linear" else rng.integers(0, 4, 8)
    shapes = {"linear": (6,), "softmax": (6, 4), "mlp": (6, 5, 4)}[model]
    params = from_scratch.init_parameters(*shapes, rng=rng, dtype=np.float64)
    params = {name: 50 * array + 0.1 * rng.normal(size=array.shape) for name, array in params.items()}
    net = getattr(models, names[model])(*shapes, rng=rng, dtype=np.float64)
    loss: Loss = SquaredLoss() if model == "linear" else CrossEntropyLoss()

    def concise(params: dict[str, Array], X: Array, y: Array) -> tuple[Any, dict[str, Any]]:
        for parameter, array in zip(net.parameters(), params.values(), strict=True):
            parameter.data = array
        value = loss.forward(net.forward(X), y)
        net.backward(loss.backward())
        return value, {name: parameter.grad for name, parameter in zip(params, net.parameters(), strict=True)}

    concise.__name__ = f"models.{names[model]}"
    reports = [check_model(function, params, X, y) for function in (from_scratch.loss_and_gradients, concise)]
    print(f"scratch.{names[model]}.{reports[0]}\n{RULE}\n{reports[1]}")
    right = all(report.ok for report in reports)
    if importlib.util.find_spec("torch") is None:
        print(f"{RULE}\ntorch is not installed: nothing to compare with")
        return 0 if right else 1
    error = _difference_from_torch(from_scratch.loss_and_gradients(params, X, y), params, X, y)
    print(f"{RULE}\nscratch.{names[model]} and torch.autograd: largest relative difference {error:.1e} (2e-14 allowed)")
    return 0 if right and error <= 2e-14 else 1


def _sanity(model: str, seed: int) -> int:
    """Triage of a fresh model of the book's on data made here."""
    rng = np.random.default_rng(seed)
    loss: Loss = CrossEntropyLoss()
    if model == "linear":
        X, y = synthetic_regression(TRUE_W, TRUE_B, 1000, rng=rng)
        net, loss = models.linear_regression(2, rng=rng), SquaredLoss()
    else:
        X, y = make_shapes(1000, 10, rng=rng).train
        net = models.softmax_regression(rng=rng) if model == "softmax" else models.mlp(rng=rng)
    findings = sanity(net, loss, X, y, lr=BOOK[model].lr)
    print("\n".join(findings) or f"{model}: nothing looks wrong on data made here (seed {seed})")
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
