"""Check a learner's file: load it in a process of its own, find what computes gradients, and judge each thing here.

The file's process only answers questions with arrays: whatever the file prints or replaces, the verdict is reached in
this process, from numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from numpynet.gradcheck.files.inside import open_file
from numpynet.gradcheck.files.process import Process, ProcessEndedError
from numpynet.gradcheck.files.source import Source, read, tampering
from numpynet.gradcheck.styles import find, judging, scripts
from numpynet.gradcheck.styles.judging import Verdict
from numpynet.gradcheck.styles.scripts import with_training_loop
from numpynet.gradcheck.styles.unseen import unseen
from numpynet.wording import wrap

MOST_SKIPPED = 6  # statements that did not run, of which each is told

ADAPTER = """\
What was not checked can be, with a few lines that say how to call it:

    from numpynet.gradcheck import check_model

    def loss_and_gradients(params, X, y):
        net.W1, net.b1 = params["W1"], params["b1"]      # your network, with these parameters
        loss = ...                                       # your loss for X and y, a number
        return loss, {"W1": net.dW1, "b1": net.db1}      # your gradients, under the same names

    print(check_model(loss_and_gradients, {"W1": net.W1, "b1": net.b1}, X, y))
"""


@dataclass(frozen=True)
class FileReport:
    """The verdicts on what a file defines, and what of it did not run."""

    name: str
    verdicts: tuple[Verdict, ...] = ()
    broken: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    distrusted: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """0: everything that was found is right; 1: a gradient is wrong; 2: something, or all, was not checked."""
        if any(verdict.ok is False for verdict in self.verdicts):
            return 1
        return 0 if self.verdicts and all(verdict.ok for verdict in self.verdicts) else 2

    def paragraphs(self) -> list[str]:
        """The report in words, a paragraph for each thing."""
        before = [f"{self.name} does not run: {each}" for each in self.broken]
        if self.skipped:
            more = len(self.skipped) - MOST_SKIPPED
            lines = [f"    {line}" for line in self.skipped[:MOST_SKIPPED]] + [f"    and {more} more"] * (more > 0)
            before.append("\n".join(["These statements of the file were skipped:", *lines]))
        if self.distrusted:
            names = ", ".join(self.distrusted)
            what = f"The file replaces or reaches into parts of the libraries it is checked with ({names})"
            before.append("\n".join(wrap(f"{what}, so nothing in it can be called right.")))
        texts = [*before, *(verdict.text for verdict in self.verdicts)]
        if any(verdict.ok is None and not verdict.unwritten for verdict in self.verdicts):
            texts.append(ADAPTER.rstrip())
        return texts

    def summary(self) -> str:
        """How many are right, which are wrong, which were not checked."""
        groups = {
            "wrong": [verdict.name for verdict in self.verdicts if verdict.ok is False],
            "not written yet": [verdict.name for verdict in self.verdicts if verdict.ok is None and verdict.unwritten],
            "not checked": [verdict.name for verdict in self.verdicts if verdict.ok is None and not verdict.unwritten],
        }
        right = sum(verdict.ok is True for verdict in self.verdicts)
        checked = sum(verdict.ok is not None for verdict in self.verdicts)
        parts = [f"{right} of {checked} right"] if checked else []
        return "; ".join([*parts, *(f"{word}: {', '.join(names)}" for word, names in groups.items() if names)])


def check_file(path: Path, *, time_limit: float = 60.0) -> FileReport:
    """Check everything in a Python file or notebook that computes gradients.

    time_limit: seconds for each thing. Raises: FileNotFoundError if the file does not exist; ValueError if it is a
    notebook that cannot be read.
    """
    source = with_training_loop(read(path))
    with open_file(source, time_limit) as process:
        found: list[Verdict] = []
        distrusted = tampering(source.tree)
        try:
            found = list(_verdicts(process, source))
            distrusted += process.replaced()
        except ProcessEndedError as error:
            distrusted.append(f"its process {error}")
        skipped = [_describe(source, number, words) for number, words in sorted(process.skipped.items())]
    if distrusted:
        text = "{} was not checked: what it answers cannot be trusted."
        found = [replace(each, ok=None, text=text.format(each.name)) if each.ok else each for each in found]
    return FileReport(path.name, tuple(found), source.broken, tuple(skipped), tuple(dict.fromkeys(distrusted)))


def _verdicts(process: Process, source: Source) -> Iterator[Verdict]:
    """Judge each thing as soon as it is found: what hangs later takes the objects of the process with it."""
    verdicts: list[Verdict] = []
    seen: set[str] = set()  # what the file defines, and a verdict is on
    kinds: set[str] = set()  # of the losses so far
    definitions = process.definitions()
    computed = find.computed_losses(process, definitions, source.tree)
    for thing in find.things(process, definitions, source.tree):
        seen |= {thing.name, *thing.called()}
        if thing.name == "the training loop":
            seen |= scripts.called(source.tree)
        if thing.base and not thing.ways:
            continue
        kinds |= judging.kinds_of_loss(thing)
        process.start_clock()
        try:
            verdicts.append(judging.judge_thing(thing, kinds, computed))
        except ProcessEndedError as error:
            verdicts.append(Verdict(thing.name, None, f"{thing.name} was not checked: it {error}"))
    yield from judging.together(verdicts)
    for name in unseen(source.tree, seen):
        why = "it seems to compute gradients, but no way was found to call it and to see them"
        yield Verdict(name, None, "\n".join(wrap(f"{name} was not checked: {why}.")))


def _describe(source: Source, number: int, words: str) -> str:
    statement = source.statements[number]
    place = ", ".join(filter(None, [statement.place, f"line {statement.line}"]))
    return f"{place}: {words.lstrip('!')}"
