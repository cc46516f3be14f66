"""Pictures of the data, of training and of trained models: each function returns a matplotlib Figure.

A notebook shows the Figure at the end of a cell; in a script, call its `savefig("name.png")`. No window opens, and no
screen is needed. Colour-blind people can tell the colours apart (they are Okabe and Ito's), and colour is never the
only cue: there is also a mark, a line style or a word. Class names can be Chinese if a font for them is installed.
"""

from numpynet.plotting.classifier import confusion_matrix, first_layer_weights, images
from numpynet.plotting.curves import LivePlot, learning_curves
from numpynet.plotting.passes import whole_pass
from numpynet.plotting.regression import parameter_path, regression_fit

__all__ = [
    "LivePlot",
    "confusion_matrix",
    "first_layer_weights",
    "images",
    "learning_curves",
    "parameter_path",
    "regression_fit",
    "whole_pass",
]
