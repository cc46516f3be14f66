"""Softmax regression from scratch, in PyTorch: the twin of `numpynet.scratch.softmax_regression` (D2L 3.6).

`reference.scratch.linear_regression` explains `requires_grad_`, `torch.autograd.grad` and `detach`.
"""

import torch


def init_parameters(num_inputs=784, num_outputs=10, *, rng, dtype=torch.float32):
    """W ~ N(0, 0.01²), shape (num_inputs, num_outputs), and b = 0."""
    W = 0.01 * torch.randn(num_inputs, num_outputs, generator=rng, dtype=dtype)
    params = {"W": W, "b": torch.zeros(num_outputs, dtype=dtype)}
    return {name: parameter.requires_grad_() for name, parameter in params.items()}


def predict(params, X):
    """The logits O = X W + b."""
    return X.flatten(start_dim=1) @ params["W"] + params["b"]


def loss_and_gradients(params, X, y):
    """The mean of log Σₖ exp(O_ik) − O_iy, and its gradients, which autograd computes; y (n,) holds int64 classes."""
    O = predict(params, X)
    loss = (torch.logsumexp(O, dim=1) - O[torch.arange(len(y)), y]).mean()
    grads = torch.autograd.grad(loss, list(params.values()))
    return loss.detach(), dict(zip(params, grads, strict=True))
