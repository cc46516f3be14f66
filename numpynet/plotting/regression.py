"""What linear regression found: the fitted line or plane, and the way of w and b toward the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.plotting.figure import BLUE, GREEN, GREY, PURPLE, SKY, VERMILION, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def regression_fit(W: Array, b: Array, X: Array, y: Array) -> Figure:
    """The data and y_hat = X W + b: as a line if d = 1, as a plane if d = 2; if d > 1 also predicted against true.

    Shapes: W (d, 1), b (1,), X (n, d), y (n, 1).
    Raises: TypeError unless all are float arrays; ValueError unless their shapes fit.
    """
    arguments.check_floats("regression_fit", W=W, b=b, X=X, y=y)
    arguments.check_linear("regression_fit", X, W)
    if W.shape[1] != 1 or b.shape != (1,):
        raise ValueError(f"regression_fit: W must have shape (d, 1) and b (1,), got {W.shape} and {b.shape}")
    y_hat = X @ W + b
    arguments.check_alike("regression_fit", y_hat=y_hat, y=y)
    d = len(W)
    figure = new_figure(9.5 if d == 2 else 5, 4.5)
    if d == 1:
        _line(figure.subplots(), W[:, 0], b[0], X[:, 0], y[:, 0])
        return figure
    if d == 2:
        _plane(figure.add_subplot(1, 2, 1, projection="3d"), W[:, 0], b[0], X, y[:, 0])
    axes = figure.add_subplot(1, 2, 2) if d == 2 else figure.subplots()
    ends = [min(y.min(), y_hat.min()), max(y.max(), y_hat.max())]
    axes.plot(y[:, 0], y_hat[:, 0], ".", color=SKY, label="examples")
    axes.plot(ends, ends, "--", color=VERMILION, label="predicted = true")
    axes.set(xlabel="true y", ylabel="predicted ŷ", title="Predicted against true", aspect="equal")
    axes.locator_params(nbins=6)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _line(axes: Any, w: Array, b: float, x: Array, y: Array) -> None:
    axes.plot(x, y, ".", color=SKY, label="data")
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, ends * w + b, "-", color=VERMILION, linewidth=2, label=_formula(w, b, ["x"]))
    axes.set(xlabel="x", ylabel="y", title="The data and the fitted line")
    axes.grid(alpha=0.3)
    axes.legend()


def _plane(axes: Any, w: Array, b: float, X: Array, y: Array) -> None:
    axes.plot(X[:, 0], X[:, 1], y, ".", color=SKY, markersize=4)
    x1, x2 = np.meshgrid(*np.linspace(X.min(axis=0), X.max(axis=0), 9).T)
    axes.plot_wireframe(x1, x2, x1 * w[0] + x2 * w[1] + b, color=VERMILION, linewidth=0.8)
    # Look from the corner of the box that is 45° to 90° away from downhill: from uphill, the plane may be but a line.
    slope = w * np.ptp(X, axis=0)
    downhill = math.degrees(math.atan2(-slope[1], -slope[0]))
    corner = 45 + 90 * math.floor(downhill / 90)
    axes.view_init(elev=25, azim=corner + (90 if downhill > corner else -90))
    axes.set_box_aspect(None, zoom=0.95)
    axes.locator_params(nbins=5)
    axes.set(xlabel="x₁", ylabel="x₂", zlabel="y", title="The data and the plane\n" + _formula(w, b, ["x₁", "x₂"]))


def _formula(w: Array, b: float, names: list[str]) -> str:
    """ŷ = 2.00 x₁ − 3.40 x₂ + 4.20"""
    terms = zip([*w, b], [*(" " + name for name in names), ""], strict=True)
    sums = " ".join(f"{'−' if value < 0 else '+'} {abs(value):.2f}{name}" for value, name in terms)
    return f"ŷ = {sums}".replace("= + ", "= ").replace("= − ", "= −")


def parameter_path(path: Array, true_W: Array, true_b: Array | float, *, every: int = 1) -> Figure:
    """How w and b of a linear regression moved at each step of training, and the truth that they should find, dashed.

    If d = 2, a second panel shows the way of w across the plane of all w.

    Shapes: path (steps + 1, d + 1): row 0 is `np.append(W, b)` before training, then comes one row for each step, or
    for each `every` steps; true_W (d,) or (d, 1), true_b a number or (1,).
    Raises: TypeError unless path is a float array; ValueError unless the shapes fit.
    """
    arguments.check_floats("parameter_path", path=path)
    truth = np.append(true_W, true_b)
    d = len(truth) - 1
    if path.ndim != 2 or path.shape[1] != d + 1 or len(path) == 0:
        raise ValueError(f"parameter_path: path must have shape (steps + 1, {d + 1}) to fit true_W, got {path.shape}")
    figure = new_figure(9.5 if d == 2 else 5.5, 4)
    panels = figure.subplots(1, 2 if d == 2 else 1, squeeze=False)[0]
    colours = [(BLUE, VERMILION, GREEN, PURPLE, SKY)[j % 5] for j in range(d + 1)]
    for j, colour in enumerate(colours):
        panels[0].plot(every * np.arange(len(path)), path[:, j], color=colour)
        panels[0].axhline(truth[j], color=colour, linestyle="--", linewidth=1)
    low, high = panels[0].get_ylim()
    label_y = -math.inf
    for j in np.argsort(truth):  # labels at the right, pushed apart where true values are close
        label_y = max(truth[j], label_y + 0.05 * (high - low))
        label = "b" if j == d else f"w{j + 1}".translate(SUBSCRIPTS)
        panels[0].annotate(label, (1.02, label_y), xycoords=("axes fraction", "data"), color=colours[j], va="center")
    panels[0].set(xlabel="step", title="Each parameter, and its true value (dashed)")
    if d == 2:
        label = "after each step" if every == 1 else f"after every {every} steps"
        panels[1].plot(path[:, 0], path[:, 1], ".-", color=GREY, markersize=3, linewidth=1, label=label)
        panels[1].plot(*path[0, :2], "o", color=BLUE, markersize=8, label="start")
        panels[1].plot(*truth[:2], "*", color=VERMILION, markersize=14, label="truth")
        panels[1].set(xlabel="w₁", ylabel="w₂", title="The path of w")
        panels[1].set_aspect("equal", adjustable="datalim")
        panels[1].legend()
    for panel in panels:
        panel.grid(alpha=0.3)
    return figure
