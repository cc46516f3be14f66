"""Layers: gradients through whole networks, the rule of one backward for each forward, and state."""

import numpy as np
import pytest

from numpynet import CrossEntropyLoss, Flatten, Layer, Linear, MSELoss, Parameter, ReLU, Sequential, SquaredLoss
from numpynet.gradcheck.numeric import central_differences
from tests.helpers.compare import assert_agree


@pytest.fixture
def rng():
    """A seed for which no unit lies so close to the ReLU's kink that a central difference straddles it."""
    return np.random.default_rng(7)


def network(rng, dtype=np.float64):
    """Weights large enough that pre-activations keep away from the kink at 0."""
    return Sequential(
        Flatten(),
        Linear(6, 5, rng=rng, sigma=1, dtype=dtype),
        ReLU(),
        Linear(5, 4, rng=rng, sigma=1, dtype=dtype),
        ReLU(),
        Linear(4, 3, rng=rng, sigma=1, dtype=dtype),
    )


@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("loss_class", [CrossEntropyLoss, MSELoss, SquaredLoss])
def test_a_networks_backward_agrees_with_central_differences(loss_class, n, rng):
    net, loss, X = network(rng), loss_class(), rng.normal(size=(n, 2, 3))
    y = rng.integers(0, 3, n) if loss_class is CrossEntropyLoss else rng.normal(size=(n, 3))
    loss.forward(net.forward(X), y)
    grad_X = net.backward(loss.backward(), input_grad=True)

    for name, parameter in net.named_parameters().items():
        data = parameter.data

        def L(value, parameter=parameter):
            parameter.data = value
            return loss(net(X), y)

        expected = central_differences(L, data)
        parameter.data = data
        assert_agree(parameter.grad, expected, "float64 central differences", name)
    expected = central_differences(lambda X: loss(net(X), y), X)
    assert_agree(grad_X, expected, "float64 central differences", "grad_X")


def test_calling_a_network_and_forward_compute_the_same(rng):
    net, X = network(rng), rng.normal(size=(4, 2, 3))
    np.testing.assert_array_equal(net(X), net.forward(X))


def test_evaluating_between_forward_and_backward_changes_nothing(rng):
    net, loss, X, y = network(rng), CrossEntropyLoss(), rng.normal(size=(4, 2, 3)), np.array([0, 1, 2, 1])
    loss.forward(net.forward(X), y)
    net.backward(loss.backward())
    expected = [parameter.grad for parameter in net.parameters()]
    loss.forward(net.forward(X), y)
    loss(net(-X[:2]), y[:2])
    net.backward(loss.backward())
    for parameter, grad in zip(net.parameters(), expected, strict=True):
        np.testing.assert_array_equal(parameter.grad, grad)


def test_backward_sets_gradients_instead_of_adding_to_them(rng):
    layer, X, G = Linear(3, 2, rng=rng, dtype=np.float64), rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    for _ in range(2):
        layer.forward(X)
        layer.backward(G)
    np.testing.assert_array_equal(layer.W.grad, X.T @ G)


@pytest.mark.parametrize("layer", [Linear(3, 3, rng=np.random.default_rng(0)), ReLU(), Flatten()])
def test_a_layer_allows_one_backward_for_each_forward(layer):
    X = np.ones((2, 3), np.float32)
    with pytest.raises(RuntimeError, match=f"{type(layer).__name__}.backward: call forward first"):
        layer.backward(X)
    layer.forward(X)
    layer.backward(X)
    with pytest.raises(RuntimeError, match="each forward serves one backward"):
        layer.backward(X)


@pytest.mark.parametrize("loss", [CrossEntropyLoss(), MSELoss(), SquaredLoss()])
def test_a_refused_forward_leaves_no_earlier_batch_behind(loss):
    good, bad = (
        (np.array([0, 1]), np.array([0, -1])) if isinstance(loss, CrossEntropyLoss) else (np.ones((2, 2)), np.ones(2))
    )
    loss.forward(np.ones((2, 2)), good)
    with pytest.raises(ValueError, match="y"):
        loss.forward(np.ones((2, 2)), bad)
    with pytest.raises(RuntimeError, match="call forward first"):
        loss.backward()


class Counted(Flatten):
    """A layer before the first parameters, whose backward nobody needs unless the input's gradient is asked for."""

    calls = 0

    def backward(self, grad_Y, *, input_grad=True):
        self.calls += 1
        return super().backward(grad_Y)


def test_backward_ends_at_the_first_layer_with_parameters(rng):
    first = Counted()
    net = Sequential(first, Linear(3, 2, rng=rng, dtype=np.float64))
    X, G = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    net.forward(X)
    assert net.backward(G) is None
    assert first.calls == 0
    grad_W = net.parameters()[0].grad
    net.forward(X)
    np.testing.assert_array_equal(net.backward(G, input_grad=True), G @ net.parameters()[0].data.T)
    assert first.calls == 1
    np.testing.assert_array_equal(net.parameters()[0].grad, grad_W)


def test_the_first_layer_makes_no_input_gradient_unless_asked(rng, monkeypatch):
    asked = []
    original = Linear.backward

    def spy(self, grad_Y, *, input_grad=True):
        asked.append(input_grad)
        return original(self, grad_Y, input_grad=input_grad)

    monkeypatch.setattr(Linear, "backward", spy)
    net = network(rng)
    net.forward(np.ones((2, 6)))
    net.backward(np.ones((2, 3)))
    assert asked == [True, True, False]


def test_without_parameters_sequential_passes_the_gradient_on():
    net = Sequential(ReLU())
    net.forward(np.array([[1.0, -1.0]]))
    np.testing.assert_array_equal(net.backward(np.ones((1, 2)), input_grad=True), [[1, 0]])


def test_a_sequential_inside_another_is_its_layers(rng):
    inner = Sequential(Linear(3, 4, rng=rng), ReLU())
    net = Sequential(inner, Linear(4, 2, rng=rng))
    assert list(net.named_parameters()) == ["0.W", "0.b", "2.W", "2.b"]
    assert net.layers[0] is inner.layers[0]


class Scale(Layer):
    """A learner's own layer: Y = a X for one number a."""

    def __init__(self, a):
        self.a = Parameter(np.array([a]))

    def __call__(self, X):
        return X * self.a.data

    def forward(self, X):
        self._memory = (X,)
        return self(X)

    def backward(self, grad_Y, *, input_grad=True):
        self.a.grad = np.array([np.sum(grad_Y * self._take()[0])])
        return grad_Y * self.a.data


def test_a_layer_of_ones_own_works_in_a_sequential(rng):
    net = Sequential(Scale(3.0), Linear(2, 1, rng=rng, dtype=np.float64))
    X = rng.normal(size=(4, 2))
    net.forward(X)
    net.backward(np.ones((4, 1)))
    a, W, b = (parameter.data for parameter in net.parameters())
    expected = central_differences(lambda a: np.sum(a * X @ W + b), a)
    assert_agree(net.parameters()[0].grad, expected, "float64 central differences")
    assert list(net.state_dict()) == ["0.a", "1.W", "1.b"]


class Block(Layer):
    """A layer made of a layer."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, X):
        return self.inner(X)

    def forward(self, X):
        return self.inner.forward(X)

    def backward(self, grad_Y, *, input_grad=True):
        return self.inner.backward(grad_Y, input_grad=input_grad)


def test_parameters_of_nested_layers_are_found_and_get_gradients(rng):
    net = Sequential(Block(Linear(3, 4, rng=rng, dtype=np.float64)), ReLU(), Linear(4, 2, rng=rng, dtype=np.float64))
    assert list(net.named_parameters()) == ["0.inner.W", "0.inner.b", "2.W", "2.b"]
    net.forward(rng.normal(size=(5, 3)))
    net.backward(np.ones((5, 2)))
    assert all(parameter.grad.shape == parameter.data.shape for parameter in net.parameters())


def test_state_is_named_by_position_and_can_be_loaded(rng):
    net, other, X = network(rng), network(rng), rng.normal(size=(3, 6))
    state = net.state_dict()
    assert list(state) == ["1.W", "1.b", "3.W", "3.b", "5.W", "5.b"]
    assert not np.array_equal(net(X), other(X))
    held = [parameter.data for parameter in other.parameters()]
    other.load_state_dict(state)
    np.testing.assert_array_equal(net(X), other(X))
    assert all(parameter.data is array for parameter, array in zip(other.parameters(), held, strict=True))


def test_a_state_is_a_copy_that_training_does_not_move(rng):
    net = network(rng)
    state = net.state_dict()
    net.parameters()[0].data += 1
    assert not np.array_equal(state["1.W"], net.parameters()[0].data)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda s: s.pop("3.b"), ValueError, "load_state_dict: names must be"),
        (lambda s: s.update(extra=np.ones(1)), ValueError, "'extra'"),
        (lambda s: s.update({"5.W": np.ones((3, 4))}), ValueError, r"load_state_dict: 5.W must have shape \(4, 3\), got \(3, 4\)"),
        (lambda s: s.update({"5.b": np.ones(3, np.float32)}), TypeError, "load_state_dict: 5.b must be float64, got float32"),
    ],
)  # fmt: skip
def test_a_state_that_does_not_fit_is_refused_as_a_whole(change, kind, message, rng):
    net = network(rng)
    before, state = net.state_dict(), {name: array + 1 for name, array in net.state_dict().items()}
    change(state)
    with pytest.raises(kind, match=message):
        net.load_state_dict(state)
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_layer_that_is_none_or_comes_twice_is_refused():
    relu = ReLU()
    with pytest.raises(TypeError, match="Sequential: layers must be Layer objects"):
        Sequential(ReLU)
    with pytest.raises(TypeError, match=r"such as ReLU\(\), got 784"):
        Sequential(784, 256)
    with pytest.raises(ValueError, match="the same one twice"):
        Sequential(relu, relu)
    with pytest.raises(ValueError, match="Sequential: layers must be at least one"):
        Sequential()


def test_flatten_refuses_a_gradient_of_another_shape():
    layer = Flatten()
    layer.forward(np.ones((2, 3, 2)))
    with pytest.raises(ValueError, match=r"Flatten.backward: grad_Y must have shape \(2, 6\), got \(6, 2\)"):
        layer.backward(np.ones((6, 2)))
