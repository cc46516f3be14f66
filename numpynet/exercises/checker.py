"""What the lessons' notebooks import: a check for each gap, made in the notebook's own process."""

from __future__ import annotations

import sys

from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.marking import mark
from numpynet.exercises.remote import Lesson
from numpynet.gradcheck import Report
from numpynet.gradcheck.files.guard import TOOLS
from numpynet.gradcheck.files.host import Host
from numpynet.wording import language_of, say, speaking


class Checker:
    """In a notebook: check("linear") marks what is defined there now, and shows the report."""

    def __init__(self, lesson: str) -> None:
        self.lesson = lesson

    def __call__(self, name: str) -> Report:
        """The report on one gap. Raises: LookupError if the lesson has no such gap."""
        exercise = next((each for each in EXERCISES if each.lesson == self.lesson and each.name == name), None)
        if exercise is None:
            known = ", ".join(each.name for each in EXERCISES if each.lesson == self.lesson)
            raise LookupError(f"check: {self.lesson} has no gap {name!r}; it has {known}")
        space = sys._getframe(1).f_globals
        function = space.get(name.split(".")[0])
        with speaking(language_of(function.__doc__ or "")):
            result = mark(exercise, Lesson(Host(space, tools=TOOLS)))
            text = say("right", name=name) if result.ok else result.text
        points = f"[{exercise.earned(result)}/{exercise.points}]"
        return Report(result.ok, {}, result.mistakes, text=f"{points} {text}", wrong=result.wrong)
