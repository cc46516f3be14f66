"""Mark a learner's lessons. Run as a program, this module is the process in which a lesson runs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from numpynet.exercises.folder import LESSONS, hints
from numpynet.exercises.lessons import EXERCISES, Exercise
from numpynet.gradcheck import Report
from numpynet.gradcheck.isolation import Check, Finding, describe_exception, run_isolated, write_findings


def mark_lesson(path: Path, *, time_limit: float = 60.0) -> dict[str, Finding]:
    """Run the lesson in a separate process: {"name", "ok", "text"} for each of its exercises, by name."""
    own = [exercise for exercise in EXERCISES if exercise.lesson == path.stem]
    if path.is_file():
        found = {finding["name"]: finding for finding in run_isolated(__name__, path, time_limit=time_limit)}
    else:
        found = {path.name: {"ok": False, "text": f"no such file: {path.name}."}}
    everything = found.get(path.name)  # the file itself could not be run: say so for every exercise
    return {
        exercise.name: found.get(exercise.name)
        or {"name": exercise.name, "ok": False, "text": f"{exercise.name}: {(everything or {})['text']}"}
        for exercise in own
    }


def mark(exercise: Exercise, space: dict[str, Any]) -> Report:
    """Mark one exercise in what the learner's file defines."""
    first = exercise.name.split(".")[0]
    if first not in space:
        return Report(False, {}, text=f"{exercise.name} is missing: {exercise.lesson}.py does not define {first}.")
    try:
        return exercise.mark(exercise.name, space[first])
    except NotImplementedError as error:
        return Report(False, {}, text=_describe_gap(exercise, str(error)))
    except Exception as error:
        return Report(
            False, {}, text=f"{exercise.name} is wrong: it raised {describe_exception(error, Path(space['__file__']))}."
        )


def _describe_gap(exercise: Exercise, gap: str) -> str:
    """What to say about a gap: it is that of the exercise itself, or of another one that it calls."""
    if gap != exercise.name and any(other.name == gap for other in EXERCISES if other.lesson == exercise.lesson):
        return f"{exercise.name} waits for {gap}, which is not written yet."
    words = textwrap.indent(hints(exercise.lesson)[exercise.name], "    ")
    return f"{exercise.name} is not written yet. In words:\n{words}"


def has_lessons(path: Path) -> bool:
    """Whether this is a lesson, or a folder with at least one lesson."""
    if path.is_dir():
        return any((path / f"{lesson}.py").exists() for lesson in LESSONS)
    return path.is_file() and path.stem in LESSONS


def mark_command(target: Path, *, time_limit: float) -> int:
    """Mark a folder of lessons or a single lesson, and print the marks; return 0 if all is right, else 1."""
    paths = [target / f"{lesson}.py" for lesson in LESSONS] if target.is_dir() else [target]
    earned = total = 0
    for path in paths:
        print(path.name)
        marks = mark_lesson(path, time_limit=time_limit)
        for exercise in EXERCISES:
            if exercise.lesson != path.stem:
                continue
            finding = marks[exercise.name]
            points = exercise.points if finding["ok"] else 0
            text = f"{exercise.name} is right." if finding["ok"] else finding["text"]
            print(f"  [{points}/{exercise.points}] {textwrap.indent(text, ' ' * 4).lstrip()}", flush=True)
            earned, total = earned + points, total + exercise.points
    print(f"{earned} of {total} points")
    return 0 if earned == total else 1


def list_checks(path: Path, space: dict[str, Any]) -> Iterator[Check]:
    """A check for each exercise of the lesson at path, in what its file defines."""
    for exercise in EXERCISES:
        if exercise.lesson == path.stem:
            yield exercise.name, partial(mark, exercise, space)


if __name__ == "__main__":
    write_findings(list_checks)
