"""The three models, concise, in PyTorch: the twins of `numpynet.models` (D2L 3.3, 3.7, 4.3)."""

import torch
from torch import nn


def linear_regression(num_inputs, *, rng, dtype=torch.float32):
    """y_hat = X W + b, one number for each example."""
    return _start(nn.Sequential(nn.Linear(num_inputs, 1, dtype=dtype)), rng)


def softmax_regression(num_inputs=784, num_outputs=10, *, rng, dtype=torch.float32):
    """O = X W + b, a logit for each class."""
    return _start(nn.Sequential(nn.Flatten(), nn.Linear(num_inputs, num_outputs, dtype=dtype)), rng)


def mlp(num_inputs=784, num_hiddens=256, num_outputs=10, *, rng, dtype=torch.float32):
    """O = max(X W₁ + b₁, 0) W₂ + b₂; num_hiddens may be a list of widths, one for each hidden layer."""
    layers = [nn.Flatten()]
    for width in num_hiddens if isinstance(num_hiddens, (list, tuple)) else [num_hiddens]:
        layers += [nn.Linear(num_inputs, width, dtype=dtype), nn.ReLU()]
        num_inputs = width
    return _start(nn.Sequential(*layers, nn.Linear(num_inputs, num_outputs, dtype=dtype)), rng)


def _start(net, rng):
    """Weights N(0, 0.01²) and biases 0, from the torch.Generator rng."""
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01, generator=rng)
            nn.init.zeros_(layer.bias)
    return net
