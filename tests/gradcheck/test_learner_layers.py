"""Classes of a learner's file are checked with their arrays, or the report says why not."""

import pytest

from numpynet.cli.main import main
from tests.helpers.slow import slow_after

LAYER = """
import numpy as np
class Linear:
    def __init__(self, d, m):
        self.W, self.b = np.random.default_rng(0).normal(size=(d, m)), np.zeros(m)
    def forward(self, X):
        self.X = X
        return X @ self.W + self.b
    def backward(self, G):
        self.dW, self.db = self.X.T @ G, G.sum(axis=0)
        return G @ self.W.T
"""
TWO_ARRAYS = (
    "d, m):\n        self.W, self.b = np.random.default_rng(0).normal(size=(d, m)), np.zeros(m)",
    "W, b):\n        self.W, self.b = W, b",
)
IN_LISTS = [
    (", np.zeros(m)", ", np.zeros(m); self.params, self.grads = [self.W, self.b], [None, None]"),
    ("self.dW, self.db =", "self.grads ="),
    ("self.W", "self.params[0]"),
    ("self.b", "self.params[1]"),
    ("self.params[0], self.params[1] = n", "W, b = n"),
    ("[self.params[0], self.params[1]]", "[W, b]"),
]
IN_DICTS = [
    ("self.W, self.b = n", "W, b = n"),
    (", np.zeros(m)", ", np.zeros(m); self.params, self.grads = {'W': W, 'b': b}, {}"),
    ("self.dW", "self.grads['W']"),
    ("self.db", "self.grads['b']"),
    ("self.W", "self.params['W']"),
    ("self.b", "self.params['b']"),
]
ALL, NOTHING = "grad_b  (3,)", "grad_b"
LAYERS = [
    ([], ["Linear is right.", "grad_W  (4, 3)", ALL, "1 of 1 right\n"], 0),
    ([("self.X.T", "5 * self.X.T")], ["Linear is wrong", "every entry of grad_W is 5 times"], 1),
    ([("G.sum", "G.mean")], ["Linear is wrong: bias_mean_not_sum."], 1),
    ([("dW", "grad_W"), ("db", "grad_b"), ("G.sum", "G.mean")], ["bias_mean_not_sum"], 1),
    ([("self.W", "self.weights"), ("self.b", "self.bias"), ("self.dW", "self.dw"), ("G.sum", "G.mean")], ["bias_mean_not_sum"], 1),
    ([*IN_LISTS], ["Linear is right.", "grad_params[0]", "grad_params[1]"], 0),
    ([*IN_LISTS, ("G.sum", "G.mean")], ["bias_mean_not_sum"], 1),
    ([*IN_DICTS, ("G.sum", "G.mean")], ["bias_mean_not_sum"], 1),
    ([("self.dW, self.db = self.X.T @ G, G.sum(axis=0)", "pass")],
     ["Linear is right.", "Note: only grad_X was compared: Linear has no parameters() and no dW, db."], 0),
    ([("self.db", "db")], ["only grad_X, grad_W were compared: Linear has no parameters() and no db."], 0),
    ([TWO_ARRAYS], ["Linear is right.", ALL], 0),
    ([TWO_ARRAYS, ("(self, W, b)", "(self, weight_matrix, shift)"), ("= W, b", "= weight_matrix, shift")], ["Linear is right.", ALL], 0),
    ([TWO_ARRAYS, ("G.sum", "G.mean")], ["bias_mean_not_sum"], 1),
    ([("d, m)", "d, m, sigma)", 1)], ["Linear is right.", ALL], 0),
    ([("d, m)", "d, m, spread)", 1), ("G @ self.W.T", "7 * G @ self.W.T")], ["Linear is wrong", "7 times"], 1),
    ([("d, m)", "d, m, *, rng)", 1)], ["Linear is right."], 0),
    ([("d, m)", "d, width)", 1), ("(d, m)", "(d, width)"), ("zeros(m)", "zeros(width)")], ["Linear is right.", ALL], 0),
    ([("d, m)", "d, hidden, m)", 1), ("self.W, self.b = n", "range(hidden); self.W, self.b = n")], ["Linear is right."], 0),
    ([("return X", "return X.T")], ["Linear is wrong: it raised ValueError"], 1),
    ([("(self, d, m):", "(self, net):\n        d, m = net.d, net.m")],
     ["Linear was not checked: no guess at its arguments worked; with net = 4 the constructor raised AttributeError",
       "0 of 1 right; not checked: Linear"], 2),
    ([("(self, d, m):", "(self, *sizes):\n        d, m = sizes")], ["Linear was not checked: its constructor takes any number of arguments"], 2),
    ([("forward(self, X)", "forward(self, X, y)")], ["Linear was not checked: its forward takes X, y; a layer's takes only X."], 2),
    ([("self.X = X", "n, c, h, w = X.shape")],
     ["Linear was not checked: no guess at its arguments worked; with d = 4, m = 3 forward raised ValueError: not enough values to unpack"],
     2),
    ([("        self.X = X\n        return X @ self.W + self.b", "        raise NotImplementedError")],
     ["Linear was not checked: forward is not written yet"], 2),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words", "code"), slow_after(6, LAYERS))
def test_classes_are_checked_or_the_report_says_why_not(changes, words, code, tmp_path, capsys):
    source = LAYER
    for right, wrong, *count in changes:
        assert right in source, right
        source = source.replace(right, wrong, *count)
    (tmp_path / "mine.py").write_text(source)
    found = main(["check", str(tmp_path / "mine.py")])
    printed = " ".join(capsys.readouterr().out.split())
    for each in words:
        assert " ".join(each.split()) in printed
    assert found == code
