"""Where a file computes a loss of its own, gradients are held against that one."""

import pytest

from numpynet.gradcheck.learner_file import check_file

NETWORK = """
import numpy as np

def mean_squared_error(y, y_hat):
    return np.mean((y - y_hat) ** 2)

class Net:
    def __init__(self, d, h, k):
        self.W1, self.W2 = np.random.randn(d, h), np.random.randn(h, k)
    def forward(self, X):
        self.H = np.tanh(X @ self.W1)
        return self.H @ self.W2
    def backward(self, X, y, y_hat):
        error = 2 * (y_hat - y) / DIVISOR
        back = error @ self.W2.T * (1 - self.H ** 2)
        return X.T @ back, self.H.T @ error
"""

COST = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

class QuadraticCost:
    @staticmethod
    def fn(a, y):
        return 0.5 * np.linalg.norm(a - y) ** 2
    @staticmethod
    def delta(z, a, y):
        return DELTA
"""


def check(source, folder):
    path = folder / "mine.py"
    path.write_text(source)
    return check_file(path)


@pytest.mark.parametrize(("divisor", "code"), [("y.size", 0), ("len(y)", 2)])
def test_another_factor_than_the_files_loss_is_not_right(divisor, code, tmp_path):
    report = check(NETWORK.replace("DIVISOR", divisor), tmp_path)
    assert report.code == code, "\n".join(report.paragraphs())
    if code:
        (verdict,) = report.verdicts
        text = " ".join(verdict.text.split())
        assert "the loss that the file computes is the mean squared error, and its gradients are those of" in text


@pytest.mark.parametrize(("delta", "code"), [("(a - y) * sigmoid(z) * (1 - sigmoid(z))", 0), ("a - y", 2)])
def test_a_delta_at_z_needs_the_slope_of_the_activation(delta, code, tmp_path):
    report = check(COST.replace("DELTA", delta), tmp_path)
    assert report.code == code, "\n".join(report.paragraphs())
