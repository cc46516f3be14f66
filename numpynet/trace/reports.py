"""A trace from a gradient check: the learner's pass beside the right one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from numpynet.gradcheck.backward_rules import Point, loss_of
from numpynet.gradcheck.explain import changes_of
from numpynet.gradcheck.report import Report
from numpynet.trace.known import pass_of
from numpynet.trace.record import Trace
from numpynet.trace.rules import Index
from numpynet.trace.tape import Quantity


def trace_report(report: Report) -> Trace:
    """The learner's pass as a Trace, with the right one as its `right`; `wrong(name)` has the entries that differ.

    The returned gradients are the learner's own numbers. If a mistake was named, the arrays before them are computed
    with it; if none was, they are not known, and left out.

    Raises: TypeError if report is no Report; ValueError if it is not about a known model.

    >>> from numpynet.gradcheck import check_model
    >>> from numpynet.scratch import linear_regression as right
    >>> def mine(params, X, y):
    ...     loss, grads = right.loss_and_gradients(params, X, y)
    ...     return loss, {"W": grads["W"], "b": grads["b"] / len(X)}
    >>> params, X = {"W": np.array([[1.0], [2.0]]), "b": np.zeros(1)}, np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> t = trace_report(check_model(mine, params, X, np.array([[1.0], [2.0]])))
    >>> t["grad_b"], t.right["grad_b"], t.wrong("grad_b"), t.wrong("grad_W")
    (array([3.25]), array([6.5]), [(0,)], [])
    """
    if not isinstance(report, Report):
        raise TypeError(f"trace_report: report must be a Report of check_model or check_layer, got {report!r}")
    if report.evidence is None:
        raise ValueError("trace_report: report must be about a known model, got one that only differences could check")
    chain, point, found, causes = (getattr(report.evidence, name) for name in ("chain", "point", "found", "causes"))
    right = list(pass_of(chain, point))
    named = bool(causes) or report.ok
    changes = changes_of(causes, [cause.number for cause in causes])
    mine = [
        replace(each, value=np.array(found[name], np.float64)) if name in found else each
        for each in pass_of(chain, point, changes)
        for name in [each.name.removeprefix("grad_") if each.name.startswith("grad_") else ""]
        if named or name in found or not name
    ]

    def loss_after(quantity: Quantity, at: Index, amount: float) -> Any:
        arrays = {"X": point.X, **point.params}
        arrays[quantity.name] = np.array(arrays[quantity.name], np.float64)
        arrays[quantity.name][at] += amount
        return loss_of(chain, Point({name: arrays[name] for name in point.params}, arrays["X"], point.y, point.G))

    return Trace(mine, loss_after, Trace(right, loss_after))
