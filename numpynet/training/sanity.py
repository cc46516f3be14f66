"""What to check before a long training run: `sanity` tries a network on its data and says in words what looks wrong.

Correct gradients are not enough: the inputs may be badly scaled, the labels shuffled, units dead, or the learning rate
wrong. Each check below is a short function that returns a sentence, or "" if nothing is wrong. All work on copies.
"""

from __future__ import annotations

import copy
import math

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.base import Layer
from numpynet.data.batches import as_floats
from numpynet.layers import ReLU, Sequential
from numpynet.losses import CrossEntropyLoss, Loss
from numpynet.optim import SGD

MAX_EXAMPLES = 1000
NEAR = 0.5  # nearest neighbours are informative if they are within this fraction of the typical distance
RATES = (1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0)  # learning rates to compare with one that makes no progress


def sanity(net: Sequential, loss: Loss, X: Array, y: Array, *, lr: float = 0.1) -> list[str]:
    """Findings in words about a network that is about to be trained; [] if nothing looks wrong.

    The checks, in order: the first value that is not finite; the initial loss, compared with log(classes); the
    gradients of the layers; units that are off for every example; whether the network can overfit a few examples;
    whether similar examples have similar labels; and some steps with this learning rate. The network itself is not
    trained.

    Shapes: X (n, ...), y (n, ...), as the network and the loss take them; only the first 1000 examples are used.
    dtype: that of the network; uint8 images are divided by 255. Cost: a few hundred training steps.
    Raises: TypeError or ValueError if lr is not a finite number >= 0.
    Source: none.

    >>> from numpynet import SquaredLoss, models
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 2)).astype(np.float32)
    >>> net = models.linear_regression(2, rng=rng)
    >>> sanity(net, SquaredLoss(), X, X[:, :1] * np.float32(np.nan))
    ['y has a value that is not finite, first in example 0.']
    """
    arguments.check_number("sanity", "lr", lr)
    X, y = as_floats(X[:MAX_EXAMPLES]), y[:MAX_EXAMPLES]
    not_finite = first_not_finite(net, X, y)
    if not_finite:
        return [not_finite]
    if not net.parameters():
        return ["The network has no parameters: there is nothing to train."]
    with np.errstate(all="ignore"):
        checks = [
            first_loss(net, loss, X, y),
            gradient_norms(net, loss, X, y),
            dead_units(net, X),
            overfits_a_few(net, loss, X, y),
            labels_of_neighbours(X, y),
            learning_rate(net, loss, X, y, lr),
        ]
    return [finding for finding in checks if finding]


def first_not_finite(net: Sequential, X: Array, y: Array) -> str:
    """Find the first NaN or infinity: in the data, in a parameter, or in the output of a layer."""
    for name, array in [("X", X), ("y", y)]:
        bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
        if bad.any():
            return f"{name} has a value that is not finite, first in example {int(bad.argmax())}."
    for name, parameter in net.named_parameters().items():
        if not np.isfinite(parameter.data).all():
            return f"The parameter {name} has a value that is not finite before any training."
    with np.errstate(all="ignore"):
        for i, layer in enumerate(net.layers):
            X = layer(X)
            if not np.isfinite(X).all():
                return (
                    f"The output of layer {i}, {type(layer).__name__}, is not finite: inputs or weights are too large."
                )
    return ""


def first_loss(net: Layer, loss: Loss, X: Array, y: Array) -> str:
    """An untrained classifier should give every class an equal chance: loss log(classes)."""
    if not isinstance(loss, CrossEntropyLoss):
        return ""
    O = net(X)
    value, expected = float(loss(O, y)), float(np.log(O.shape[1]))
    equal = f"equal chances for {O.shape[1]} classes would give log {O.shape[1]} = {expected:.2f}"
    facts = f"The initial loss is {value:.2f}; {equal}."
    if value > 1.5 * expected:
        return f"{facts} The network is already sure of wrong answers: its weights or the inputs are too large."
    if value < 0.5 * expected:
        return f"{facts} The network already knows the answers: is it trained, or do the inputs contain the labels?"
    return ""


def gradient_norms(net: Layer, loss: Loss, X: Array, y: Array) -> str:
    """The gradients of all layers should have a similar size."""
    net = copy.deepcopy(net)
    value = loss.forward(net.forward(X), y)
    net.backward(loss.backward())
    norms = {
        name: float(np.linalg.norm(W.grad))
        for name, W in net.named_parameters().items()
        if W.grad is not None and W.grad.ndim == 2
    }
    if not norms:
        return ""
    listed = ", ".join(f"{name} {norm:.1e}" for name, norm in norms.items())
    if not all(map(np.isfinite, norms.values())):
        return f"A gradient is not finite at the first step ({listed}; loss {float(value):.3g})."
    least, most = min(norms.values()), max(norms.values())
    if most == 0:
        return "All gradients are 0 at the first step: nothing will change."
    if least < 1e-6 * most:
        return f"The gradients of the layers differ widely in size ({listed}): the smallest have hardly any effect."
    return ""


def dead_units(net: Sequential, X: Array) -> str:
    """A ReLU unit that is off for every example gets no gradient and stays off."""
    for i, layer in enumerate(net.layers):
        X = layer(X)
        if isinstance(layer, ReLU):
            share = float(np.mean(~(X > 0).any(axis=0)))
            if share > 0.5:
                return (
                    f"{share:.0%} of the units of layer {i}, ReLU, are 0 for every example, so they get no gradient. "
                    "Are their biases, or all their weights, negative?"
                )
    return ""


def overfits_a_few(net: Layer, loss: Loss, X: Array, y: Array) -> str:
    """Any network that learns at all can overfit a few examples, if there are no more examples than inputs."""
    count = min(8, len(X), math.prod(X.shape[1:]))
    few, answers = X[:count], y[:count]
    before = float(loss(net(few), answers))
    best = min(_loss_after(net, loss, few, answers, lr, 300) for lr in (1.0, 0.3, 0.1, 0.01, 0.001))
    if best <= 0.2 * before:
        return ""
    failed = f"The network cannot overfit {count} examples: with"
    if np.isfinite(best):
        return (
            f"{failed} the best of five learning rates, the loss fell only from {before:.3g} to {best:.3g} in 300 "
            "steps. Are the gradients right (check_layer)? Do X and y belong together?"
        )
    largest = float(np.max(np.abs(few)))
    why = f"The inputs are too large, up to {largest:.3g}: scale X to a size of about 1 first."
    if largest <= 10:
        why = "Are the gradients right (check_layer)? Are the weights too large?"
    return f"{failed} each of five learning rates, down to 0.001, the loss diverges. {why}"


def labels_of_neighbours(X: Array, y: Array) -> str:
    """Nearest neighbours should have the same label more often than by chance, unless the labels were shuffled.

    This holds if the nearest examples are much nearer than typical ones. With many features they often are not; then
    the check finds nothing.
    """
    if len(X) < 100:
        return ""
    flat = X.reshape(len(X), -1).astype(np.float64)
    squares = (flat**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * flat @ flat.T
    typical = np.median(distances)
    np.fill_diagonal(distances, np.inf)
    if np.median(distances.min(axis=1)) > NEAR**2 * typical:
        return ""
    neighbours = distances.argmin(axis=1)
    if y.dtype.kind in "iu":
        agree = float(np.mean(y[neighbours] == y))
        chance = float(np.sum((np.bincount(y) / len(y)) ** 2))
        if agree > chance + 3 * np.sqrt(chance * (1 - chance) / len(y)) or chance > 0.95:
            return ""
        return (
            f"The labels look shuffled: for {agree:.0%} of the examples, the nearest other example has the same "
            f"label; by chance it would be {chance:.0%}. Were X and y shuffled together?"
        )
    values = y.reshape(len(y), -1)[:, 0].astype(np.float64)
    if np.std(values) == 0 or np.corrcoef(values, values[neighbours])[0, 1] > 3 / np.sqrt(len(y)):
        return ""
    return "The targets look shuffled: similar examples have different targets. Were X and y shuffled together?"


def learning_rate(net: Layer, loss: Loss, X: Array, y: Array, lr: float) -> str:
    """Training should reduce the loss, and not far more slowly than a different learning rate would."""
    if lr == 0:
        return "The learning rate is 0: nothing will change."
    before = float(loss(net(X), y))
    for steps in (60, 300):  # progress may be slow or uneven at first
        after = _loss_after(net, loss, X, y, lr, steps)
        if before - after > 0.02 * before:
            return ""
    went = f"in 300 steps the loss went from {before:.4g} to {after:.4g}"
    if not after < 1.05 * before:
        return f"The learning rate {lr:g} is too large: {went}."
    for other in [rate for rate in RATES if rate > 20 * lr or rate < lr / 5]:
        faster = _loss_after(net, loss, X, y, other, 60)
        if faster < 0.95 * before and before - faster > 10 * (before - after):
            too = "small" if other > lr else "large"
            return f"The learning rate {lr:g} is too {too}: {went}; with {other:g} it fell to {faster:.4g} in 60 steps."
    return ""


def _loss_after(net: Layer, loss: Loss, X: Array, y: Array, lr: float, steps: int) -> float:
    """The loss of a copy of the network after some training steps on 64 examples each; infinity if it is not finite."""
    net, loss = copy.deepcopy(net), copy.deepcopy(loss)
    optimizer = SGD(net.parameters(), lr=lr)
    for step in range(steps):
        start = 64 * step % max(len(X) - 63, 1)
        batch = slice(start, start + 64)
        value = loss.forward(net.forward(X[batch]), y[batch])
        if not np.isfinite(value):
            return float("inf")
        net.backward(loss.backward())
        optimizer.step()
    value = float(loss(net(X), y))
    return value if np.isfinite(value) else float("inf")
