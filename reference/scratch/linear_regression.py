"""Linear regression from scratch, in PyTorch: the twin of `numpynet.scratch.linear_regression` (D2L 3.2).

`requires_grad_` makes PyTorch record everything computed from a parameter, and `torch.autograd.grad(loss, parameters)`
goes back through this record from the loss to each parameter: backpropagation in one call. `detach` returns the loss
without its record. Updates are not to be differentiated, so `no_grad` keeps them out of the record:

    loss, grads = loss_and_gradients(params, X, y)
    with torch.no_grad():
        for name, parameter in params.items():
            parameter -= lr * grads[name]

In all three modules, rng is a torch.Generator, for example `torch.Generator().manual_seed(0)`.
"""

import torch


def init_parameters(num_inputs, *, rng, dtype=torch.float32):
    """W ~ N(0, 0.01²), shape (num_inputs, 1), and b = 0."""
    params = {"W": 0.01 * torch.randn(num_inputs, 1, generator=rng, dtype=dtype), "b": torch.zeros(1, dtype=dtype)}
    return {name: parameter.requires_grad_() for name, parameter in params.items()}


def predict(params, X):
    """y_hat = X W + b."""
    return X @ params["W"] + params["b"]


def loss_and_gradients(params, X, y):
    """The mean of (y_hat − y)² / 2, and its gradients, which autograd computes by going back through predict.

    y has shape (n, 1). With shape (n,), y_hat − y would silently be (n, n): every prediction minus every target.
    """
    loss = ((predict(params, X) - y) ** 2).mean() / 2
    grads = torch.autograd.grad(loss, list(params.values()))
    return loss.detach(), dict(zip(params, grads, strict=True))
