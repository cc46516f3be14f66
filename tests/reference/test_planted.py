"""The comparison with PyTorch catches planted mistakes."""

import numpy as np
import pytest

import numpynet
from numpynet import functional as F
from tests.helpers.against_torch import SOME, assert_models_agree, assert_pairs_agree, one_forgotten, wrong_linear

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")


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
    "relu: derivative 1 at the kink": ("relu", lambda X: np.where(X == 0, 5e-324, np.maximum(X, 0))),
    "relu: mask from the gradient": ("relu_backward", lambda G, Y: G * (G > 0)),
    "relu: mask inverted": ("relu_backward", lambda G, Y: G * (Y == 0)),
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
def test_the_comparison_catches_a_planted_mistake(mistake, monkeypatch):
    """Every array is square, so that no shape reveals a mistake. Without the mistake the same comparisons pass."""
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
