"""Mark a folder of exercises with pytest, and plant mistakes in it."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.marking import mark_lesson

ALL_POINTS = sum(exercise.points for exercise in EXERCISES)


def pytest_marks(folder):
    """What pytest prints for a folder, and from its JUnit XML (name, points, message of failure or "") of each test."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=marks.xml"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    marks = []
    for case in ElementTree.parse(folder / "marks.xml").iter("testcase"):
        (points,) = (p.get("value") for p in case.iter("property") if p.get("name") == "points")
        failures = [failure.text for failure in case.iter("failure")]
        marks.append((case.get("name"), int(points), "".join(failures)))
    return result, marks


def replaced(folder, lesson, right, wrong):
    path = folder / f"{lesson}.py"
    text = path.read_text("utf-8")
    assert text.count(right) >= 1, right
    path.write_text(text.replace(right, wrong, 1), "utf-8")
    return path


def results_of(path, **options):
    """The result of each gap of a lesson, by name."""
    return {each.exercise.name: each.result for each in mark_lesson(path, **options).marks}
