"""The backward pass as a list of rules in backward order, so that a learner's mistake can replace any of them.

Here a network is a chain of "linear" steps and activations, "relu", "sigmoid" or "tanh", followed by a loss. RIGHT
holds the rules: each computes one quantity from earlier ones, and every layer uses the same. `backward` walks the chain
from back to front. Changing a rule also changes everything that depends on it, as it does in the learner's program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.functional import softmax

Rule = Callable[[Any], Array]  # from the quantities so far to a new one
Twist = Callable[[Any, Array], Array]  # from the quantities so far and the right new one to a wrong one
Site = tuple[str, int]  # a rule, and the step of the chain where it is used; the loss comes after the last step

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda Z: np.maximum(Z, 0),
    "sigmoid": lambda Z: np.asarray(0.5 + 0.5 * np.tanh(Z / 2)),
    "tanh": np.tanh,
}
# The derivatives, from what the activation's step has: Z, and H = f(Z).
SLOPES: dict[str, Rule] = {
    "relu": lambda q: q.Z > 0,
    "sigmoid": lambda q: q.H * (1 - q.H),
    "tanh": lambda q: 1 - q.H**2,
}

# What makes probabilities, or predictions, of the output O of the last step: a part of the loss.
PREDICTIONS: dict[str, Callable[[Array], Array]] = {
    "cross_entropy": softmax,
    "binary_cross_entropy": ACTIVATIONS["sigmoid"],
    "squared_loss": lambda O: O,
}

# q holds the quantities of one step. A linear step Y = H W + b has H, W, b and grad_Y; H is the output of the
# activation before it, H = f(Z). In the first layer both H and Z are X. An activation's step has Z, H and grad_H. The
# loss has O, y, n, the number of its terms, and averaged, the number that their sum is divided by; scale is 1 for the
# mean cross-entropies and for the squared loss with its ½. In a rule with a free number, such as a learning rate,
# q.number is that number. decay_W and decay_b are the λ of a weight decay in the loss, 0 without one.
RIGHT: dict[str, Rule] = {
    "P": lambda q: PREDICTIONS[q.loss](q.O),
    "T": lambda q: onehot(q.y, q.O) if q.loss == "cross_entropy" else q.y,
    "grad_O": lambda q: q.scale * (q.P - q.T) / q.n,
    "grad_W": lambda q: q.H.T @ q.grad_Y + q.decay_W * q.W,
    "grad_b": lambda q: q.grad_Y.sum(axis=0) + q.decay_b * q.b,
    "grad_H": lambda q: q.grad_Y @ q.W.T,
    "grad_Z": lambda q: q.grad_H * SLOPES[q.activation](q),
}


@dataclass(frozen=True)
class Decay:
    """A term λ/2 Σ W² of the loss, over all weights, and over the biases too; over_n: λ is divided by n."""

    strength: float
    biases: bool = False
    over_n: bool = False

    def at(self, n: int) -> float:
        """λ, with n examples."""
        return self.strength / n if self.over_n else self.strength


@dataclass(frozen=True)
class Chain:
    """What the learner's function computes: its steps, and the names of its arrays.

    kind is "cross_entropy", "binary_cross_entropy", "squared_loss", or "" if there is no loss and the gradient of the
    output is given. weights are the names of W and b (or None), one pair for each linear step. output is the name of
    what the last step returns.
    scale multiplies the loss; factor is what that puts before and after P − T in the formula of grad_O.
    """

    steps: tuple[str, ...]
    kind: str = ""
    weights: tuple[tuple[str, str | None], ...] = ()
    output: str = "Y"
    scale: Callable[[int, int], float] = lambda n, terms: 1.0
    factor: tuple[str, str] = ("", " / n")
    decay: Decay | None = None

    def weight_names(self, step: int) -> tuple[str, str | None]:
        return self.weights[self.steps[:step].count("linear")]

    def name(self, rule: str, step: int) -> str:
        """The learner's name for the quantity that this rule computes at this step."""
        if rule in ("P", "T"):
            return prediction_names(self.kind)[rule]
        if rule == "grad_O":
            return f"grad_{self.output}"
        if rule in ("grad_W", "grad_b"):
            return f"grad_{self.weight_names(step)[rule == 'grad_b']}"
        return f"grad_{self.value_name(step)}"

    def value_name(self, step: int) -> str:
        """The name of the input of this step: X, then Z1, H1, Z2, ...; at the end of the chain, that of the output."""
        if step == 0:
            return "X"
        if step == len(self.steps):
            return self.output
        return f"{'H' if self.steps[step - 1] in ACTIVATIONS else 'Z'}{self.steps[:step].count('linear')}"


@dataclass
class Point:
    """Where a function is asked for its gradients: float64 arrays in the shapes of the formulas.

    G is the gradient of the output, for a chain without a loss; before is the point of an earlier call, the source of
    stale arrays.
    """

    params: dict[str, Array]
    X: Array
    y: Any = None
    G: Any = None
    before: Point | None = field(default=None, repr=False)
    _values: dict[tuple[str, ...], list[Array]] = field(default_factory=dict, repr=False)

    def values(self, chain: Chain) -> list[Array]:
        """The result of `forward` at this point, computed once."""
        if chain.steps not in self._values:
            self._values[chain.steps] = forward(chain, self)
        return self._values[chain.steps]

    def forget_values(self) -> None:
        """Call this after changing the point."""
        self._values.clear()


def prediction_names(kind: str) -> dict[str, str]:
    """What the predictions P and the targets T of a loss are called."""
    return {"P": "y_hat" if kind == "squared_loss" else "P", "T": "onehot(y)" if kind == "cross_entropy" else "y"}


def onehot(y: Array, O: Array) -> Array:
    """One row per example: 1 in the column of its class, 0 elsewhere."""
    T = np.zeros(O.shape)
    T[np.arange(len(y)), y] = 1
    return T


def forward(chain: Chain, point: Point) -> list[Array]:
    """The input of every step, then the output of the last one."""
    values = [point.X.reshape(len(point.X), -1) if "linear" in chain.steps else point.X]
    for step, kind in enumerate(chain.steps):
        if kind in ACTIVATIONS:
            values.append(ACTIVATIONS[kind](values[-1]))
        else:
            W, b = chain.weight_names(step)
            values.append(values[-1] @ point.params[W] + (point.params[b] if b else 0))
    return values


def loss_of(chain: Chain, point: Point) -> Any:
    """The loss that a correct program computes there; for a chain without a loss, Σ G ∘ output."""
    O, y, n = point.values(chain)[-1], point.y, len(point.X)
    if not chain.kind:
        return np.sum(point.G * O)
    if chain.kind == "squared_loss":
        loss = chain.scale(n, O.size) * np.mean((O - y) ** 2) / 2
    elif chain.kind == "binary_cross_entropy":  # −y log s − (1 − y) log(1 − s) = log(1 + exp(O)) − y O
        loss = chain.scale(n, O.size) * np.mean(np.logaddexp(0, O) - y * O)
    else:
        O = O - O.max(axis=1, keepdims=True)
        loss = chain.scale(n, n) * np.mean(np.log(np.exp(O).sum(axis=1)) - O[np.arange(n), y])
    return (
        loss if chain.decay is None else loss + chain.decay.at(n) / 2 * sum_of_squares(chain, point, chain.decay.biases)
    )


def sum_of_squares(chain: Chain, point: Point, biases: bool) -> Any:
    """Σ W² over all weights, and over the biases too if asked."""
    names = [name for W, b in chain.weights for name in ((W, b) if biases else (W,)) if name]
    return sum(np.sum(point.params[name] ** 2) for name in names)


class Changes:
    """Replaced rules and changed results, each at every step (step None) or at one step of the chain.

    A change may use a free number, such as a learning rate: the rule finds it in q.number.
    """

    def __init__(self) -> None:
        self.instead: dict[tuple[str, int | None], tuple[Rule, float]] = {}
        self.then: list[tuple[str, int | None, Twist, float]] = []

    def apply(self, rule: str, step: int, q: Any) -> Array:
        other = self.instead.get((rule, step)) or self.instead.get((rule, None))
        if other is None:
            value = RIGHT[rule](q)
        else:
            q.number = other[1]
            value = other[0](q)
        for name, where, twist, number in self.then:
            if name == rule and where in (None, step):
                q.number = number
                value = twist(q, value)
        return value


NO_CHANGES = Changes()


def backward(chain: Chain, point: Point, changes: Changes = NO_CHANGES) -> Iterator[tuple[Site, Array, Any]]:
    """Every quantity of the backward pass in backward order: its rule and step, the array, and what it depends on.

    One at a time, so that a comparison can stop at the first difference.
    """
    values = point.values(chain)
    earlier = None if point.before is None else point.before.values(chain)
    end = len(chain.steps)
    if chain.kind:
        q = _quantities(chain, point, end, values, earlier)
        for rule in ("P", "T", "grad_O"):
            setattr(q, rule, changes.apply(rule, end, q))
            yield (rule, end), getattr(q, rule), q
        gradient = q.grad_O
    else:
        gradient = point.G
    for step in reversed(range(end)):
        q = _quantities(chain, point, step, values, earlier)
        if chain.steps[step] in ACTIVATIONS:
            q.grad_H = gradient
            gradient = changes.apply("grad_Z", step, q)
            yield ("grad_Z", step), gradient, q
            continue
        q.grad_Y = gradient
        q.grad_W = changes.apply("grad_W", step, q)
        yield ("grad_W", step), q.grad_W, q
        if q.b is not None:
            q.grad_b = changes.apply("grad_b", step, q)
            yield ("grad_b", step), q.grad_b, q
        if step == 0 and chain.kind:
            return  # X is data: no gradient needed
        gradient = changes.apply("grad_H", step, q)
        yield ("grad_H", step), gradient, q


def _quantities(chain: Chain, point: Point, step: int, values: Sequence[Array], earlier: Sequence[Array] | None) -> Any:
    """What the rules of this step may use; `before` has the same for an earlier call."""
    terms = len(point.X) if chain.kind in ("", "cross_entropy") else values[-1].size
    q = SimpleNamespace(n=terms, averaged=len(point.X) if chain.factor[1] == " / n" else terms)
    if step == len(chain.steps):
        q.O, q.y, q.loss = values[-1], point.y, chain.kind
        q.scale = chain.scale(len(point.X), terms)
    elif chain.steps[step] in ACTIVATIONS:
        q.Z, q.H, q.activation = values[step], values[step + 1], chain.steps[step]
    else:
        W, b = chain.weight_names(step)
        q.H, q.W, q.b = values[step], point.params[W], point.params[b] if b else None
        q.decay_W = chain.decay.at(len(point.X)) if chain.decay else 0.0
        q.decay_b = q.decay_W if chain.decay and chain.decay.biases else 0.0
        q.Z = values[step - 1] if step and chain.steps[step - 1] in ACTIVATIONS else q.H
    if earlier is not None and point.before is not None:
        q.before = _quantities(chain, point.before, step, earlier, None)
        if step == len(chain.steps):
            q.before.P, q.before.T = RIGHT["P"](q.before), RIGHT["T"](q.before)
    return q


def is_returned(chain: Chain, site: Site) -> bool:
    """Whether a learner's function returns the quantity that this rule computes at this step."""
    rule, step = site
    if not chain.steps:  # a loss alone
        return rule == "grad_O"
    return rule in ("grad_W", "grad_b") or (not chain.kind and step == 0 and rule in ("grad_H", "grad_Z"))


def gradients(chain: Chain, point: Point, changes: Changes = NO_CHANGES) -> dict[Site, Array]:
    """The quantities of the backward pass that a learner's function returns."""
    return {site: array for site, array, _ in backward(chain, point, changes) if is_returned(chain, site)}
