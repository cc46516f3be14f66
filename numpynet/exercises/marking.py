"""Mark a learner's lessons: each file runs in a process of its own, and is judged here by what it returns."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from numpynet.exercises.folder import LESSONS, hints, lesson_file
from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.marks import Exercise, Result
from numpynet.exercises.remote import Lesson
from numpynet.exercises.rules import broken_rules
from numpynet.gradcheck.asking import LearnerError
from numpynet.gradcheck.files.inside import open_file
from numpynet.gradcheck.files.process import Process, ProcessEndedError
from numpynet.gradcheck.files.source import Source, read
from numpynet.wording import language_of, say, speaking, wrap

CHECKS = ("check(", "check = Checker(", "from numpynet.exercises.checker import Checker")  # in notebooks
LARGEST = 20_000_000  # bytes of a lesson, as a notebook with pictures


@dataclass(frozen=True)
class Marked:
    """A gap with its result, and the points it earned."""

    exercise: Exercise
    result: Result

    @property
    def points(self) -> int:
        return self.exercise.earned(self.result)


@dataclass(frozen=True)
class LessonMarks:
    """The marks of one lesson; problem: what is wrong with the file as a whole, "" if nothing is."""

    file: str
    marks: tuple[Marked, ...]
    problem: str = ""
    language: str = ""


def mark_lesson(path: Path, *, time_limit: float = 60.0) -> LessonMarks:
    """Mark every gap of the lesson at path, in its language. time_limit: seconds for each gap."""
    spoken = spoken_in(path)
    with speaking(spoken):
        return replace(_mark_lesson(path, time_limit), language=spoken)


def spoken_in(path: Path) -> str:
    """The language of a lesson's docstring, or of the first lesson in a folder; "" if it is not known."""
    if path.is_dir():
        path = next((each for lesson in LESSONS if (each := lesson_file(path, lesson)).exists()), path)
    try:
        source = read(path)
        if source.broken and path.suffix == ".py":
            return language_of(path.read_text("utf-8", "replace")[:LARGEST])
    except (OSError, ValueError):
        return ""
    parts = [each for each in source.tree.body if isinstance(each, ast.FunctionDef | ast.ClassDef)]
    return language_of(ast.get_docstring(source.tree) or " ".join(ast.get_docstring(each) or "" for each in parts))


def _mark_lesson(path: Path, time_limit: float) -> LessonMarks:
    own = [exercise for exercise in EXERCISES if exercise.lesson == path.stem]
    if not path.is_file():
        return _without_marks(path, own, say("no_file", file=path.name))
    try:
        if path.stat().st_size > LARGEST:
            return _without_marks(path, own, say("too_large", file=path.name, size=LARGEST // 1_000_000))
        source = read(path)
    except OSError as error:
        return _without_marks(path, own, say("unreadable", file=path.name, error=error.strerror))
    except ValueError as error:
        return _without_marks(path, own, f"{error}.")
    source = _without_checks(source)
    if source.broken:
        return _without_marks(path, own, say("broken_file", file=path.name, error=source.broken[0]))
    rules = broken_rules(source.tree, path.stem, path.resolve().parent)
    if rules:
        return _without_marks(path, own, _no_points(path, rules))
    try:
        with open_file(source, time_limit, guarded=True) as process:
            results = {exercise.name: _mark_in(process, exercise) for exercise in own}
            replaced = process.replaced()
            skipped = [_describe(source, number, words) for number, words in sorted(process.skipped.items())]
    except ProcessEndedError as error:
        return _without_marks(path, own, say("ended", name=path.name, error=error))
    if replaced:
        return _without_marks(path, own, _no_points(path, [say("it_replaces", name=name) for name in replaced]))
    marks = tuple(Marked(exercise, _waiting(exercise, results, source.tree)) for exercise in own)
    return LessonMarks(path.name, marks, "\n".join(skipped))


def _without_checks(source: Source) -> Source:
    """The lesson without what a notebook adds to it: the checks, and the import that they need."""
    statements = tuple(each for each in source.statements if not each.code.strip().startswith(CHECKS))
    body = [node for node in source.tree.body if not ast.unparse(node).startswith(CHECKS)]
    return replace(source, statements=statements, tree=ast.Module(body, []))


def _no_points(path: Path, rules: list[str]) -> str:
    return say("no_points", file=path.name, what=say("semicolon").join(rules[:3]))


def _without_marks(path: Path, own: list[Exercise], problem: str) -> LessonMarks:
    return LessonMarks(
        path.name,
        tuple(
            Marked(each, Result(False, f"{say('not_marked', name=each.name)}{say('colon')}{problem}")) for each in own
        ),
        problem,
    )


def _describe(source: Source, number: int, words: str) -> str:
    key = "skipped_unfinished" if words[0] == "!" else "skipped"
    return say(key, line=source.statements[number].line, error=words.removeprefix("!"))


def _mark_in(process: Process, exercise: Exercise) -> Result:
    process.start_clock()
    try:
        return mark(exercise, Lesson(process))
    except ProcessEndedError as error:
        return Result(False, say("ended", name=exercise.name, error=error))


def mark(exercise: Exercise, lesson: Lesson) -> Result:
    """Mark one exercise in what the learner's file defines."""
    first = exercise.name.split(".")[0]
    if not lesson.defines(first):
        return Result(False, say("missing", name=exercise.name, lesson=exercise.lesson, first=first))
    try:
        return exercise.mark(exercise.name, lesson)
    except NotImplementedError as error:
        return _describe_gap(exercise, str(error))
    except LearnerError as error:
        return Result(False, say("raised_where", name=exercise.name, where="", error=error))


def _describe_gap(exercise: Exercise, gap: str) -> Result:
    """What to say about a gap: it is that of the exercise itself, or of another one that it calls."""
    if gap != exercise.name and any(other.name == gap for other in EXERCISES if other.lesson == exercise.lesson):
        return Result(False, say("waits_written", name=exercise.name, needed=gap), waits=gap)
    words = textwrap.indent(hints(exercise.lesson)[exercise.name], "    ")
    text = f"{say('unwritten', name=exercise.name)} {say('in_words')}\n{words}"
    return Result(False, text, unwritten=True)


def _waiting(exercise: Exercise, results: dict[str, Result], tree: ast.Module) -> Result:
    """The result; for a function that calls another one that is wrong, that it waits for this one."""
    result = results[exercise.name]
    if result.ok or result.waits or result.unwritten:
        return result
    body = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == exercise.name), None)
    called = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)} if body is not None else set()
    needed = next((name for name in results if name in called and name != exercise.name and not results[name].ok), "")
    if not needed:
        return result
    return replace(result, text=say("waits_right", name=exercise.name, needed=needed), waits=needed)


def has_lessons(path: Path) -> bool:
    """Whether this is a lesson, or a folder with at least one lesson, as a file or as a notebook."""
    if path.is_dir():
        return any(lesson_file(path, lesson).exists() for lesson in LESSONS)
    return path.is_file() and path.stem in LESSONS


def mark_folder(target: Path, *, time_limit: float) -> Iterator[LessonMarks]:
    """The marks of every lesson in a folder, or of a single lesson."""
    for path in [lesson_file(target, lesson) for lesson in LESSONS] if target.is_dir() else [target]:
        yield mark_lesson(path, time_limit=time_limit)


def mark_command(target: Path, *, time_limit: float) -> int:
    """Mark a folder of lessons or a single lesson, and print the marks; return 0 if all is right, else 1."""
    everything = []
    for lesson in mark_folder(target, time_limit=time_limit):
        everything.append(lesson)
        print("\n".join(format_lesson(lesson)), flush=True)
    following = next_gap(everything)
    if following is not None:
        name = following.exercise.name
        file = next(lesson.file for lesson in everything if following in lesson.marks)
        with speaking(everything[0].language):
            print(say("next", name=name, file=file))
    earned, total = count_points(everything)
    print(f"{earned} of {total} points")
    return 0 if earned == total else 1


def format_lesson(lesson: LessonMarks) -> list[str]:
    """The lines for a lesson: its file, what is wrong with it as a whole, and each gap with its points and report."""
    with speaking(lesson.language):
        lines = [lesson.file, *(f"  {line}" for line in wrap(lesson.problem, 98))]
        for each in lesson.marks:
            text = say("right", name=each.exercise.name) if each.result.ok else each.result.text
            if each.result.unwritten:
                text = say("unwritten", name=each.exercise.name)
            elif lesson.problem and lesson.problem in text:
                text = say("not_marked", name=each.exercise.name) + say("full_stop").rstrip()
            lines.append(f"  [{each.points}/{each.exercise.points}] {textwrap.indent(text, ' ' * 4).lstrip()}")
    return lines


def next_gap(lessons: list[LessonMarks]) -> Marked | None:
    """The first gap to work at: one that is not right, and waits for no other."""
    return next(
        (each for lesson in lessons for each in lesson.marks if not (each.result.ok or each.result.waits)), None
    )


def count_points(lessons: list[LessonMarks]) -> tuple[int, int]:
    """The points earned, and those that could be."""
    marks = [each for lesson in lessons for each in lesson.marks]
    return sum(each.points for each in marks), sum(each.exercise.points for each in marks)
