"""The training loop in PyTorch records the same history."""

import re
import textwrap
from dataclasses import astuple

import numpy as np
import pytest

import numpynet
from numpynet import SGD, CrossEntropyLoss, Parameter, SquaredLoss, load_fashion_mnist, make_shapes, minibatches, models
from numpynet.data import Split
from numpynet.data.batches import as_floats
from tests.helpers.against_torch import RUNS, some_data
from tests.helpers.compare import assert_agree
from tests.helpers.fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import convert, scratch, training  # noqa: E402


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


class TorchBatches:
    """The batches that `numpynet.train` draws from an equal rng, as tensors; like a DataLoader, new in every epoch."""

    def __init__(self, data, batch_size, rng):
        self.data, self.batch_size, self.rng = data, batch_size, rng

    def __iter__(self):
        for batch in minibatches(*self.data, self.batch_size, rng=self.rng):
            yield tuple(torch.from_numpy(array) for array in batch)


def train_both(name, sizes, data, test, *, lr, batch_size, num_epochs, seed, dtype):
    """Train with `numpynet.train` and `reference.training.train` from the same weights on the same batches; return both
    histories, and both state dicts in numpynet's form.
    """
    net = getattr(models, name)(*sizes, rng=np.random.default_rng(seed), dtype=dtype)
    module = convert.to_torch(net)
    loss = SquaredLoss() if name == "linear_regression" else CrossEntropyLoss()
    options = {"num_epochs": num_epochs, "batch_size": batch_size, "rng": np.random.default_rng(seed)}
    own = numpynet.train(net, loss, SGD(net.parameters(), lr), data, **options, test=test, progress=False)
    other = training.train(
        module,
        convert.LOSSES[type(loss)],
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
        assert getattr(own, key) == pytest.approx(
            getattr(other, key), rel=1e-15
        )  # a difference of one example would be 1e-5
    assert [len(column) for column in astuple(own)] == [len(column) for column in astuple(other)]


@pytest.mark.parametrize(("name", "sizes"), [("linear_regression", (2,)), ("mlp", (784, 16, 10))])
def test_both_training_loops_record_the_same_history(name, sizes):
    if name == "linear_regression":
        data, test, _ = some_data(name)
    else:
        data, test = map(in_float64, make_shapes(600, 200, rng=np.random.default_rng(0))[:2])
    own, other, *_ = train_both(name, sizes, data, test, lr=0.1, batch_size=64, num_epochs=3, seed=0, dtype=np.float64)
    assert_histories_agree(own, other, "float64 training, 500 steps")
    assert len(own.train_loss) == 3


@pytest.mark.slow
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


def test_torchs_loop_refuses_what_would_give_a_wrong_history():
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
        ValueError, match="evaluate: batches must start over every time, as a DataLoader does, got none"
    ):
        training.train(net, lambda y_hat, y: y_hat.mean(), optimizer, [(X, y)], num_epochs=2, test_batches=once)
    with pytest.raises(
        ValueError, match="train: batches must start over in every epoch, as a DataLoader does, got none"
    ):
        training.train(net, loss, optimizer, iter([(X, y)]), num_epochs=2)


@pytest.mark.slow
@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.parametrize("name", ["softmax_regression", "mlp"])
def test_float32_runs_of_ten_epochs_end_alike_for_three_seeds(name):
    """Parameters drift apart in float32; losses and accuracies must not."""
    sizes, lr, batch_size = RUNS[name]
    data, test = (Split(X, y.astype(np.int64)) for X, y in load_fashion_mnist()[:2])
    for seed in range(3):
        options = {"lr": lr, "batch_size": batch_size, "num_epochs": 10, "seed": seed, "dtype": np.float32}
        own, other, *_ = train_both(name, sizes, data, test, **options)
        assert own.train_loss[-1] == pytest.approx(other.train_loss[-1], abs=0.005)
        assert own.test_accuracy[-1] == pytest.approx(other.test_accuracy[-1], abs=0.01)
        assert min(own.test_accuracy[-1], other.test_accuracy[-1]) > 0.80


def test_the_docstrings_example_of_training_in_pytorch_runs(monkeypatch):
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
