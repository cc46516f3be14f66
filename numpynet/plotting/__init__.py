"""Pictures of the data, the training and the trained models: each function returns a matplotlib Figure.

A notebook shows the Figure that ends a cell; in a script, call its `savefig("name.png")`. No window opens, and none is
needed. The colours are ones that colour-blind people can tell apart (Okabe and Ito's), and none speaks alone: beside it
there is a mark, a line style or a word.
"""

from numpynet.plotting.classifier import confusion_matrix, first_layer_weights, images
from numpynet.plotting.curves import LivePlot, learning_curves
from numpynet.plotting.regression import parameter_path, regression_fit

__all__ = [
    "LivePlot",
    "confusion_matrix",
    "first_layer_weights",
    "images",
    "learning_curves",
    "parameter_path",
    "regression_fit",
]
