"""The learner's folder: the lessons with gaps, made from the solutions, and a test file that marks them with pytest."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

from numpynet.exercises.lessons import EXERCISES
from numpynet.storage.atomic import write_atomic

SOLUTIONS = Path(__file__).parent / "solutions"
LESSONS = tuple(dict.fromkeys(exercise.lesson for exercise in EXERCISES))

MARKER = '''"""Marks the lessons in this folder: run pytest here. To save the marks, with the points as properties, run

    pytest --junitxml=marks.xml
"""

import functools
from pathlib import Path

import pytest

from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.marking import mark_lesson

marks_of = functools.cache(mark_lesson)  # one process for each lesson


@pytest.mark.parametrize("exercise", EXERCISES, ids=str)
def test_exercise(exercise, record_property):
    record_property("points", exercise.points)
    lesson = marks_of(Path(__file__).parent / f"{exercise.lesson}.py")
    (found,) = [each for each in lesson.marks if each.exercise == exercise]
    if not found.result.ok:
        pytest.fail(found.result.text, pytrace=False)
'''

PYTEST = """# xunit1 is the JUnit XML format that has properties
[pytest]
junit_family = xunit1
"""

README = """# Backpropagation by hand

Five lessons, each a file with gaps. The comment above each gap says in words what belongs there; replace the line
`raise NotImplementedError` with your code. Then check your work in this folder, as often as you like:

    numpynet check .                    # all lessons: what is right, what is wrong, and the name of the mistake
    numpynet check lesson1_functions.py # one lesson
    pytest                              # the same marks, as tests

| lesson | to write | points |
|---|---|---|
{table}

From lesson 2 on, you can run a file once it is right: `python3 lesson4_mlp.py` trains the model that you wrote.

For teachers: copy this folder unchanged; numpynet and pytest must be installed where it is marked. Each file runs in a
separate process; a gap that does not finish within 60 seconds is stopped, and printed output is not shown. To mark
several folders in one run, use `pytest --import-mode=importlib anna bert`. `pytest --junitxml=marks.xml` writes the
marks to a file, with one test per gap and its points as a property. `numpynet exercises DIR --solutions` writes the
solved lessons.
"""

GAP = re.compile(
    r"(?P<words>(?: *# .*\n)+)(?P<indent> *)### BEGIN SOLUTION\n(?P<code>(?:.*\n)*?) *### END SOLUTION\n",
)


def write_folder(folder: Path, *, solutions: bool = False) -> list[str]:
    """Write the lessons, with gaps or solved, the test file and a README to the folder; return the names of the files.

    Raises: FileExistsError if one of them already exists, before anything is written; OSError.
    """
    files = {"README.md": _readme(), "test_exercises.py": MARKER, "pytest.ini": PYTEST}
    for lesson in LESSONS:
        text = (SOLUTIONS / f"{lesson}.py").read_text("utf-8")
        files[f"{lesson}.py"] = GAP.sub(r"\g<words>\g<code>", text) if solutions else GAP.sub(_gap, text)
    for name in files:
        if os.path.lexists(folder / name):
            raise FileExistsError(f"exercises: {folder / name} already exists; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomic(folder / name, text.encode())
    return list(files)


def hints(lesson: str) -> dict[str, str]:
    """For each gap of a lesson, what belongs there, in words."""
    text = (SOLUTIONS / f"{lesson}.py").read_text("utf-8")
    return {
        _name(gap): textwrap.dedent(re.sub(r"^ *# ?", "", gap["words"], flags=re.M)).rstrip()
        for gap in GAP.finditer(text)
    }


def _gap(found: re.Match[str]) -> str:
    return f'{found["words"]}{found["indent"]}raise NotImplementedError("{_name(found)}")\n'


def _name(gap: re.Match[str]) -> str:
    """The function, or "Class.method", that a gap is in."""
    before = gap.string[: gap.start()]
    indent, name = re.findall(r"^( *)def (\w+)", before, re.M)[-1]
    return ".".join([*re.findall(r"^class (\w+)", before, re.M)[-1:], name]) if indent else name


def _readme() -> str:
    rows = []
    for lesson in LESSONS:
        own = [exercise for exercise in EXERCISES if exercise.lesson == lesson]
        names = ", ".join(f"`{exercise.name}`" for exercise in own)
        rows.append(f"| `{lesson}.py` | {names} | {sum(exercise.points for exercise in own)} |")
    return README.format(table="\n".join(rows))
