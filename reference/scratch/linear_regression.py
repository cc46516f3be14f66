"""Linear regression from scratch, in PyTorch: the twin of `numpynet.scratch.linear_regression` (D2L 3.2)."""

import torch


def init_parameters(num_inputs, *, rng, dtype=torch.float32):
    """W ~ N(0, 0.01²), shape (num_inputs, 1), and b = 0; rng is a torch.Generator."""
    params = {"W": 0.01 * torch.randn(num_inputs, 1, generator=rng, dtype=dtype), "b": torch.zeros(1, dtype=dtype)}
    return {name: parameter.requires_grad_() for name, parameter in params.items()}


def predict(params, X):
    """y_hat = X W + b."""
    return X @ params["W"] + params["b"]


def loss_and_gradients(params, X, y):
    """The mean of (y_hat − y)² / 2, and its gradients, which autograd finds by going back through predict."""
    loss = ((predict(params, X) - y) ** 2).mean() / 2
    grads = torch.autograd.grad(loss, list(params.values()))
    return loss.detach(), dict(zip(params, grads, strict=True))
