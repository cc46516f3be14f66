"""Is every mistake caught and named? Each is planted in a solution, one at a time, and the exercise is marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpynet.exercises.folder import solved
from numpynet.exercises.forward_slips import FORWARD_SLIPS
from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.marking import mark
from numpynet.exercises.marks import Result
from numpynet.exercises.remote import Lesson
from numpynet.exercises.slips import BACKWARD_SLIPS, Place
from numpynet.gradcheck.files.guard import TOOLS
from numpynet.gradcheck.files.host import Host

SLIPS = BACKWARD_SLIPS + FORWARD_SLIPS


def prove() -> Iterator[tuple[str, str, Result]]:
    """Plant each slip in its solution, one at a time, and mark the exercise.

    Yields: the exercise as "lesson.name", the planted mistake, and the report. A mistake is caught if the report is not
    ok, and named if it is the first of result.mistakes.
    Raises: LookupError for a slip whose line is not in the solution, or is there more than once.
    """
    for place, lines in SLIPS:
        for mistake, line in lines:
            yield place.exercise, mistake, mark_planted(place, place.plant(line))


def mark_planted(place: Place, code: str) -> Result:
    """Mark the solution with this code instead of the line `right`.

    Raises: LookupError if the solution does not have that line exactly once.
    """
    exercise = next(exercise for exercise in EXERCISES if str(exercise) == place.exercise)
    solution = solved(exercise.lesson)
    if solution.count(place.right) != 1:
        raise LookupError(f"prove: {exercise.lesson} must have the line {place.right!r} exactly once")
    file = f"{exercise.lesson}.py"
    space: dict[str, Any] = {"__name__": exercise.lesson, "__file__": file}
    exec(compile(solution.replace(place.right, code), file, "exec"), space)
    return mark(exercise, Lesson(Host(space, file, TOOLS)))


def prove_command() -> int:
    """For each exercise, print how many mistakes were caught, and how many of those with a name were named; return 0 if
    all were, else 1."""
    found: dict[str, list[tuple[bool, bool | None]]] = {}
    for exercise, mistake, result in prove():
        caught, named = not result.ok, result.mistakes[:1] == (mistake,) if mistake else None
        found.setdefault(exercise, []).append((caught, named))
        if not caught or named is False:
            called = ", ".join(result.mistakes) or ("wrong" if caught else "right")
            print(f"{exercise}: {mistake or 'a mistake without a name'} was called {called}")
    for exercise, results in found.items():
        print(f"{exercise:50}{_format_counts(results)}")
    everything = [result for results in found.values() for result in results]
    print(_format_counts(everything))
    return 0 if all(caught and named is not False for caught, named in everything) else 1


def _format_counts(results: list[tuple[bool, bool | None]]) -> str:
    caught = sum(each for each, _ in results)
    names = [named for _, named in results if named is not None]
    return f"caught {caught} of {len(results)}, named {sum(names)} of {len(names)}"
