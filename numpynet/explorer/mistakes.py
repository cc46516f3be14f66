"""Every mistake of the checker's catalogue, made in a small network: wrong numbers, and what training does with them.

The wrong gradients come from the checker's own rules, with the mistake in one of them.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.explorer.steps import as_rows, describe_pass, values_of
from numpynet.explorer.training import HIDDEN, describe_mistaken_run
from numpynet.gradcheck.backward_rules import Chain, Changes, Decay, Point, backward, gradients
from numpynet.gradcheck.explain import Cause, causes_in, changes_of, first_wrong
from numpynet.gradcheck.mistakes import FORMULAS, MISTAKES
from numpynet.gradcheck.report import names_at, right_formula
from numpynet.trace.known import pass_of

NUMBERS = {
    "weights_updated_before_backward": 0.5,
    "weight_decay_in_gradient": 0.1,
    "fixed_batch_size": 1 / 4,
}  # lr, λ, 1/c
LAYERS = (("W1", "b1"), ("W2", "b2"))
CHAINS = {
    "relu": Chain(("linear", "relu", "linear"), "cross_entropy", LAYERS, "O"),
    "regression": Chain(("linear", "relu", "linear"), "squared_loss", LAYERS, "y_hat", factor=("", " / N")),
    "tanh": Chain(("linear", "tanh", "linear"), "cross_entropy", LAYERS, "O"),
    "binary": Chain(("linear", "tanh", "linear"), "binary_cross_entropy", LAYERS, "O", factor=("", " / N")),
    "decay": Chain(("linear", "relu", "linear"), "cross_entropy", LAYERS, "O", decay=Decay(0.1)),
}
WIDTHS = {"regression": (2, 3, 2), "binary": (2, 3, 1)}


@dataclass(frozen=True)
class Small:
    """A network small enough to look at, with its numbers."""

    name: str
    chain: Chain
    point: Point


def small_networks() -> dict[str, Small]:
    """Networks of 2 inputs and 3 hidden units, one for each kind of loss and activation, with 3 examples."""
    found = {}
    for name, chain in CHAINS.items():
        d, h, m = WIDTHS.get(name, (2, 3, 2))
        found[name] = Small(name, chain, _numbers(chain, d, h, m))
    found["square"] = Small("square", CHAINS["relu"], _numbers(CHAINS["relu"], 2, 2, 2))
    return found


def _numbers(chain: Chain, d: int, h: int, m: int) -> Point:
    """Numbers of two digits; each hidden unit is on for some examples and off for others; and an earlier batch."""
    for seed in itertools.count():
        rng = np.random.default_rng(seed)
        params = {
            "W1": rng.normal(size=(d, h)),
            "b1": rng.normal(size=h) / 2,
            "W2": rng.normal(size=(h, m)),
            "b2": rng.normal(size=m) / 2,
        }
        params = {name: array.round(2) for name, array in params.items()}
        points = []
        for n in (3, 3):
            X = rng.normal(size=(n, d)).round(2)
            y: Array = rng.normal(size=(n, m)).round(2)
            if chain.kind == "cross_entropy":
                y = rng.permutation(np.arange(n) % m)
            elif chain.kind == "binary_cross_entropy":
                y = (np.arange(n)[:, None] % 2).astype(float)
            points.append(Point(params, X, y))
        earlier, point = points
        Z1, arrays = point.values(chain)[1], dict(_quantities(chain, point))
        on, P = (Z1 > 0).sum(axis=0), arrays.get("P", np.array(0.5))
        clear = np.abs(Z1).min() > 0.1 and (chain.kind == "squared_loss" or (P.min() > 0.1 and P.max() < 0.9))
        if clear and (on > 0).all() and (on < 3).all() and np.abs(arrays["grad_W1"]).min() > 0.01:
            return replace(point, before=earlier, _values={})
    raise RuntimeError("unreachable")


def _quantities(chain: Chain, point: Point, changes: Any = None) -> Iterator[tuple[str, Array]]:
    """The arrays of the backward pass by name, from the loss to the first layer."""
    for site, array, _ in backward(chain, point, *([] if changes is None else [changes])):
        if site[0] != "T":
            yield chain.name(*site), array


def describe_network(small: Small) -> dict[str, Any]:
    """The right pass of a small network."""
    return describe_pass(pass_of(small.chain, small.point))


@functools.cache
def describe_mistakes() -> dict[str, Any]:
    """For each mistake the network it is made in, its wrong arrays, and its words; the networks by name."""
    networks = small_networks()
    found = [_describe(mistake.name, networks) for mistake in MISTAKES]
    used = {each["network"] for each in found}
    usual = {(each["network"], each["training"]["hidden"]) for each in found}
    return {
        "networks": {name: describe_network(networks[name]) for name in networks if name in used},
        "list": found,
        "usual": {
            f"{name} {hidden}": describe_mistaken_run(Changes(), networks[name].chain, hidden)
            for name, hidden in sorted(usual)
        },
    }


def _describe(name: str, networks: dict[str, Small]) -> dict[str, Any]:
    small, cause = first_visible(name, networks)
    changes = changes_of([cause], [NUMBERS.get(name, 0.0)])
    cause = replace(cause, number=NUMBERS.get(name, 0.0))
    wrong, right = (dict(_quantities(small.chain, small.point, each)) for each in (changes, None))
    wrong = {
        key: array
        for key, array in wrong.items()
        if as_rows(array).shape != as_rows(right[key]).shape or _differs(array, right[key])
    }
    _, (rule, step), *_ = first_wrong(small.chain, small.point, [cause])
    at = (rule, step)
    names = names_at(small.chain, *at)
    it = small.chain.name(*at)
    did = cause.did if isinstance(cause.did, str) else cause.did[rule]
    return {
        "name": name,
        "network": small.name,
        "first": it,
        "arrays": values_of(wrong),
        "yours": did,
        "right": FORMULAS[rule] + (" + λ {W}" if rule == "grad_W" and small.chain.decay else ""),
        "is": " " if rule == "T" else " = ",
        "names": names | {"it": it, "right": right_formula(small.chain, *at)},
        "training": _training(changes, small.chain),
    }


def _training(changes: Changes, chain: Chain) -> dict[str, Any]:
    """With two hidden units instead of six if the mistake cannot be made otherwise."""
    runs = (describe_mistaken_run(changes, chain, hidden) for hidden in (HIDDEN, 2))
    return next((run for run in runs if len(run["loss"]) > 1), describe_mistaken_run(changes, chain, HIDDEN))


def _differs(array: Array, right: Array) -> bool:
    return bool(np.abs(array - right).max() > 1e-9 * np.abs(right).max())


def first_visible(name: str, networks: dict[str, Small]) -> tuple[Small, Cause]:
    """The first network, and way to make the mistake there, in which something is wrong and NumPy does not object."""
    mistake = next(each for each in MISTAKES if each.name == name)
    shapes_too = False
    for shapes_too in (False, True):
        for small in networks.values():
            if mistake.needs_decay is not None and mistake.needs_decay != (small.chain.decay is not None):
                continue
            for cause in causes_in(small.chain, [mistake]):
                if _is_visible(small, cause, shapes_too):
                    return small, cause
    raise LookupError(name)


def _is_visible(small: Small, cause: Cause, shapes_too: bool) -> bool:
    changes = changes_of([cause], [NUMBERS.get(cause.mistake.name, 0.0)])
    right = gradients(small.chain, small.point)
    try:
        wrong = gradients(small.chain, small.point, changes)
    except (ValueError, IndexError):
        return False
    if any(wrong[site].shape != right[site].shape for site in right):
        return shapes_too
    return any(_differs(wrong[site], right[site]) for site in right)
