"""A lesson's functions and objects, which live in the lesson's own process, as if they were here.

Whatever they compute arrives as numbers and arrays, so that a mark is reached in this process. What a function does to
its arguments is done to ours too.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import LearnerError
from numpynet.gradcheck.files.host import Call, Copy, Look, Opaque, Outcome, Path, Put, Ref

SPACE, TOOLS = 0, 1  # the numbers of what the file defines, and of the library's own classes in that process


class Lesson:
    """What a lesson's file defines. host runs programs where the file was loaded (`gradcheck.files.host`)."""

    def __init__(self, host: Any) -> None:
        self.host = host

    def run(self, *program: Any) -> Outcome:
        """The outcome of the last step. Raises: NotImplementedError at a gap, LearnerError for other exceptions."""
        outcome: Outcome = self.host.run(program)[-1]
        kind, _, words = outcome.raised.partition(": ")
        if kind == "NotImplementedError":
            raise NotImplementedError(words)
        if outcome.raised:
            raise LearnerError(outcome.raised + (f" ({outcome.place})" if outcome.place else ""))
        return outcome

    def defines(self, name: str) -> bool:
        """Whether the file has something of this name."""
        return not self.host.run([Look(Ref(SPACE, (name,)))])[-1].raised

    def function(self, name: str, parameters: str = "") -> Function:
        """The function of this name; parameters: the names of its arguments, in order."""
        return Function(self, Ref(SPACE, (name,)), name, parameters.split())

    def create(self, kind: Ref, *args: Any, **kwargs: Any) -> Object:
        """A new object of a class."""
        return Object(self, Ref(self.run(Call(kind, args, kwargs, keep=True)).kept), str(kind.path[-1]))

    def own(self, name: str, *args: Any, **kwargs: Any) -> Object:
        """A new object of a class of the file."""
        return self.create(Ref(SPACE, (name,)), *args, **kwargs)

    def library(self, name: str, *args: Any, **kwargs: Any) -> Object:
        """A new object of one of the library's classes, in the lesson's process."""
        return self.create(Ref(TOOLS, (name,)), *args, **kwargs)


class Function:
    """A function of the file. Called with arrays, it modifies them as the learner's function modifies its copies."""

    def __init__(self, lesson: Lesson, target: Ref, name: str, parameters: list[str]) -> None:
        self.lesson, self.target, self.__name__ = lesson, target, name
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter(each, kind) for each in parameters])

    def __call__(self, *args: Any) -> Any:
        outcome = self.lesson.run(Call(self.target, args))
        for path, array in outcome.changed.items():
            given: Any = args
            for key in path:
                given = given[key]
            if given.shape == array.shape:
                given[...] = array
        return outcome.value


class Object:
    """An object in the lesson's process."""

    def __init__(self, lesson: Lesson, ref: Ref, name: str) -> None:
        self.lesson, self.ref, self.__name__ = lesson, ref, name
        self._input: tuple[Ref, Array] | None = None  # what forward was given: there, and here

    def part(self, *path: Any) -> Ref:
        return Ref(self.ref.number, (*self.ref.path, *path))

    def call(self, method: str, *args: Any) -> Any:
        """What a method returns; arrays among args are modified as the method modifies its copies."""
        return Function(self.lesson, self.part(f".{method}"), method, [])(*args)

    def forward(self, X: Array) -> Any:
        """What its forward returns for X, which it may keep."""
        given = self.lesson.library("Parameter", X)
        self._input = given.part(".data"), X
        value = self.lesson.run(Call(self.part(".forward"), (given.part(".data"),))).value
        self._show_changes()
        return value

    def backward(self, grad_Y: Array) -> Any:
        """What its backward returns; X, if it modifies the one that it kept, is modified here too."""
        value = self.call("backward", grad_Y)
        self._show_changes()
        return value

    def _show_changes(self) -> None:
        if self._input is not None:
            there, here = self._input
            array = self.lesson.run(Look(there)).value[()]
            if array.shape == here.shape:
                here[...] = array

    def arrays(self) -> dict[Path, Array]:
        """Every array in it, by path."""
        found: dict[Path, Array] = self.lesson.run(Look(self.ref)).value
        return found

    def parameters(self) -> list[Object]:
        """What its method parameters() returns."""
        kept = self.lesson.run(Call(self.part(".parameters"), keep=True)).kept
        paths: Mapping[Path, Array] = self.lesson.run(Look(Ref(kept))).value
        return [Object(self.lesson, Ref(kept, (i,)), "Parameter") for i in sorted({path[0] for path in paths})]

    def named_parameters(self) -> dict[str, Object]:
        """Its parameters, by the attributes they are kept in; {} if they are kept elsewhere."""
        own = {str(path[0])[1:]: array for path, array in self.arrays().items() if path[1:] == (".data",)}
        found = {}
        for parameter in self.parameters():
            data = parameter.data
            name = next((name for name, array in own.items() if np.array_equal(array, data)), "")
            found[name] = parameter
        return {} if "" in found else found

    def __deepcopy__(self, memo: Any) -> Object:
        return Object(self.lesson, Ref(self.lesson.run(Copy(self.ref, keep=True)).kept), self.__name__)

    @property
    def data(self) -> Any:
        return self.arrays().get((".data",))

    @data.setter
    def data(self, array: Array) -> None:
        self.lesson.run(Put(self.ref, {(".data",): array}))

    @property
    def grad(self) -> Any:
        return self.arrays().get((".grad",))

    @grad.setter
    def grad(self, array: Array) -> None:
        self.lesson.run(Put(self.ref, {(".grad",): array}))


def is_opaque(value: Any) -> bool:
    """Whether this stands for something that is neither a number nor an array."""
    return isinstance(value, Opaque)
