"""Networks converted to PyTorch and back."""

import numpy as np
import pytest

import numpynet
from numpynet import Linear, MSELoss, models
from tests.helpers.compare import assert_agree

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import convert  # noqa: E402


@pytest.mark.parametrize("sizes", [(6, [4], 3), (5, [5, 5], 5), (4, [], 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_networks_are_converted_to_torch_and_back_exactly(sizes, dtype):
    net = models.mlp(*sizes, rng=np.random.default_rng(5), dtype=dtype)
    module = convert.to_torch(net)
    back = convert.from_torch(module)
    for own, other in zip(net.parameters(), back.parameters(), strict=True):
        assert other.data.dtype == dtype
        np.testing.assert_array_equal(own.data, other.data)
    X = np.random.default_rng(6).normal(size=(3, sizes[0])).astype(dtype)
    comparison = "float64 formulas" if dtype == np.float64 else "float32"
    assert_agree(net(X), module(torch.from_numpy(X)).detach(), comparison)
    net.parameters()[0].data += 1
    assert not np.array_equal(net.parameters()[0].data.T, next(module.parameters()).detach().numpy())


def test_networks_that_cannot_be_converted_are_refused():
    nn = torch.nn
    for layer in [nn.Linear(2, 2, bias=False), nn.Conv2d(1, 1, 1), nn.Flatten(0), nn.Linear(2, 2, dtype=torch.float16)]:
        with pytest.raises(TypeError, match="from_torch: layers must be .* at position 1"):
            convert.from_torch(nn.Sequential(nn.ReLU(), layer))
    with pytest.raises(TypeError, match=r"from_torch: module must be an nn.Sequential, got Linear"):
        convert.from_torch(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="to_torch: net must be a numpynet Sequential, got MSELoss"):
        convert.to_torch(MSELoss())
    with pytest.raises(
        ValueError, match="state_dict_from_torch: names must end in weight or bias, got '0.running_mean'"
    ):
        convert.state_dict_from_torch({"0.running_mean": torch.ones(1)})


def subclass(kind, **methods):
    return type("Own", (kind,), methods)


def test_subclasses_are_refused():
    nn, rng = torch.nn, np.random.default_rng(0)
    twice = {"forward": lambda self, X: 2 * X}
    for layer in [subclass(Linear, **twice)(2, 2, rng=rng), subclass(numpynet.ReLU)(), subclass(numpynet.Flatten)()]:
        with pytest.raises(TypeError, match="to_torch: layers must be .* got Own at position 0"):
            convert.to_torch(numpynet.Sequential(layer))
    with pytest.raises(TypeError, match="to_torch: net must be a numpynet Sequential, got Own"):
        convert.to_torch(subclass(numpynet.Sequential, **twice)(Linear(2, 2, rng=rng)))
    for layer in [subclass(nn.Linear, **twice)(2, 2), subclass(nn.ReLU)(), subclass(nn.Flatten)()]:
        with pytest.raises(TypeError, match="from_torch: layers must be .* got Own.* at position 0"):
            convert.from_torch(nn.Sequential(layer))
    with pytest.raises(TypeError, match="from_torch: module must be an nn.Sequential, got Own"):
        convert.from_torch(subclass(nn.Sequential, **twice)(nn.Linear(2, 2)))
