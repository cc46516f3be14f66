"""numpynet against PyTorch: gradients, training runs, parameters carried over, and the data."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

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
    models,
)
from numpynet import functional as F
from numpynet.data import fashion_mnist
from tests.compare import assert_agree

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")
from reference import convert, scratch, twin  # noqa: E402
from reference import models as torch_models  # noqa: E402

ROOT = Path(__file__).parent.parent
NEEDS_FASHION_MNIST = "needs a copy of Fashion-MNIST: set NUMPYNET_DATA to its folder"


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
        other = twin.TorchConcise(convert.to_torch(net), torch_loss, params, lr=0)
        others = {"concise": other.gradients(X, y)}
        owns = {"concise": twin.NumpyConcise(net, own_loss, params, lr=0).gradients(X, y)}
        if len(names) <= 4 and not isinstance(own_loss, MSELoss):
            owns["scratch"] = getattr(numpynet.scratch, model).loss_and_gradients(params, X, y)
            others["scratch"] = twin.TorchScratch(getattr(scratch, model), params, lr=0).gradients(X, y)
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
    with pytest.raises(AssertionError, match=r"error|shape"):
        assert_pairs_agree(6, 6, 6, seed=0)
    with pytest.raises(AssertionError, match=r"error|shape"):
        assert_models_agree(model, sizes, 6, seed=0, dtype=np.float64)


def test_models_start_as_their_twins_do():
    rng = torch.Generator().manual_seed(0)
    for name, size in [("softmax_regression", ()), ("mlp", ()), ("linear_regression", (2,))]:
        own = getattr(models, name)(*size, rng=np.random.default_rng(0))
        other = getattr(torch_models, name)(*size, rng=rng)
        assert [p.data.T.shape for p in own.parameters()] == [tuple(p.shape) for p in other.parameters()]
        assert all(not p.any() for p in list(other.parameters())[1::2])
    assert float(next(torch_models.mlp(rng=rng).parameters()).detach().std()) == pytest.approx(0.01, rel=0.02)
    for name, sizes in [("linear_regression", (6,)), ("softmax_regression", (6, 4)), ("mlp", (6, 5, 4))]:
        own = getattr(numpynet.scratch, name).init_parameters(*sizes, rng=np.random.default_rng(0))
        other = getattr(scratch, name).init_parameters(*sizes, rng=rng)
        assert {key: tuple(tensor.shape) for key, tensor in other.items()} == {k: v.shape for k, v in own.items()}


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


RUNS = {
    "linear_regression": ((2,), 0.03, 10),
    "softmax_regression": ((784, 10), 0.1, 256),
    "mlp": ((784, 256, 10), 0.1, 256),
}


@pytest.mark.parametrize("name", RUNS)
def test_five_hundred_float64_steps_end_where_torchs_do(name):
    """From the same weights on the same batches, short last ones among them: parameters, losses, every prediction."""
    sizes, lr, batch_size = RUNS[name]
    if name == "linear_regression":
        data, test = (
            numpynet.synthetic_regression(num_examples=1005, rng=np.random.default_rng(0), dtype=np.float64),
            None,
        )
    elif fashion_mnist.find_fashion_mnist():
        data, test, _ = load_fashion_mnist()
    else:
        data, test, _ = make_shapes(rng=np.random.default_rng(0))
    data = data if test is None else (data.X, data.y.astype(np.int64))
    four = twin.contenders(name, sizes, lr=lr, seed=1, dtype=np.float64)
    report = twin.twin_run(four, data, num_epochs=20, batch_size=batch_size, seed=2, test=None, num_steps=500)
    assert report.parted is None
    assert len(report.differences) == 500
    assert max(report.differences) <= 1e-12
    losses = np.array([history.train_loss for history in report.histories.values()])
    np.testing.assert_allclose(losses, np.broadcast_to(losses[0], losses.shape), rtol=1e-12)
    if test is not None:
        predictions = [twin.predict_classes(contender, test.X, np.float64) for contender in four.values()]
        assert all((other == predictions[0]).all() for other in predictions)


def mlp_without_mask(params, X, y, right=numpynet.scratch.mlp.loss_and_gradients):
    """The scratch MLP, but the gradient goes through the ReLU unmasked."""
    _, grads = right(params, X, y)
    H = F.relu(F.linear(F.flatten(X), params["W1"], params["b1"]))
    loss, P = F.softmax_cross_entropy(F.linear(H, params["W2"], params["b2"]), y)
    grad_H, *_ = F.linear_backward(F.softmax_cross_entropy_backward(P, y), H, params["W2"])
    _, grad_W1, grad_b1 = F.linear_backward(grad_H, F.flatten(X), params["W1"])
    return loss, {**grads, "W1": grad_W1, "b1": grad_b1}


def scaled(**factors):
    def loss_and_gradients(params, X, y):
        loss, grads = numpynet.scratch.mlp.loss_and_gradients(params, X, y)
        return loss, {key: grad * factors.get(key, 1) for key, grad in grads.items()}

    return loss_and_gradients


MISTAKES = {
    "mask dropped": (mlp_without_mask, "grad_W1"),
    "sign of one": (scaled(b2=-1), "grad_b2"),
    "sum for mean": (scaled(W1=64, b1=64, W2=64, b2=64), "grad_W2"),
    "bias mean for sum": (scaled(b1=1 / 64), "grad_b1"),
    "relative error 1e-9": (scaled(W2=1 + 1e-9), "grad_W2"),
    "one gradient forgotten": (scaled(W1=0), "grad_W1"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_twin_run_names_step_0_and_the_first_wrong_gradient(mistake):
    loss_and_gradients, gradient = MISTAKES[mistake]
    own = numpynet.scratch.mlp
    wrong = SimpleNamespace(
        init_parameters=own.init_parameters, predict=own.predict, loss_and_gradients=loss_and_gradients
    )
    four = twin.contenders("mlp", (784, 16, 10), lr=0.1, seed=0, dtype=np.float64, numpy_module=wrong)
    X, y = make_shapes(64, 10, rng=np.random.default_rng(0)).train
    report = twin.twin_run(four, (X, y.astype(np.int64)), num_epochs=1, batch_size=64, seed=0)
    assert report.parted.startswith(f"step 0: {gradient} of numpynet scratch and of PyTorch scratch differ")


@pytest.mark.parametrize("options", [["linear"], ["mlp", "--data", "shapes", "--epochs", "1", "--dtype", "float32"]])
def test_the_command_shows_that_the_twins_agree(options, tmp_path):
    command = [sys.executable, "-W", "error", "-m", "reference", *options, "--output", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    rows = [line for line in result.stdout.splitlines() if line.split()[0].isdigit()]
    assert len(rows) == (3 if options == ["linear"] else 1)
    assert "they agree" in result.stdout
    for picture in ["curves.png", "difference.png"]:
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


def test_the_command_exits_1_and_names_the_first_wrong_gradient_where_the_twins_part(tmp_path, monkeypatch, capsys):
    from reference import __main__ as command

    monkeypatch.setattr(numpynet.scratch.mlp, "loss_and_gradients", mlp_without_mask)
    monkeypatch.setattr(command, "threads_are", lambda count: True)
    monkeypatch.setattr(
        sys, "argv", ["reference", "mlp", "--data", "shapes", "--epochs", "1", "--output", str(tmp_path)]
    )
    assert command.main() == 1
    assert "part at step 0: grad_W1 of numpynet scratch and of PyTorch scratch" in capsys.readouterr().out


@pytest.mark.skipif(fashion_mnist.find_fashion_mnist() is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.parametrize("name", ["softmax_regression", "mlp"])
def test_float32_runs_of_ten_epochs_end_alike_for_three_seeds(name):
    """Single runs drift apart in float32; their losses and accuracies must not."""
    data, test, _ = load_fashion_mnist()
    sizes, lr, batch_size = RUNS[name]
    for seed in range(3):
        four = twin.contenders(name, sizes, lr=lr, seed=seed, dtype=np.float32)
        two = {key: four[key] for key in (twin.NUMPY_SCRATCH, twin.TORCH_CONCISE)}
        options = {"num_epochs": 10, "batch_size": batch_size, "seed": seed, "test": test}
        report = twin.twin_run(two, (data.X, data.y.astype(np.int64)), **options)
        assert report.parted is None
        own, other = report.histories.values()
        assert own.train_loss[-1] == pytest.approx(other.train_loss[-1], abs=0.005)
        assert own.test_accuracy[-1] == pytest.approx(other.test_accuracy[-1], abs=0.01)
        assert min(own.test_accuracy[-1], other.test_accuracy[-1]) > 0.80


@pytest.mark.skipif(fashion_mnist.find_fashion_mnist() is None, reason=NEEDS_FASHION_MNIST)
def test_fashion_mnist_is_torchvisions_byte_for_byte():
    from reference.data import load_fashion_mnist as torchvisions

    for own, other in zip(load_fashion_mnist()[:2], torchvisions(), strict=True):
        np.testing.assert_array_equal(own.X, other.data.numpy())
        np.testing.assert_array_equal(own.y, other.targets.numpy())
