"""Histories and images to draw, and how a figure is checked."""

import io

import numpy as np
from matplotlib.figure import Figure

from numpynet.training import History

NAMES = ("shirt", "coat", "bag")


def drawn(figure):
    """The figure, after it was really drawn: warnings, such as for a glyph that the font lacks, come only then."""
    assert isinstance(figure, Figure)
    figure.savefig(io.BytesIO(), format="png", dpi=50)
    return figure


def classifier_history(epochs):
    falling = [1 / (epoch + 2) for epoch in range(epochs)]
    return History(falling, [1 - x for x in falling], [0.9 - x for x in falling], [1.0] * epochs)


def example_images(n=4):
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28), np.uint8)


def regression(*w, b=4.25):
    W = np.array(w).reshape(-1, 1)
    X = np.random.default_rng(0).normal(size=(50, len(W)))
    return W, np.array([b]), X, X @ W + b + 0.5
