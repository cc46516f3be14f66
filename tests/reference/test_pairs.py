"""Every pair of forward and backward passes against PyTorch's autograd."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numpynet
from numpynet import CrossEntropyLoss, models
from numpynet import functional as F
from tests.helpers.against_torch import SAME_EXAMPLES, assert_pairs_agree, tensors
from tests.helpers.compare import assert_agree

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import convert  # noqa: E402


@settings(max_examples=60, **SAME_EXAMPLES)
@given(
    st.integers(1, 7), st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1, 100])
)
def test_every_pair_agrees_with_autograd_in_float64(n, d, m, seed, scale):
    assert_pairs_agree(n, d, m, seed, scale)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-320, -1e-320, np.inf, -np.inf, np.nan])
def test_relu_and_its_derivative_are_torchs_at_special_values(value):
    X = np.array([value])
    (tX,) = tensors(X)
    Y = torch.relu(tX)
    np.testing.assert_array_equal(F.relu(X), Y.detach().numpy())
    if not np.isnan(value):
        Y.backward(torch.ones(1, dtype=torch.float64))
        np.testing.assert_array_equal(F.relu_backward(np.ones(1), F.relu(X)), tX.grad.numpy())


def test_an_mlp_with_every_unit_at_the_kink_has_torchs_gradients():
    net = models.mlp(6, [5], 4, rng=np.random.default_rng(0), dtype=np.float64)
    for parameter in net.parameters():
        parameter.data[...] = 0
    module, loss = convert.to_torch(net), CrossEntropyLoss()
    X, y = np.random.default_rng(1).normal(size=(3, 6)), np.array([0, 3, 3])
    loss.forward(net.forward(X), y)
    net.backward(loss.backward())
    torch.nn.functional.cross_entropy(module(torch.from_numpy(X)), torch.from_numpy(y)).backward()
    for own, tensor in zip(net.parameters(), module.parameters(), strict=True):
        np.testing.assert_array_equal(own.grad, tensor.grad.numpy().T)


def test_logits_of_ten_thousand_have_torchs_loss_and_gradient():
    O, y = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]]), np.array([1, 2])
    (tO,) = tensors(O)
    other = torch.nn.functional.cross_entropy(tO, torch.from_numpy(y))
    other.backward()
    loss, P = F.softmax_cross_entropy(O, y)
    assert_agree(loss, other.detach(), "float64 losses")
    assert_agree(F.softmax_cross_entropy_backward(P, y), tO.grad, "float64 formulas")


class NumpyMLP(torch.autograd.Function):
    """The scratch MLP's loss for PyTorch, whose backward is numpynet's."""

    @staticmethod
    def forward(ctx, y, *tensors):
        params = dict(zip(["W1", "b1", "W2", "b2"], (tensor.detach().numpy() for tensor in tensors[1:]), strict=True))
        X = tensors[0].detach().numpy()
        loss, grads = numpynet.scratch.mlp.loss_and_gradients(params, X, y)
        ctx.grads = [torch.from_numpy(grad) for grad in grads.values()]
        return torch.tensor(float(loss), dtype=torch.float64)

    @staticmethod
    def backward(ctx, grad_loss):
        return None, None, *(grad_loss * grad for grad in ctx.grads)


def test_torchs_own_gradcheck_accepts_numpynets_backward():
    rng = np.random.default_rng(6)
    X = torch.from_numpy(rng.normal(size=(5, 4)))
    params = [torch.tensor(rng.normal(size=shape), requires_grad=True) for shape in [(4, 6), (6,), (6, 3), (3,)]]
    y = rng.integers(0, 3, 5)
    Z = X.numpy() @ params[0].detach().numpy() + params[1].detach().numpy()
    assert np.abs(Z).min() > 1e-3  # no difference straddles a kink
    assert torch.autograd.gradcheck(lambda *p: NumpyMLP.apply(y, X, *p), params, atol=1e-9, rtol=1e-7)
