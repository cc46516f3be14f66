"""The learner's folder: the lessons with gaps, made from the solutions, and the file that marks them with pytest."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

from numpynet.exercises.lessons import EXERCISES
from numpynet.storage.atomic import write_atomic

SOLUTIONS = Path(__file__).parent / "solutions"
LESSONS = tuple(dict.fromkeys(exercise.lesson for exercise in EXERCISES))

MARKER = '''"""Marks the lessons in this folder: run pytest here. Each test has its points as a property, for

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
    found = marks_of(Path(__file__).parent / f"{exercise.lesson}.py")[exercise.name]
    if not found["ok"]:
        pytest.fail(found["text"], pytrace=False)
'''

PYTEST = """# xunit1 is the form of JUnit XML that has properties
[pytest]
junit_family = xunit1
"""

README = """# Backpropagation, by your own hand

Five lessons, each a file with gaps. The comment above a gap says in words what belongs there; put your code in place of
the line `raise NotImplementedError`. Then ask, in this folder, as often as you like:

    numpynet check .                    # all lessons: what is right, what is wrong, and what the mistake is called
    numpynet check lesson1_functions.py # one lesson
    pytest                              # the same marks, as tests

| lesson | to write | points |
|---|---|---|
{table}

From lesson 2 on, a file that is right can be run: `python3 lesson4_mlp.py` trains what you wrote.

For teachers: copy this folder as it is; numpynet and pytest must be installed where it is marked. Each file is run in
a process of its own, with a limit of 60 seconds for each gap that does not come back; what it prints is not shown.
For several such folders in one run: `pytest --import-mode=importlib anna bert`. `pytest --junitxml=marks.xml` writes
the marks: a test for each gap, with its points as a property. `numpynet exercises DIR --solutions` writes the lessons
solved.
"""

GAP = re.compile(
    r"(?P<words>(?: *# .*\n)+)(?P<indent> *)### BEGIN SOLUTION\n(?P<code>(?:.*\n)*?) *### END SOLUTION\n",
)


def write_folder(folder: Path, *, solutions: bool = False) -> list[str]:
    """Write the lessons, with gaps or solved, the marker and a README into the folder; return the files' names.

    Raises: FileExistsError where one of them is there already, before anything is written; OSError.
    """
    files = {"README.md": _readme(), "test_exercises.py": MARKER, "pytest.ini": PYTEST}
    for lesson in LESSONS:
        text = (SOLUTIONS / f"{lesson}.py").read_text("utf-8")
        files[f"{lesson}.py"] = GAP.sub(r"\g<words>\g<code>", text) if solutions else GAP.sub(_gap, text)
    for name in files:
        if os.path.lexists(folder / name):
            raise FileExistsError(f"exercises: {folder / name} is there already, and is left as it is")
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
