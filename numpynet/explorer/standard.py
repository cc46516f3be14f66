"""The three models of the book, cut so small that a pencil can follow them, as the page shows them."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynet import CrossEntropyLoss, SquaredLoss, models
from numpynet.explorer.steps import describe_pass
from numpynet.trace import trace


def standard_passes(first: str = "mlp") -> dict[str, Any]:
    """One pass of each model by name, for `page.write_page`; the one called `first` comes first."""
    names = sorted(["mlp", "softmax", "linear"], key=lambda name: name != first)
    return {name: _describe(name) for name in names}


def _describe(name: str) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    if name == "mlp":
        net, y = models.mlp(2, 3, 2, rng=rng, dtype=np.float64), np.array([0, 1, 1])
    elif name == "softmax":
        net, y = models.softmax_regression(2, 3, rng=rng, dtype=np.float64), np.array([0, 2, 1, 1])
    else:
        net, y = models.linear_regression(2, rng=rng, dtype=np.float64), rng.normal(size=(3, 1)).round(2)
    for p in net.parameters():
        p.data = rng.normal(size=p.data.shape).round(2)
    t = trace(net, SquaredLoss() if name == "linear" else CrossEntropyLoss(), rng.normal(size=(len(y), 2)).round(2), y)
    return describe_pass(t._made.values(), t.finite_difference)
