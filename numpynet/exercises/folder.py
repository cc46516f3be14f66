"""The learner's folder: the lessons with gaps, made from the solutions, and a test file that marks them with pytest."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

from numpynet.exercises.chinese import in_chinese
from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.notebooks import as_notebook
from numpynet.storage.atomic import write_atomic
from numpynet.wording import language as spoken
from numpynet.wording import speaking

SOLUTIONS = Path(__file__).parent / "solutions"
LESSONS = tuple(dict.fromkeys(exercise.lesson for exercise in EXERCISES))

MARKER = '''"""Marks the lessons in this folder: run pytest here. To save the marks, with the points as properties, run

    pytest --junitxml=marks.xml
"""

import functools
from pathlib import Path

import pytest

from numpynet.exercises.folder import lesson_file
from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.marking import mark_lesson

marks_of = functools.cache(mark_lesson)  # one process for each lesson


@pytest.mark.parametrize("exercise", EXERCISES, ids=str)
def test_exercise(exercise, record_property):
    record_property("points", exercise.points)
    lesson = marks_of(lesson_file(Path(__file__).parent, exercise.lesson))
    (found,) = [each for each in lesson.marks if each.exercise == exercise]
    if not found.result.ok:
        pytest.fail(found.result.text, pytrace=False)
'''

PYTEST = """# xunit1 is the JUnit XML format that has properties
[pytest]
junit_family = xunit1
"""

README = """# Backpropagation by hand

Seven lessons, each a file with gaps. The comment above each gap says what belongs there; replace the line
`raise NotImplementedError` with your code. Then check your work in this folder, as often as you like:

    numpynet check .                        # all lessons: what is right, what is wrong, and the name of the mistake
    numpynet check lesson1_functions.py     # one lesson
    numpynet check . --hint linear_backward # a hint for a gap; linear_backward:2 is the next one, :3 the formula
    pytest                                  # the same marks, as tests (python3 -m pip install pytest)

| lesson | to write | points |
|---|---|---|
{table}

Lesson 0 is for those who are new to NumPy. Lessons 2 to 5 can be run once they are right, as `python3 lesson4_mlp.py`:
they train the model that you wrote. Lesson 6 asks for your understanding; do it last, with pencil and paper.

Write the gaps yourself, with NumPy and what the file came with: a lesson that imports anything else of numpynet gets no
points.

For teachers: copy this folder unchanged. `numpynet mark FOLDER` marks a class, one folder for each student, and
`numpynet exercises DIR --solutions` writes the solved lessons.
"""

CHINESE_README = """# 亲手写反向传播

七课，每课是一个带空缺的文件。每个空缺上面的注释说明那里应该写什么；把 `raise NotImplementedError` 那一行换成你的代码。
然后在这个文件夹里检查，想检查多少次都可以：

    numpynet check .                        # 所有的课：哪里对，哪里错，以及错误的名字
    numpynet check lesson1_functions.py     # 某一课
    numpynet check . --hint linear_backward # 某个空缺的提示；linear_backward:2 是下一个提示，:3 是公式
    pytest                                  # 同样的评分，以测试的形式（python3 -m pip install pytest）

| 课 | 要写的 | 分数 |
|---|---|---|
{table}

第 0 课是为不熟悉 NumPy 的人准备的。第 2 到 5 课写对以后可以运行，例如 `python3 lesson4_mlp.py`：它会训练你写的模型。
第 6 课考察理解；放到最后，用铅笔和纸来做。

空缺要自己写，只用 NumPy 和文件里原有的导入：如果一课导入了 numpynet 的其他东西，这一课不计分。

给老师：原样复制这个文件夹即可。`numpynet mark FOLDER` 给全班评分，每个学生一个文件夹；
`numpynet exercises DIR --solutions --language zh` 写出做好的各课。
"""

GAP = re.compile(
    r"(?P<words>(?: *# .*\n)+)(?P<indent> *)### BEGIN SOLUTION\n(?P<code>(?:.*\n)*?) *### END SOLUTION\n"
    r"(?: *### GIVEN\n(?P<given>(?: *# .*\n)+) *### END GIVEN\n)?",
)


def write_folder(folder: Path, *, solutions: bool = False, notebooks: bool = False, language: str = "en") -> list[str]:
    """Write the lessons, with gaps or solved, the test file and a README to the folder; return the names of the files.

    notebooks: write the lessons as notebooks. language: "en" or "zh".

    Raises: FileExistsError if one of them already exists, before anything is written; OSError.
    """
    with speaking(language):
        readme = _readme(".ipynb" if notebooks else ".py")
        files = {"README.md": readme, "test_exercises.py": MARKER, "pytest.ini": PYTEST}
        for lesson in LESSONS:
            text = solved(lesson) if solutions else with_gaps(lesson)
            files |= {f"{lesson}.ipynb": as_notebook(lesson, text)} if notebooks else {f"{lesson}.py": text}
    for name in files:
        if os.path.lexists(folder / name):
            raise FileExistsError(f"exercises: {folder / name} already exists; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomic(folder / name, text.encode())
    return list(files)


def lesson_file(folder: Path, lesson: str) -> Path:
    """The file of a lesson: the notebook if there is only that."""
    path, notebook = folder / f"{lesson}.py", folder / f"{lesson}.ipynb"
    return notebook if notebook.exists() and not path.exists() else path


def solved(lesson: str) -> str:
    """The lesson's file with its solutions."""
    return GAP.sub(r"\g<words>\g<code>", _solution(lesson))


def with_gaps(lesson: str) -> str:
    """The lesson's file as a learner gets it."""
    return GAP.sub(_gap, _solution(lesson))


def _solution(lesson: str) -> str:
    """The text that lessons are made from, in the language that is spoken."""
    text = (SOLUTIONS / f"{lesson}.py").read_text("utf-8")
    return in_chinese(lesson, text) if spoken() == "zh" else text


def hints(lesson: str) -> dict[str, str]:
    """For each gap of a lesson, what belongs there, in words."""
    text = _solution(lesson)
    return {
        _name(gap): textwrap.dedent(re.sub(r"^ *# ?", "", gap["words"], flags=re.M)).rstrip()
        for gap in GAP.finditer(text)
    }


def _gap(found: re.Match[str]) -> str:
    """The gap as the learner gets it: empty, or with the code that is given there."""
    if found["given"]:
        return found["words"] + re.sub(r"^( *)# ", r"\1", found["given"], flags=re.M)
    return f'{found["words"]}{found["indent"]}raise NotImplementedError("{_name(found)}")\n'


def _name(gap: re.Match[str]) -> str:
    """The function, or "Class.method", that a gap is in."""
    before = gap.string[: gap.start()]
    indent, name = re.findall(r"^( *)def (\w+)", before, re.M)[-1]
    return ".".join([*re.findall(r"^class (\w+)", before, re.M)[-1:], name]) if indent else name


def _readme(suffix: str) -> str:
    rows = []
    for lesson in LESSONS:
        own = [exercise for exercise in EXERCISES if exercise.lesson == lesson]
        names = ", ".join(f"`{exercise.name}`" for exercise in own)
        rows.append(f"| `{lesson}{suffix}` | {names} | {sum(exercise.points for exercise in own)} |")
    return (CHINESE_README if spoken() == "zh" else README).format(table="\n".join(rows))
