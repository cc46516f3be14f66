"""Histories and images to draw, a notebook to draw them in, and how a figure is checked."""

import io
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
from matplotlib.figure import Figure

from numpynet.training import History

NAMES = ("shirt", "coat", "bag")
KERNEL = SimpleNamespace(kernel="a kernel")


def drawn(figure):
    """The figure, after it was really drawn: warnings, such as for a glyph that the font lacks, come only then."""
    assert isinstance(figure, Figure)
    figure.savefig(io.BytesIO(), format="png", dpi=50)
    return figure


def classifier_history(epochs):
    falling = [1 / (epoch + 2) for epoch in range(epochs)]
    test_loss = [x + 0.1 for x in falling]
    return History(falling, [1 - x for x in falling], [0.9 - x for x in falling], [1.0] * epochs, test_loss)


def example_images(n=4):
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28), np.uint8)


def regression(*w, b=4.25):
    W = np.array(w).reshape(-1, 1)
    X = np.random.default_rng(0).normal(size=(50, len(W)))
    return W, np.array([b]), X, X @ W + b + 0.5


def pretend_notebook(monkeypatch, shell=KERNEL):
    """A fake IPython, and the list of what it was asked to show: ("display" or "update", what)."""
    shown = []

    def display(what, *, raw=False, display_id=False):
        shown.append(("display", what))
        return SimpleNamespace(update=lambda what, raw=False: shown.append(("update", what))) if display_id else None

    ipython, module = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython, ipython.version_info = lambda: shell, (9, 0)  # matplotlib asks for the version
    ipython.display, module.display = module, display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return shown
