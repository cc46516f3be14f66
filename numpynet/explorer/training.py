"""Training runs to look at: two classes of points in the plane, and a network with a few hidden units."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numpynet import models
from numpynet.arguments import Array
from numpynet.data import minibatches
from numpynet.gradcheck.backward_rules import Chain, Changes, Point, gradients, loss_of
from numpynet.layers import Sequential
from numpynet.losses import CrossEntropyLoss
from numpynet.optim import SGD

HIDDEN = 6
EPOCHS = 60


class Setting(NamedTuple):
    """lr and batch size of a run; scale: what the usual random weights are multiplied by."""

    lr: float = 0.3
    batch_size: int = 10
    scale: float = 1.0


RUNS = {
    "right": Setting(),
    "small_lr": Setting(lr=0.003),
    "large_lr": Setting(lr=8.0),
    "zeros": Setting(scale=0.0),
    "tiny": Setting(scale=1e-3),
    "huge": Setting(scale=30.0),
    "batch_1": Setting(batch_size=1),
    "full_batch": Setting(batch_size=60),
}


def points(n: int = 60) -> tuple[Array, Array]:
    """Half of the points in a disc (class 1), half in a ring around it (class 0), in the plane."""
    rng = np.random.default_rng(3)
    y = np.arange(n) % 2
    radius = np.where(y == 1, rng.uniform(0, 0.8, n), rng.uniform(1.2, 1.9, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]).round(2), y


def start(scale: float = 1.0, hidden: int = HIDDEN) -> dict[str, Array]:
    """The parameters that a run starts from."""
    rng = np.random.default_rng(5)
    W1, W2 = rng.normal(0, 1, (2, hidden)), rng.normal(0, np.sqrt(2 / hidden), (hidden, 2))
    return {"W1": scale * W1, "b1": np.zeros(hidden), "W2": scale * W2, "b2": np.zeros(2)}


def describe_runs() -> dict[str, Any]:
    """Every run, step by step: parameters, loss, norm of the gradient, and hidden units that are 0 for all examples."""
    X, y = points()
    runs = {name: describe_run(setting, X, y) | setting._asdict() for name, setting in RUNS.items()}
    return {"X": X.tolist(), "y": y.tolist(), "hidden": HIDDEN, "runs": runs}


def describe_run(setting: Setting, X: Array, y: Array) -> dict[str, Any]:
    """One run of `train`'s loop, written out so that it can be watched."""
    net = models.mlp(2, HIDDEN, 2, rng=np.random.default_rng(0), dtype=np.float64)
    for parameter, array in zip(net.parameters(), start(setting.scale).values(), strict=True):
        parameter.data = array
    loss, optimizer, rng = CrossEntropyLoss(), SGD(net.parameters(), lr=setting.lr), np.random.default_rng(0)
    steps = EPOCHS * -(-len(X) // setting.batch_size)
    shown = {0, *np.geomspace(1, steps, 45).astype(int).tolist()}  # more of the first steps, where most happens
    record: dict[str, list[Any]] = {"step": [], "loss": [], "norm": [], "dead": [], "params": []}
    step = 0
    while True:
        for X_batch, y_batch in minibatches(X, y, setting.batch_size, rng=rng):
            if step in shown:
                value = loss.forward(net.forward(X), y)
                net.backward(loss.backward())
                H = Sequential(*net.layers[:-1])(X)
                record["step"].append(step)
                record["loss"].append(rounded(value))
                squares = [np.sum(p.grad**2) for p in net.parameters() if p.grad is not None]
                record["norm"].append(rounded(np.sqrt(np.sum(squares))))
                record["dead"].append(int((H == 0).all(axis=0).sum()))
                record["params"].append([rounded(x) for p in net.parameters() for x in p.data.reshape(-1)])
            if step == steps:
                return record
            loss.forward(net.forward(X_batch), y_batch)
            net.backward(loss.backward())
            optimizer.step()
            step += 1


MISTAKEN = Setting(lr=0.3, batch_size=HIDDEN)  # as many examples as hidden units: some mistakes need that to run
SHOWN = (0, 2, 5, 10, 20, 40, 80, 120)


def describe_mistaken_run(changes: Changes, chain: Chain, hidden: int) -> dict[str, Any]:
    """What training does with mistakes in the backward pass: the loss, and parameters to draw; or why it stops."""
    X, classes = points()
    y: Array = classes
    params = start(hidden=hidden)
    if chain.kind == "squared_loss":
        y = np.eye(2)[classes]
    elif chain.kind == "binary_cross_entropy":
        y, params["W2"], params["b2"] = classes[:, None].astype(np.float64), params["W2"][:, :1], params["b2"][:1]
    before = Point(dict(params), X[:HIDDEN], y[:HIDDEN])
    rng = np.random.default_rng(0)
    record: dict[str, Any] = {"hidden": hidden, "step": [], "loss": [], "params": []}
    for step in range(SHOWN[-1] + 1):
        if step % 4 == 0 or step in SHOWN:
            with np.errstate(all="ignore"):
                record["loss"].append([step, rounded(loss_of(chain, Point(params, X, y)))])
        if step in SHOWN:
            record["step"].append(step)
            record["params"].append([rounded(x) for array in params.values() for x in array.reshape(-1)])
        chosen = rng.choice(len(X), MISTAKEN.batch_size, replace=False)
        point = Point(dict(params), X[chosen], y[chosen], before=before)
        try:
            with np.errstate(all="ignore"):
                found = gradients(chain, point, changes)
                for site, grad in found.items():
                    name = chain.name(*site).removeprefix("grad_")
                    updated = params[name] - MISTAKEN.lr * grad
                    if updated.shape != params[name].shape:
                        raise ValueError(f"{name} has shape {params[name].shape}, its gradient {grad.shape}")
                    params = {**params, name: updated}
        except ValueError as error:
            return record | {"stopped": str(error)}
        before = point
    return record


def rounded(x: Any, digits: int = 4) -> float | None:
    """A number for the page, which draws it and does not print it; None if it is not finite."""
    return float(f"{float(x):.{digits}g}") if np.isfinite(x) else None
