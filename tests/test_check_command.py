"""`numpynet check`: a learner's file in a process of its own, the library's models, and triage before training."""

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from numpynet import (
    CrossEntropyLoss,
    Layer,
    Parameter,
    ReLU,
    Sequential,
    SquaredLoss,
    functional,
    make_shapes,
    models,
    synthetic_regression,
)
from numpynet.cli.main import main
from numpynet.gradcheck import check_pair, sanity
from numpynet.gradcheck.learner_file import check_file
from tests.test_command_line import ROOT, numpynet

MINE = """
import numpy as np

print("a line of the learner's own")

def relu_backward(grad_Y, Y):
    return grad_Y

def linear_backward(grad_Y, X, W):
    return grad_Y @ W.T, X.T @ grad_Y, grad_Y.sum(axis=0)

def squared_loss_backward(y_hat, y):
    return 2 * (y_hat - y) / y.size

class Scale:
    def forward(self, X):
        return 3 * X
    def backward(self, grad_Y):
        return 3 * grad_Y

def loss_and_gradients(params, X, y):
    W, b = params["W"], params["b"]
    e = X @ W + b - y
    return np.mean(e ** 2) / 2, {"W": X.T @ e / len(X), "b": e.mean(axis=0, keepdims=False) / len(X)}
"""


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


def test_the_readmes_transcript_is_what_the_command_prints(tmp_path):
    text = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    source = re.search(r"```python\n(def relu_backward.*?)```", text, re.DOTALL).group(1)
    (tmp_path / "mine.py").write_text(source)
    result = numpynet("check", "mine.py", cwd=tmp_path)
    assert re.search(r"\$ numpynet check mine.py\n(.*?)```", text, re.DOTALL).group(1) == result.stdout
    assert result.returncode == 1


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("def relu_backward(grad_Y, Y): return grad_Y * (Y > 0)", 0, "1 of 1 right"),
        ("x = 1", 2, "nothing to check"),
        ("def tanh_backward(G, Y): return G", 2, "tanh_backward was not checked: there is no tanh here"),
        ("def f(:", 1, "mine.py does not run to its end: SyntaxError"),
        ("y = 1\n1 / 0", 1, "mine.py does not run to its end: ZeroDivisionError: division by zero (line 2)."),
        ("exit(0)", 1, "mine.py does not run to its end: SystemExit: 0"),
        ("import os\nos._exit(0)", 1, "mine.py ended the program."),
        ("def relu_backward(G, Y): exit()", 1, "relu_backward could not be checked: SystemExit"),
        ("import os\ndef relu_backward(G, Y): os.abort()", 1, "relu_backward brought Python down"),
        ("def relu_backward(G, Y):\n    while True: pass", 1, "relu_backward was not done after 2 s (is there a loop"),
        ("def relu_backward(G): return G", 1, "relu_backward is wrong"),
    ],
)
def test_whatever_a_file_does_is_a_finding(source, code, words, tmp_path):
    (tmp_path / "mine.py").write_text(source)
    result = numpynet("check", "mine.py", "--time-limit", 2, cwd=tmp_path)
    assert words in result.stdout
    assert result.returncode == code
    assert "Traceback" not in result.stdout + result.stderr


def twice(right):
    """A function with the arguments of another, and twice its result."""

    @functools.wraps(right)
    def wrong(*arguments):
        return 2 * right(*arguments)

    return wrong


SQUARED, CLASSES = functional.squared_loss_backward, functional.softmax_cross_entropy_backward
NAMED_BY_LEARNERS = [
    (functional.squared_loss, lambda pred, y: SQUARED(pred, y), "pred was taken for y_hat"),
    (functional.squared_loss, lambda preds, y: SQUARED(preds, y), "preds was taken for y_hat"),
    (functional.squared_loss, lambda predictions, targets: SQUARED(predictions, targets), "targets was taken for y"),
    (functional.squared_loss, lambda y_true, y_pred: SQUARED(y_pred, y_true), "y_true was taken for y"),
    (functional.softmax_cross_entropy, lambda y_hat, y: CLASSES(y_hat, y), "y_hat was taken for P, the probabilities"),
    (functional.softmax_cross_entropy, lambda y, probs: CLASSES(probs, y), "probs was taken for P, the probabilities"),
    (functional.softmax_cross_entropy, lambda logits, y: CLASSES(functional.softmax(logits), y), "logits was taken for O"),
    (functional.softmax, lambda grad_P, P: P * (grad_P - (grad_P * P).sum(1, keepdims=True)), ""),
    (functional.softmax, lambda dout, out: out * (dout - (dout * out).sum(1, keepdims=True)), "out was taken for forward's output"),
    (np.tanh, lambda grad_y, y: grad_y * (1 - y**2), ""),
    (functional.relu, lambda dout, z: dout * (z > 0), "z was taken for X"),
]  # fmt: skip


@pytest.mark.parametrize(("forward", "backward", "words"), NAMED_BY_LEARNERS)
def test_a_backwards_arguments_may_have_the_names_that_learners_give_them(forward, backward, words):
    rng = np.random.default_rng(0)
    X, numbers, classes = rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rng.integers(0, 4, 5)
    inputs = {functional.squared_loss: (X, numbers), functional.softmax_cross_entropy: (X, classes)}.get(forward, (X,))
    report = check_pair(forward, backward, *inputs)
    assert report.ok, report
    assert words in str(report)
    assert bool(words) == ("was taken for" in str(report))
    wrong = check_pair(forward, twice(backward), *inputs)
    assert not wrong.ok
    assert wrong.mistakes in [(), ("factor_two",)]


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
    ([("self.dW, self.db = self.X.T @ G, G.sum(axis=0)", "pass")], ["Linear is right.", "Note: only grad_X was compared: Linear has no parameters(), and no dW, db."], 0),
    ([("self.db", "db")], ["only grad_X, grad_W were compared: Linear has no parameters(), and no db."], 0),
    ([TWO_ARRAYS], ["Linear is right.", ALL], 0),
    ([TWO_ARRAYS, ("(self, W, b)", "(self, weight_matrix, shift)"), ("= W, b", "= weight_matrix, shift")], ["Linear is right.", ALL], 0),
    ([TWO_ARRAYS, ("G.sum", "G.mean")], ["bias_mean_not_sum"], 1),
    ([("d, m)", "d, m, sigma)", 1)], ["Linear is right.", ALL], 0),
    ([("d, m)", "d, m, spread)", 1), ("G @ self.W.T", "7 * G @ self.W.T")], ["Linear is wrong", "7 times"], 1),
    ([("d, m)", "d, m, *, rng)", 1)], ["Linear is right."], 0),
    ([("d, m)", "d, width)", 1), ("(d, m)", "(d, width)"), ("zeros(m)", "zeros(width)")], ["Linear is right.", ALL], 0),
    ([("d, m)", "d, hidden, m)", 1), ("self.W, self.b = n", "range(hidden); self.W, self.b = n")], ["Linear is right."], 0),
    ([("return X", "return X.T")], ["Linear is wrong: it raised ValueError"], 1),
    ([("(self, d, m):", "(self, net):\n        d, m = net.d, net.m")], ["Linear was not checked: how to make one and what to give it is not known here; with net = 4 the constructor raised AttributeError", "0 of 1 right; not checked, and not counted as wrong: Linear"], 2),
    ([("(self, d, m):", "(self, *sizes):\n        d, m = sizes")], ["Linear was not checked: its constructor takes any number of arguments"], 2),
    ([("forward(self, X)", "forward(self, X, y)")], ["Linear was not checked: its forward takes X, y, and a layer's takes X alone."], 2),
    ([("self.X = X", "n, c, h, w = X.shape")], ["Linear was not checked: how to make one and what to give it is not known here; with d = 4, m = 3 forward raised ValueError: not enough values to unpack"], 2),
    ([("        self.X = X\n        return X @ self.W + self.b", "        raise NotImplementedError")], ["Linear was not checked: forward is still to be written"], 2),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words", "code"), LAYERS)
def test_classes_are_checked_with_their_arrays_or_it_is_said_why_not(changes, words, code, tmp_path, capsys):
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
    ([("X.T @ e", "5 * X.T @ e")], "grad_W is the first wrong"),
    ([("X.T @ e / len(X)", "X.T @ e")], "loss_and_gradients is wrong: sum_not_mean."),
    ([("np.mean(e**2) / 2", "np.sum(e**2) / 2 / len(X)"), ("X.T @ e / len(X)", "X.T @ e")], "loss_and_gradients is wrong: sum_not_mean."),
    ([*FLAT], "loss_and_gradients is right."),
    ([*FLAT, ("X.T @ e", "2 * X.T @ e")], "loss_and_gradients is wrong: factor_two."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), MODELS_IN_FILES)
def test_linear_regression_is_not_taken_for_a_classifier_whatever_shape_its_targets_are_given(changes, words, tmp_path):
    source = LINEAR_REGRESSION
    for right, wrong in changes:
        source = source.replace(right, wrong)
    (tmp_path / "mine.py").write_text(source)
    (finding,) = check_file(tmp_path / "mine.py")
    assert words in finding["text"]
    assert "cross-entropy" not in finding["text"]
    assert "grad_W  (4, 1)" in finding["text"]


def test_what_was_not_checked_beside_something_right_is_said_and_is_no_failure(tmp_path):
    (tmp_path / "mine.py").write_text(MINE.replace("return 3 * X", "raise NotImplementedError").replace("2 *", "1 *"))
    result = numpynet("check", "mine.py", cwd=tmp_path)
    assert result.returncode == 1
    end = "2 of 5 right; wrong: relu_backward, loss_and_gradients; not checked, and not counted as wrong: Scale\n"
    assert result.stdout.endswith(end)
    right = "def relu_backward(G, Y): return G * (Y > 0)\nclass A:\n    forward = backward = lambda self, x, t: x\n"
    (tmp_path / "mine.py").write_text(right)
    result = numpynet("check", "mine.py", cwd=tmp_path)
    assert result.returncode == 0
    assert result.stdout.endswith("1 of 2 right; not checked, and not counted as wrong: A\n")


def test_a_missing_file_is_a_usage_error(tmp_path):
    result = numpynet("check", "no.py", cwd=tmp_path)
    assert result.returncode == 2
    assert "no.py is no file, no folder of exercises and none of linear, softmax, mlp" in result.stdout
    with pytest.raises(FileNotFoundError):
        check_file(tmp_path / "no.py")
    assert numpynet("check", "no.py", "--sanity", cwd=tmp_path).returncode == 2


def test_the_gradient_checker_does_not_need_the_exercises():
    program = "import sys, numpynet.cli.check, numpynet.gradcheck.learner_file; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "numpynet.cli.check" in result.stdout
    assert "numpynet.exercises" not in result.stdout


@pytest.mark.parametrize("model", ["linear", "softmax", "mlp"])
def test_the_librarys_own_models_are_right_and_healthy(model, tmp_path):
    result = numpynet("check", model, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("is right.") == 2
    assert "torch" in result.stdout
    result = numpynet("check", model, "--sanity", "--seed", 3, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert "nothing looks wrong" in result.stdout


@pytest.fixture(scope="module")
def shapes():
    return make_shapes(1000, 10, rng=np.random.default_rng(0)).train


def mlp(scale=1.0):
    net = models.mlp(784, 64, 10, rng=np.random.default_rng(0))
    for parameter in net.parameters():
        parameter.data *= np.float32(scale)
    return net


class Reversed(ReLU):
    def backward(self, grad_Y, *, input_grad=True):
        return -super().backward(grad_Y)


def with_nan():
    net = mlp()
    net.parameters()[2].data[0, 0] = np.nan
    return net


def all_off():
    net = mlp()
    net.parameters()[1].data[:] = -50
    return net


def wrong_way():
    net = mlp()
    net.layers[2] = Reversed()
    return net


SICK = {
    "inputs not scaled": (mlp, lambda X, y: (X.astype(np.float32), y), 0.1, "are too large"),
    "labels shuffled": (mlp, lambda X, y: (X, np.random.default_rng(0).permutation(y)), 0.1, "labels look shuffled"),
    "rate too large": (mlp, lambda X, y: (X, y), 50, "learning rate 50 is too large"),
    "rate too small": (mlp, lambda X, y: (X, y), 1e-4, "learning rate 0.0001 is too small"),
    "weights too large": (lambda: mlp(100), lambda X, y: (X, y), 0.1, "sure of wrong answers"),
    "weights all 0": (lambda: mlp(0), lambda X, y: (X, y), 0.1, "All gradients are 0 at the first step"),
    "a parameter not finite": (with_nan, lambda X, y: (X, y), 0.1, "The parameter 3.W has a value that is not finite"),
    "units off": (all_off, lambda X, y: (X, y), 0.1, "100% of the units of layer 2"),
    "a wrong backward": (wrong_way, lambda X, y: (X, y), 0.1, "cannot be learnt by heart"),
}  # fmt: skip


@pytest.mark.parametrize("what", SICK)
def test_triage_finds_what_is_wrong(what, shapes):
    net, change, lr, words = SICK[what]
    assert words in " ".join(sanity(net(), CrossEntropyLoss(), *change(*shapes), lr=lr))


@pytest.mark.parametrize("lr", [0.01, 0.003, 0.001, 0.0003, 1e-4, 1e-5])
def test_every_rate_that_is_too_small_is_found_and_not_some_by_luck(lr, shapes):
    assert f"learning rate {lr:g} is too small" in " ".join(sanity(mlp(), CrossEntropyLoss(), *shapes, lr=lr))


@pytest.mark.parametrize("lr", [2, 5, 10, 20, 50])
def test_a_rate_that_is_too_large_is_found_where_the_loss_does_not_grow_but_stays(lr, shapes):
    assert f"learning rate {lr:g} is too large" in " ".join(sanity(mlp(), CrossEntropyLoss(), *shapes, lr=lr))


def test_a_rate_of_0_moves_nothing(shapes):
    assert sanity(mlp(), CrossEntropyLoss(), *shapes, lr=0) == ["The learning rate is 0: nothing will move."]


def test_inputs_in_the_thousands_are_blamed_and_not_the_gradients():
    rng = np.random.default_rng(0)
    X, y = synthetic_regression(num_examples=300, rng=rng)
    found = " ".join(sanity(models.linear_regression(2, rng=rng), SquaredLoss(), 1000 * X, y, lr=0.03))
    assert "The inputs are too large" in found
    assert "gradients" not in found
    assert "fell" not in found


class Scale(Layer):
    """Each input times a number of its own: a layer with a parameter that is no matrix."""

    def __init__(self, d):
        self.s = Parameter(np.ones(d, np.float32))

    def __call__(self, X):
        return X * self.s.data

    def forward(self, X):
        self._remember(X)
        return self(X)

    def backward(self, grad_Y, *, input_grad=True):
        self.s.grad = (grad_Y * self._take()).sum(axis=0)
        return grad_Y * self.s.data


def test_networks_without_matrices_and_without_parameters():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)).astype(np.float32)
    assert sanity(Sequential(Scale(2)), SquaredLoss(), X, X * np.float32([2, -3])) == []
    assert sanity(Sequential(ReLU()), SquaredLoss(), X, X) == [
        "The network has no parameters: there is nothing to train."
    ]


def test_triage_finds_nothing_on_healthy_runs():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        loss = SquaredLoss()
        for d in (1, 2, 5, 10, 20, 50, 100):
            w = rng.uniform(0.5, 2, d) * rng.choice([-1, 1], d)
            net, data = models.linear_regression(d, rng=rng), synthetic_regression(w, num_examples=300, rng=rng)
            assert sanity(net, loss, *data, lr=0.03) == [], (seed, d)
        net = models.mlp(784, 64, 10, rng=rng) if seed % 2 else models.softmax_regression(rng=rng)
        before = net.state_dict()
        assert sanity(net, CrossEntropyLoss(), *make_shapes(1000, 10, rng=rng).train, lr=0.1) == [], seed
        for name, array in net.state_dict().items():
            np.testing.assert_array_equal(array, before[name])


def test_a_terminal_without_the_signs_of_the_formulas_gets_question_marks_and_no_traceback(tmp_path):
    (tmp_path / "mine.py").write_text("def relu_backward(G, Y):\n    return G")
    command = [sys.executable, "-m", "numpynet", "check", "mine.py"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == ""
    assert "no_relu_mask" in done.stdout


def test_a_time_limit_of_nothing_is_refused(tmp_path):
    assert numpynet("check", "mine.py", "--time-limit", 0, cwd=tmp_path).returncode == 2
