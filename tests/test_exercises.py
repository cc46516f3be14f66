"""The exercises: gaps that are gaps, solutions that pass, and marks that name the mistake whatever a learner's file does."""

import dataclasses
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from numpynet import gradcheck
from numpynet.exercises import prove
from numpynet.exercises.folder import LESSONS, SOLUTIONS, hints, write_folder
from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.marking import mark_lesson
from numpynet.exercises.slips import SLIPS
from numpynet.gradcheck import Report
from numpynet.gradcheck.mistakes import MISTAKES
from tests.test_command_line import numpynet

ALL_POINTS = sum(exercise.points for exercise in EXERCISES)


@pytest.fixture
def gaps(tmp_path):
    write_folder(tmp_path / "gaps")
    return tmp_path / "gaps"


@pytest.fixture
def solved(tmp_path):
    write_folder(tmp_path / "solved", solutions=True)
    return tmp_path / "solved"


def pytest_marks(folder):
    """What pytest prints for a folder, and from its JUnit XML (name, points, message of failure or "") of each test."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=marks.xml"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    marks = []
    for case in ElementTree.parse(folder / "marks.xml").iter("testcase"):
        (points,) = (p.get("value") for p in case.iter("property") if p.get("name") == "points")
        failures = [failure.text for failure in case.iter("failure")]
        marks.append((case.get("name"), int(points), "".join(failures)))
    return result, marks


def replaced(folder, lesson, right, wrong):
    path = folder / f"{lesson}.py"
    text = path.read_text("utf-8")
    assert text.count(right) >= 1, right
    path.write_text(text.replace(right, wrong, 1), "utf-8")
    return path


def test_the_solutions_get_every_point_from_the_command_and_from_pytest(solved):
    result = numpynet("check", solved, cwd=solved)
    assert result.returncode == 0, result.stdout
    assert result.stdout.endswith(f"{ALL_POINTS} of {ALL_POINTS} points\n")
    result, marks = pytest_marks(solved)
    assert result.returncode == 0
    assert "warning" not in result.stdout
    assert sum(points for _, points, _ in marks) == ALL_POINTS


def test_the_untouched_lessons_fail_with_hints_alone_in_the_order_of_the_lessons(gaps):
    result, marks = pytest_marks(gaps)
    assert result.returncode == 1
    assert [name for name, _, _ in marks] == [f"test_exercise[{exercise}]" for exercise in EXERCISES]
    for exercise, (_, points, text) in zip(EXERCISES, marks, strict=True):
        assert points == exercise.points
        first = hints(exercise.lesson)[exercise.name].splitlines()[0]
        waits = f"{exercise.name} waits for {exercise.name.replace('backward', 'forward')}"
        assert first in text or waits in text, text
    everything = result.stdout + result.stderr
    command = numpynet("check", gaps, cwd=gaps)
    assert command.returncode == 1
    assert command.stdout.endswith(f"0 of {ALL_POINTS} points\n")
    for word in ["Traceback", "numpynet/", "NotImplementedError", "warning"]:
        assert word not in everything + command.stdout + command.stderr


def test_a_gap_holds_nothing_of_the_solution_and_every_gap_has_its_words(gaps):
    for lesson in LESSONS:
        solution, text = (SOLUTIONS / f"{lesson}.py").read_text("utf-8"), (gaps / f"{lesson}.py").read_text("utf-8")
        codes = [part.split("### END")[0].strip() for part in solution.split("### BEGIN SOLUTION\n")[1:]]
        names = [exercise.name for exercise in EXERCISES if exercise.lesson == lesson]
        assert list(hints(lesson)) == names
        assert all(hints(lesson).values())
        assert len(codes) == len(names) == text.count("raise NotImplementedError(")
        lines = [line.strip() for code in codes for line in code.splitlines() if "=" in line or "return" in line]
        assert len(lines) >= len(codes)
        assert not set(lines) & {line.strip() for line in text.splitlines()}
        assert "SOLUTION" not in text


def test_a_planted_mistake_costs_its_points_alone_and_is_named_by_the_command_and_by_pytest(solved):
    replaced(solved, "lesson4_mlp", "grad_Z = relu_backward(grad_H, H)", "grad_Z = grad_H")
    result = numpynet("check", solved, cwd=solved)
    assert result.returncode == 1
    assert "[0/4] loss_and_gradients is wrong: no_relu_mask." in result.stdout
    assert result.stdout.endswith(f"{ALL_POINTS - 4} of {ALL_POINTS} points\n")
    _, marks = pytest_marks(solved)
    wrong = [(name, text) for name, _, text in marks if text]
    assert [name for name, _ in wrong] == ["test_exercise[lesson4_mlp.loss_and_gradients]"]
    assert "exactly where Z1 <= 0" in wrong[0][1]
    one = numpynet("check", solved / "lesson4_mlp.py", cwd=solved)
    assert one.stdout.endswith("1 of 5 points\n")


WRONG = [
    ("lesson1_functions", "linear", "return X @ W + b", "return X @ W", "yours   [[5, -2], [-2, 4]]"),
    ("lesson1_functions", "linear", "return X @ W + b", "X += 0.5; return X @ W + b", "it changed its argument X"),
    ("lesson1_functions", "linear", "return X @ W + b", "return X.dot(W, b, b)", "linear is wrong: it raised TypeError"),
    ("lesson1_functions", "linear", "return X @ W + b", "pass", "yours   None"),
    ("lesson1_functions", "squared_loss", "** 2) / 2", "** 2)", "yours   1\n"),
    ("lesson1_functions", "sgd", "params[name] -= lr * grads[name]", "W = params[name]; W = W - lr * grads[name]", "Nothing has moved"),
    ("lesson1_functions", "sgd", "params[name] -= lr * grads[name]", "grads[name] *= lr; params[name] -= grads[name]", "sgd is wrong: it changed the gradients, which still belong to the caller."),
    ("lesson5_layers", "SGD.step", "parameter.data -= self.lr * parameter.grad", "parameter.grad *= self.lr; parameter.data -= parameter.grad", "SGD.step is wrong: it changed the gradients"),
    ("lesson1_functions", "sgd", "params[name] -= lr", "params[name] += lr", "yours   W = [[2, 1]"),
    ("lesson1_functions", "softmax", "np.exp(O - O.max(axis=1, keepdims=True))", "np.exp(O)", "yours   [[nan, 0]"),
    ("lesson1_functions", "softmax", "np.exp(O - O.max(axis=1, keepdims=True))", "np.exp(O - O.max())", "nan"),
    ("lesson1_functions", "softmax", "exp_O.sum(axis=1, keepdims=True)", "exp_O.sum(axis=0)", "softmax is wrong."),
    ("lesson1_functions", "softmax_cross_entropy", "np.mean(np.log(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), y])", "-np.mean(np.log(P[np.arange(len(y)), y]))", "inf"),
    ("lesson1_functions", "softmax_cross_entropy", "return L, P", "return L", "softmax_cross_entropy is wrong."),
    ("lesson1_functions", "relu", "np.maximum(X, 0)", "np.abs(X)", "yours   [[2, 1]"),
    ("lesson2_linear_regression", "predict", 'params["b"])', '0 * params["b"])', "predict is wrong."),
    ("lesson2_linear_regression", "loss_and_gradients", "return loss, {", "return 2 * loss, {", "factor_half"),
    ("lesson2_linear_regression", "loss_and_gradients", '{"W": grad_W, "b": grad_b}', '{"W": 2 * grad_W, "b": 2 * grad_b}', "factor_two"),
    ("lesson2_linear_regression", "loss_and_gradients", 'return loss, {"W": grad_W, "b": grad_b}', 'return 2 * loss, {"W": 2 * grad_W, "b": 2 * grad_b}', "its loss is"),
    ("lesson2_linear_regression", "loss_and_gradients", "loss = squared_loss(y_hat, y)", "loss = 2 * squared_loss(y_hat, y)", "is asked for. Mend that first."),
    ("lesson1_functions", "sgd", "params[name] -= lr * grads[name]", "params[name] -= 0.1 * grads[name]", "lr 0.5"),
    ("lesson4_mlp", "predict", "relu(linear(", "abs(linear(", "predict is wrong."),
    ("lesson5_layers", "Linear.forward", "self.b.data)", "0 * self.b.data)", "Linear.forward is wrong."),
    ("lesson5_layers", "Linear.backward", "self.b.data)", "0 * self.b.data)", "Linear.backward waits for Linear.forward"),
    ("lesson5_layers", "Linear.backward", "self.b.grad = grad_b", "pass", "Linear"),
    ("lesson5_layers", "Linear.backward", "self.W.grad = grad_W", "self.W.grad = (self.W.grad if self.W.grad is not None else 0) + grad_W", "gradient_accumulated"),
    ("lesson5_layers", "ReLU.forward", "relu(X)", "-relu(-X)", "ReLU.forward is wrong."),
    ("lesson5_layers", "Sequential.forward", "X = layer.forward(X)", "Y = layer.forward(X)", "it raised ValueError: linear: X must have shape (n, 4) to fit W (4, 2), got (2, 3) (line 69)"),
    ("lesson5_layers", "Sequential.backward", "for layer in reversed(self.layers):", "for layer in (self.layers[2], self.layers[0]):", "no_relu_mask"),
    ("lesson5_layers", "SGD.step", "parameter.data -= self.lr", "parameter.data += self.lr", "SGD.step is wrong."),
    ("lesson5_layers", "SGD.step", "parameter.data -= self.lr * parameter.grad", "parameter = parameter.data - self.lr * parameter.grad", "Nothing has moved"),
]  # fmt: skip


@pytest.mark.parametrize(("lesson", "name", "right", "wrong", "words"), WRONG)
def test_what_is_no_gradient_is_marked_too_and_shown_on_small_numbers(lesson, name, right, wrong, words, solved):
    finding = mark_lesson(replaced(solved, lesson, right, wrong))[name]
    assert not finding["ok"]
    assert words in finding["text"], finding["text"]
    assert finding["text"].startswith(name.split(".")[0])


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("return X @ W + b", "return np.einsum('ik,kj->ij', X, W) + b.reshape(1, -1)"),
        ("return X @ W + b", "return (X.astype(np.float32) @ W + b).astype(np.float32)"),
        ("params[name] -= lr * grads[name]", "params[name] = params[name] - lr * grads[name]"),
        ("return np.maximum(X, 0)", "return np.where(X > 0, X, 0)"),
        ("def relu_backward(", "import functools\nrelu = functools.partial(np.maximum, 0)\n\n\ndef relu_backward("),
        ("grad_X = grad_Y * (Y > 0)", "grad_X = grad_Y.copy(); grad_X[Y <= 0] = 0"),
        ("def squared_loss_backward(y_hat, y):", "def squared_loss_backward(pred, y):\n    y_hat = pred"),
        ("def softmax_cross_entropy_backward(P, y):", "def softmax_cross_entropy_backward(y_hat, y):\n    P = y_hat"),
        ("T = np.eye(q)[y]", "T = np.zeros((n, q)); T[range(n), y] = 1"),
    ],
)
def test_other_right_ways_to_write_it_are_right(right, wrong, solved):
    marks = mark_lesson(replaced(solved, "lesson1_functions", right, wrong))
    assert all(finding["ok"] for finding in marks.values()), marks


GAPS = [
    ("lesson1_functions", [("exp_O = np", 'raise NotImplementedError("softmax"); exp_O = np')], "softmax_cross_entropy waits for softmax, which is still to be written."),
    ("lesson4_mlp", [("    H = relu(linear(", '    raise NotImplementedError("predict")\n    H = relu(linear('), ("O = linear(H, W2, b2)", "O = predict(params, X)")], "loss_and_gradients waits for predict, which is still to be written."),
    ("lesson5_layers", [("        grad_X = relu_b", '        raise NotImplementedError("ReLU.backward")\n        grad_X = relu_b')], "ReLU.backward is still to be written. In words:"),
    ("lesson4_mlp", [("    H = relu(linear(", "    raise NotImplementedError\n    H = relu(linear(")], "predict is still to be written. In words:"),
]  # fmt: skip


@pytest.mark.parametrize(("lesson", "changes", "words"), GAPS)
def test_the_gap_that_is_met_is_the_one_that_is_called_unwritten(lesson, changes, words, solved):
    for right, wrong in changes:
        path = replaced(solved, lesson, right, wrong)
    finding = mark_lesson(path)[words.split()[0]]
    assert not finding["ok"]
    assert finding["text"].startswith(words)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("while True: pass", "linear was not done after 4 s (is there a loop"),
        ("import os; os._exit(0)", "linear ended the program."),
        ("exit()", "linear could not be checked: SystemExit"),
        ("return X @@ W", "linear: lesson1_functions.py does not run to its end: SyntaxError"),
    ],
)
def test_whatever_one_exercise_does_the_others_are_marked_or_it_is_said_why_not(wrong, words, solved):
    path = replaced(solved, "lesson1_functions", "return X @ W + b", wrong)
    marks = mark_lesson(path, time_limit=4)
    assert list(marks) == [exercise.name for exercise in EXERCISES if exercise.lesson == "lesson1_functions"]
    assert marks["linear"]["text"].startswith(words)
    assert marks["relu_backward"]["ok"] == ("SyntaxError" not in words)


def test_a_lesson_or_a_function_that_is_gone_is_said(solved):
    replaced(solved, "lesson1_functions", "def relu(", "def rectified(")
    (solved / "lesson3_softmax_regression.py").unlink()
    result = numpynet("check", solved, cwd=solved)
    assert "relu is not there: lesson1_functions.py defines no relu." in result.stdout
    assert "predict: there is no file lesson3_softmax_regression.py" in result.stdout
    assert result.stdout.endswith(f"{ALL_POINTS - 4} of {ALL_POINTS} points\n")


def test_no_file_of_a_learner_is_written_over(gaps):
    path = replaced(gaps, "lesson4_mlp", "raise NotImplementedError", "mine = 1; raise NotImplementedError")
    before = path.read_bytes()
    (gaps / "README.md").unlink()
    result = numpynet("exercises", gaps, cwd=gaps)
    assert result.returncode == 6
    assert "is there already, and is left as it is" in result.stderr
    assert path.read_bytes() == before
    assert not (gaps / "README.md").exists()


@pytest.mark.parametrize("arguments", [[], ["dir", "--prove"], ["--prove", "--solutions"], ["--solutions"]])
def test_a_folder_or_prove_and_not_both(arguments, tmp_path):
    assert numpynet("exercises", *arguments, cwd=tmp_path).returncode == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("lesson", "least"), [("lesson3_softmax_regression", 0.4), ("lesson4_mlp", 0.8), ("lesson5_layers", 0.8)])  # fmt: skip
def test_a_lesson_that_is_right_trains(lesson, least, solved):
    command = [sys.executable, "-W", "error", f"{lesson}.py"]
    result = subprocess.run(command, cwd=solved, capture_output=True, text=True, timeout=300, check=True)
    assert float(result.stdout.split()[-1]) > least


def test_linear_regression_of_lesson_2_finds_the_numbers_of_its_data(solved):
    command = [sys.executable, "-W", "error", "lesson2_linear_regression.py"]
    result = subprocess.run(command, cwd=solved, capture_output=True, text=True, timeout=300, check=True)
    found = [float(word.strip("[]")) for word in result.stdout.splitlines()[-1].split() if word.strip("[]W b")]
    assert np.allclose(found, [2, -3.4, 4.2], atol=0.01)


BESIDE_THE_DICTIONARY = {"gradient_accumulated", "argument_changed", "precision_only"}
NOT_PLANTED = {"precision_only": "a solution in float32 is right, and gets its points"}


def test_every_name_that_the_checker_can_give_is_planted_or_it_is_said_why_not():
    texts = [path.read_text("utf-8") for path in Path(gradcheck.__file__).parent.glob("*.py")]
    given = {name for text in texts for name in re.findall(r'mistakes\.append\("(\w+)"\)', text)}
    assert given <= BESIDE_THE_DICTIONARY
    planted = {mistake for _, lines in SLIPS for mistake, _ in lines}
    assert planted | set(NOT_PLANTED) == {mistake.name for mistake in MISTAKES} | BESIDE_THE_DICTIONARY
    assert not planted & set(NOT_PLANTED)
    backward = next(place for place, _ in SLIPS if place.exercise == "lesson1_functions.linear_backward")
    line = "grad_X, grad_W, grad_b = (G.astype(np.float32) for G in (grad_X, grad_W, grad_b))"
    report = prove.marked(backward, backward.planted(line))
    assert report.ok
    assert report.mistakes == ("precision_only",)


def test_a_slip_whose_line_is_gone_is_an_error_and_not_a_mistake_that_was_caught():
    place = dataclasses.replace(SLIPS[0][0], right="grad_b = nowhere")
    with pytest.raises(LookupError, match="lesson1_functions must have the line 'grad_b = nowhere' once"):
        prove.marked(place, "pass")


def test_prove_plants_every_mistake_and_each_is_caught_and_named(capsys):
    count = sum(len(lines) for _, lines in SLIPS)
    assert prove.prove_command() == 0
    assert capsys.readouterr().out.endswith(f"\ncaught {count} of {count}, named {count} of {count}\n")


def test_prove_says_what_is_not_caught_or_not_named(monkeypatch, capsys):
    monkeypatch.setattr(prove, "SLIPS", SLIPS[3:4])
    monkeypatch.setattr(prove, "mark", lambda exercise, space: Report(False, {}, mistakes=("no_relu_mask",)))
    assert prove.prove_command() == 1
    out = capsys.readouterr().out
    assert "relu_backward: relu_mask_reversed was called no_relu_mask" in out
    assert out.endswith("caught 8 of 8, named 1 of 8\n")
    monkeypatch.setattr(prove, "mark", lambda exercise, space: Report(True, {}))
    assert prove.prove_command() == 1
    assert capsys.readouterr().out.endswith("caught 0 of 8, named 0 of 8\n")


def test_the_readmes_transcripts_are_what_the_commands_print(tmp_path, capsys):
    root = Path(__file__).parent.parent
    section = (root / "README.md").read_text("utf-8").split("## Exercises that mark themselves")[1]
    first = re.search(r"```text\n(.*?)```", section, re.DOTALL).group(1)
    checking = (root / "docs" / "checking.md").read_text("utf-8")
    second = re.search(r"```text\n(\$ numpynet exercises --prove.*?)```", checking, re.DOTALL).group(1)
    written = numpynet("exercises", "lessons", cwd=tmp_path).stdout
    marked = numpynet("check", "lessons/lesson5_layers.py", cwd=tmp_path).stdout
    shown = f"$ numpynet exercises lessons\n{written}$ numpynet check lessons/lesson5_layers.py\n{marked}"
    assert shown.startswith(first)
    prove.prove_command()
    lines = capsys.readouterr().out.splitlines()
    assert second.splitlines()[1:] == [lines[0], "...", lines[-1]]
