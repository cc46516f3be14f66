"""Check a learner's file: find what can be checked in it, and choose the data.

Run as a program, this module is the process in which the file runs (see `isolation`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from numpynet import functional
from numpynet.arguments import Array
from numpynet.gradcheck.asking import ModelQuestion
from numpynet.gradcheck.backward_rules import Point
from numpynet.gradcheck.check import check_model, check_pair
from numpynet.gradcheck.draws import recognise
from numpynet.gradcheck.examination import Call, match
from numpynet.gradcheck.isolation import MODULE, Check, Finding, NotCheckedError, run_isolated, write_findings
from numpynet.gradcheck.learner_layers import check_class
from numpynet.gradcheck.report import Report

PAIRS: dict[str, Callable[..., Any]] = {
    "linear_backward": functional.linear,
    "relu_backward": functional.relu,
    "softmax_cross_entropy_backward": functional.softmax_cross_entropy,
    "squared_loss_backward": functional.squared_loss,
    "mse_loss_backward": functional.mse_loss,
}
LOOKED_FOR = f"functions named {', '.join(PAIRS)} or loss_and_gradients, and classes with forward and backward methods"


def check_file(path: Path, *, time_limit: float = 60.0) -> list[Finding]:
    """Run the file in a separate process and check what it defines: {"name", "ok", "text"} for each, [] for nothing.

    ok is None for what was not checked; the text says why.
    Raises: FileNotFoundError if the file does not exist.
    """
    return run_isolated(__name__, path, time_limit=time_limit)


def list_checks(path: Path, space: dict[str, Any]) -> Iterator[Check]:
    """The checks for what a file defines, with random data."""
    rng = np.random.default_rng(0)
    X, W, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    inputs: dict[str, tuple[Array, ...]] = {
        "linear_backward": (X, W, b),
        "relu_backward": (X,),
        "softmax_cross_entropy_backward": (X, rng.integers(0, 4, 5)),
        "squared_loss_backward": (X, rng.normal(size=(5, 4))),
        "mse_loss_backward": (X, rng.normal(size=(5, 4))),
    }
    for name, value in space.items():
        if getattr(value, "__module__", None) != MODULE:
            continue
        if name in PAIRS and callable(value):
            yield name, partial(check_pair, PAIRS[name], value, *inputs[name])
        elif name == "loss_and_gradients" and callable(value):
            yield name, partial(check_model, value, *_choose_data(value, rng))
        elif inspect.isclass(value) and hasattr(value, "forward") and hasattr(value, "backward"):
            yield name, partial(check_class, value, X)
        elif name.endswith("_backward") and inspect.isfunction(value):
            yield name, partial(_refuse_unknown, name)


def _refuse_unknown(name: str) -> Report:
    forward = name.removesuffix("_backward")
    raise NotCheckedError(
        f"numpynet has no {forward}; check_pair({forward}, {name}, X) checks it against your own {forward}"
    )


def _choose_data(function: Callable[..., Any], rng: np.random.Generator) -> tuple[dict[str, Array], Array, Array]:
    """Parameters and data for the model that this function seems to be: the first for which its loss is a known one.

    If there is none, the first for which it does not raise.
    """
    answered = []
    cases = _make_cases(rng)
    for case in cases:
        answer = ModelQuestion(function, None).ask(Point(*case))
        if answer.raised:  # not this model, or a mistake: try the next
            continue
        if _has_known_loss(function, *case):
            return case
        answered.append(case)
    return [*answered, *cases][0]


def _make_cases(rng: np.random.Generator) -> list[tuple[dict[str, Array], Array, Array]]:
    """Parameters and data for each of the models that are tried."""
    X, labels, n = rng.normal(size=(5, 4)), rng.integers(0, 3, 5), rng.normal
    two = {"W1": n(size=(4, 6)), "b1": n(size=6), "W2": n(size=(6, 3)), "b2": n(size=3)}
    three = {**two, "W2": n(size=(6, 7)), "b2": n(size=7), "W3": n(size=(7, 3)), "b3": n(size=3)}
    softmax, linear = {"W": n(size=(4, 3)), "b": n(size=3)}, {"W": n(size=(4, 1)), "b": n(size=1)}
    cases = [(two, X, labels), (three, X, labels), (softmax, X, labels)]
    numbers = [(linear, X, n(size=(5, 1))), (linear, X, n(size=5))]
    square = []  # with square weights, which fit even where a transpose is missing
    for params, _, _ in cases:
        same = {name: n(size=(4,) * array.ndim) for name, array in params.items()}
        square.append((same, X, rng.integers(0, 4, 5)))
    return [*cases, *numbers, *square]


def _has_known_loss(function: Callable[..., Any], params: dict[str, Array], X: Array, y: Array) -> bool:
    """Whether the loss that the function returns is a known one for such parameters and data."""
    for layout in recognise(params, X, y):
        point = layout.point(params, X, y)
        call = Call(point, ModelQuestion(function, layout).ask(point))
        if match([call], layout.chain)[1]:
            return True
    return False


if __name__ == "__main__":
    write_findings(list_checks)
