"""matplotlib is loaded only to draw, and may be missing."""

import subprocess
import sys

import numpy as np
import pytest

from numpynet.plotting import (
    LivePlot,
    confusion_matrix,
    first_layer_weights,
    images,
    learning_curves,
    parameter_path,
    regression_fit,
)
from numpynet.training import History
from tests.helpers.figures import NAMES, example_images, regression


@pytest.mark.parametrize(
    "call",
    [
        lambda: learning_curves(History([1.0])),
        lambda: images(example_images(1), np.array([0]), NAMES),
        lambda: first_layer_weights(np.zeros((784, 2))),
        lambda: first_layer_weights(np.zeros((784, 3)), class_names=NAMES),
        lambda: confusion_matrix(np.array([0]), np.array([0]), NAMES),
        lambda: regression_fit(*regression(1.0)),
        lambda: parameter_path(np.zeros((2, 2)), np.zeros(1), 0.0),
        lambda: LivePlot(),
    ],
)
def test_without_matplotlib_the_error_says_what_to_install(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        ImportError, match='^plotting needs matplotlib, the extra "plot": python3 -m pip install matplotlib$'
    ):
        call()


def test_plotting_imports_matplotlib_only_to_draw(tmp_path):
    code = """
import sys
import numpynet.plotting as plotting
from numpynet import History
assert not {"matplotlib", "IPython"} & set(sys.modules)
plotting.learning_curves(History([1.0])).savefig(sys.argv[1])
assert not {"matplotlib.pyplot", "IPython"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code, tmp_path / "curves.png"], check=True)
