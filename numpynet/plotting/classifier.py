"""What a classifier predicts: images with its predictions, its weights as images, and which classes it confuses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.plotting.figure import BLUE, GREY, VERMILION, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_UNITS = 64  # in a picture of weights


def images(
    X: Array, y: Array, class_names: Sequence[str], predictions: Array | None = None, num_images: int = 20
) -> Figure:
    """The first num_images images, each under its true class and, with predictions, the predicted one with a ✓ or ✗.

    Low values are drawn light and high values dark, like ink on paper: 0 is white, and 255, or 1, is black.

    Shapes: X (n, height, width), y (n,) and predictions (n,) integer classes, such as `net(X).argmax(axis=1)`.
    dtype: X uint8, or floats in [0, 1].
    Raises: TypeError or ValueError for other shapes or dtypes, no images, or a class that has no name.

    >>> figure = images(np.zeros((2, 28, 28), np.uint8), np.array([0, 1]), ["shirt", "coat"], np.array([0, 0]))
    >>> [axes.get_title() for axes in figure.axes]
    ['shirt\\n✓ shirt', 'coat\\n✗ shirt']
    """
    arguments.check_kind("images", "X", X, "uf", "an array of uint8 or floats")
    arguments.check_size("images", "num_images", num_images)
    if X.ndim != 3:
        raise ValueError(f"images: X must have shape (n, height, width), got {X.shape}")
    _check_classes("images", "y", y, len(X), len(class_names))
    if predictions is not None:
        _check_classes("images", "predictions", predictions, len(X), len(class_names))
    figure, tiles = _tiles(min(num_images, len(X)), caption=0.2 if predictions is None else 0.37)
    for i, axes in enumerate(tiles):
        axes.imshow(X[i], cmap="gray_r", vmin=0, vmax=255 if X.dtype == np.uint8 else 1)
        title, colour = class_names[y[i]], "black"
        if predictions is not None:
            right = predictions[i] == y[i]
            title += f"\n{'✓' if right else '✗'} {class_names[predictions[i]]}"
            colour = BLUE if right else VERMILION
            axes.spines[:].set(color=colour, linewidth=1 if right else 3)
        axes.set_title(title, fontsize=10, color=colour, parse_math=False)
    if predictions is not None:
        figure.suptitle("First line: true class. Second: predicted, ✓ right or ✗ wrong", fontsize=10)
    return figure


def first_layer_weights(
    W: Array, image_shape: tuple[int, int] = (28, 28), class_names: Sequence[str] | None = None
) -> Figure:
    """Columns of W as images: red pixels raise the output of their unit, blue ones lower it.

    Of more than 64 units without names, the 64 strongest are shown, the strongest first. The strength of unit j is the
    norm of its weights, √(Σₖ W_kj²). A unit that training has hardly changed still has the small random weights that it
    started with: its norm is small, and its image is noise. Each image has the number j of its unit.

    White is 0, and all images share one scale. It ends at the size that only 1 weight in 200 exceeds, because a few
    large weights would make all the others pale.

    Shapes: W (height · width, m), such as `net.layers[1].W.data`.
    Raises: TypeError unless W is a float array; ValueError unless it fits image_shape and class_names.

    >>> axes = first_layer_weights(np.ones((784, 2)), class_names=["shirt", "coat"]).axes[0]
    >>> [name.get_text() for name in axes.texts]
    ['shirt', 'coat']
    """
    arguments.check_floats("first_layer_weights", "W", W)
    height, width = image_shape
    if W.ndim != 2 or len(W) != height * width or W.shape[1] == 0:
        wanted = f"({height * width}, m) to fit images {image_shape}"
        raise ValueError(f"first_layer_weights: W must have shape {wanted}, got {W.shape}")
    m = W.shape[1]
    if class_names is not None and len(class_names) != m:
        raise ValueError(f"first_layer_weights: class_names must have {m} names to fit W, got {len(class_names)}")
    units, title = np.arange(m), "one image per unit"
    if class_names is None and m > MOST_UNITS:
        units = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:MOST_UNITS]
        title = f"the {MOST_UNITS} strongest of {m} units, strongest first"
    names = [f"unit {j}" for j in units] if class_names is None else class_names
    limit = float(np.quantile(np.abs(W[:, units]), 0.995)) or 1.0
    # One pair of axes for all images: 64 pairs would take seconds to draw.
    columns = _columns(len(units))
    rows = math.ceil(len(units) / columns)
    inch = width / (1.3 if columns <= 5 else 1)  # in pixels of the images
    across, down = 1.1 * width, height + 0.25 * width  # from one image to the next, with room for its name
    figure = new_figure(max(columns * across / inch + 1.3, 5), rows * down / inch + 0.5)
    axes = figure.subplots()
    size = 10 if columns <= 5 else 8
    for k, (j, name) in enumerate(zip(units, names, strict=True)):
        top, left = down * (k // columns), across * (k % columns)
        box = (left, left + width, top + height, top)
        picture = axes.imshow(W[:, j].reshape(image_shape), extent=box, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.text(left + width / 2, top - 0.03 * width, name, ha="center", fontsize=size, parse_math=False)
        axes.plot(*np.array(box)[[[0, 1, 1, 0, 0], [2, 2, 3, 3, 2]]], color=GREY, linewidth=0.5)
    axes.set(xlim=(-0.05 * width, across * columns), ylim=(down * rows, -0.2 * width))
    axes.set_axis_off()
    figure.suptitle(f"The weights of the first layer: {title}", fontsize=11)
    bar = figure.colorbar(picture, ax=axes, extend="both", aspect=20 if rows <= 4 else 40)
    bar.set_label("red raises the output,\nblue lowers it")
    return figure


def confusion_matrix(predictions: Array, y: Array, class_names: Sequence[str]) -> Figure:
    """How many examples of each true class (row) were predicted as each class (column); empty cells mean none.

    The shade is the share of the row, so that the mistakes in a rare class are as visible as those in a frequent one.
    With many classes the cells get smaller, and above 100 they have no numbers.

    Shapes: predictions (n,) integer classes, such as `net(X).argmax(axis=1)`; y (n,).
    Raises: TypeError or ValueError for other shapes or dtypes, no examples, or a class that has no name.

    >>> figure = confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), ["shirt", "coat"])
    >>> figure.axes[0].get_title()
    '2 of 3 right: accuracy 0.667'
    """
    q = len(class_names)
    _check_classes("confusion_matrix", "y", y, np.size(y), q)
    _check_classes("confusion_matrix", "predictions", predictions, len(y), q)
    counts = np.zeros((q, q), int)
    np.add.at(counts, (y, predictions), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cell = min(0.58, 35 / q)  # inches
    figure = new_figure(max(2.6 + cell * q, 5), max(1.5 + 0.95 * cell * q, 3.5))
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names: dict[str, Any] = {"fontsize": min(10, 50 * cell), "parse_math": False}
    for i, j in np.argwhere(counts) if q <= 100 else ():
        colour = "white" if shares[i, j] > 0.5 else "black"
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=colour, fontsize=names["fontsize"])
    axes.set_xticks(range(q), class_names, rotation=45, ha="right", rotation_mode="anchor", **names)
    axes.set_yticks(range(q), class_names, **names)
    right = int(counts.trace())
    axes.set(xlabel="predicted", ylabel="true", title=f"{right} of {len(y)} right: accuracy {right / len(y):.3f}")
    figure.colorbar(picture, ax=axes, label="share of the true class", format="{x:.0%}")
    return figure


def _tiles(number: int, caption: float) -> tuple[Figure, list[Any]]:
    """A figure with this number of small axes without ticks, each with room for a caption of this many inches."""
    columns = _columns(number)
    rows = math.ceil(number / columns)
    figure = new_figure(max(1.4 * columns, 5), (1.4 + caption) * rows + 0.25)
    tiles = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in tiles:
        axes.set(xticks=[], yticks=[])
    for axes in tiles[number:]:
        axes.remove()
    return figure, tiles[:number]


def _columns(number: int) -> int:
    return min(number, 5 if number <= 30 else 8)


def _check_classes(function: str, name: str, classes: Array, n: int, num_classes: int) -> None:
    arguments.check_kind(function, name, classes, "iu", "an array of integer classes")
    if classes.shape != (n,) or n == 0:
        raise ValueError(f"{function}: {name} must have shape ({n or 'n'},), n at least 1, got {classes.shape}")
    if classes.min() < 0 or classes.max() >= num_classes:
        bad = int(np.flatnonzero((classes < 0) | (classes >= num_classes))[0])
        raise ValueError(f"{function}: {name} must be in 0 ... {num_classes - 1}, got {name}[{bad}] = {classes[bad]}")
