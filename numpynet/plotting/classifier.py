"""What a classifier sees and says: images with its predictions, its weights as images, its confusions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.plotting.figure import BLUE, VERMILION, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def images(
    X: Array, y: Array, class_names: Sequence[str], predictions: Array | None = None, num_images: int = 20
) -> Figure:
    """The first num_images images, each under its true class and, where given, a ✓ or ✗ with the predicted one.

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
        axes.set_title(title, fontsize=10, color=colour)
    if predictions is not None:
        figure.suptitle("First line: true class. Second: predicted, ✓ right or ✗ wrong", fontsize=10)
    return figure


def first_layer_weights(
    W: Array, image_shape: tuple[int, int] = (28, 28), class_names: Sequence[str] | None = None
) -> Figure:
    """Each column of W as an image of the pixels that raise the output of its unit, red, and that lower it, blue.

    White is 0 and all share one scale. It ends at the size that only 1 weight in 200 exceeds, lest a few large weights
    turn the others pale. The units of a hidden layer come row by row; `W[:, :64]` gives the first 64 more room.

    Shapes: W (height · width, m), such as `net.layers[1].W.data`.
    Raises: TypeError unless W is a float array; ValueError unless it fits image_shape and class_names.

    >>> first_layer_weights(np.ones((784, 2)), class_names=["shirt", "coat"]).axes[1].get_title()
    'coat'
    """
    arguments.check_floats("first_layer_weights", W=W)
    height, width = image_shape
    if W.ndim != 2 or len(W) != height * width or W.shape[1] == 0:
        wanted = f"({height * width}, m) to fit images {image_shape}"
        raise ValueError(f"first_layer_weights: W must have shape {wanted}, got {W.shape}")
    m = W.shape[1]
    if class_names is not None and len(class_names) != m:
        raise ValueError(f"first_layer_weights: class_names must have {m} names to fit W, got {len(class_names)}")
    units = W.T.reshape(m, height, width)
    limit = float(np.quantile(np.abs(units), 0.995)) or 1.0
    if class_names is not None:
        figure, tiles = _tiles(m, caption=0.2, margin=1.1)
    else:  # one picture of all: hundreds of axes would take seconds to draw
        figure, units, class_names = new_figure(8.6, 7.5), _mosaic(units)[None], [""]
        tiles = [figure.subplots(subplot_kw={"xticks": [], "yticks": [], "facecolor": "0.7"})]
    for axes, unit, name in zip(tiles, units, class_names, strict=True):
        picture = axes.imshow(unit, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_title(name, fontsize=10)
    figure.suptitle(f"The first layer's weights, one image for each of its {m} units", fontsize=11)
    figure.colorbar(picture, ax=tiles, extend="both", label="red raises the output, blue lowers it")
    return figure


def confusion_matrix(predictions: Array, y: Array, class_names: Sequence[str]) -> Figure:
    """How many examples of each true class (row) were predicted to be of each class (column); no number means none.

    The shade is the share of the row, so that a rare class's mistakes show as well as a frequent one's.

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
    figure = new_figure(max(2.6 + 0.58 * q, 5), max(1.5 + 0.55 * q, 3.5))
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.argwhere(counts):
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if shares[i, j] > 0.5 else "black")
    axes.set_xticks(range(q), class_names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(q), class_names)
    right = int(counts.trace())
    axes.set(xlabel="predicted", ylabel="true", title=f"{right} of {len(y)} right: accuracy {right / len(y):.3f}")
    figure.colorbar(picture, ax=axes, label="share of the true class", format="{x:.0%}")
    return figure


def _tiles(number: int, caption: float, margin: float = 0) -> tuple[Figure, list[Any]]:
    """A figure of so many small axes without ticks, captions above and a margin at the right of so many inches."""
    columns = min(number, 5 if number <= 30 else 8)
    rows = math.ceil(number / columns)
    figure = new_figure(max(1.4 * columns + margin, 5), (1.4 + caption) * rows + 0.25)
    tiles = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in tiles:
        axes.set(xticks=[], yticks=[])
    for axes in tiles[number:]:
        axes.remove()
    return figure, tiles[:number]


def _mosaic(units: Array) -> Array:
    """Images (m, height, width) side by side as one, as square as may be, with a line of NaN between them."""
    m, height, width = units.shape
    columns = math.ceil(math.sqrt(m))
    rows = math.ceil(m / columns)
    padded = np.full((rows * columns, height + 1, width + 1), np.nan)
    padded[:m, :height, :width] = units
    grid = padded.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    return grid.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]


def _check_classes(function: str, name: str, classes: Array, n: int, num_classes: int) -> None:
    arguments.check_kind(function, name, classes, "iu", "an array of integer classes")
    if classes.shape != (n,) or n == 0:
        raise ValueError(f"{function}: {name} must have shape ({n or 'n'},), n at least 1, got {classes.shape}")
    if classes.min() < 0 or classes.max() >= num_classes:
        bad = int(np.flatnonzero((classes < 0) | (classes >= num_classes))[0])
        raise ValueError(f"{function}: {name} must be in 0 ... {num_classes - 1}, got {name}[{bad}] = {classes[bad]}")
