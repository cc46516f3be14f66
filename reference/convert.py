"""Networks and parameters converted from numpynet to PyTorch and back, exactly; numpynet's W (inputs, outputs) is
PyTorch's `weight` transposed. LOSSES has the PyTorch function for each of numpynet's losses.

Only the classes named below are converted, not their subclasses, which may compute something else.
"""

import numpy as np
import torch
from torch import nn

from numpynet import CrossEntropyLoss, Flatten, Linear, MSELoss, ReLU, Sequential, SquaredLoss


def half_mse(y_hat, y):
    """The book's squared loss, the mean of (y_hat − y)² / 2: PyTorch's has no ½."""
    return nn.functional.mse_loss(y_hat, y) / 2


LOSSES = {
    SquaredLoss: half_mse,
    MSELoss: nn.functional.mse_loss,
    CrossEntropyLoss: nn.functional.cross_entropy,
}


def to_torch(net):
    """The nn.Sequential that computes what the numpynet Sequential computes, with copies of its parameters.

    Raises: TypeError for anything but a Sequential of Linear, ReLU and Flatten.
    """
    if type(net) is not Sequential:
        raise TypeError(f"to_torch: net must be a numpynet Sequential, got {type(net).__name__}")
    module = nn.Sequential(*(_layer_to_torch(i, layer) for i, layer in enumerate(net.layers)))
    module.load_state_dict(state_dict_to_torch(net.state_dict()))
    return module


def from_torch(module):
    """The numpynet Sequential that computes what the nn.Sequential computes, with copies of its parameters.

    Raises: TypeError for anything but an nn.Sequential of nn.Linear with bias, nn.ReLU and nn.Flatten() in float32 or
    float64.
    """
    if type(module) is not nn.Sequential:
        raise TypeError(f"from_torch: module must be an nn.Sequential, got {type(module).__name__}")
    net = Sequential(*(_layer_from_torch(i, layer) for i, layer in enumerate(module)))
    net.load_state_dict(state_dict_from_torch(module.state_dict()))
    return net


def state_dict_to_torch(state):
    """{"1.W": (d, m), "1.b": (m,)} as {"1.weight": (m, d), "1.bias": (m,)}, the values copied to tensors."""
    return {
        _rename("state_dict_to_torch", name, {"W": "weight", "b": "bias"}): torch.tensor(array.T)
        for name, array in state.items()
    }


def state_dict_from_torch(state):
    """{"1.weight": (m, d), "1.bias": (m,)} as {"1.W": (d, m), "1.b": (m,)}, the values copied to arrays."""
    names = {"weight": "W", "bias": "b"}
    return {
        _rename("state_dict_from_torch", name, names): np.array(tensor.detach().cpu().numpy().T, order="C")
        for name, tensor in state.items()
    }


def _rename(function, name, names):
    position, dot, last = name.rpartition(".")
    if last not in names:
        raise ValueError(f"{function}: names must end in {' or '.join(names)}, got {name!r}")
    return f"{position}{dot}{names[last]}"


def _layer_to_torch(i, layer):
    kind = type(layer)
    if kind is Linear:
        d, m = layer.W.data.shape
        return nn.Linear(d, m, dtype=torch.from_numpy(layer.W.data).dtype)
    if kind is ReLU:
        return nn.ReLU()
    if kind is Flatten:
        return nn.Flatten()
    raise TypeError(f"to_torch: layers must be Linear, ReLU or Flatten, got {kind.__name__} at position {i}")


def _layer_from_torch(i, layer):
    kind = type(layer)
    if kind is nn.Linear and layer.bias is not None and layer.weight.dtype in (torch.float32, torch.float64):
        dtype = np.float32 if layer.weight.dtype == torch.float32 else np.float64
        return Linear(layer.in_features, layer.out_features, rng=np.random.default_rng(0), dtype=dtype)
    if kind is nn.ReLU:
        return ReLU()
    if kind is nn.Flatten and (layer.start_dim, layer.end_dim) == (1, -1):
        return Flatten()
    wanted = "nn.Linear with a bias in float32 or float64, nn.ReLU or nn.Flatten()"
    raise TypeError(f"from_torch: layers must be {wanted}, got {layer} at position {i}")
