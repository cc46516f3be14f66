"""`numpynet mark`: a class of folders, whatever lies in them."""

import csv
import io
import json
import shutil
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from numpynet.exercises.cohort import (
    Gap,
    HandIn,
    as_csv,
    as_feedback,
    as_junit,
    find_hand_ins,
    format_marks,
    format_table,
)
from numpynet.exercises.folder import write_folder
from numpynet.exercises.lessons import EXERCISES
from tests.helpers.command import numpynet
from tests.helpers.exercises import ALL_POINTS, replaced

CONFTEST = """\
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""
LESSON_1 = ("lesson1_functions", "return X @ W + b")


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A class: one student who is right, some who are wrong, and some who are hostile."""
    folder = tmp_path_factory.mktemp("class")
    write_folder(folder / "anna", solutions=True)
    for name in ("ben", "cheat", "loop", "exits", "prints", "nested/lessons", "=formula"):
        shutil.copytree(folder / "anna", folder / name)
    replaced(folder / "ben", "lesson4_mlp", "grad_Z = relu_backward(grad_H, H)", "grad_Z = grad_H")
    replaced(
        folder / "cheat", LESSON_1[0], "import numpy as np", "from numpynet.functional import *\nimport numpy as np"
    )
    (folder / "cheat" / "conftest.py").write_text(CONFTEST)
    (folder / "cheat" / "numpy.py").write_text("raise SystemExit")
    replaced(folder / "loop", *LESSON_1, "while True: pass")
    replaced(folder / "exits", *LESSON_1, "import os; os._exit(0)")
    replaced(folder / "prints", *LESSON_1, "print('x' * 100_000_000); return X @ W + b")
    write_folder(folder / "dora")
    (folder / "empty").mkdir()
    (folder / "empty" / "lesson1_functions").mkdir()
    (folder / "readme.txt").write_text("not a student")
    return folder


@pytest.fixture(scope="module")
def marked(school, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    options = ["--csv", out / "m.csv", "--json", out / "m.json", "--junit", out / "m.xml", "--feedback", out / "words"]
    result = numpynet("mark", school, *options, "--time-limit", "2", "--jobs", "2", cwd=out)
    assert result.returncode == 0, result.stderr
    return result.stdout, out


def points(out):
    with open(out / "m.csv", newline="", encoding="utf-8") as file:
        return {row["student"]: int(row["points"]) for row in csv.DictReader(file)}


@pytest.mark.slow
def test_a_hostile_folder_costs_nobody_else_anything(marked):
    stdout, out = marked
    one = sum(each.points for each in EXERCISES if each.lesson == "lesson1_functions")
    expected = {
        **dict.fromkeys(("anna", "nested", "'=formula", "prints"), ALL_POINTS),
        **dict.fromkeys(("exits", "loop"), ALL_POINTS - 1),
        **{"ben": ALL_POINTS - 2, "cheat": ALL_POINTS - one, "dora": 0, "empty": 0},
    }
    assert points(out) == expected
    assert "there are no lessons in this folder" in stdout
    assert "it imports numpynet.functional.* (line" in stdout
    for name in ("anna", "ben", "loop"):
        assert f"{name:8}  {expected[name]} of {ALL_POINTS} points\n" in stdout


@pytest.mark.slow
def test_marking_again_gives_the_same(marked, school, tmp_path):
    _, out = marked
    folders = [school / name for name in ("anna", "ben", "cheat", "exits")]
    again = numpynet("mark", *folders, "--csv", tmp_path / "m.csv", "--jobs", "1", cwd=tmp_path)
    assert again.returncode == 0
    assert points(tmp_path) == {name: points(out)[name] for name in ("anna", "ben", "cheat", "exits")}


@pytest.mark.slow
def test_the_files_hold_every_gap(marked):
    _, out = marked
    students = {each["student"]: each for each in json.loads((out / "m.json").read_text("utf-8"))["students"]}
    ben = students["ben"]
    assert ben["score"] == sum(test["score"] for test in ben["tests"]) == ALL_POINTS - 2
    assert [test["name"] for test in ben["tests"]] == [str(exercise) for exercise in EXERCISES]
    assert {test["max_score"] for test in ben["tests"]} == {exercise.points for exercise in EXERCISES}
    (wrong,) = [test for test in ben["tests"] if test["status"] == "failed"]
    assert "no_relu_mask" in wrong["output"]
    suites = {suite.get("name"): suite for suite in ElementTree.parse(out / "m.xml").iter("testsuite")}
    assert int(suites["ben"].get("failures")) == 1
    assert len(suites["ben"].findall("testcase")) == len(EXERCISES)
    words = (out / "words" / "ben.md").read_text("utf-8")
    assert words.startswith(f"# ben: {ALL_POINTS - 2} of {ALL_POINTS} points\n")
    assert "## lesson4_mlp.loss_and_gradients\n\n```text\nloss_and_gradients is wrong: no_relu_mask." in words
    assert len(list((out / "words").iterdir())) == len(students)


@pytest.mark.slow
def test_one_hand_in_gives_gradescopes_file(solved, tmp_path):
    done = numpynet("mark", solved, "--json", tmp_path / "results.json", cwd=tmp_path)
    assert done.returncode == 0
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert results["score"] == ALL_POINTS
    assert {"name", "score", "max_score", "status", "output"} <= set(results["tests"][0])


def test_wrong_usage_is_refused_before_anything_is_marked(tmp_path, here, solved):
    assert here("mark", cwd=tmp_path).returncode == 2
    assert "not a folder: nowhere" in here("mark", "nowhere", cwd=tmp_path).stderr
    refused = here("mark", solved, "--csv", tmp_path / "no" / "m.csv", cwd=tmp_path)
    assert refused.returncode == 2
    assert "the folder of" in refused.stderr
    assert refused.stdout == ""


def test_hand_ins_are_found_by_their_lessons(tmp_path):
    for name in ("a/x", "b/deep/er", "b/other", ".git/x"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a" / "x" / "lesson1_functions.ipynb").write_text("{}")
    (tmp_path / "b" / "deep" / "er" / "lesson4_mlp.py").write_text("")
    assert find_hand_ins([tmp_path]) == {"a": tmp_path / "a" / "x", "b": tmp_path / "b" / "deep" / "er"}
    assert list(find_hand_ins([tmp_path / "a", tmp_path / "b" / "other"])) == ["x", "other"]
    (tmp_path / "c" / "x").mkdir(parents=True)
    names = find_hand_ins([tmp_path / "a", tmp_path / "c"])
    assert list(names) == [str(tmp_path / "a" / "x"), str(tmp_path / "c" / "x")]  # two of one name


def hand_in(name, text="wrong: ```\x00"):
    gaps = tuple(Gap(str(each), 0, each.points, text, ("wrong_sign",)) for each in EXERCISES)
    return HandIn(name, gaps, ('note, with "quotes"', "and another"), 1.5)


def test_any_name_and_text_is_written_so_that_it_can_be_read():
    names = ["Zoë, Ärö", '"quoted"', "=1+1", "a\nb", "x" * 60]
    rows = list(csv.reader(io.StringIO(as_csv([hand_in(name) for name in names]))))
    assert [row[0] for row in rows[1:]] == ["Zoë, Ärö", '"quoted"', "'=1+1", "a\nb", "x" * 60]
    assert len({len(row) for row in rows}) == 1
    root = ElementTree.fromstring(as_junit([hand_in("a\x00b")]))
    assert "\x00" not in ElementTree.tostring(root, "unicode")
    assert as_feedback(hand_in("x")).count("```") == 2 * len(EXERCISES)
    table = format_table([hand_in("x"), hand_in("y")])
    assert table[-1].endswith(": wrong_sign 2")


def test_names_in_chinese_are_aligned_and_notes_cut_short():
    students = [replace(hand_in("明明"), notes=("long " * 100, "two", "three")), replace(hand_in("Ada"), notes=())]
    table = format_table(students)
    assert table[1].startswith("明明    " + " " * 7 + "0")
    assert table[2].startswith("Ada     " + " " * 7 + "0")
    first, second = format_marks(students[0], 6)
    assert first == f"明明    0 of {sum(each.points for each in EXERCISES)} points"
    assert second.endswith("long ... (and 2 more)")
    assert len(second) < 150
    assert len(format_marks(students[1], 6)) == 1


def test_feedback_is_in_the_language_of_the_hand_in():
    assert "| gap | points |" in as_feedback(hand_in("Ada"))
    assert "| 空 | 得分 |" in as_feedback(replace(hand_in("明"), language="zh"))
