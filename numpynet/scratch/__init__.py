"""The three models from scratch: no layers, no objects, just functions of a dict of arrays. Each module has the same
three, init_parameters, predict and loss_and_gradients; read linear_regression, then softmax_regression, then mlp.
"""

from numpynet.scratch import linear_regression, mlp, softmax_regression

__all__ = ["linear_regression", "mlp", "softmax_regression"]
