"""Mark the hand-ins of a class: each folder by itself, several at a time, and write the marks down for other programs.

Nothing in a folder but its lessons is used. A lesson runs in a process of its own with limits of time and memory, so
that a hand-in that hangs or crashes costs nobody else anything.
"""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import re
import textwrap
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.marking import LessonMarks, has_lessons, mark_folder
from numpynet.wording import columns, pad, say, speaking

DEEPEST = 3  # folders below a hand-in's, in which its lessons are looked for


@dataclass(frozen=True)
class Gap:
    """A gap's mark: the points earned, of how many, the report, and the mistakes by name."""

    exercise: str
    points: int
    of: int
    text: str
    mistakes: tuple[str, ...]


@dataclass(frozen=True)
class HandIn:
    """A student's marks; notes say what is wrong with the folder, or with a lesson as a whole."""

    name: str
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]
    seconds: float
    language: str = ""

    @property
    def points(self) -> int:
        return sum(gap.points for gap in self.gaps)

    @property
    def of(self) -> int:
        return sum(gap.of for gap in self.gaps)

    def lesson_points(self, lesson: str) -> int:
        return sum(gap.points for gap in self.gaps if gap.exercise.startswith(f"{lesson}."))


def find_hand_ins(folders: Sequence[Path]) -> dict[str, Path]:
    """The folder of each student, by name: a folder with lessons is one, any other holds one in each of its folders.

    Raises: NotADirectoryError if one of the folders does not exist.
    """
    found: list[tuple[Path, Path]] = []
    for folder in folders:
        if not folder.is_dir():
            raise NotADirectoryError(f"mark: not a folder: {folder}")
        inside = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith((".", "__")))
        students = [folder] if has_lessons(folder) or not inside else inside
        found += [(student, _lessons_in(student)) for student in students]
    names = [student.resolve().name for student, _ in found]
    if len(set(names)) < len(names):
        names = [str(student) for student, _ in found]
    return {name: lessons for name, (_, lessons) in zip(names, found, strict=True)}


def _lessons_in(folder: Path) -> Path:
    """The folder with the lessons: this one, or the first of those in it that has some."""
    level = [folder]
    try:
        for _ in range(DEEPEST):
            for each in level:
                if has_lessons(each):
                    return each
            level = [inside for each in level for inside in sorted(each.iterdir()) if inside.is_dir()][:100]
    except OSError:  # a folder that may not be read has no lessons
        pass
    return folder


def mark_hand_ins(hand_ins: dict[str, Path], *, jobs: int, time_limit: float) -> Iterator[HandIn]:
    """The marks of every student, in the order in which they are ready. jobs: how many are marked at a time."""
    if jobs == 1:
        for item in hand_ins.items():
            yield mark_hand_in(*item, time_limit)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(hand_ins)), mp_context=context) as pool:
        waiting = {pool.submit(mark_hand_in, name, folder, time_limit) for name, folder in hand_ins.items()}
        for done in as_completed(waiting):
            yield done.result()


def mark_hand_in(name: str, folder: Path, time_limit: float) -> HandIn:
    """The marks of one student."""
    began = time.monotonic()
    if not has_lessons(folder):
        gaps = tuple(Gap(str(each), 0, each.points, "there is no such file.", ()) for each in EXERCISES)
        return HandIn(name, gaps, ("there are no lessons in this folder",), time.monotonic() - began)
    marks = list(mark_folder(folder, time_limit=time_limit))
    gaps = tuple(
        Gap(str(each.exercise), each.points, each.exercise.points, each.result.text, each.result.mistakes)
        for lesson in marks
        for each in lesson.marks
    )
    notes = tuple(_note(lesson) for lesson in marks if lesson.problem and (folder / lesson.file).exists())
    language = next((lesson.language for lesson in marks if lesson.language), "")
    return HandIn(name, gaps, notes, time.monotonic() - began, language)


def _note(lesson: LessonMarks) -> str:
    """What is wrong with a lesson as a whole, in one line with the name of its file."""
    problem = " ".join(lesson.problem.split())
    return problem if problem.startswith(lesson.file) else f"{lesson.file}: {problem}"


def format_marks(hand_in: HandIn, width: int) -> list[str]:
    """The points of a student in one line, and another one for the first note, cut short."""
    lines = [f"{pad(hand_in.name, width)}  {hand_in.points} of {hand_in.of} points"]
    if hand_in.notes:
        more = f" (and {len(hand_in.notes) - 1} more)" if len(hand_in.notes) > 1 else ""
        lines.append(f"{'':{width}}  {textwrap.shorten(hand_in.notes[0], 120, placeholder=' ...')}{more}")
    return lines


def format_table(hand_ins: Sequence[HandIn]) -> list[str]:
    """A line for each student, by name: the points in all and in each lesson; then the gaps that most had wrong."""
    lessons = list(dict.fromkeys(exercise.lesson for exercise in EXERCISES))
    width = max(map(columns, ("points", *(hand_in.name for hand_in in hand_ins))))
    heads = [lesson.split("_")[0] for lesson in lessons]
    lines = [f"{'':{width}}  {'points':>8}  " + "  ".join(f"{head:>7}" for head in heads)]
    for hand_in in hand_ins:
        numbers = "  ".join(f"{hand_in.lesson_points(lesson):>7}" for lesson in lessons)
        lines.append(f"{pad(hand_in.name, width)}  {hand_in.points:>8}  {numbers}")
    totals = [sum(each.points for each in EXERCISES if each.lesson == lesson) for lesson in lessons]
    lines.append(f"{'of':{width}}  {sum(totals):>8}  " + "  ".join(f"{total:>7}" for total in totals))
    missed: Counter[str] = Counter(gap.exercise for each in hand_ins for gap in each.gaps if gap.points < gap.of)
    if missed:
        lines += ["", "most often not right:"]
    for exercise, count in missed.most_common(5):
        names = Counter(
            mistake for each in hand_ins for gap in each.gaps if gap.exercise == exercise for mistake in gap.mistakes
        )
        words = ", ".join(f"{name} {times}" for name, times in names.most_common(3))
        lines.append(f"  {count:>4}  {exercise}" + (f": {words}" if words else ""))
    return lines


def as_csv(hand_ins: Sequence[HandIn]) -> str:
    """A row for each student: name, points, of, the points of each gap, the notes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["student", "points", "of", *map(str, EXERCISES), "notes"])
    for hand_in in hand_ins:
        points = [gap.points for gap in hand_in.gaps]
        writer.writerow(
            [_as_text(hand_in.name), hand_in.points, hand_in.of, *points, _as_text("\n".join(hand_in.notes))]
        )
    return out.getvalue()


def _as_text(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def as_gradescope(hand_in: HandIn) -> dict[str, object]:
    """A student's results.json as Gradescope reads it: score, output, and a test for each gap."""
    tests = [
        {
            "name": gap.exercise,
            "number": str(number),
            "score": gap.points,
            "max_score": gap.of,
            "status": "passed" if gap.points == gap.of else "failed",
            "output": gap.text,
            "output_format": "text",
        }
        for number, gap in enumerate(hand_in.gaps, 1)
    ]
    return {
        "score": hand_in.points,
        "execution_time": round(hand_in.seconds, 3),
        "output": "\n".join([f"{hand_in.points} of {hand_in.of} points", *hand_in.notes]),
        "output_format": "text",
        "visibility": "visible",
        "tests": tests,
    }


def as_json(hand_ins: Sequence[HandIn]) -> str:
    """One student's results.json, or a list of students, each with a name and the same fields."""
    every = [as_gradescope(hand_in) for hand_in in hand_ins]
    content: object = every[0]
    if len(hand_ins) > 1:
        content = {"students": [{"student": each.name, **marks} for each, marks in zip(hand_ins, every, strict=True)]}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def as_junit(hand_ins: Sequence[HandIn]) -> str:
    """A test suite for each student, a test case for each gap; points as properties."""
    root = ElementTree.Element("testsuites")
    for hand_in in hand_ins:
        failed = sum(gap.points < gap.of for gap in hand_in.gaps)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            {
                "name": _printable(hand_in.name),
                "tests": str(len(hand_in.gaps)),
                "failures": str(failed),
                "errors": "0",
                "skipped": "0",
                "time": f"{hand_in.seconds:.3f}",
            },
        )
        for gap in hand_in.gaps:
            case = ElementTree.SubElement(
                suite, "testcase", {"classname": _printable(hand_in.name), "name": gap.exercise, "time": "0"}
            )
            properties = ElementTree.SubElement(case, "properties")
            for name, value in (("points", gap.points), ("of", gap.of)):
                ElementTree.SubElement(properties, "property", {"name": name, "value": str(value)})
            if gap.points < gap.of:
                failure = ElementTree.SubElement(case, "failure", {"message": _printable(gap.text.splitlines()[0])})
                failure.text = _printable(gap.text)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return "".join(each if each in "\n\t" or each.isprintable() else "\ufffd" for each in text)


def as_feedback(hand_in: HandIn) -> str:
    """What the student reads, in Markdown: the marks, and a report for each gap that is not right."""
    with speaking(hand_in.language):
        lines = [f"# {say('feedback', name=hand_in.name, points=hand_in.points, total=hand_in.of)}", ""]
        lines += [line for note in hand_in.notes for line in (note, "")]
        lines += [say("feedback_head"), "|---|---|"]
    lines += [f"| `{gap.exercise}` | {gap.points} / {gap.of} |" for gap in hand_in.gaps]
    for gap in hand_in.gaps:
        if gap.points < gap.of:
            lines += ["", f"## {gap.exercise}", "", "```text", gap.text.replace("```", "'''"), "```"]
    return "\n".join(lines) + "\n"


def file_name(name: str) -> str:
    """A file name for a student's name, on every system: Windows keeps some names, such as CON, for itself."""
    plain = "".join("_" if each in '/\\:*?"<>|' or not each.isprintable() else each for each in name).strip(". ") or "_"
    return re.sub(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", r"\1_", plain, flags=re.IGNORECASE)


def usable_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
