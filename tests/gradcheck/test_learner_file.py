"""A learner's file is run in a process of its own: whatever it does is a finding."""

import functools
import json
import re

import numpy as np
import pytest

from numpynet import functional
from numpynet.cli.main import main
from numpynet.gradcheck import check_pair
from numpynet.gradcheck.learner_file import check_file
from tests.helpers.command import numpynet
from tests.helpers.learner_file import MINE
from tests.helpers.slow import slow_after


def test_what_a_file_defines_is_found_checked_and_named(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    result = numpynet("check", path, cwd=tmp_path)
    assert result.returncode == 1, result.stderr
    for line in [
        "relu_backward is wrong: no_relu_mask.",
        "linear_backward is right.",
        "squared_loss_backward is wrong: factor_two.",
        "Scale is right.",
        "loss_and_gradients is wrong: bias_mean_not_sum.",
        "2 of 5 right; wrong: relu_backward, squared_loss_backward, loss_and_gradients",
    ]:
        assert line in result.stdout, line
    assert "learner's own" not in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("def relu_backward(grad_Y, Y): return grad_Y * (Y > 0)", 0, "1 of 1 right"),
        ("x = 1", 2, "nothing to check"),
        ("def tanh_backward(G, Y): return G", 1, "tanh_backward is wrong: no_activation_slope"),
        ("def my_backward(G, Y): return G", 2, "not checked: my_backward"),
        ("def f(:", 2, "mine.py does not run: SyntaxError"),
        ("print 'Python 2'", 2, "it is written for Python 2"),
        ("y = 1\n1 / 0\ndef relu_backward(G, Y): return G * (Y > 0)", 0, "line 2: ZeroDivisionError: division by zero"),
        ("exit(0)", 2, "line 1: SystemExit: 0"),
        ("import os\nos._exit(0)", 2, "line 2: ended the program"),
        ("def relu_backward(G, Y): exit()", 2, "SystemExit"),
        ("import os\ndef relu_backward(G, Y): os.abort()", 2, "it crashed Python (SIGABRT)"),
        ("def relu_backward(G, Y): raise NotImplementedError", 2, "relu_backward is not written yet"),
        ("def relu_backward(G, Y): pass", 2, "relu_backward is not written yet"),
        ("def relu_backward(G): return G", 1, "relu_backward is wrong"),
        ("print('1 of 1 right')\ndef relu_backward(G, Y): return G", 1, "0 of 1 right; wrong: relu_backward"),
    ],
)
def test_whatever_a_file_does_is_a_finding(source, code, words, tmp_path, here):
    (tmp_path / "mine.py").write_text(source)
    result = here("check", "mine.py", cwd=tmp_path)
    assert words in result.stdout
    assert result.returncode == code
    assert "Traceback" not in result.stdout + result.stderr


def test_a_function_that_never_returns_is_a_finding(tmp_path, capsys):
    (tmp_path / "mine.py").write_text("def relu_backward(G, Y):\n    while True: pass")
    assert main(["check", str(tmp_path / "mine.py"), "--time-limit", "1"]) == 2
    assert "it did not finish within 1 s (is there an infinite loop?)" in capsys.readouterr().out


def test_a_statement_that_never_ends_costs_only_itself(tmp_path, capsys):
    source = "def relu_backward(G, Y):\n    return G * (Y > 0)\nwhile True: pass\nsigmoid = 1\n"
    (tmp_path / "mine.py").write_text(source)
    assert main(["check", str(tmp_path / "mine.py")]) == 0
    printed = capsys.readouterr().out
    assert "line 3: did not finish within 2 s" in printed
    assert "1 of 1 right" in printed


def twice(right):
    """A function with the arguments of another, and twice its result."""

    @functools.wraps(right)
    def wrong(*arguments):
        return 2 * right(*arguments)

    return wrong


SQUARED, CLASSES = functional.squared_loss_backward, functional.softmax_cross_entropy_backward
NAMED_BY_LEARNERS = [
    (functional.squared_loss, lambda pred, y: SQUARED(pred, y), "pred was taken to be y_hat"),
    (functional.squared_loss, lambda preds, y: SQUARED(preds, y), "preds was taken to be y_hat"),
    (functional.squared_loss, lambda predictions, targets: SQUARED(predictions, targets), "targets was taken to be y"),
    (functional.squared_loss, lambda y_true, y_pred: SQUARED(y_pred, y_true), "y_true was taken to be y"),
    (functional.softmax_cross_entropy, lambda y_hat, y: CLASSES(y_hat, y), "y_hat was taken to be P, the probabilities"),
    (functional.softmax_cross_entropy, lambda y, probs: CLASSES(probs, y), "probs was taken to be P, the probabilities"),
    (functional.softmax_cross_entropy, lambda logits, y: CLASSES(functional.softmax(logits), y), "logits was taken to be O"),
    (functional.softmax, lambda grad_P, P: P * (grad_P - (grad_P * P).sum(1, keepdims=True)), ""),
    (functional.softmax, lambda dout, out: out * (dout - (dout * out).sum(1, keepdims=True)), "out was taken to be the output of forward"),
    (np.tanh, lambda grad_y, y: grad_y * (1 - y**2), ""),
    (functional.relu, lambda dout, z: dout * (z > 0), "z was taken to be X"),
]  # fmt: skip


@pytest.mark.parametrize(("forward", "backward", "words"), NAMED_BY_LEARNERS)
def test_a_backwards_arguments_may_have_learners_names(forward, backward, words):
    rng = np.random.default_rng(0)
    X, numbers, classes = rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rng.integers(0, 4, 5)
    inputs = {functional.squared_loss: (X, numbers), functional.softmax_cross_entropy: (X, classes)}.get(forward, (X,))
    report = check_pair(forward, backward, *inputs)
    assert report.ok, report
    assert words in str(report)
    assert bool(words) == ("was taken to be" in str(report))
    wrong = check_pair(forward, twice(backward), *inputs)
    assert not wrong.ok
    assert wrong.mistakes in [(), ("factor_two",)]


LINEAR_REGRESSION = """
import numpy as np
def loss_and_gradients(params, X, y):
    y = y.reshape(-1, 1)
    e = X @ params["W"] + params["b"] - y
    return np.mean(e**2) / 2, {"W": X.T @ e / len(X), "b": e.sum(axis=0) / len(X)}
"""
FLAT = [
    ("y = y.reshape(-1, 1)", "pass"),
    ('X @ params["W"]', 'X @ params["W"][:, 0]'),
    ("X.T @ e", "X.T @ e[:, None]"),
    ("axis=0", "axis=0, keepdims=True"),
]
MODELS_IN_FILES = [
    ([], "loss_and_gradients is right."),
    ([("X.T @ e", "5 * X.T @ e")], "every entry of grad_W is 5 times what it should be."),
    ([("X.T @ e / len(X)", "X.T @ e")], "loss_and_gradients is wrong: sum_not_mean."),
    ([("np.mean(e**2) / 2", "np.sum(e**2) / 2 / len(X)"), ("X.T @ e / len(X)", "X.T @ e")], "loss_and_gradients is wrong: sum_not_mean."),
    ([*FLAT], "loss_and_gradients is right."),
    ([*FLAT, ("X.T @ e", "2 * X.T @ e")], "loss_and_gradients is wrong: factor_two."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), slow_after(3, MODELS_IN_FILES))
def test_linear_regression_is_not_taken_for_a_classifier(changes, words, tmp_path):
    source = LINEAR_REGRESSION
    for right, wrong in changes:
        source = source.replace(right, wrong)
    (tmp_path / "mine.py").write_text(source)
    (verdict,) = check_file(tmp_path / "mine.py").verdicts
    assert words in verdict.text
    assert "cross-entropy" not in verdict.text
    assert re.search(r"grad_W  \(4,( 1)?\)", verdict.text)


def test_what_was_not_checked_is_told_with_an_adapter(tmp_path, here):
    (tmp_path / "mine.py").write_text(MINE.replace("return 3 * X", "raise NotImplementedError").replace("2 *", "1 *"))
    result = here("check", "mine.py", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.endswith("2 of 4 right; wrong: relu_backward, loss_and_gradients; not written yet: Scale\n")
    right = "def relu_backward(G, Y): return G * (Y > 0)\nclass A:\n    forward = backward = lambda self, x, t: x\n"
    (tmp_path / "mine.py").write_text(right)
    result = here("check", "mine.py", cwd=tmp_path)
    assert result.returncode == 2
    assert "from numpynet.gradcheck import check_model" in result.stdout
    assert result.stdout.endswith("1 of 1 right; not checked: A\n")


TEMPLATE = """
import numpy as np
def loss_and_gradients(params, X, y):
    loss = 0.0
    dW = np.zeros_like(params["W"])
    # TODO
    return loss, {"W": dW, "b": np.zeros_like(params["b"])}
"""


def test_a_template_that_is_not_filled_in_is_not_written_yet(tmp_path):
    (tmp_path / "mine.py").write_text(TEMPLATE)
    report = check_file(tmp_path / "mine.py")
    assert [verdict.unwritten for verdict in report.verdicts] == [True]
    assert report.code == 2
    assert report.summary() == "not written yet: loss_and_gradients"


def test_a_notebooks_cells_are_checked(tmp_path):
    cells = [
        "%matplotlib inline\nimport numpy as np",
        "1 / 0",
        "def relu_backward(G, Y):\n    return G * (Y > 0)",
        "print 'no'",
    ]
    book = {"cells": [{"cell_type": "code", "source": [cell]} for cell in cells], "nbformat": 4}
    (tmp_path / "mine.ipynb").write_text(json.dumps(book))
    report = check_file(tmp_path / "mine.ipynb")
    assert report.code == 0
    assert "cell 2, line 1: ZeroDivisionError" in report.skipped[0]
    assert "cell 4" in report.broken[0]
    (tmp_path / "mine.ipynb").write_text("{")
    with pytest.raises(ValueError, match="is not a notebook"):
        check_file(tmp_path / "mine.ipynb")


def test_a_module_of_a_package_and_its_project_are_found(tmp_path):
    package = tmp_path / "project" / "nets"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "slopes.py").write_text("def slope(Y):\n    return Y > 0\n")
    (package / "mine.py").write_text("from .slopes import slope\ndef relu_backward(G, Y):\n    return G * slope(Y)\n")
    assert check_file(package / "mine.py").code == 0
    (package / "mine.py").write_text(
        "from nets.slopes import slope\ndef relu_backward(G, Y):\n    return G * slope(Y)\n"
    )
    assert check_file(package / "mine.py").code == 0


LAYERS = """
import numpy as np
class Full:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, g):
        self.dW, self.db = self.x.T @ g, g.sum(0)
        return g @ self.W.T
"""
HANGS = {
    "a function": "def relu_backward(dout, x):\n    while True: pass\n",
    "a script": """
if __name__ == "__main__":
    X, y = np.random.randn(6, 4), np.random.randn(6, 3)
    while True: pass
    for step in range(10):
        net.W -= 0.1 * X.T @ (net.forward(X) - y)
""",
}


@pytest.mark.parametrize("name", HANGS)
def test_what_hangs_takes_no_verdict_from_the_rest(name, tmp_path):
    (tmp_path / "mine.py").write_text(LAYERS + HANGS[name])
    report = check_file(tmp_path / "mine.py", time_limit=3)
    assert [(verdict.name, verdict.ok) for verdict in report.verdicts][:1] == [("Full", True)]
    assert report.code == (0 if name == "a script" else 2)


STEPS = """
import numpy as np
np.random.seed(0)
X = np.random.randn(30, 3)
y = X @ np.array([[1.0], [2.0], [-1.0]])
w, b, vw, vb = np.random.randn(3, 1), np.zeros(1), 0, 0
for epoch in range(100):
    rate = RATE
    err = X @ w + b - y
    loss = np.mean(err ** 2)
    dw, db = 2 * X.T @ err / len(X), 2 * err.mean(0)
    MOMENTUM
    w -= rate * (dw + vw)
    b -= rate * (db + vb)
"""


@pytest.mark.parametrize(
    ("rate", "momentum", "code"),
    [
        ("0.1", "pass", 0),
        ("0.1 / (1 + 0.5 * epoch)", "pass", 0),
        ("0.1 / max(1, np.abs(dw).max()) if epoch else 0.1", "pass", 2),
        ("0.1", "vw, vb = 0.9 * (dw + vw), 0.9 * (db + vb)", 2),
        ("0.1", "dw, db = -dw, -db", 1),
    ],
)
def test_a_loop_is_called_wrong_only_where_it_is_proven(rate, momentum, code, tmp_path):
    (tmp_path / "mine.py").write_text(STEPS.replace("RATE", rate).replace("MOMENTUM", momentum))
    assert check_file(tmp_path / "mine.py").code == code
