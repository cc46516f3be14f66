"""Hints on request, and what `numpynet check` says to do next."""

import re

import pytest

from numpynet.exercises.hints import HINTS, format_hint
from numpynet.exercises.lessons import EXERCISES
from tests.helpers.command import numpynet
from tests.helpers.exercises import replaced


def test_every_gap_has_hints_of_which_the_last_is_a_formula():
    assert list(HINTS) == [str(exercise) for exercise in EXERCISES]
    for hints in HINTS.values():
        assert len(hints) == 3
        assert re.search(r"[=←]|is like|copy", hints[-1])


def test_hints_are_given_one_at_a_time():
    shown = format_hint("", "linear_backward")
    assert shown.startswith("lesson1_functions.linear_backward, hint 1 of 3\n")
    assert "grad_W = Xᵀ grad_Y" not in shown
    assert shown.endswith("More: --hint linear_backward:2")
    assert "grad_W = Xᵀ grad_Y" in format_hint("lesson1_functions", "linear_backward:3")
    assert "More" not in format_hint("", "linear_backward:3")
    assert format_hint("lesson4_mlp", "predict").startswith("lesson4_mlp.predict, hint 1")
    assert format_hint("", "lesson4_mlp.predict:2").startswith("lesson4_mlp.predict, hint 2")


@pytest.mark.parametrize(
    ("lesson", "name", "words"),
    [
        ("", "predict", "is in several lessons: write lesson2_linear_regression.predict or"),
        ("", "linaer", "there is no gap linaer; there are row_sums,"),
        ("lesson5_layers", "relu", "there are Linear.forward,"),
        ("", "relu:4", "numbered 1 to 3, got 4"),
    ],
)
def test_a_hint_that_does_not_exist_is_refused(lesson, name, words):
    with pytest.raises(LookupError, match=words):
        format_hint(lesson, name)


def test_the_command_gives_hints_for_lessons_only(gaps):
    asked = numpynet("check", ".", "--hint", "sgd", cwd=gaps)
    assert asked.returncode == 0
    assert asked.stdout.startswith("lesson1_functions.sgd, hint 1 of 3\n")
    assert numpynet("check", ".", "--hint", "nothing", cwd=gaps).returncode == 2
    (gaps / "mine.py").write_text("x = 1\n")
    refused = numpynet("check", "mine.py", "--hint", "sgd", cwd=gaps)
    assert refused.returncode == 2
    assert "--hint is for lessons" in refused.stderr


@pytest.mark.slow
def test_the_next_gap_is_the_first_that_waits_for_none(gaps, solved):
    assert "\nnext: row_sums in lesson0_numpy.py (a hint: " in numpynet("check", gaps, cwd=gaps).stdout
    replaced(solved, "lesson1_functions", "exp_O.sum(axis=1, keepdims=True)", "exp_O.sum()")
    assert "\nnext: softmax in" in numpynet("check", solved, cwd=solved).stdout
    replaced(solved, "lesson1_functions", "exp_O.sum()", "exp_O.sum(axis=1, keepdims=True)")
    assert "next:" not in numpynet("check", solved, cwd=solved).stdout


@pytest.mark.slow
def test_a_syntax_error_is_told_once_with_its_line(solved):
    replaced(solved, "lesson1_functions", "return X @ W + b", "return X @ W + b)")
    shown = numpynet("check", solved / "lesson1_functions.py", cwd=solved).stdout
    assert shown.count("SyntaxError") == 1
    assert "(line 17: return X @ W + b))" in shown
    assert shown.count("is not marked.\n") == 10
