"""What linear regression found: the fitted line or plane, its residuals, and the path of w and b to the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.plotting.figure import BLUE, GREEN, GREY, PURPLE, SKY, VERMILION, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MANY = 200  # points: more are drawn smaller
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def regression_fit(W: Array, b: Array, X: Array, y: Array) -> Figure:
    """The fit y_hat = X W + b, and beside it the residuals y - y_hat, on a scale of their own.

    The fit is a line if d = 1, a plane if d = 2, otherwise true against predicted y. Points above it (y > y_hat) are
    blue triangles that point up, points below it orange ones that point down. Vertical segments join them to the line
    or plane; with little noise these are too short to see, and only the residuals show how far off the points are. The
    residuals of a good fit have no pattern: a curve or a slope in them is something that the fit has missed.

    Shapes: W (d, 1), b (1,), X (n, d), y (n, 1).
    Raises: TypeError unless all are float arrays; ValueError unless their shapes fit.
    """
    arguments.check_floats("regression_fit", "W b X y", W, b, X, y)
    arguments.check_product("regression_fit", X, W)
    if W.shape[1] != 1 or b.shape != (1,):
        raise ValueError(f"regression_fit: W must have shape (d, 1) and b (1,), got {W.shape} and {b.shape}")
    y_hat = X @ W + b
    arguments.check_alike("regression_fit", "y_hat y", y_hat, y)
    d = len(W)
    figure = new_figure(10, 4.5)
    fit = figure.add_subplot(1, 2, 1, projection="3d" if d == 2 else None)
    if d == 1:
        _line(fit, W[:, 0], b[0], X[:, 0], y[:, 0], y_hat[:, 0])
    elif d == 2:
        _plane(fit, W[:, 0], b[0], X, y[:, 0], y_hat[:, 0])
    else:
        _predicted_against_true(fit, y[:, 0], y_hat[:, 0])
    _residuals(figure.add_subplot(1, 2, 2), y[:, 0], y_hat[:, 0])
    return figure


def _sides(y: Array, y_hat: Array) -> list[tuple[str, Array, dict[str, Any]]]:
    """The points below, on and above the fit: a name, their rows, and the marks that they are drawn with."""
    marks = {"linestyle": "none", "markersize": 4 if len(y) <= MANY else 2.5}
    return [
        ("below", np.flatnonzero(y < y_hat), marks | {"marker": "v", "color": VERMILION}),
        ("on it", np.flatnonzero(y == y_hat), marks | {"marker": "o", "color": GREY}),
        ("above", np.flatnonzero(y > y_hat), marks | {"marker": "^", "color": BLUE}),
    ]


def _faint(y: Array) -> float:
    """The opacity of the segments: many of them would hide the points."""
    return 1 if len(y) <= MANY else 0.3


def _line(axes: Any, w: Array, b: float, x: Array, y: Array, y_hat: Array) -> None:
    for _, rows, mark in _sides(y, y_hat):
        axes.plot(x[rows], y[rows], **mark)
        axes.vlines(x[rows], y_hat[rows], y[rows], color=mark["color"], linewidth=0.7, alpha=_faint(y))
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, ends * w + b, "-", color="black", linewidth=1.5)
    axes.set(xlabel="x", ylabel="y", title="The data and the line\n" + _formula(w, b, ["x"]))
    axes.grid(alpha=0.3)


def _plane(axes: Any, w: Array, b: float, X: Array, y: Array, y_hat: Array) -> None:
    x1, x2 = np.meshgrid(*np.linspace(X.min(axis=0), X.max(axis=0), 9).T)
    # Seen from above, so what is below is drawn first, then the plane, then what is above.
    axes.computed_zorder = False
    for zorder, (_, rows, mark) in enumerate(_sides(y, y_hat)):
        x = X[rows]
        axes.plot(*x.T, y[rows], zorder=2 * zorder, **mark)
        gaps = np.full(len(rows), np.nan)  # end one segment before the next begins
        segments = [
            np.column_stack(ends).ravel()
            for ends in ([x[:, 0], x[:, 0], gaps], [x[:, 1], x[:, 1], gaps], [y_hat[rows], y[rows], gaps])
        ]
        axes.plot(*segments, color=mark["color"], linewidth=0.7, alpha=_faint(y), zorder=2 * zorder)
    axes.plot_wireframe(x1, x2, x1 * w[0] + x2 * w[1] + b, color="black", linewidth=0.7, zorder=3)
    # Look from the corner of the box that is 45° to 90° away from downhill: from uphill, the plane may be but a line.
    slope = w * np.ptp(X, axis=0)
    downhill = math.degrees(math.atan2(-slope[1], -slope[0]))
    corner = 45 + 90 * math.floor(downhill / 90)
    axes.view_init(elev=25, azim=corner + (90 if downhill > corner else -90))
    axes.set_box_aspect(None, zoom=0.95)
    axes.locator_params(nbins=5)
    axes.set(xlabel="x₁", ylabel="x₂", zlabel="y", title="The data and the plane\n" + _formula(w, b, ["x₁", "x₂"]))


def _predicted_against_true(axes: Any, y: Array, y_hat: Array) -> None:
    for _, rows, mark in _sides(y, y_hat):
        axes.plot(y_hat[rows], y[rows], **mark)
    ends = [min(y.min(), y_hat.min()), max(y.max(), y_hat.max())]
    axes.plot(ends, ends, "-", color="black", linewidth=1, label="y = ŷ")
    axes.set(xlabel="predicted ŷ", ylabel="true y", title="True against predicted", aspect="equal")
    axes.locator_params(nbins=6)
    axes.grid(alpha=0.3)
    axes.legend()


def _residuals(axes: Any, y: Array, y_hat: Array) -> None:
    residuals = y - y_hat
    for name, rows, mark in reversed(_sides(y, y_hat)):
        if len(rows):
            label = f"{len(rows)} {name}"
            axes.plot(y_hat[rows], residuals[rows], label=label, **mark)
    axes.axhline(0, color="black", linewidth=1)
    limit = 1.4 * float(np.abs(residuals).max()) or 1.0  # with room for the legend
    root_mean_square = math.sqrt(np.mean(residuals**2))
    axes.set(xlabel="predicted ŷ", ylabel="y − ŷ", ylim=(-limit, limit))
    axes.set_title(f"The residuals y − ŷ\nroot mean square {root_mean_square:.3g}")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper center", ncols=3)


def _formula(w: Array, b: float, names: list[str]) -> str:
    """ŷ = 2.00 x₁ − 3.40 x₂ + 4.20"""
    terms = zip([*w, b], [*(" " + name for name in names), ""], strict=True)
    sums = " ".join(f"{'−' if value < 0 else '+'} {abs(value):.2f}{name}" for value, name in terms)
    return f"ŷ = {sums}".replace("= + ", "= ").replace("= − ", "= −")


def parameter_path(
    path: Array, true_W: Array, true_b: Array | float, *, every: int = 1, data: tuple[Array, Array] | None = None
) -> Figure:
    """How w and b of a linear regression moved at each step of training, with their true values dashed.

    If d = 2, a second panel shows the path of w in the plane of all w; if d = 1, that of w and b. data = (X, y) adds
    contours of the squared loss over all the data, ½ mean (X w + b - y)², for d = 2 with the true b. On these, a step
    of gradient descent on all the data is perpendicular to the contour where it starts. A minibatch changes the
    direction a little, and so does another b.

    Shapes: path (steps + 1, d + 1): row 0 is `np.append(W, b)` before training, followed by one row for each step, or
    for each `every` steps; true_W (d,) or (d, 1), true_b a number or (1,); X (n, d), y (n, 1).
    Raises: TypeError unless path, X and y are float arrays; ValueError unless the shapes fit.
    """
    arguments.check_floats("parameter_path", "path", path)
    truth = np.append(true_W, true_b)
    d = len(truth) - 1
    if path.ndim != 2 or path.shape[1] != d + 1 or len(path) == 0:
        raise ValueError(f"parameter_path: path must have shape (steps + 1, {d + 1}) to fit true_W, got {path.shape}")
    if data is not None:
        X, y = data
        arguments.check_floats("parameter_path", "X y", X, y)
        arguments.check_product("parameter_path", X, truth[:-1, None])
        if y.shape != (len(X), 1) or len(X) == 0:
            raise ValueError(f"parameter_path: y must have shape ({len(X) or 'n'}, 1), n at least 1, got {y.shape}")
    figure = new_figure(9.5 if d <= 2 else 5.5, 4)
    panels = figure.subplots(1, 2 if d <= 2 else 1, squeeze=False)[0]
    names = [*(f"w{j}".translate(SUBSCRIPTS) for j in range(1, d + 1)), "b"]
    _each_parameter(panels[0], every * np.arange(len(path)), path, truth, names)
    if d <= 2:
        _in_the_plane(panels[1], path[:, :2], truth[:2], every)
        panels[1].set(xlabel=names[0], ylabel=names[1], title=f"The path of {'w' if d == 2 else 'w and b'}")
        if data is not None:
            _contours(panels[1], *data, truth)
    for panel in panels:
        panel.grid(alpha=0.3)
    return figure


def _each_parameter(axes: Any, steps: Array, path: Array, truth: Array, names: list[str]) -> None:
    colours = [(BLUE, VERMILION, GREEN, PURPLE, SKY)[j % 5] for j in range(len(names))]
    for j, colour in enumerate(colours):
        axes.plot(steps, path[:, j], color=colour)
        axes.axhline(truth[j], color=colour, linestyle="--", linewidth=1)
    low, high = axes.get_ylim()
    label_y = -math.inf
    for j in np.argsort(truth):  # labels at the right, pushed apart where true values are close
        label_y = max(truth[j], label_y + 0.05 * (high - low))
        axes.annotate(names[j], (1.02, label_y), xycoords=("axes fraction", "data"), color=colours[j], va="center")
    axes.set(xlabel="step", title="Each parameter, and its true value (dashed)")


def _in_the_plane(axes: Any, path: Array, truth: Array, every: int) -> None:
    """The path of two parameters, in a square with room around it."""
    label = "after each step" if every == 1 else f"after every {every} steps"
    axes.plot(path[:, 0], path[:, 1], ".-", color="black", markersize=3, linewidth=1, label=label)
    axes.plot(*path[0], "o", color=BLUE, markersize=8, label="start")
    axes.plot(*truth, "*", color=VERMILION, markersize=14, label="truth")
    points = np.vstack([path, truth])
    middle, half = (points.max(axis=0) + points.min(axis=0)) / 2, 0.65 * float(np.ptp(points, axis=0).max()) or 1.0
    axes.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half), aspect="equal")
    axes.legend()


def _contours(axes: Any, X: Array, y: Array, truth: Array) -> None:
    """The squared loss wherever the axes reach, with the parameters beyond the first two at their true values.

    In terms of the parameters p, the loss is ½ mean (A p - y)² with A = [X 1]. Its smallest value is at the p* of
    least squares, and elsewhere it is larger by ½ (p - p*)ᵀ (AᵀA / n) (p - p*).
    """
    A = np.hstack([X, np.ones((len(X), 1))]).astype(np.float64)
    best = np.linalg.lstsq(A, y[:, 0].astype(np.float64), rcond=None)[0]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    first, second = np.meshgrid(np.linspace(left, right, 100), np.linspace(bottom, top, 100))
    steps = np.stack([first, second, *(np.full_like(first, value) for value in truth[2:])], axis=-1) - best
    smallest = np.mean((A @ best - y[:, 0]) ** 2) / 2
    loss = smallest + np.einsum("...j,jk,...k", steps, A.T @ A / len(A), steps) / 2
    levels = loss.min() + (loss.max() - loss.min()) * np.linspace(0, 1, 13)[1:-1] ** 2  # at equal distances
    lines = axes.contour(first, second, loss, levels, colors=GREY, linewidths=0.7, zorder=0.5)
    axes.clabel(lines, levels[::2], fmt="%.2g", fontsize=8)
    held = "" if len(truth) == 2 else f", b = {truth[2]:.3g}"
    axes.set_title(f"{axes.get_title()}\non contours of the loss{held}")
