"""A trace has every array of a pass from the layers themselves, knows what each entry is made of, and changes nothing."""

import copy
import math

import numpy as np
import pytest

from numpynet import SGD, CrossEntropyLoss, Flatten, Linear, MSELoss, ReLU, Sequential, SquaredLoss, functional, models
from numpynet.base import Layer, Parameter
from numpynet.scratch import linear_regression, mlp, softmax_regression
from numpynet.trace import example, example_trace, trace, trace_scratch
from numpynet.trace.rules import evaluate

MODELS = ["linear", "softmax", "mlp"]


@pytest.mark.parametrize("model", MODELS)
def test_the_arrays_are_those_of_the_layers(model):
    net, loss, X, y = example(model, 4)
    t = trace(net, loss, X, y)
    value = loss.forward(net.forward(X), y)
    net.backward(loss.backward())
    assert t["loss"] == value
    names = ["W1", "b1", "W2", "b2"] if model == "mlp" else ["W", "b"]
    for name, parameter in zip(names, net.parameters(), strict=True):
        assert np.array_equal(t[name], parameter.data)
        assert np.array_equal(t[f"grad_{name}"], parameter.grad)
    assert t.given == [*names, "y"]


def test_the_names_are_in_the_order_in_which_the_arrays_are_made():
    forward = ["X", "Z1", "H1", "O", "P", "loss"]
    backward = ["grad_O", "grad_W2", "grad_b2", "grad_H1", "grad_Z1", "grad_W1", "grad_b1"]
    assert example_trace("mlp").names == forward + backward
    assert example_trace("softmax").names == ["X", "O", "P", "loss", "grad_O", "grad_W", "grad_b"]
    assert example_trace("linear").names == ["X", "y_hat", "loss", "grad_y_hat", "grad_W", "grad_b"]


@pytest.mark.parametrize("model", MODELS)
def test_the_arrays_equal_numpys_own_formulas(model):
    t = example_trace(model, 7)
    X, y = t["X"], t["y"]
    if model == "linear":
        error = X @ t["W"] + t["b"] - y
        assert np.allclose(t["loss"], (error**2).mean() / 2, rtol=1e-14)
        assert np.allclose(t["grad_W"], X.T @ error / len(X), rtol=1e-13)
        return
    W1, b1 = (t[name] for name in (("W1", "b1") if model == "mlp" else ("W", "b")))
    O = X @ W1 + b1 if model == "softmax" else np.maximum(X @ W1 + b1, 0) @ t["W2"] + t["b2"]
    P = np.exp(O) / np.exp(O).sum(axis=1, keepdims=True)
    grad_O = (P - np.eye(O.shape[1])[y]) / len(X)
    expected = {"O": O, "P": P, "grad_O": grad_O, "loss": -np.log(P[np.arange(len(y)), y]).mean()}
    if model == "mlp":
        grad_Z1 = grad_O @ t["W2"].T * (X @ W1 + b1 > 0)
        expected |= {"grad_Z1": grad_Z1, "grad_W1": X.T @ grad_Z1, "grad_b1": grad_Z1.sum(axis=0)}
    for name, array in expected.items():
        assert np.allclose(t[name], array, rtol=1e-12, atol=1e-15), name


@pytest.mark.parametrize("model", MODELS)
def test_the_sources_of_an_entry_give_its_value(model):
    """Every entry is computed again from the printed numbers of its own sources, and from nothing else."""
    t = example_trace(model, 3)
    for name in t.names[1:]:
        for at in np.ndindex(t[name].shape):
            expression, value = t.line(name, at)
            found = evaluate(expression)
            shown = float(value.replace("−", "-"))
            assert found == pytest.approx(shown, rel=6e-4, abs=1e-12), (name, at)
            assert shown == pytest.approx(t[name][at], rel=6e-4, abs=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_the_sources_are_the_very_entries_that_move_it(model):
    """One entry after another of the arrays that an array is made of is moved: it moves exactly those that name it."""
    t = example_trace(model, 5)
    functions = {
        "linear": lambda X, W, b: X @ W + b, "relu": lambda Z: np.maximum(Z, 0), "softmax": functional.softmax,
        "cross_entropy": lambda P, y: -np.log(P[np.arange(len(y)), y]).mean(),
        "squared_loss": lambda a, b: ((a - b) ** 2).mean() / 2,
        "cross_entropy_backward": lambda P, y: functional.softmax_cross_entropy_backward(P, y),
        "squared_loss_backward": functional.squared_loss_backward, "grad_W": lambda X, G: X.T @ G,
        "grad_b": lambda G: G.sum(axis=0), "grad_X": lambda G, W: G @ W.T, "relu_backward": lambda G, Y: G * (Y > 0),
    }  # fmt: skip
    for name in t.names[1:]:
        function, parents = functions[t._find(name).rule.name], t.parents(name)
        arrays = [t[parent] for parent in parents]
        assert np.allclose(function(*arrays), t[name], rtol=1e-12, atol=1e-15)
        for k, parent in enumerate(parents):
            for at in np.ndindex(arrays[k].shape) if arrays[k].dtype.kind == "f" else ():
                if parent == "H1" and name == "grad_Z1":
                    continue  # the mask: moving H1 a little does not change whether it is above 0
                moved = arrays[k].copy()
                moved[at] += 0.013
                after = function(*arrays[:k], moved, *arrays[k + 1 :])
                changed = {i for i in np.ndindex(t[name].shape) if np.abs((after - t[name])[i]) > 1e-12}
                named = {i for i in np.ndindex(t[name].shape) if (parent, at) in t.sources(name, i)}
                assert changed <= named, (name, parent, at)
                for i in named - changed:  # it is multiplied by a 0, or a ReLU is off
                    assert 0 in [float(t[name][i]), *(float(t[p][j]) for p, j in t.sources(name, i))], (
                        name,
                        parent,
                        at,
                    )


def test_nothing_is_changed(rng):
    net = Sequential(Flatten(), Linear(4, 3, rng=rng), ReLU(), Linear(3, 2, rng=rng))
    loss, optimizer = CrossEntropyLoss(), SGD(net.parameters(), lr=0.1, momentum=0.9)
    X, y = rng.normal(size=(5, 2, 2)).astype(np.float32), np.array([0, 1, 1, 0, 1])
    loss.forward(net.forward(X), y)  # the net has a forward pass to go on from
    before, arrays = copy.deepcopy((net, loss, optimizer)), (X.copy(), y.copy())
    state = copy.deepcopy(rng.bit_generator.state)
    trace(net, loss, X, y, optimizer=optimizer, steps=3)
    assert rng.bit_generator.state == state
    assert np.array_equal(X, arrays[0])
    assert np.array_equal(y, arrays[1])
    assert all(p.grad is None for p in net.parameters())
    net.backward(loss.backward())  # still possible, and what it would have been
    before[0].backward(before[1].backward())
    for one, other in zip(net.parameters(), before[0].parameters(), strict=True):
        assert np.array_equal(one.data, other.data)
        assert np.array_equal(one.grad, other.grad)


def test_nothing_is_changed_when_a_layer_raises(rng):
    class Broken(ReLU):
        def backward(self, grad_Y):
            raise RuntimeError("not today")

    net = Sequential(Linear(2, 3, rng=rng), Broken(), Linear(3, 2, rng=rng))
    before = [p.data.copy() for p in net.parameters()]
    with pytest.raises(RuntimeError, match="not today"):
        trace(net, CrossEntropyLoss(), np.ones((2, 2), np.float32), np.array([0, 1]))
    assert all(np.array_equal(p.data, old) and p.grad is None for p, old in zip(net.parameters(), before, strict=True))


def test_the_arrays_of_a_trace_cannot_be_written_to():
    t = example_trace("mlp")
    with pytest.raises(ValueError, match="read-only"):
        t["W1"][0, 0] = 1.0


@pytest.mark.parametrize("module", [linear_regression, softmax_regression, mlp])
def test_scratch_and_concise_have_the_same_trace(module, rng):
    sizes = {linear_regression: (3,), softmax_regression: (3, 4), mlp: (3, 5, 4)}[module]
    make = {linear_regression: models.linear_regression, softmax_regression: models.softmax_regression, mlp: models.mlp}
    params = module.init_parameters(*sizes, rng=rng, dtype=np.float64)
    net = make[module](*sizes, rng=rng, dtype=np.float64)
    for parameter, name in zip(net.parameters(), params, strict=True):
        params[name] = rng.normal(size=params[name].shape)
        parameter.data = params[name].copy()
    X = rng.normal(size=(6, 3))
    y = rng.normal(size=(6, 1)) if module is linear_regression else rng.integers(0, 4, 6)
    loss = SquaredLoss() if module is linear_regression else CrossEntropyLoss()
    one, other = trace(net, loss, X, y), trace_scratch(module, params, X, y)
    assert one.names == other.names
    for name in one.names:
        assert np.array_equal(one[name], other[name]), name
        assert one.formula(name) == other.formula(name), name
        at = (0,) * one[name].ndim
        assert one.sources(name, at) == other.sources(name, at), name


def test_several_steps_of_training(rng):
    net, loss, X, y = example("mlp", 2)
    optimizer = SGD(net.parameters(), lr=0.5, momentum=0.9)
    t = trace(net, loss, X, y, optimizer=optimizer, steps=4)
    assert len(t.steps) == 4
    assert t.steps[0] is t
    for step in t.steps:
        assert step["loss"] == loss.forward(net.forward(X), y)
        assert np.array_equal(step["W1"], net.parameters()[0].data)
        net.backward(loss.backward())
        optimizer.step()
    params = {"W": np.array([[1.0], [2.0]]), "b": np.zeros(1)}
    s = trace_scratch(linear_regression, params, rng.normal(size=(3, 2)), rng.normal(size=(3, 1)), lr=0.1, steps=2)
    assert np.allclose(s.steps[1]["W"], s["W"] - 0.1 * s["grad_W"], rtol=1e-15)


class Tanh(Layer):
    def __call__(self, X):
        return np.tanh(X)

    def forward(self, X):
        self.Y = np.tanh(X)
        return self.Y

    def backward(self, grad_Y):
        return grad_Y * (1 - self.Y**2)


class Scale(Layer):
    """One weight for each column, called s."""

    def __init__(self, s):
        self.s = Parameter(np.array(s))

    def parameters(self):
        return [self.s]

    def __call__(self, X):
        return X * self.s.data

    def forward(self, X):
        self.X = X
        return self(X)

    def backward(self, grad_Y, *, input_grad=True):
        self.s.grad = (grad_Y * self.X).sum(axis=0)
        return grad_Y * self.s.data if input_grad else None


def test_the_formula_of_a_layer_of_ones_own_is_not_known(rng):
    net = Sequential(
        Linear(2, 3, rng=rng, dtype=np.float64),
        Tanh(),
        Scale([1.5, -2.0, 0.5]),
        Linear(3, 2, rng=rng, dtype=np.float64),
    )
    t = trace(net, MSELoss(), rng.normal(size=(4, 2)), rng.normal(size=(4, 2)))
    assert t.formula("H1") == "made by Tanh itself"
    assert t.sources("H1", (0, 0)) is None
    assert np.array_equal(t["H1"], np.tanh(t["Z1"]))
    assert "grad_s2" in t
    assert t.sources("grad_s2", 0) is None
    assert t.formula("Z1") == "X W1 + b1"
    assert t.formula("grad_W1") == "Xᵀ grad_Z1"
    assert t.finite_difference("Z1", (1, 2)) == pytest.approx(t["grad_Z1"][1, 2], rel=1e-6)
    assert t.finite_difference("s2", 1) == pytest.approx(t["grad_s2"][1], rel=1e-6)
    assert "made by Tanh itself" in t.explain("H1", (0, 0))


@pytest.mark.parametrize("model", MODELS)
def test_finite_differences_confirm_each_gradient(model):
    t = example_trace(model, 6)
    for name in t.names:
        base = name.removeprefix("grad_")
        if name.startswith("grad_"):
            for at in np.ndindex(t[name].shape):
                assert t.finite_difference(base, at) == pytest.approx(t[name][at], rel=1e-6, abs=1e-9), (name, at)
    assert math.isfinite(t.finite_difference("X", (0, 1)))


def test_a_wrong_layer_is_not_confirmed(rng):
    class Wrong(ReLU):
        def backward(self, grad_Y):
            return 2 * super().backward(grad_Y)

    net = Sequential(
        Linear(2, 3, rng=rng, sigma=1.0, dtype=np.float64), Wrong(), Linear(3, 2, rng=rng, sigma=1.0, dtype=np.float64)
    )
    t = trace(net, CrossEntropyLoss(), np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]]), np.array([0, 1, 1]))
    k, j = np.unravel_index(np.abs(t["grad_W1"]).argmax(), t["grad_W1"].shape)
    assert "the gradient is wrong" in t.explain("grad_W1", (k, j))
    assert "the gradient is wrong" not in t.explain("grad_W2", (0, 0))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: t["W3"], ValueError, r"^Trace: name must be one of X, Z1, .*, y, got 'W3'$"),
        (lambda t: t.sources("W1", (0, 9)), ValueError, r"^Trace: index must be in W1, whose shape is \(2, 3\), got \(0, 9\)$"),
        (lambda t: t.sources("W1", 0), ValueError, r"index must be in W1"),
        (lambda t: t.sources("W1", (0, -1)), ValueError, r"index must be in W1"),
        (lambda t: t.explain("W1", (0, 1.5)), TypeError, r"^Trace: index must be a tuple of whole numbers, got \(0, 1.5\)$"),
        (lambda t: t.finite_difference("P", (0, 0)), ValueError, r"finite difference must be along X, a parameter or a hidden"),
        (lambda t: t.finite_difference("grad_W1", (0, 0)), ValueError, r"finite difference must be along"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(example_trace("mlp"))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (lambda net, loss, X, y: (None, loss, X, y), TypeError, r"^trace: net must have a method forward, got None"),
        (lambda net, loss, X, y: (net, 3, X, y), TypeError, r"^trace: loss must have a method forward, got 3"),
        (lambda net, loss, X, y: (net, loss, X * np.nan, y), ValueError, r"^trace: X must"),
        (lambda net, loss, X, y: (net, loss, X[:0], y[:0]), ValueError, r"^trace: X must have at least one example"),
        (lambda net, loss, X, y: (net, loss, X, y[:2]), ValueError, r"^trace: "),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        trace(*arguments(*example("mlp")))


def test_steps_need_an_optimizer_of_the_nets_own_parameters(rng):
    net, loss, X, y = example("mlp")
    with pytest.raises(ValueError, match=r"^trace: steps above 1 require an optimizer, got none$"):
        trace(net, loss, X, y, steps=2)
    with pytest.raises(ValueError, match=r"^trace: optimizer must be that of net's parameters"):
        trace(net, loss, X, y, steps=2, optimizer=SGD(models.mlp(2, 3, 2, rng=rng).parameters(), lr=0.1))
    with pytest.raises(ValueError, match=r"^example: model must be one of linear, softmax, mlp, got 'cnn'$"):
        example("cnn")
