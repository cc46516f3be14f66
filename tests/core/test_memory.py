"""What forward remembers for backward: only what was accepted, and only once."""

import numpy as np
import pytest

from numpynet import CrossEntropyLoss, Flatten, Layer, Linear, MSELoss, ReLU, Sequential, SquaredLoss

ACCEPTED = np.array([[1.5, -2.0, 0.5], [0.25, 3.0, -1.0]])
REFUSED = {
    "Linear": (lambda: Linear(3, 4, rng=np.random.default_rng(0), dtype=np.float64), np.ones((2, 5)), (2, 4)),
    "ReLU": (ReLU, np.ones((2, 3), int), (2, 3)),
    "Flatten": (Flatten, np.array(1.0), (2, 3)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_backward_does_not_serve_the_input_before_a_refused_one(name):
    make, refused, shape = REFUSED[name]
    layer = make()
    layer.forward(ACCEPTED)
    with pytest.raises((TypeError, ValueError)):
        layer.forward(refused)
    with pytest.raises(RuntimeError, match=f"{name}.backward: call forward first"):
        layer.backward(np.ones(shape))


@pytest.mark.parametrize("loss", [CrossEntropyLoss(), SquaredLoss(), MSELoss()], ids=repr)
def test_a_loss_does_not_serve_the_batch_before_a_refused_one(loss):
    y = np.array([2, 0]) if isinstance(loss, CrossEntropyLoss) else ACCEPTED + 1
    loss.forward(ACCEPTED, y)
    with pytest.raises((TypeError, ValueError)):
        loss.forward(ACCEPTED, y[:1])
    with pytest.raises(RuntimeError, match="backward: call forward first"):
        loss.backward()


def test_a_refused_forward_clears_every_layer_of_a_sequential():
    """Flatten refuses, and backward would stop at Linear, which has not seen the refused batch."""
    net = Sequential(Flatten(), Linear(3, 4, rng=np.random.default_rng(0), dtype=np.float64), ReLU())
    net.forward(ACCEPTED)
    with pytest.raises(ValueError, match="flatten: X must have shape"):
        net.forward(np.array(1.0))
    with pytest.raises(RuntimeError, match="ReLU.backward: call forward first"):
        net.backward(np.ones((2, 4)))
    assert all(parameter.grad is None for parameter in net.parameters())


class Block(Layer):
    """Layers inside a layer of one's own."""

    def __init__(self):
        self.inner = Sequential(Linear(3, 4, rng=np.random.default_rng(0), dtype=np.float64))

    def __call__(self, X):
        return self.inner(X)

    def forward(self, X):
        return self.inner.forward(X)

    def backward(self, grad_Y, *, input_grad=True):
        return self.inner.backward(grad_Y, input_grad=input_grad)


def test_layers_inside_a_layer_forget_as_well():
    net = Sequential(Flatten(), Block())
    net.forward(ACCEPTED)
    with pytest.raises(ValueError, match="flatten: X must have shape"):
        net.forward(np.array(1.0))
    with pytest.raises(RuntimeError, match="Linear.backward: call forward first"):
        net.backward(np.ones((2, 4)))


def test_a_layer_may_remember_none():
    class Nothing(Layer):
        def forward(self, X):
            self._memory = (None,)
            return X

        def backward(self, grad_Y, *, input_grad=True):
            assert self._take() == (None,)
            return grad_Y

    layer = Nothing()
    layer.forward(ACCEPTED)
    layer.backward(ACCEPTED)
    with pytest.raises(RuntimeError, match="Nothing.backward: call forward first"):
        layer.backward(ACCEPTED)
