"""What computes gradients and is found in no style is told; what only uses them is not."""

import ast

import pytest

from numpynet.gradcheck.learner_file import check_file
from numpynet.gradcheck.styles.unseen import unseen

HELPER = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def sigmoid_derivative(z):
    return sigmoid(z) * (1 - sigmoid(z))
"""
UNROLLED = """
def cost(theta, h, k, X, y):
    d, n = X.shape[1], len(X)
    T1, T2 = theta[:h * (d + 1)].reshape(h, d + 1), theta[h * (d + 1):].reshape(k, h + 1)
    A1 = np.c_[np.ones(n), X]
    Z2 = A1.dot(T1.T)
    A2 = np.c_[np.ones(n), sigmoid(Z2)]
    A3 = sigmoid(A2.dot(T2.T))
    delta3 = (A3 - np.eye(k)[y]) / n
    delta2 = delta3.dot(T2[:, 1:]) * sigmoid_derivative(Z2)
    grad1, grad2 = delta2.T.dot(A1), delta3.T.dot(A2)
    return -np.log(A3).mean(), np.concatenate([grad1.ravel(), grad2.ravel()])
"""
NEURONS = """
class Neurons:
    def __init__(self):
        self.w1, self.w2, self.b1 = np.random.normal(size=3)
    def train(self, data, answers):
        for x, answer in zip(data, answers):
            s = self.w1 * x[0] + self.w2 * x[1] + self.b1
            d_loss = -2 * (answer - sigmoid(s))
            d_w1 = x[0] * sigmoid_derivative(s) * d_loss
            d_w2 = x[1] * sigmoid_derivative(s) * d_loss
            self.w1 -= 0.1 * d_w1
            self.w2 -= 0.1 * d_w2
"""
MAIN = """
def main():
    rng = np.random.default_rng(0)
    X, y, W1, W2 = rng.normal(size=(9, 3)), rng.normal(size=(9, 2)), rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    for _ in range(10):
        H = sigmoid(X @ W1)
        grad_Y = (H @ W2 - y) / len(X)
        grad_W2 = H.T @ grad_Y
        grad_Z = grad_Y @ W2.T * sigmoid_derivative(X @ W1)
        grad_W1 = X.T @ grad_Z
        W1 -= 0.1 * grad_W1
        W2 -= 0.1 * grad_W2
if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(("code", "name"), [(NEURONS, "Neurons"), (MAIN, "main"), (UNROLLED, "cost")])
def test_what_is_not_seen_makes_no_file_right(code, name, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(HELPER + code)
    report = check_file(path)
    assert {verdict.name: verdict.ok for verdict in report.verdicts}.get("sigmoid_derivative") is True
    if name in [verdict.name for verdict in report.verdicts if verdict.ok is None]:
        assert report.code == 2
        assert f"{name} was not checked" in "\n".join(report.paragraphs())
    else:
        assert any(verdict.name == name for verdict in report.verdicts)


USERS = """
def numerical_gradient(f, x):
    grad_a = (f(x + 1e-5) - f(x - 1e-5)) * 5e4
    grad_b = grad_a * 1
    return grad_b
def momentum_step(W, grad, lr):
    delta_1 = lr * grad
    delta_2 = 0.9 * delta_1
    return W - delta_2
def distances(x):
    gap = x[1] - x[0]
    return gap * gap
def train(net, X, y):
    grad = net.backward(X, y)
    grads = net.other(grad)
    return grads
def called(X, G):
    dW = X.T @ G
    dX = G @ dW.T
    return dW, dX
def backward(X, G):
    return called(X, G)
"""


def test_what_only_uses_gradients_is_no_miss():
    assert unseen(ast.parse(USERS), {"backward"}) == []
    assert unseen(ast.parse(USERS), set()) == ["called"]
