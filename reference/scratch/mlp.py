"""A multilayer perceptron from scratch, in PyTorch: the twin of `numpynet.scratch.mlp` (D2L 4.2).

`reference.scratch.linear_regression` explains `requires_grad_`, `torch.autograd.grad` and `detach`.
"""

import torch


def init_parameters(num_inputs=784, num_hiddens=256, num_outputs=10, *, rng, dtype=torch.float32):
    """W1 and W2 ~ N(0, 0.01²), b1 = b2 = 0."""
    params = {
        "W1": 0.01 * torch.randn(num_inputs, num_hiddens, generator=rng, dtype=dtype),
        "b1": torch.zeros(num_hiddens, dtype=dtype),
        "W2": 0.01 * torch.randn(num_hiddens, num_outputs, generator=rng, dtype=dtype),
        "b2": torch.zeros(num_outputs, dtype=dtype),
    }
    return {name: parameter.requires_grad_() for name, parameter in params.items()}


def predict(params, X):
    """The logits O = max(X W₁ + b₁, 0) W₂ + b₂."""
    H = torch.relu(X.flatten(start_dim=1) @ params["W1"] + params["b1"])
    return H @ params["W2"] + params["b2"]


def loss_and_gradients(params, X, y):
    """The mean of log Σₖ exp(O_ik) − O_iy, and its gradients, which autograd computes; y (n,) holds int64 classes."""
    O = predict(params, X)
    loss = (torch.logsumexp(O, dim=1) - O[torch.arange(len(y)), y]).mean()
    grads = torch.autograd.grad(loss, list(params.values()))
    return loss.detach(), dict(zip(params, grads, strict=True))
