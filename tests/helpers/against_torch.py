"""Problems on which numpynet is compared with PyTorch."""

import numpy as np
import pytest
from hypothesis import strategies as st

import numpynet
from numpynet import SGD, CrossEntropyLoss, Linear, MSELoss, SquaredLoss, load_fashion_mnist, make_shapes, models
from numpynet import functional as F
from numpynet.book import BOOK, MODELS
from numpynet.training.trainable import FromLayers, FromScratch
from tests.helpers.compare import assert_agree
from tests.helpers.fashion_mnist import FASHION_MNIST

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import convert, scratch  # noqa: E402
from reference.trainable import TorchConcise, TorchScratch  # noqa: E402


def tensors(*arrays):
    return [torch.tensor(array, requires_grad=array.dtype.kind == "f") for array in arrays]


def assert_pairs_agree(n, d, m, seed, scale=1.0):
    """Every forward and backward pass against autograd, on random arrays; some inputs of ReLU are exactly 0."""
    rng = np.random.default_rng(seed)
    X, W, b, G = (scale * rng.normal(size=shape) for shape in [(n, d), (d, m), (m,), (n, m)])
    Z, target = scale * rng.normal(size=(2, n, m))
    Z.flat[::4] = 0
    y = rng.integers(0, m, n)

    tX, tW, tb = tensors(X, W, b)
    Y = torch.nn.functional.linear(tX, tW.T, tb)
    Y.backward(torch.from_numpy(G))
    assert_agree(F.linear(X, W, b), Y.detach(), "float64 formulas", "Y")
    for own, other in zip(F.linear_backward(G, X, W), [tX, tW, tb], strict=True):
        assert_agree(own, other.grad, "float64 formulas", "linear")

    (tZ,) = tensors(Z)
    Y = torch.relu(tZ)
    Y.backward(torch.from_numpy(G))
    assert_agree(F.relu(Z), Y.detach(), "float64 formulas", "Y")
    assert_agree(F.relu_backward(G, F.relu(Z)), tZ.grad, "float64 formulas", "relu")

    (tO,) = tensors(Z)
    loss = torch.nn.functional.cross_entropy(tO, torch.from_numpy(y))
    loss.backward()
    own, P = F.softmax_cross_entropy(Z, y)
    assert_agree(own, loss.detach(), "float64 losses", "cross-entropy")
    assert_agree(F.softmax_cross_entropy_backward(P, y), tO.grad, "float64 formulas", "grad_O")

    for own, own_backward, factor in [
        (F.mse_loss, F.mse_loss_backward, 1),
        (F.squared_loss, F.squared_loss_backward, 0.5),
    ]:
        (tZ,) = tensors(Z)
        loss = factor * torch.nn.functional.mse_loss(tZ, torch.from_numpy(target))
        loss.backward()
        assert_agree(own(Z, target), loss.detach(), "float64 losses", own.__name__)
        assert_agree(own_backward(Z, target), tZ.grad, "float64 formulas", own.__name__)


# The same examples in every run, and layers that are not too narrow: where a gradient is one sum that happens to cancel
# to a hundredth of its terms, its rounding error is a hundred times as large in proportion, and right code would fail.
SAME_EXAMPLES = {"deadline": None, "derandomize": True}


def random_problem(model, sizes, n, seed, dtype):
    """A network with one unit of each hidden layer exactly at its kink, and data.

    Logits are in about (−2, 2). A regression's targets are far from its predictions: where the two nearly cancel, only
    rounding error is left.
    """
    rng = np.random.default_rng(seed)
    net = getattr(models, model)(*sizes, rng=rng, dtype=dtype)
    *hidden, last = [layer for layer in net.layers if isinstance(layer, Linear)]
    for layer in [*hidden, last]:
        layer.W.data[...] = rng.uniform(-1, 1, layer.W.data.shape) / np.sqrt(len(layer.W.data))
        layer.b.data[...] = rng.uniform(-0.5, 0.5, layer.b.data.shape)
    for layer in hidden:
        layer.W.data[:, 1] = layer.b.data[1] = 0
    X = rng.uniform(-2, 2, (n, sizes[0])).astype(dtype)
    y = rng.uniform(10, 20, (n, 1)).astype(dtype) if model == "linear_regression" else rng.integers(0, sizes[-1], n)
    return net, X, y


def assert_models_agree(model, sizes, n, seed, dtype):
    """The loss, predictions and gradients of a model against torch's, concise and, up to one hidden layer, from scratch."""
    net, X, y = random_problem(model, sizes, n, seed, dtype)
    formulas, losses = ("float64 formulas", "float64 losses") if dtype == np.float64 else ("float32", "float32")
    losses_tried = [SquaredLoss(), MSELoss()] if model == "linear_regression" else [CrossEntropyLoss()]
    for loss in losses_tried:
        module = convert.to_torch(net)
        optimizers = SGD(net.parameters(), 0), torch.optim.SGD(module.parameters(), 0)
        pairs = {
            "concise": (
                FromLayers(net, loss, optimizers[0]),
                TorchConcise(module, convert.LOSSES[type(loss)], optimizers[1]),
            )
        }
        if len(net.parameters()) <= 4 and not isinstance(loss, MSELoss):
            names = ["W", "b"] if len(net.parameters()) == 2 else ["W1", "b1", "W2", "b2"]
            params = {name: parameter.data for name, parameter in zip(names, net.parameters(), strict=True)}
            modules = getattr(numpynet.scratch, model), getattr(scratch, model)
            pairs["scratch"] = FromScratch(modules[0], params, 0), TorchScratch(modules[1], params, 0)
        for style, (own, other) in pairs.items():
            (value, y_hat, grads), (other_value, other_y_hat, other_grads) = (
                trainable.loss_and_gradients(X, y) for trainable in (own, other)
            )
            y_hat = own.predict(X) if y_hat is None else y_hat
            assert value.dtype == dtype
            assert_agree(float(value), other_value, losses, f"{style} loss")
            assert_agree(y_hat, other_y_hat, formulas, f"{style} prediction")
            for (name, grad), other_grad in zip(grads.items(), other_grads.values(), strict=True):
                assert grad.dtype == dtype
                assert_agree(grad, other_grad, formulas, f"{style} grad_{name}")


SOME = {  # sizes of each model, for Hypothesis to draw from
    "linear_regression": st.tuples(st.integers(4, 12)),
    "softmax_regression": st.tuples(st.integers(4, 12), st.integers(4, 8)),
    "mlp": st.tuples(st.integers(4, 12), st.lists(st.integers(12, 20), min_size=1, max_size=3), st.integers(4, 8)),
}


def wrong_linear(change):
    """linear_backward with its three gradients changed."""

    def linear_backward(G, X, W, input_grad=True, right=F.linear_backward):
        return change(*right(G, X, W), G, X, W)

    return linear_backward


def one_forgotten(array):
    return np.where(np.arange(array.size).reshape(array.shape) == array.size - 1, 0, array)


RUNS = {m.name: (m.sizes, BOOK[model].lr, BOOK[model].batch_size) for model, m in MODELS.items()}


def some_data(name):
    """Data, test set, and how many epochs make 500 steps (94 on the shapes); each epoch ends with a short batch.

    On the built-in shapes two epochs must do, because there training amplifies rounding errors: the twins are 2e-15
    apart after 94 steps, 5e-13 after 282, and 1e-9 after 1175.
    """
    if name == "linear_regression":
        return numpynet.synthetic_regression(num_examples=1005, rng=np.random.default_rng(0), dtype=np.float64), None, 5
    if FASHION_MNIST:
        (X, y), test, _ = load_fashion_mnist()
        return (X[:42_600], y[:42_600]), test, 3
    return *make_shapes(rng=np.random.default_rng(0))[:2], 2


def mlp_without_mask(params, X, y, right=numpynet.scratch.mlp.loss_and_gradients):
    """The scratch MLP without the ReLU's mask in the backward pass."""
    _, grads = right(params, X, y)
    H = F.relu(F.linear(F.flatten(X), params["W1"], params["b1"]))
    loss, P = F.softmax_cross_entropy(F.linear(H, params["W2"], params["b2"]), y)
    grad_H, *_ = F.linear_backward(F.softmax_cross_entropy_backward(P, y), H, params["W2"])
    _, grad_W1, grad_b1 = F.linear_backward(grad_H, F.flatten(X), params["W1"])
    return loss, {**grads, "W1": grad_W1, "b1": grad_b1}
