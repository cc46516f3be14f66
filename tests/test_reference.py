"""numpynet against PyTorch: gradients, training runs, parameters carried over, and the data."""

import dataclasses
import json
import math
import re
import subprocess
import sys
import textwrap
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import numpynet
from numpynet import (
    SGD,
    CrossEntropyLoss,
    Linear,
    MSELoss,
    Parameter,
    SquaredLoss,
    load_fashion_mnist,
    make_shapes,
    minibatches,
    models,
)
from numpynet import functional as F
from numpynet.book import BOOK
from numpynet.cli.run import RunFolder, run
from numpynet.data import Split, fashion_mnist_files
from numpynet.data.batches import as_floats
from numpynet.data.idx import idx_header
from tests.compare import assert_agree
from tests.test_fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")
from reference import __main__ as command  # noqa: E402
from reference import convert, scratch, training, twin  # noqa: E402
from reference import models as torch_models  # noqa: E402
from reference.agreement import TOLERANCES  # noqa: E402

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Two libraries, each with a thread for every core, would wait for one another most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


def tensors(*arrays):
    return [torch.tensor(array, requires_grad=array.dtype.kind == "f") for array in arrays]


def assert_pairs_agree(n, d, m, seed, scale=1.0):
    """Every forward and backward pass against autograd, on random arrays, some of ReLU's inputs exactly at its kink."""
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


@settings(max_examples=60, **SAME_EXAMPLES)
@given(
    st.integers(1, 7), st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1, 100])
)
def test_every_pair_agrees_with_autograd_in_float64(n, d, m, seed, scale):
    assert_pairs_agree(n, d, m, seed, scale)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-320, -1e-320, np.inf, -np.inf, np.nan])
def test_relu_and_its_slope_are_torchs_at_ties_and_extremes(value):
    X = np.array([value])
    (tX,) = tensors(X)
    Y = torch.relu(tX)
    np.testing.assert_array_equal(F.relu(X), Y.detach().numpy())
    if not np.isnan(value):
        Y.backward(torch.ones(1, dtype=torch.float64))
        np.testing.assert_array_equal(F.relu_backward(np.ones(1), F.relu(X)), tX.grad.numpy())


def test_an_mlp_of_zero_weights_with_every_unit_at_the_kink_has_torchs_gradients():
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


def random_problem(model, sizes, n, seed, dtype):
    """A network with one unit of each hidden layer exactly at its kink, and data: logits in about (−2, 2), and targets of
    a regression far from its predictions, as what is left where the two nearly cancel is all rounding error.
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
    """Loss and every gradient of a model, concise and (with at most one hidden layer) from scratch, against torch's."""
    net, X, y = random_problem(model, sizes, n, seed, dtype)
    formulas, losses = ("float64 formulas", "float64 losses") if dtype == np.float64 else ("float32", "float32")
    names = (
        ["W", "b"]
        if len(net.parameters()) == 2
        else [f"{k}{i + 1}" for i in range(len(net.parameters()) // 2) for k in "Wb"]
    )
    params = {name: parameter.data for name, parameter in zip(names, net.parameters(), strict=True)}
    regression = model == "linear_regression"
    pairs = [(SquaredLoss(), twin.half_mse), (MSELoss(), torch.nn.functional.mse_loss)]
    for own_loss, torch_loss in pairs if regression else [(CrossEntropyLoss(), torch.nn.functional.cross_entropy)]:
        other = twin.TorchConcise(convert.to_torch(net), torch_loss, names, lr=0)
        others = {"concise": other.loss_and_gradients(X, y)}
        owns = {"concise": twin.NumpyConcise(net, own_loss, names, lr=0).loss_and_gradients(X, y)}
        if len(names) <= 4 and not isinstance(own_loss, MSELoss):
            owns["scratch"] = getattr(numpynet.scratch, model).loss_and_gradients(params, X, y)
            others["scratch"] = twin.TorchScratch(getattr(scratch, model), params, lr=0).loss_and_gradients(X, y)
        for style, (loss, grads) in owns.items():
            assert loss.dtype == dtype
            assert_agree(float(loss), others[style][0], losses, f"{style} loss")
            for name, grad in grads.items():
                assert grad.dtype == dtype
                assert_agree(grad, others[style][1][name], formulas, f"{style} grad_{name}")


SOME = {  # sizes of each model, for Hypothesis to draw from
    "linear_regression": st.tuples(st.integers(4, 12)),
    "softmax_regression": st.tuples(st.integers(4, 12), st.integers(4, 8)),
    "mlp": st.tuples(st.integers(4, 12), st.lists(st.integers(12, 20), min_size=1, max_size=3), st.integers(4, 8)),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 5, 96])
@pytest.mark.parametrize("model", SOME)
@settings(max_examples=40, **SAME_EXAMPLES)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_whole_models_agree_with_torch_from_the_same_weights(model, n, dtype, data, seed):
    assert_models_agree(model, data.draw(SOME[model]), n, seed, dtype)


def wrong_linear(change):
    """linear_backward, whose three gradients are then changed."""

    def linear_backward(G, X, W, input_grad=True, right=F.linear_backward):
        return change(*right(G, X, W), G, X, W)

    return linear_backward


def one_forgotten(array):
    return np.where(np.arange(array.size).reshape(array.shape) == array.size - 1, 0, array)


def onehot(P, y):
    return np.eye(P.shape[1])[y]


PLANTED = {
    "linear: sign of grad_W": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (gX, -gW, gb))),
    "linear: W not transposed": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (G @ W, gW, gb))),
    "linear: grad_W transposed": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (gX, gW.T, gb))),
    "linear: grad_W divided by n": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (gX, gW / len(X), gb))),
    "linear: bias mean for sum": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (gX, gW, G.mean(axis=0)))),
    "linear: bias of the first example": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (gX, gW, G[0]))),
    "linear: bias over the wrong axis": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (gX, gW, G.sum(axis=1)))),
    "linear: relative error 1e-9": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (gX, gW * (1 + 1e-9), gb))),
    "linear: one entry forgotten": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (gX, one_forgotten(gW), gb))),
    "linear: float32 on the way": ("linear_backward", wrong_linear(lambda gX, gW, gb, G, X, W: (gX, np.float64(np.float32(gW)), gb))),
    "relu: no mask": ("relu_backward", lambda G, Y: G.copy()),
    "relu: slope 1 at the kink": ("relu", lambda X: np.where(X == 0, 5e-324, np.maximum(X, 0))),
    "relu: mask from the gradient": ("relu_backward", lambda G, Y: G * (G > 0)),
    "relu: mask turned round": ("relu_backward", lambda G, Y: G * (Y == 0)),
    "relu: leaks": ("relu_backward", lambda G, Y: np.where(Y > 0, G, 0.01 * G)),
    "cross-entropy: sum for mean": ("softmax_cross_entropy_backward", lambda P, y: P - onehot(P, y)),
    "cross-entropy: divided by n twice": ("softmax_cross_entropy_backward", lambda P, y: (P - onehot(P, y)) / len(y) ** 2),
    "cross-entropy: one-hot missing": ("softmax_cross_entropy_backward", lambda P, y: P / len(y)),
    "cross-entropy: probabilities missing": ("softmax_cross_entropy_backward", lambda P, y: -onehot(P, y) / len(y)),
    "cross-entropy: wrong sign": ("softmax_cross_entropy_backward", lambda P, y: (onehot(P, y) - P) / len(y)),
    "cross-entropy: labels shifted": ("softmax_cross_entropy_backward", lambda P, y: (P - onehot(P, (y + 1) % P.shape[1])) / len(y)),
    "squared loss: sum for mean": ("squared_loss_backward", lambda y_hat, y: y_hat - y),
    "squared loss: the half forgotten": ("squared_loss_backward", lambda y_hat, y: 2 * (y_hat - y) / y.size),
    "squared loss: wrong sign": ("squared_loss_backward", lambda y_hat, y: (y - y_hat) / y.size),
    "mean squared error: factor 2 forgotten": ("mse_loss_backward", lambda y_hat, y: (y_hat - y) / y.size),
}  # fmt: skip


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_caught_by_the_comparison_of_pairs_and_of_models(mistake, monkeypatch):
    """Where every array is square, so that no shape gives a mistake away; without it the same comparisons pass."""
    name, wrong = PLANTED[mistake]
    model, sizes = ("linear_regression", (6,)) if "_loss_" in name else ("mlp", (6, [6], 6))
    assert_pairs_agree(6, 6, 6, seed=0)
    assert_models_agree(model, sizes, 6, seed=0, dtype=np.float64)
    for module in [F, numpynet.layers, *(getattr(numpynet.scratch, model) for model in SOME)]:
        if hasattr(module, name):
            monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError, match="error"):
        assert_pairs_agree(6, 6, 6, seed=0)
    with pytest.raises(AssertionError, match="error"):
        assert_models_agree(model, sizes, 6, seed=0, dtype=np.float64)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["linear_regression", "softmax_regression", "mlp"])
def test_models_start_as_their_twins_do(name, dtype):
    sizes, rng = (6000,) if name == "linear_regression" else (), torch.Generator().manual_seed(0)
    options = {"rng": rng, "dtype": getattr(torch, dtype)}
    own = getattr(numpynet.scratch, name).init_parameters(*sizes, rng=np.random.default_rng(0))
    other = getattr(scratch, name).init_parameters(*sizes, **options)
    net = getattr(torch_models, name)(*sizes, **options)
    assert list(other) == list(own)
    for (key, array), tensor, parameter in zip(own.items(), other.values(), net.parameters(), strict=True):
        assert array.shape == tensor.shape == parameter.detach().numpy().T.shape
        for started in [tensor, parameter]:
            assert started.requires_grad
            assert started.dtype == getattr(torch, dtype)
            assert float(started.detach().std()) == pytest.approx(0.01, rel=0.05) if "W" in key else not started.any()


def test_widths_may_be_numpys_numbers_as_in_numpynet():
    net = torch_models.mlp(6, np.int64(4), 3, rng=torch.Generator())
    assert [tuple(parameter.shape) for parameter in net.parameters()] == [(4, 6), (4,), (3, 4), (3,)]


@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.5, "weight_decay": 0.1}]
)
def test_sgd_takes_torchs_steps_a_hundred_times(options):
    rng = np.random.default_rng(4)
    own = Parameter(rng.normal(size=(4, 3)))
    other = torch.tensor(own.data, requires_grad=True)
    optimizer, twin_optimizer = SGD([own], lr=0.05, **options), torch.optim.SGD([other], lr=0.05, **options)
    for _ in range(100):
        own.grad = rng.normal(size=(4, 3))
        other.grad = torch.tensor(own.grad)
        optimizer.step()
        twin_optimizer.step()
    assert_agree(own.data, other.detach(), "float64 formulas")


@pytest.mark.parametrize("sizes", [(6, [4], 3), (5, [5, 5], 5), (4, [], 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_networks_go_to_torch_and_back_without_a_bit_of_change(sizes, dtype):
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


def test_architectures_that_do_not_fit_are_refused():
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


def test_subclasses_which_may_compute_something_else_are_refused():
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


RUNS = {m.name: (m.sizes, BOOK[model].lr, BOOK[model].batch_size) for model, m in command.MODELS.items()}


def some_data(name):
    """Data, test set, and the epochs that make 500 steps (94 on the shapes), the last one of each epoch a short one.

    On the built-in shapes two epochs must do: there training amplifies rounding errors, and the twins that are 2e-15
    apart after 94 steps are 5e-13 apart after 282, 1e-9 after 1175.
    """
    if name == "linear_regression":
        return numpynet.synthetic_regression(num_examples=1005, rng=np.random.default_rng(0), dtype=np.float64), None, 5
    if FASHION_MNIST:
        (X, y), test, _ = load_fashion_mnist()
        return (X[:42_600], y[:42_600]), test, 3
    return *make_shapes(rng=np.random.default_rng(0))[:2], 2


@pytest.mark.parametrize("name", RUNS)
def test_float64_steps_end_where_torchs_do(name):
    """Parameters, losses and every prediction, from the same weights on the same batches, short last ones among them;
    500 steps, but for the classifiers 94 on the built-in shapes where Fashion-MNIST is absent (`some_data`).
    """
    sizes, lr, batch_size = RUNS[name]
    data, test, num_epochs = some_data(name)
    rng = np.random.default_rng(1)
    contenders = twin.make_contenders(name, sizes, lr=lr, rng=rng, dtype=np.float64)
    assert twin.drift(contenders) == 0
    report = twin.twin_run(contenders, data, num_epochs=num_epochs, batch_size=batch_size, rng=rng)
    assert report.parted is None
    assert len(report.differences) >= (500 if FASHION_MNIST or test is None else 94)
    assert max(report.differences) <= TOLERANCES["float64 training, 500 steps"]
    own, *others = report.histories.values()
    for other in others:
        assert_agree(other.train_loss, own.train_loss, "float64 training, 500 steps")
        assert other.train_accuracy == own.train_accuracy
    if test is not None:
        X = as_floats(test.X).astype(np.float64)
        predictions = [contender.predict(X).argmax(axis=1) for contender in contenders.values()]
        assert all((other == predictions[0]).all() for other in predictions)


def mlp_without_mask(params, X, y, right=numpynet.scratch.mlp.loss_and_gradients):
    """The scratch MLP, but the gradient goes through the ReLU unmasked."""
    _, grads = right(params, X, y)
    H = F.relu(F.linear(F.flatten(X), params["W1"], params["b1"]))
    loss, P = F.softmax_cross_entropy(F.linear(H, params["W2"], params["b2"]), y)
    grad_H, *_ = F.linear_backward(F.softmax_cross_entropy_backward(P, y), H, params["W2"])
    _, grad_W1, grad_b1 = F.linear_backward(grad_H, F.flatten(X), params["W1"])
    return loss, {**grads, "W1": grad_W1, "b1": grad_b1}


def changed(change):
    """The scratch MLP, but its loss and gradients are changed."""

    def loss_and_gradients(params, X, y, right=numpynet.scratch.mlp.loss_and_gradients):
        return change(*right(params, X, y))

    return loss_and_gradients


def scaled(**factors):
    return changed(lambda loss, grads: (loss, {key: grad * factors.get(key, 1) for key, grad in grads.items()}))


DIFFER = "of numpynet scratch and of PyTorch scratch differ by"
SHAPES = "of numpynet scratch and of PyTorch scratch have shapes"

MISTAKES = {
    "mask dropped": (mlp_without_mask, f"grad_W1 {DIFFER}"),
    "sign of one": (scaled(b2=-1), f"grad_b2 {DIFFER} 2.0e+00, relative to its"),
    "sum for mean": (scaled(W1=64, b1=64, W2=64, b2=64), f"grad_W2 {DIFFER}"),
    "bias mean for sum": (scaled(b1=1 / 64), f"grad_b1 {DIFFER}"),
    "relative error 1e-9": (scaled(W2=1 + 1e-9), f"grad_W2 {DIFFER} 1.0e-09, relative to its largest entry"),
    "one gradient forgotten": (scaled(W1=0), f"grad_W1 {DIFFER}"),
    "loss doubled": (changed(lambda loss, grads: (2 * loss, grads)), f"loss {DIFFER}"),
    "not a number": (scaled(W2=np.nan), f"grad_W2 {DIFFER} nan"),
    "b2 as a row": (changed(lambda loss, grads: (loss, grads | {"b2": grads["b2"][None]})), f"grad_b2 {SHAPES} (1, 10) and (10,)"),
    "W1 transposed": (changed(lambda loss, grads: (loss, grads | {"W1": grads["W1"].T})), f"grad_W1 {SHAPES} (16, 784) and (784, 16)"),
    "b1 missing": (changed(lambda loss, grads: (loss, {key: grads[key] for key in ["W1", "W2", "b2"]})), "numpynet scratch must give prediction, loss, grad_W2, grad_b2, grad_W1, grad_b1, got prediction, loss, grad_W1, grad_W2, grad_b2"),
    "signs, in another order": (changed(lambda loss, grads: (loss, {key: -grads[key] for key in ["b1", "b2", "W1", "W2"]})), f"grad_W2 {DIFFER}"),
}  # fmt: skip


def run_on_shapes(dtype, change=lambda contenders: None, num_hiddens=16):
    """What a twin run of a small MLP says, if change is made to its contenders before."""
    rng = np.random.default_rng(0)
    contenders = twin.make_contenders("mlp", (784, num_hiddens, 10), lr=0.1, rng=rng, dtype=dtype)
    change(contenders)
    return twin.twin_run(contenders, make_shapes(640, 10, rng=rng).train, num_epochs=1, batch_size=64, rng=rng)


@pytest.mark.parametrize(
    ("mistake", "dtype"),
    [(m, np.float64) for m in MISTAKES] + [(m, np.float32) for m in MISTAKES if m != "relative error 1e-9"],
)
def test_the_twin_run_names_step_0_and_the_first_wrong_gradient(mistake, dtype, monkeypatch):
    loss_and_gradients, words = MISTAKES[mistake]
    monkeypatch.setattr(numpynet.scratch.mlp, "loss_and_gradients", loss_and_gradients)
    assert run_on_shapes(dtype).parted.startswith(f"step 0: {words}")


def scale_lr(name, factor):
    def change(contenders):
        if name in (twin.NUMPY_SCRATCH, twin.TORCH_SCRATCH):
            contenders[name].lr *= factor
        elif name == twin.NUMPY_CONCISE:
            contenders[name].optimizer.lr *= factor
        else:
            contenders[name].optimizer.param_groups[0]["lr"] *= factor

    return change


@pytest.mark.parametrize("name", twin.REPEATED_BY)
@pytest.mark.parametrize(("dtype", "factor"), [(np.float64, 1 + 1e-9), (np.float32, 1 + 1e-4)])
def test_the_twin_run_sees_a_step_that_is_a_little_too_long(name, dtype, factor):
    assert run_on_shapes(dtype).parted is None
    parted = run_on_shapes(dtype, scale_lr(name, factor)).parted
    assert re.match("step 0: [Wb][12] of", parted)
    assert f"of {name} " in parted


def test_the_twin_run_sees_any_difference_between_numpynets_two():
    parted = run_on_shapes(np.float32, scale_lr(twin.NUMPY_CONCISE, 1 + 1e-6)).parted
    assert parted.startswith("step 0: W1 of numpynet concise and of numpynet scratch differ by")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_twin_run_names_a_later_step_where_that_is_the_first_wrong_one(dtype, monkeypatch):
    monkeypatch.setattr(torch.optim.SGD, "zero_grad", lambda optimizer: None)
    parted = run_on_shapes(dtype).parted
    assert parted.startswith("step 1: grad_W2 of PyTorch concise and of numpynet scratch differ by")


def wrong_prediction(params, X, right=numpynet.scratch.mlp.predict):
    """The scratch MLP's logits, those of the last example a little too large."""
    O = right(params, X)
    O[-1] *= 1.01
    return O


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_twin_run_sees_a_wrong_prediction_where_the_loss_is_right(dtype, monkeypatch):
    monkeypatch.setattr(numpynet.scratch.mlp, "predict", wrong_prediction)
    assert run_on_shapes(dtype).parted.startswith(f"step 0: prediction {DIFFER}")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_twin_run_sees_one_unit_in_sixty_that_is_not_a_number(dtype, wrong, monkeypatch):
    def planted(loss, grads):
        grads["b1"][7] = wrong
        return loss, grads

    monkeypatch.setattr(numpynet.scratch.mlp, "loss_and_gradients", changed(planted))
    assert run_on_shapes(dtype, num_hiddens=60).parted.startswith(f"step 0: grad_b1 {DIFFER} nan or inf")


def test_the_twin_run_in_float32_sees_one_unit_in_sixty_that_is_wrong_at_every_step(monkeypatch):
    def planted(loss, grads):
        grads["W1"][:, 7] = grads["b1"][7] = 0
        return loss, grads

    monkeypatch.setattr(numpynet.scratch.mlp, "loss_and_gradients", changed(planted))
    assert run_on_shapes(np.float32, num_hiddens=60).parted.startswith(f"step 0: grad_W1 {DIFFER}")


def test_in_float32_a_unit_within_rounding_of_0_may_be_on_in_one_and_off_in_the_other():
    """The units are 1 − 1 + 2e-9, which rounding may turn off; 1 − 1 + 2e-4, which it cannot; and 1."""
    X, y = np.array([[1, -1, 2**-12]], np.float32), np.array([0])
    W1 = np.array([[1, 1, 1], [1, 1, 0], [1e-5, 1, 1]], np.float32)
    params = {"W1": W1, "b1": np.zeros(3, np.float32), "W2": np.eye(3, dtype=np.float32), "b2": np.zeros(3, np.float32)}
    undecided = twin.near_the_kink(params, X)
    assert undecided.tolist() == [True, False, False]

    _, grads = numpynet.scratch.mlp.loss_and_gradients(params, X, y)
    found, expected = ({f"grad_{name}": np.array(grad) for name, grad in grads.items()} for _ in range(2))
    expected["grad_W1"][:, 0] = expected["grad_b1"][0] = 0
    for name in [twin.NUMPY_SCRATCH, twin.TORCH_SCRATCH, twin.TORCH_CONCISE]:
        judge = twin.Judge(name, np.dtype("float32"))
        assert judge.first_difference(found, expected, undecided) is None
        assert "grad_W1" in judge.first_difference(found, expected, [])
        expected["grad_b1"][0] = np.nan
        assert "grad_b1" in judge.first_difference(found, expected, undecided)
        expected["grad_b1"][0] = 0
    assert not twin.Judge(twin.NUMPY_CONCISE, np.dtype("float32")).leaves_out
    assert not twin.Judge(twin.NUMPY_SCRATCH, np.dtype("float64")).leaves_out


def test_units_whose_every_term_is_0_are_decided():
    """At the start, where b1 is 0, a black image would otherwise leave out every unit."""
    net = models.mlp(6, 4, 3, rng=np.random.default_rng(0))
    W1, b1 = (parameter.data for parameter in net.parameters()[:2])
    assert not twin.near_the_kink({"W1": W1, "b1": b1}, np.zeros((2, 6), np.float32)).any()


@pytest.fixture
def run_command(monkeypatch, capsys):
    """Runs the command here, and returns its exit code and what it printed."""

    def run(*options):
        monkeypatch.setattr(command, "restart_with", lambda setting: None)
        monkeypatch.setattr(sys, "argv", ["reference", *map(str, options)])
        try:
            code = command.main()
        except SystemExit as error:
            code = error.code
        return code, "".join(capsys.readouterr())

    return run


def test_the_command_shows_that_the_twins_agree(tmp_path):
    options = ["mlp", "--data", "shapes", "--epochs", "1", "--dtype", "float32", "--output", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, "-W", "error", "-m", "reference", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert "they agree at each of 47 steps" in result.stdout
    for picture in ["curves.png", "difference.png"]:
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("model", ["linear", "softmax", "mlp"])
def test_the_verdict_speaks_of_relu_where_units_may_be_left_out(model, dtype, run_command, tmp_path, monkeypatch):
    monkeypatch.setattr(
        command, "MODELS", command.MODELS | {"mlp": dataclasses.replace(command.MODELS["mlp"], sizes=(784, 16, 10))}
    )
    options = [] if model == "linear" else ["--data", "shapes"]
    code, printed = run_command(model, *options, "--epochs", 1, "--dtype", dtype, "--output", tmp_path)
    assert code == 0
    tolerance = "2e-14" if dtype == "float64" else "3e-06"
    assert f"differ by at most\n{tolerance} of the largest that each has been in the run so far;" in printed
    assert ("ReLU" in printed) == (model == "mlp" and dtype == "float32")
    assert max(map(len, printed.partition("they agree")[2].splitlines())) <= 120


@pytest.mark.parametrize("model", ["linear", "softmax"])
def test_the_command_has_the_figures_of_numpynet_train_from_the_same_seed(model, run_command, tmp_path, capsys):
    settings = replace(BOOK[model], epochs=2, data="synthetic" if model == "linear" else "shapes", seed=3)
    run(settings, RunFolder(tmp_path))
    capsys.readouterr()
    options = [] if model == "linear" else ["--data", "shapes"]
    code, printed = run_command(model, *options, "--epochs", 2, "--seed", 3, "--dtype", "float32", "--output", tmp_path)
    assert code == 0
    rows = [line.split() for line in printed.splitlines() if line.split()[0].isdigit()]
    history = json.loads((tmp_path / "history.json").read_text())
    columns = [history[key] for key in ["train_loss", "train_accuracy", "test_accuracy"] if history[key]]
    assert len(rows) == 2
    for row, *figures in zip(rows, *columns, strict=True):
        assert row[1 : 1 + len(figures)] == [f"{figure:.4f}" for figure in figures]


def test_the_command_exits_1_and_names_the_first_wrong_gradient_where_the_twins_part(
    tmp_path, run_command, monkeypatch
):
    monkeypatch.setattr(numpynet.scratch.mlp, "loss_and_gradients", mlp_without_mask)
    code, printed = run_command("mlp", "--data", "shapes", "--output", tmp_path)
    assert code == 1
    assert "part at step 0: grad_W1 of numpynet scratch and of PyTorch scratch" in printed
    assert "agree" not in printed


def test_where_the_twins_part_the_pictures_show_the_steps_before_and_no_earlier_run(tmp_path, run_command, monkeypatch):
    monkeypatch.setattr(torch.optim.SGD, "zero_grad", lambda optimizer: None)
    for picture in ["curves.png", "difference.png"]:
        (tmp_path / picture).write_bytes(b"old")
    code, printed = run_command("linear", "--output", tmp_path)
    assert code == 1
    assert "part at step 1: grad_W of PyTorch concise" in printed
    assert (tmp_path / "difference.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "curves.png").exists()


def test_the_command_needs_no_matplotlib_but_for_its_pictures(tmp_path, run_command, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, printed = run_command("linear", "--epochs", 1, "--output", tmp_path)
    assert code == 0
    assert "no pictures: plotting needs matplotlib" in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["mlp", "--epochs", "0"], "--epochs: must be at least 1, got 0"),
        (["mlp", "--seed", "-1"], "--seed: must be at least 0, got -1"),
        (["linear", "--data", "shapes"], "linear makes its own data"),
        (["linear", "--root", "."], "linear makes its own data"),
        (["softmax", "--data", "shapes", "--root", "."], "--root is the folder of Fashion-MNIST; shapes need none"),
        (["mlp", "--root", "no-such-folder"], "load_fashion_mnist: missing"),
        (["linear", "--output", __file__], "File exists"),
    ],
)
def test_the_command_says_in_a_line_what_it_cannot_do(options, words, run_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed = run_command(*options)
    assert code == 2
    assert words in printed.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_data_that_cannot_be_had_leave_an_earlier_runs_pictures(run_command, tmp_path):
    (tmp_path / "curves.png").write_bytes(b"of an earlier run")
    assert run_command("mlp", "--root", tmp_path / "none", "--output", tmp_path)[0] == 2
    assert (tmp_path / "curves.png").read_bytes() == b"of an earlier run"


def test_ctrl_c_ends_the_command_with_a_line_and_130(run_command, tmp_path, monkeypatch):
    def pressed(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "twin_run", pressed)
    code, printed = run_command("linear", "--output", tmp_path)
    assert code == 130
    assert printed.splitlines()[-1] == "python -m reference: interrupted"


def test_without_torch_the_command_says_in_a_line_what_to_install():
    code = "import sys, runpy; sys.modules['torch'] = None; runpy.run_module('reference', run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert 'pip install -e ".[reference]"' in result.stderr


class TorchBatches:
    """The batches that `numpynet.train` draws from a like rng, as tensors; anew in every epoch, as from a DataLoader."""

    def __init__(self, data, batch_size, rng):
        self.data, self.batch_size, self.rng = data, batch_size, rng

    def __iter__(self):
        for batch in minibatches(*self.data, self.batch_size, rng=self.rng):
            yield tuple(torch.from_numpy(array) for array in batch)


def train_both(name, sizes, data, test, *, lr, batch_size, num_epochs, seed, dtype):
    """What `numpynet.train` and `reference.training.train` make of the same weights and batches: two histories, and two
    state dicts in numpynet's form.
    """
    net = getattr(models, name)(*sizes, rng=np.random.default_rng(seed), dtype=dtype)
    module = convert.to_torch(net)
    if name == "linear_regression":
        loss, torch_loss = SquaredLoss(), twin.half_mse
    else:
        loss, torch_loss = CrossEntropyLoss(), torch.nn.functional.cross_entropy
    options = {"num_epochs": num_epochs, "batch_size": batch_size, "rng": np.random.default_rng(seed)}
    own = numpynet.train(net, loss, SGD(net.parameters(), lr), data, **options, test=test, progress=False)
    other = training.train(
        module,
        torch_loss,
        torch.optim.SGD(module.parameters(), lr),
        TorchBatches(data, batch_size, np.random.default_rng(seed)),
        num_epochs=num_epochs,
        test_batches=None if test is None else TorchBatches(test, batch_size, None),
    )
    return own, other, net.state_dict(), convert.state_dict_from_torch(module.state_dict())


def in_float64(split):
    return Split(as_floats(split.X).astype(np.float64), split.y.astype(np.int64))


def assert_histories_agree(own, other, comparison):
    assert_agree(own.train_loss, other.train_loss, comparison)
    if own.test_loss:
        assert_agree(own.test_loss, other.test_loss, comparison)
    for key in ["train_accuracy", "test_accuracy"]:
        assert getattr(own, key) == pytest.approx(getattr(other, key), rel=1e-15)  # one example more would be 1e-5
    assert [len(column) for column in astuple(own)] == [len(column) for column in astuple(other)]


@pytest.mark.parametrize(("name", "sizes"), [("linear_regression", (2,)), ("mlp", (784, 16, 10))])
def test_both_training_loops_write_the_same_history(name, sizes):
    if name == "linear_regression":
        data, test, _ = some_data(name)
    else:
        data, test = map(in_float64, make_shapes(600, 200, rng=np.random.default_rng(0))[:2])
    own, other, *_ = train_both(name, sizes, data, test, lr=0.1, batch_size=64, num_epochs=3, seed=0, dtype=np.float64)
    assert_histories_agree(own, other, "float64 training, 500 steps")
    assert len(own.train_loss) == 3


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.parametrize("name", ["softmax_regression", "mlp"])
def test_the_books_epochs_in_float64_end_where_torchs_do(name):
    sizes, lr, batch_size = RUNS[name]
    data, test = map(in_float64, load_fashion_mnist()[:2])
    options = {"lr": lr, "batch_size": batch_size, "num_epochs": 10, "seed": 0, "dtype": np.float64}
    *histories, own, other = train_both(name, sizes, data, test, **options)
    assert_histories_agree(*histories, "float64 training, the book's epochs")
    for key in own:
        assert_agree(own[key], other[key], "float64 training, the book's epochs", key)


def test_torchs_training_loop_refuses_what_would_give_a_wrong_history():
    net = torch.nn.Linear(2, 1)
    X, y = torch.ones(4, 2), torch.ones(4, 1)
    optimizer, loss = torch.optim.SGD(net.parameters(), 0.1), torch.nn.functional.mse_loss
    for wrong, came in [(y, "torch.float32 of shape (4, 1)"), (y.long(), "torch.int64 of shape (4, 1)")]:
        words = re.escape(f"accuracy: y must be classes, integers of shape (4,), got {came}")
        with pytest.raises(ValueError, match=words):
            training.train(net, loss, optimizer, [(X, y)], num_epochs=1, test_batches=[(X, wrong)])
    with pytest.raises(ValueError, match="accuracy: y must be classes"):
        training.train(net, lambda y_hat, y: loss(y_hat, y.float()), optimizer, [(X, y.long())], num_epochs=1)
    once = iter([(X, torch.zeros(4, dtype=torch.int64))])
    with pytest.raises(
        ValueError, match="evaluate: batches must start anew every time, as a DataLoader does, got none"
    ):
        training.train(net, loss, optimizer, [(X, y)], num_epochs=2, test_batches=once)
    with pytest.raises(
        ValueError, match="train: batches must start anew in every epoch, as a DataLoader does, got none"
    ):
        training.train(net, loss, optimizer, iter([(X, y)]), num_epochs=2)


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.parametrize("name", ["softmax_regression", "mlp"])
def test_float32_runs_of_ten_epochs_end_alike_for_three_seeds(name):
    """Single runs drift apart in float32; their losses and accuracies must not."""
    sizes, lr, batch_size = RUNS[name]
    data, test = (Split(X, y.astype(np.int64)) for X, y in load_fashion_mnist()[:2])
    for seed in range(3):
        options = {"lr": lr, "batch_size": batch_size, "num_epochs": 10, "seed": seed, "dtype": np.float32}
        own, other, *_ = train_both(name, sizes, data, test, **options)
        assert own.train_loss[-1] == pytest.approx(other.train_loss[-1], abs=0.005)
        assert own.test_accuracy[-1] == pytest.approx(other.test_accuracy[-1], abs=0.01)
        assert min(own.test_accuracy[-1], other.test_accuracy[-1]) > 0.80


def test_the_books_loaders_refuse_a_changed_copy(tmp_path):
    from reference.data import loaders

    for file in fashion_mnist_files.FILES:
        (tmp_path / file.name).write_bytes(idx_header(file.shape) + bytes(math.prod(file.shape)))
    with pytest.raises(numpynet.data.ChecksumError, match="train-images-idx3-ubyte: changed"):
        loaders(100, tmp_path)


def test_the_front_doors_example_of_training_in_pytorch_alone_runs(monkeypatch):
    import reference.data

    X, y = make_shapes(512, 10, rng=np.random.default_rng(0)).train
    batches = [(torch.from_numpy(as_floats(X)), torch.from_numpy(y.astype(np.int64)))]
    monkeypatch.setattr(reference.data, "loaders", lambda batch_size: (batches, batches))
    example = reference.__doc__.partition("\n\n    import torch\n")[2]
    names = {"torch": torch}
    exec(textwrap.dedent(example), names)
    assert len(names["history"].test_accuracy) == 10
    assert names["history"].train_loss[-1] < names["history"].train_loss[0]


def test_the_recipe_for_an_update_in_pytorch_takes_sgds_step():
    recipe = scratch.linear_regression.__doc__.partition("record:\n\n")[2].partition("\n\n")[0]
    params = scratch.linear_regression.init_parameters(2, rng=torch.Generator().manual_seed(0))
    expected = {name: parameter.detach().clone() for name, parameter in params.items()}
    X, y = torch.ones(3, 2), torch.ones(3, 1)
    _, grads = scratch.linear_regression.loss_and_gradients(params, X, y)
    names = {"loss_and_gradients": scratch.linear_regression.loss_and_gradients, "params": params, "X": X, "y": y}
    exec(textwrap.dedent(recipe), names | {"torch": torch, "lr": 0.1})
    for name, parameter in params.items():
        torch.testing.assert_close(parameter.detach(), expected[name] - 0.1 * grads[name])


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
def test_the_books_loaders_give_numpynets_data():
    from reference.data import loaders

    for own, loader in zip(load_fashion_mnist()[:2], loaders(100), strict=True):
        np.testing.assert_array_equal(own.X, loader.dataset.data.numpy())
        np.testing.assert_array_equal(own.y, loader.dataset.targets.numpy())
        assert len(loader) == len(own.X) / 100
        X, y = next(iter(loader))
        assert X.shape == (100, 1, 28, 28)
        in_order = np.array_equal(y, own.y[:100])
        assert in_order == (loader.dataset.train is False)
        if in_order:
            np.testing.assert_array_equal(X[:, 0], as_floats(own.X[:100]))
