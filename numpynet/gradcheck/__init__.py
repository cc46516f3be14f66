"""The gradient checker that names the mistake.

    check_model(loss_and_gradients, params, X, y)     a function with the signature of those in numpynet.scratch
    check_layer(layer, X)                             an object with forward, backward and parameters()
    check_pair(forward, backward, X, ...)             a function and the one that should be its backward
    sanity(net, loss, X, y)                           a network and its data, before a long training run

The first three return a Report: print it, look at `report.mistakes`, or call `report.raise_if_wrong()` in a test. To
read how it works, begin with `numeric` (gradients without formulas) and `backward_rules` (a backward pass as a list of
rules). Then read `mistakes`, the catalogue, and `explain`, which searches it for what reproduces the wrong gradients.
"""

from numpynet.gradcheck.check import check_layer, check_model, check_pair
from numpynet.gradcheck.report import GradientError, Report
from numpynet.training.sanity import sanity

__all__ = ["GradientError", "Report", "check_layer", "check_model", "check_pair", "sanity"]
