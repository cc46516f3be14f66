"""check_layer and check_pair."""

import numpy as np

from numpynet import Flatten, Linear, ReLU, Sequential, models
from numpynet import functional as F
from numpynet.gradcheck import check_layer, check_pair


class Slipped(Linear):
    """A linear layer with a slip in its backward."""

    def __init__(self, slip):
        super().__init__(3, 4, rng=np.random.default_rng(0))
        self.slip = slip

    def backward(self, grad_Y, *, input_grad=True):
        (X,) = self._take()
        return self.slip(self, grad_Y, X)


def slip(grad_W=lambda G, X: X.T @ G, grad_b=lambda G: G.sum(axis=0), grad_X=lambda G, W: G @ W.T):
    def backward(layer, G, X):
        layer.W.grad, layer.b.grad = grad_W(G, X), grad_b(G)
        return grad_X(G, layer.W.data)

    return backward


def added(layer, G, X):
    grad_X, grad_W, grad_b = F.linear_backward(G, X, layer.W.data)
    layer.W.grad = grad_W if layer.W.grad is None else layer.W.grad + grad_W
    layer.b.grad = grad_b if layer.b.grad is None else layer.b.grad + grad_b
    return grad_X


def test_layers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5, 3))
    mlp = models.mlp(3, [4, 5], 2, rng=rng)
    for layer in [Linear(3, 4, rng=rng), ReLU(), Flatten(), mlp, Sequential(Linear(3, 4, rng=rng), ReLU())]:
        check_layer(layer, X).raise_if_wrong()
    assert check_layer(Flatten(), rng.normal(size=(2, 3, 4))).ok
    assert all(parameter.grad is None for parameter in mlp.parameters())  # it was a copy that was asked
    for mistake, change in {
        "bias_mean_not_sum": slip(grad_b=lambda G: G.mean(axis=0)),
        "divided_by_n_twice": slip(grad_W=lambda G, X: X.T @ G / len(G)),
        "weight_not_transposed": slip(grad_X=lambda G, W: G @ W),
        "weight_gradient_transposed": slip(grad_W=lambda G, X: G.T @ X),
        "gradient_accumulated": added,
    }.items():
        assert check_layer(Slipped(change), X).mistakes == (mistake,)


def test_layers_of_other_kinds():
    class Sigmoid:
        def __init__(self, right=True):
            self.right = right

        def forward(self, X):
            self.Y = 1 / (1 + np.exp(-X))
            return self.Y

        def backward(self, G):
            return G * self.Y * (1 - self.Y if self.right else 1)

    X = np.random.default_rng(0).normal(size=(4, 3))
    assert check_layer(Sigmoid(), X).ok
    report = check_layer(Sigmoid(right=False), X)
    assert not report.ok
    assert report.mistakes == ()


def test_pairs():
    rng = np.random.default_rng(0)
    X, W, b, y = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3), rng.integers(0, 4, 5)
    target = rng.normal(size=(5, 4))
    for forward, backward, inputs in [
        (F.linear, F.linear_backward, (X, W, b)),
        (F.relu, F.relu_backward, (X,)),
        (F.softmax_cross_entropy, F.softmax_cross_entropy_backward, (X, y)),
        (F.squared_loss, F.squared_loss_backward, (X, target)),
        (F.mse_loss, F.mse_loss_backward, (X, target)),
        (np.tanh, lambda G, Y: G * (1 - Y**2), (X,)),
    ]:
        check_pair(forward, backward, *inputs).raise_if_wrong()
    for mistake, forward, backward, inputs in [
        ("no_relu_mask", F.relu, lambda G, Y: G, (X,)),
        ("relu_mask_from_gradient", F.relu, lambda dout, x: dout * (dout > 0), (X,)),
        ("weight_not_transposed", F.linear, lambda G, X, W: (G @ W, X.T @ G, G.sum(axis=0)), (X, W, b)),
        ("sum_not_mean", F.softmax_cross_entropy, lambda P, y: P - np.eye(4)[y], (X, y)),
        ("factor_half", F.mse_loss, F.squared_loss_backward, (X, target)),
        ("divided_by_examples_not_elements", F.squared_loss, lambda y_hat, y: (y_hat - y) / len(y), (X, target)),
    ]:
        assert check_pair(forward, backward, *inputs).mistakes == (mistake,)
    report = check_pair(F.linear, lambda G, X, W: (G @ W.T, X.T @ G), X, W, b)
    assert "it must return a gradient for each of X, W, b" in str(report)
