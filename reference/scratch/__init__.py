"""The three models from scratch, twins of `numpynet.scratch`: functions of tensors, with gradients from autograd."""

from reference.scratch import linear_regression, mlp, softmax_regression

__all__ = ["linear_regression", "mlp", "softmax_regression"]
