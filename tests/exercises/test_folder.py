"""The folder of lessons: gaps hold nothing of the solution, solved lessons train, and no file is overwritten."""

import subprocess
import sys

import numpy as np
import pytest

from numpynet.exercises.folder import LESSONS, SOLUTIONS, hints
from numpynet.exercises.lessons import EXERCISES
from tests.helpers.command import numpynet
from tests.helpers.exercises import replaced
from tests.helpers.slow import slow_after


def test_gaps_hold_hints_and_nothing_of_the_solution(gaps):
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
