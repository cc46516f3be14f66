"""Marks: solutions get every point, and mistakes are named whatever a learner's file does."""

import pytest

from numpynet.exercises.folder import hints
from numpynet.exercises.lessons import EXERCISES
from numpynet.gradcheck.files.host import Call, Ref
from numpynet.gradcheck.files.process import Process
from tests.helpers.command import numpynet
from tests.helpers.exercises import ALL_POINTS, pytest_marks, replaced, results_of
from tests.helpers.slow import slow_after


@pytest.mark.slow
def test_the_solutions_get_every_point(solved):
    result = numpynet("check", solved, cwd=solved)
    assert result.returncode == 0, result.stdout
    assert result.stdout.endswith(f"{ALL_POINTS} of {ALL_POINTS} points\n")
    result, marks = pytest_marks(solved)
    assert result.returncode == 0
    assert "warning" not in result.stdout
    assert sum(points for _, points, _ in marks) == ALL_POINTS


@pytest.mark.slow
def test_untouched_lessons_fail_with_hints_in_lesson_order(gaps):
    result, marks = pytest_marks(gaps)
    assert result.returncode == 1
    assert [name for name, _, _ in marks] == [f"test_exercise[{exercise}]" for exercise in EXERCISES]
    for exercise, (_, points, text) in zip(EXERCISES, marks, strict=True):
        assert points == exercise.points
        first = hints(exercise.lesson)[exercise.name].splitlines()[0]
        waits = f"{exercise.name} waits for {exercise.name.replace('backward', 'forward')}"
        assert first in text or waits in text or "is not fixed yet" in text, text
    everything = result.stdout + result.stderr
    command = numpynet("check", gaps, cwd=gaps)
    assert command.returncode == 1
    assert command.stdout.endswith(f"0 of {ALL_POINTS} points\n")
    for word in ["Traceback", "numpynet/", "NotImplementedError", "warning"]:
        assert word not in everything + command.stdout + command.stderr


@pytest.mark.slow
def test_a_planted_mistake_costs_only_its_points_and_is_named(solved):
    replaced(solved, "lesson4_mlp", "grad_Z = relu_backward(grad_H, H)", "grad_Z = grad_H")
    result = numpynet("check", solved, cwd=solved)
    assert result.returncode == 1
    assert "[2/4] loss_and_gradients is wrong: no_relu_mask." in result.stdout
    assert result.stdout.endswith(f"{ALL_POINTS - 2} of {ALL_POINTS} points\n")
    _, marks = pytest_marks(solved)
    wrong = [(name, text) for name, _, text in marks if text]
    assert [name for name, _ in wrong] == ["test_exercise[lesson4_mlp.loss_and_gradients]"]
    assert "exactly where Z1 <= 0" in wrong[0][1]
    one = numpynet("check", solved / "lesson4_mlp.py", cwd=solved)
    assert one.stdout.endswith("3 of 5 points\n")


WRONG = [
    ("lesson1_functions", "linear", "return X @ W + b", "return X @ W", "linear is wrong: bias_missing."),
    ("lesson1_functions", "linear", "return X @ W + b", "X += 0.5; return X @ W + b", "it modified its argument X"),
    ("lesson1_functions", "linear", "return X @ W + b", "return X.dot(W, b, b)", "linear is wrong: it raised TypeError"),
    ("lesson1_functions", "linear", "return X @ W + b", "pass", "yours   None"),
    ("lesson1_functions", "squared_loss", "** 2) / 2", "** 2)", "yours   2.228\n"),
    ("lesson1_functions", "sgd", "params[name] -= lr * grads[name]", "W = params[name]; W = W - lr * grads[name]", "not_in_place"),
    ("lesson1_functions", "sgd", "params[name] -= lr * grads[name]", "grads[name] *= lr; params[name] -= grads[name]",
     "sgd is wrong: it modified the gradients, which belong to the caller."),
    ("lesson5_layers", "SGD.step", "parameter.data -= self.lr * parameter.grad",
     "parameter.grad *= self.lr; parameter.data -= parameter.grad", "SGD.step is wrong: it modified the gradients"),
    ("lesson1_functions", "sgd", "params[name] -= lr", "params[name] += lr", "yours   W = [[2, 1, −0.8]"),
    ("lesson1_functions", "softmax", "np.exp(O - O.max(axis=1, keepdims=True))", "np.exp(O)", "exp_overflows"),
    ("lesson1_functions", "softmax", "np.exp(O - O.max(axis=1, keepdims=True))", "np.exp(O - O.max())", "shift_by_largest_of_all"),
    ("lesson1_functions", "softmax", "exp_O.sum(axis=1, keepdims=True)", "exp_O.sum(axis=0)", "softmax is wrong."),
    ("lesson1_functions", "softmax_cross_entropy", "np.mean(np.log(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), y])",
     "-np.mean(np.log(P[np.arange(len(y)), y]))", "log_of_zero"),
    ("lesson1_functions", "softmax_cross_entropy", "return L, P", "return L", "softmax_cross_entropy is wrong."),
    ("lesson1_functions", "relu", "np.maximum(X, 0)", "np.abs(X)", "yours   [[1.5, 0.8]"),
    ("lesson2_linear_regression", "predict", 'params["b"])', '0 * params["b"])', "bias_missing"),
    ("lesson2_linear_regression", "loss_and_gradients", "return loss, {", "return 2 * loss, {", "factor_half"),
    ("lesson2_linear_regression", "loss_and_gradients", '{"W": grad_W, "b": grad_b}', '{"W": 2 * grad_W, "b": 2 * grad_b}', "factor_two"),
    ("lesson2_linear_regression", "loss_and_gradients", 'return loss, {"W": grad_W, "b": grad_b}',
     'return 2 * loss, {"W": 2 * grad_W, "b": 2 * grad_b}', "its loss is"),
    ("lesson2_linear_regression", "loss_and_gradients", "loss = squared_loss(y_hat, y)", "loss = 2 * squared_loss(y_hat, y)", "Fix that first."),
    ("lesson1_functions", "sgd", "params[name] -= lr * grads[name]", "params[name] -= 0.1 * grads[name]", "lr 0.5"),
    ("lesson4_mlp", "predict", "relu(linear(", "abs(linear(", "absolute_value"),
    ("lesson5_layers", "Linear.forward", "self.b.data)", "0 * self.b.data)", "Linear.forward is wrong: bias_missing."),
    ("lesson5_layers", "Linear.backward", "self.b.data)", "0 * self.b.data)", "Linear.backward waits for Linear.forward"),
    ("lesson5_layers", "Linear.backward", "self.b.grad = grad_b", "pass", "Linear"),
    ("lesson5_layers", "Linear.backward", "self.W.grad = grad_W",
     "self.W.grad = (self.W.grad if self.W.grad is not None else 0) + grad_W", "gradient_accumulated"),
    ("lesson5_layers", "ReLU.forward", "relu(X)", "-relu(-X)", "minimum_not_maximum"),
    ("lesson5_layers", "Sequential.forward", "X = layer.forward(X)", "Y = layer.forward(X)",
     "it raised ValueError: linear: X must have shape (n, 4) to fit W (4, 2)"),
    ("lesson5_layers", "Sequential.backward", "for layer in reversed(self.layers):", "for layer in (*self.layers[2::-2],):", "no_relu_mask"),
    ("lesson5_layers", "SGD.step", "parameter.data -= self.lr", "parameter.data += self.lr", "SGD.step is wrong: wrong_sign."),
    ("lesson5_layers", "SGD.step", "parameter.data -= self.lr * parameter.grad",
     "parameter = parameter.data - self.lr * parameter.grad", "not_in_place"),
]  # fmt: skip


@pytest.mark.parametrize(("lesson", "name", "right", "wrong", "words"), slow_after(4, WRONG))
def test_any_other_mistake_is_marked_and_shown_on_small_numbers(lesson, name, right, wrong, words, solved):
    finding = results_of(replaced(solved, lesson, right, wrong))[name]
    assert not finding.ok
    assert words in finding.text, finding.text
    assert finding.text.startswith(name.split(".")[0])


@pytest.mark.parametrize(
    ("right", "wrong"),
    slow_after(
        3,
        [
            ("return X @ W + b", "return np.einsum('ik,kj->ij', X, W) + b.reshape(1, -1)"),
            ("return X @ W + b", "return (X.astype(np.float32) @ W + b).astype(np.float32)"),
            ("return np.maximum(X, 0)", "return np.where(X > 0, X, 0)"),
            ("def relu_backward(", "import functools\nrelu = functools.partial(np.maximum, 0)\n\n\ndef relu_backward("),
            ("grad_X = grad_Y * (Y > 0)", "grad_X = grad_Y.copy(); grad_X[Y <= 0] = 0"),
            ("def squared_loss_backward(y_hat, y):", "def squared_loss_backward(pred, y):\n    y_hat = pred"),
            (
                "def softmax_cross_entropy_backward(P, y):",
                "def softmax_cross_entropy_backward(y_hat, y):\n    P = y_hat",
            ),
            ("T = np.eye(q)[y]", "T = np.zeros((n, q)); T[range(n), y] = 1"),
        ],
    ),
)
def test_other_right_ways_to_write_it_are_right(right, wrong, solved):
    marks = results_of(replaced(solved, "lesson1_functions", right, wrong))
    assert all(finding.ok for finding in marks.values()), marks


GAPS = [
    ("lesson1_functions", [("exp_O = np", 'raise NotImplementedError("softmax"); exp_O = np')],
     "softmax_cross_entropy waits for softmax, which is not written yet."),
    ("lesson4_mlp", [("    H = relu(linear(", '    raise NotImplementedError("predict")\n    H = relu(linear('),
                     ("O = linear(H, W2, b2)", "O = predict(params, X)")],
     "loss_and_gradients waits for predict, which is not written yet."),
    ("lesson5_layers",
     [("        grad_X = relu_b", '        raise NotImplementedError("ReLU.backward")\n        grad_X = relu_b')],
     "ReLU.backward is not written yet. In words:"),
    ("lesson4_mlp", [("    H = relu(linear(", "    raise NotImplementedError\n    H = relu(linear(")], "predict is not written yet. In words:"),
]  # fmt: skip


@pytest.mark.parametrize(("lesson", "changes", "words"), GAPS)
def test_the_gap_that_is_met_is_the_one_that_is_called_unwritten(lesson, changes, words, solved):
    for right, wrong in changes:
        path = replaced(solved, lesson, right, wrong)
    finding = results_of(path)[words.split()[0]]
    assert not finding.ok
    assert finding.text.startswith(words)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("import os; os._exit(0)", "linear ended the program."),
        ("exit()", "linear is wrong: it raised SystemExit"),
        ("return X @@ W", "linear is not marked: lesson1_functions.py cannot be run: SyntaxError"),
    ],
)
@pytest.mark.slow
def test_one_exercise_does_not_stop_the_marking_of_the_others(wrong, words, solved):
    path = replaced(solved, "lesson1_functions", "return X @ W + b", wrong)
    marks = results_of(path)
    assert list(marks) == [exercise.name for exercise in EXERCISES if exercise.lesson == "lesson1_functions"]
    assert marks["linear"].text.startswith(words)
    assert marks["relu_backward"].ok == ("SyntaxError" not in words)


def test_an_exercise_that_never_returns_does_not_stop_the_others(solved, monkeypatch):
    ask = Process._ask

    def ask_with_limits(self, action, *content, limit=None):
        called = [step.target for step in content[0] if isinstance(step, Call)] if action == "run" else []
        return ask(self, action, *content, limit=0.5 if Ref(0, ("linear",)) in called else 600)

    monkeypatch.setattr(Process, "_ask", ask_with_limits)
    results = results_of(replaced(solved, "lesson1_functions", "return X @ W + b", "while True: pass"), time_limit=600)
    assert list(results) == [exercise.name for exercise in EXERCISES if exercise.lesson == "lesson1_functions"]
    assert results["linear"].text.startswith("linear did not finish within 600 s (is there an infinite loop")
    assert results["relu_backward"].ok


@pytest.mark.slow
def test_a_lesson_or_a_function_that_is_gone_is_said(solved):
    replaced(solved, "lesson1_functions", "def relu(", "def rectified(")
    (solved / "lesson3_softmax_regression.py").unlink()
    result = numpynet("check", solved, cwd=solved)
    assert "relu is missing: lesson1_functions.py does not define relu." in result.stdout
    assert "  no such file: lesson3_softmax_regression.py.\n  [0/1] predict is not marked." in result.stdout
    assert result.stdout.endswith(f"{ALL_POINTS - 4} of {ALL_POINTS} points\n")
