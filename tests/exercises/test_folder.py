"""The folder of lessons: gaps hold nothing of the solution, solved lessons train, and no file is overwritten."""

import subprocess
import sys

import numpy as np
import pytest

from numpynet.exercises.folder import GAP, LESSONS, SOLUTIONS, hints, solved
from numpynet.exercises.lessons import EXERCISES
from tests.helpers.command import numpynet
from tests.helpers.exercises import replaced, results_of
from tests.helpers.slow import slow_after


def test_gaps_hold_hints_and_nothing_of_the_solution(gaps):
    for lesson in LESSONS:
        solution, text = (SOLUTIONS / f"{lesson}.py").read_text("utf-8"), (gaps / f"{lesson}.py").read_text("utf-8")
        names = [exercise.name for exercise in EXERCISES if exercise.lesson == lesson]
        found = list(GAP.finditer(solution))
        assert list(hints(lesson)) == names
        assert all(hints(lesson).values())
        assert len(found) == len(names)
        empty = [gap for gap in found if not gap["given"]]
        assert len(empty) == text.count("raise NotImplementedError(")
        lines = [line.strip() for gap in empty for line in gap["code"].splitlines() if "=" in line or "return" in line]
        assert len(lines) >= len(empty)
        assert not set(lines) & {line.strip() for line in text.splitlines()}
        for word in ("SOLUTION", "GIVEN"):
            assert word not in text
            assert word not in solved(lesson)


def test_what_is_given_in_a_gap_is_no_solution(gaps):
    results = results_of(gaps / "lesson6_understanding.py")
    assert not any(result.ok for result in results.values())
    assert results["shapes"].unwritten
    assert results["by_hand"].unwritten
    assert results["fix_linear"].text == "fix_linear is not fixed yet: look at grad_b."
    assert not any(result.mistakes for result in results.values())


def test_no_file_of_a_learner_is_written_over(gaps):
    path = replaced(gaps, "lesson4_mlp", "raise NotImplementedError", "mine = 1; raise NotImplementedError")
    before = path.read_bytes()
    (gaps / "README.md").unlink()
    result = numpynet("exercises", gaps, cwd=gaps)
    assert result.returncode == 6
    assert "already exists; nothing was written" in result.stderr
    assert path.read_bytes() == before
    assert not (gaps / "README.md").exists()


@pytest.mark.parametrize("arguments", [[], ["dir", "--prove"], ["--prove", "--solutions"], ["--solutions"]])
def test_a_folder_or_prove_and_not_both(arguments, tmp_path, here):
    assert here("exercises", *arguments, cwd=tmp_path).returncode == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("lesson", "least"),
    slow_after(1, [("lesson3_softmax_regression", 0.4), ("lesson4_mlp", 0.8), ("lesson5_layers", 0.8)]),
)
def test_a_lesson_that_is_right_trains(lesson, least, solved):
    command = [sys.executable, "-W", "error", f"{lesson}.py"]
    result = subprocess.run(command, cwd=solved, capture_output=True, text=True, timeout=300, check=True)
    assert float(result.stdout.split()[-1]) > least


def test_lesson_2_finds_the_weights_behind_its_data(solved):
    command = [sys.executable, "-W", "error", "lesson2_linear_regression.py"]
    result = subprocess.run(command, cwd=solved, capture_output=True, text=True, timeout=300, check=True)
    found = [float(word.strip("[]")) for word in result.stdout.splitlines()[-1].split() if word.strip("[]W b")]
    assert np.allclose(found, [2, -3.4, 4.2], atol=0.01)
