"""What learners pass by mistake, wherever it can be passed: refused in words, or computed correctly."""

import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from numpynet import (
    SGD,
    Callback,
    CrossEntropyLoss,
    History,
    Linear,
    MSELoss,
    SquaredLoss,
    accuracy,
    evaluate_accuracy,
    functional,
    make_shapes,
    minibatches,
    models,
    train,
    train_scratch,
)
from numpynet.scratch import linear_regression, mlp, softmax_regression
from tests.helpers.command import ROOT

X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
Y = np.arange(12) % 3
TARGETS = X[:, :1] * 2


def train_mlp(X=X, y=Y, **change):
    rng = np.random.default_rng(1)
    net = models.mlp(4, 5, 3, rng=rng)
    options = {"num_epochs": 2, "batch_size": 5, "rng": rng, "progress": False} | change
    return train(net, CrossEntropyLoss(), SGD(net.parameters(), 0.1), (X, y), **options)


def train_scratch_mlp(X=X, y=Y, **change):
    rng = np.random.default_rng(1)
    params = mlp.init_parameters(4, 5, 3, rng=rng)
    options = {"lr": 0.1, "num_epochs": 2, "batch_size": 5, "rng": rng, "progress": False} | change
    return train_scratch(mlp, params, (X, y), **options)


PARAMS = {
    linear_regression: linear_regression.init_parameters(4, rng=np.random.default_rng(0)),
    softmax_regression: softmax_regression.init_parameters(4, 3, rng=np.random.default_rng(0)),
    mlp: mlp.init_parameters(4, 5, 3, rng=np.random.default_rng(0)),
}
NET = models.mlp(4, 5, 3, rng=np.random.default_rng(0))
DOORS = {  # what takes X, by name
    "train": train_mlp,
    "train_scratch": train_scratch_mlp,
    "minibatches": lambda X: list(minibatches(X, Y, 5)),
    "evaluate_accuracy": lambda X: evaluate_accuracy(NET, X, Y),
    "net": NET,
    "forward": lambda X: models.mlp(4, 5, 3, rng=np.random.default_rng(0)).forward(X),
    "linear": lambda X: functional.linear(X, PARAMS[softmax_regression]["W"], PARAMS[softmax_regression]["b"]),
    "softmax": functional.softmax,
    "accuracy": lambda X: accuracy(X[:, :3] if hasattr(X, "shape") and X.ndim > 1 else X, Y),
    "squared_loss": lambda X: functional.squared_loss(X, np.zeros((12, 4), np.float32)),
    **{
        f"{module.__name__.split('.')[-1]}.predict": lambda X, module=module: module.predict(PARAMS[module], X)
        for module in PARAMS
    },
}


class Tensor:
    """Like another library's array: with a shape and a dtype, which is not NumPy's."""

    def __init__(self):
        self.shape, self.dtype, self.ndim = (12, 4), "torch.float32", 2

    def __len__(self):
        return 12

    def __getitem__(self, rows):
        return self


WRONG_KINDS = {
    "masked": (np.ma.masked_array(X, X > 1), "got MaskedArray"),
    "matrix": (X.view(np.matrix), "got matrix"),
    "objects": (X.astype(object), "got an array of object"),
    "strings": (X.astype(str), "got an array of <U"),
    "bytes": (X.astype(bytes), r"got an array of \|S"),
    "complex": (X.astype(complex), "got an array of complex128"),
    "datetimes": (np.zeros((12, 4), "M8[s]"), r"got an array of datetime64\[s\]"),
    "booleans": (X > 0, "got an array of bool"),
    "list": (X.tolist(), r"got list; try numpy.array\(\w+\)"),
    "None": (None, "got NoneType"),
    "another library's": (Tensor(), "got Tensor"),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", WRONG_KINDS)
@pytest.mark.parametrize("door", DOORS)
def test_other_kinds_of_arrays_are_a_type_error_naming_the_kind(door, kind):
    value, message = WRONG_KINDS[kind]
    with pytest.raises(TypeError, match=message) as caught:
        DOORS[door](value)
    assert re.match(r"[\w.]+: \w+ must be an array of (floats|numbers)", str(caught.value))


@pytest.mark.parametrize("door", DOORS)
def test_rows_of_different_lengths_are_a_value_error(door):
    with pytest.raises(ValueError, match=r": \w+ must be an array of \w+, got rows of different lengths"):
        DOORS[door]([[1.0, 2.0], [3.0]] * 6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("door", ["train", "train_scratch", *(name for name in DOORS if name.endswith("predict"))])
def test_training_and_predicting_name_the_first_nonfinite_entry(door, bad):
    wrong = X.copy()
    wrong[7, 1] = wrong[9, 0] = bad
    function = door.split(".")[-1]
    with pytest.raises(ValueError, match=rf"{function}: X must be finite, got X\[7, 1\] = {bad}"):
        DOORS[door](wrong)


def test_a_nonfinite_test_set_and_nonfinite_targets_are_named():
    wrong = X.copy()
    wrong[3, 2] = np.inf
    with pytest.raises(ValueError, match=r": test X must be finite, got test X\[3, 2\] = inf"):
        train_mlp(test=(wrong, Y))
    net = models.linear_regression(4, rng=np.random.default_rng(0))
    y = TARGETS.copy()
    y[5, 0] = np.nan
    options = {"num_epochs": 1, "batch_size": 4, "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match=r": y must be finite, got y\[5, 0\] = nan"):
        train(net, SquaredLoss(), SGD(net.parameters(), 0.1), (X, y), **options)


def test_float16_is_computed_in_float32():
    half = X.astype(np.float16)
    assert next(minibatches(half, Y, 5))[0].dtype == np.float32
    assert train_mlp(half).train_loss == train_mlp(half.astype(np.float32)).train_loss
    assert train_scratch_mlp(half).train_loss == train_scratch_mlp(half.astype(np.float32)).train_loss
    for module, params in PARAMS.items():
        O = module.predict(params, half)
        assert O.dtype == np.float32
        np.testing.assert_array_equal(O, module.predict(params, half.astype(np.float32)))
    assert NET(half).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, int, complex])
def test_models_are_of_float32_or_float64(dtype):
    with pytest.raises(TypeError, match="dtype must be float32 or float64, got"):
        models.mlp(4, 5, 3, rng=np.random.default_rng(0), dtype=dtype)


@pytest.mark.parametrize(
    ("width", "kind", "message"),
    [
        (0, ValueError, "must be at least 1, got 0"),
        (-1, ValueError, "must be at least 1, got -1"),
        (2.5, TypeError, "must be a whole number, got 2.5"),
        (True, TypeError, "must be a whole number, got True"),
        ("256", TypeError, "must be a whole number"),
        (10**12, MemoryError, "would need 6272000000000000 bytes, but this machine has"),
    ],
)
@pytest.mark.parametrize(
    "make",
    [
        lambda width, rng: models.mlp(784, width, 10, rng=rng),
        lambda width, rng: models.mlp(784, [width], 10, rng=rng),
        lambda width, rng: mlp.init_parameters(784, width, 10, rng=rng),
        lambda width, rng: Linear(784, width, rng=rng),
    ],
)
def test_impossible_widths_are_refused_before_memory_is_taken(make, width, kind, message):
    rng = np.random.default_rng(0)
    tracemalloc.start()
    with pytest.raises(kind, match=message):
        make(width, rng)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_the_command_refuses_a_width_there_is_no_memory_for():
    result = subprocess.run(
        [sys.executable, "-m", "numpynet", "train", "mlp", "--data", "shapes", "--hidden", str(10**12)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 6
    assert re.fullmatch(r"numpynet: not enough memory: .* would need 6272000000000000 bytes, .*\n", result.stderr)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"X": X, "y": Y[:, None]}, ValueError, r": y must have shape \(12,\) to fit predictions \(12, 3\), got \(12, 1\)"),
        ({"y": np.where(Y == 2, 3, Y)}, ValueError, r": y must be in 0 ... 2 .*, got y\[2\] = 3"),
        ({"test": (X, Y + 1)}, ValueError, r": y must be in 0 ... 2 .*, got y\[2\] = 3"),
        ({"test": (X, Y - 1)}, ValueError, r": y must be in 0 ... 2 .*, got y\[0\] = -1"),
        ({"test": X}, TypeError, r": test must be a pair \(X, y\), got ndarray"),
        ({"test": (X, Y, Y)}, TypeError, r": test must be a pair \(X, y\), got tuple of 3"),
        ({"test": (X, TARGETS)}, ValueError, ": test requires integer y"),
        ({"y": np.array(1)}, ValueError, r": y must have shape \(n, ...\), got \(\)"),
        ({"callbacks": Callback()}, TypeError, ": callbacks must be a list of Callback objects"),
        ({"callbacks": [print]}, TypeError, ": callbacks must be a list of Callback objects"),
        ({"state": History()}, TypeError, ": state must be a State, as from load_checkpoint, got History"),
        ({"state": 0}, TypeError, ": state must be a State, as from load_checkpoint, got int"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", [train_mlp, train_scratch_mlp])
def test_training_refuses_at_once_what_would_fail_later(call, change, kind, message):
    with pytest.raises(kind, match=message):
        call(**{"num_epochs": 0} | change)


def test_a_whole_data_set_is_not_what_to_train_on():
    net, rng = models.mlp(4, 5, 3, rng=np.random.default_rng(0)), np.random.default_rng(0)
    options = {"num_epochs": 1, "batch_size": 5, "rng": rng}
    with pytest.raises(TypeError, match=r": data must be a pair \(X, y\), got ImageDataset of 3"):
        train(net, CrossEntropyLoss(), SGD(net.parameters(), 0.1), make_shapes(20, 10, rng=rng), **options)


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True, None, "5"])
def test_impossible_batch_sizes_are_refused(batch_size):
    for call in (train_mlp, train_scratch_mlp):
        with pytest.raises((TypeError, ValueError), match="batch_size must be"):
            call(batch_size=batch_size)
    with pytest.raises((TypeError, ValueError), match="batch_size must be"):
        evaluate_accuracy(NET, X, Y, batch_size)


@pytest.mark.parametrize("lr", [-0.1, np.nan, np.inf, "0.1", True, None])
def test_impossible_learning_rates_are_refused(lr):
    with pytest.raises((TypeError, ValueError), match="lr must be"):
        SGD(NET.parameters(), lr)
    with pytest.raises((TypeError, ValueError), match="lr must be"):
        train_scratch_mlp(lr=lr)


def test_a_learning_rate_of_0_leaves_the_parameters_untouched():
    net = models.mlp(4, 5, 3, rng=np.random.default_rng(1))
    before = net.state_dict()
    options = {"num_epochs": 2, "batch_size": 5, "rng": np.random.default_rng(0), "progress": False}
    train(net, CrossEntropyLoss(), SGD(net.parameters(), 0), (X, Y), **options)
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("call", [train_mlp, train_scratch_mlp])
def test_no_epochs_give_an_empty_history(call):
    history = call(num_epochs=0)
    assert (history.train_loss, history.train_accuracy, history.test_accuracy, history.seconds) == ([], [], [], [])


@pytest.mark.parametrize("seed", ["-1", "1.5", "one"])
def test_impossible_seeds_are_wrong_usage(seed):
    result = subprocess.run(
        [sys.executable, "-m", "numpynet", "train", "linear", "--seed", seed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 2
    assert "--seed: " in result.stderr
    assert "Traceback" not in result.stderr


def test_with_no_examples_only_predicting_works():
    none, no_classes = X[:0], Y[:0]
    for loss in (MSELoss(), SquaredLoss()):
        with pytest.raises(ValueError, match="must have at least one element"):
            loss.forward(none, none)
    with pytest.raises(ValueError, match="must have at least one row"):
        CrossEntropyLoss().forward(none, no_classes)
    for call in (train_mlp, train_scratch_mlp):
        with pytest.raises(ValueError, match=": data must have at least one example, got none"):
            call(none, no_classes)
        with pytest.raises(ValueError, match=": test must have at least one example, got none"):
            call(test=(none, no_classes))
    with pytest.raises(ValueError, match="evaluate_accuracy: X must have at least one example, got none"):
        evaluate_accuracy(NET, none, no_classes)
    assert functional.relu(none).shape == (0, 4)
    assert NET(none).shape == (0, 3)
    assert NET(np.zeros((0, 2, 2), np.float32)).shape == (0, 3)
    for module, params in PARAMS.items():
        assert module.predict(params, none).shape == (0, 1 if module is linear_regression else 3)


def test_one_example_and_one_class_are_enough():
    assert train_mlp(X[:1], Y[:1]).train_accuracy[-1] in (0, 1)
    rng = np.random.default_rng(0)
    net = models.softmax_regression(4, 1, rng=rng)
    options = {"num_epochs": 2, "batch_size": 5, "rng": rng, "progress": False}
    history = train(net, CrossEntropyLoss(), SGD(net.parameters(), 0.1), (X, np.zeros(12, int)), **options)
    assert history.train_loss == [0, 0]
    assert history.train_accuracy == [1, 1]
    assert train_mlp(X, np.full(12, 2)).train_loss[-1] < np.log(3)


def test_the_global_random_state_is_never_touched():
    before = np.random.get_state()  # noqa: NPY002
    train_mlp(test=(X, Y))
    train_scratch_mlp()
    after = np.random.get_state()  # noqa: NPY002
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]
