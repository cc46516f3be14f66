"""The three models from scratch, twins of `numpynet.scratch`: tensors, functions, and autograd for the gradients."""

from reference.scratch import linear_regression, mlp, softmax_regression

__all__ = ["linear_regression", "mlp", "softmax_regression"]
