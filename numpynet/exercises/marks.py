"""How a gap is marked: what the learner's function or object returns is compared with what it should.

A forward function is compared on small numbers, which are shown if the result is wrong, and with what known mistakes
give on them. A backward pass goes to the gradient checker. Everything is judged here; the learner's code runs in a
process of its own.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.exercises.forward_mistakes import sentence
from numpynet.exercises.remote import Lesson, Object
from numpynet.gradcheck import Report, check_layer, check_model, check_pair
from numpynet.gradcheck.asking import LearnerError
from numpynet.gradcheck.files.host import Opaque
from numpynet.gradcheck.report import format_apart, format_number
from numpynet.wording import say, wrap

Cases = Sequence[tuple[Any, ...]]
Wrongs = Callable[..., Mapping[str, Callable[[], Any]]]


@dataclass(frozen=True)
class Result:
    """A mark: whether all is right, the report, the mistakes by name, and which of several results are wrong.

    waits: the gap that must be right first. unwritten: nothing is written in the gap yet.
    """

    ok: bool
    text: str
    mistakes: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    waits: str = ""
    unwritten: bool = False


Mark = Callable[[str, Lesson], Result]  # from the name of a gap and what the file defines


@dataclass(frozen=True)
class Exercise:
    """One gap: a function, or a method as "Class.method", in the file {lesson}.py.

    results: those that have their share of the points each, such as "W" and "b"; () for one that is right or wrong.
    """

    lesson: str
    name: str
    points: int
    mark: Mark
    results: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.lesson}.{self.name}"

    def earned(self, result: Result) -> int:
        """The points: all, or a share for each of the results that is right."""
        if result.ok:
            return self.points
        if not result.wrong:
            return 0
        return self.points * sum(name not in result.wrong for name in self.results) // max(len(self.results), 1)


def right(name: str) -> Result:
    return Result(True, say("right", name=name))


def matches(expected: Callable[..., Any], parameters: str, wrongs: Wrongs, cases: Cases) -> Mark:
    """The function returns what the right one does in each of these cases, and leaves its arguments as they are."""

    def mark(name: str, lesson: Lesson) -> Result:
        return compare(name, lesson.function(name, parameters), expected, parameters, wrongs, cases)

    return mark


def is_backward_of(
    forward: Callable[..., Any], expected: Callable[..., Any], parameters: str, cases: Sequence[tuple[Array, ...]]
) -> Mark:
    """The function is the backward pass of forward at the inputs of the first case, and also fits the other cases.

    expected: the right backward pass; parameters: its arguments, by the names of forward's inputs, or grad_Y, Y and P.
    """
    names = parameters.split()

    def arguments(inputs: tuple[Array, ...]) -> list[Array]:
        output = forward(*inputs)
        outputs = {"P": output[1]} if isinstance(output, tuple) else {"Y": output, "grad_Y": draw(7, *np.shape(output))}
        named = dict(zip(forward.__code__.co_varnames, inputs, strict=False)) | outputs
        return [named[name] for name in names]

    def mark(name: str, lesson: Lesson) -> Result:
        backward = lesson.function(name, parameters)
        raise_if_unwritten(lambda: backward(*copy.deepcopy(arguments(cases[0]))))
        result = from_report(check_pair(forward, backward, *cases[0]))
        if not result.ok:
            return result
        others = compare(name, backward, expected, parameters, no_names, [tuple(arguments(case)) for case in cases[1:]])
        return result if others.ok else others

    return mark


def no_names(*case: Any) -> Mapping[str, Callable[[], Any]]:
    return {}


def draw(seed: int, *shape: int) -> Array:
    """Random numbers with one decimal, none of them 0: they can be read in a report."""
    numbers = np.random.default_rng(seed).integers(1, 30, shape) / 10
    return np.asarray(numbers * np.random.default_rng(seed + 1).choice([-1.0, 1.0], shape))


def is_model(expected: Callable[..., Any], params: dict[str, Array], X: Array, y: Array, extreme: float) -> Mark:
    """The function returns the same loss as the right one, and its gradients; also with parameters extreme times as
    large, and for a single example."""

    def mark(name: str, lesson: Lesson) -> Result:
        function = lesson.function(name, "params X y")
        raise_if_unwritten(lambda: function(*copy.deepcopy((params, X, y))))
        result = from_report(check_model(function, params, X, y))
        large = {key: extreme * array for key, array in params.items()}
        cases = [(params, X, y), (large, X, y), (params, X[:1], y[:1])]
        words = ["", say("with_large_parameters", factor=extreme), say("with_one_example")]
        for case, where in zip(cases, words, strict=True):
            text = _compare_model(name, function, expected, case, where, result.ok)
            if text and result.ok:
                return Result(False, text)
            if text:
                return Result(False, say("loss_first", text=text, report=result.text), result.mistakes)
            if not result.ok:
                break
        return result

    return mark


def _compare_model(name: str, function: Any, expected: Any, case: Any, where: str, gradients: bool) -> str:
    """What is wrong with the loss, or with the gradients, in words; "" if they are right or cannot be compared."""
    loss, grads = expected(*case)
    try:
        yours, own = function(*copy.deepcopy(case))
        yours = float(yours)
    except LearnerError as error:
        return say("raised_where", name=name, where=where, error=error) if gradients else ""
    except (TypeError, ValueError):  # no loss to compare: the report says why
        return ""
    if not equal(yours, float(loss)) and (np.isfinite(yours) or gradients):
        found, asked = format_apart(yours, float(loss))
        return say("wrong_loss", name=name, where=where, found=found, asked=asked)
    for key in grads if gradients else ():
        if not equal(own[key], grads[key]):
            return say("wrong_gradient", name=name, where=where, key=key)
    return ""


def from_report(report: Report) -> Result:
    return Result(report.ok, report.text, report.mistakes, report.wrong)


def compare(
    name: str, function: Any, expected: Callable[..., Any], parameters: str, wrongs: Wrongs, cases: Cases
) -> Result:
    """Call the function in every case; show the first in which it is wrong, with the mistake's name if there is one."""
    first: list[str] = []
    results: list[Any] = []
    for case in cases:
        given = copy.deepcopy(case)
        try:
            results.append(function(*given))
        except LearnerError as error:
            results.append(error)
            first = first or [say("raised_where", name=name, where="", error=error)]
            continue
        for own, before, after in zip(parameters.split(), case, given, strict=True):
            if not _same(before, after):
                text = say("argument_changed", name=name, argument=own)
                return Result(False, "\n".join([text, "", *_changed(before, after)]), ("argument_changed",))
        if not first and not equal(results[-1], expected(*case)):
            first = [_why(name, results[-1]), *_lines(parameters, case, results[-1], expected(*case))]
    if not first:
        return _changes(name, function, expected, parameters, cases) or right(name)
    mistake = recognise(results, expected, wrongs, cases)
    return told(name, first, mistake)


def _changes(name: str, function: Any, expected: Callable[..., Any], parameters: str, cases: Cases) -> Result | None:
    """Call the function in every case again, in another order: what it keeps from other calls shows then."""
    for case in reversed(cases):
        try:
            result = function(*copy.deepcopy(case))
        except LearnerError as error:
            return told(name, [say("raised_where", name=name, where=say("when_repeated"), error=error)], "")
        if not equal(result, expected(*case)):
            lines = _lines(parameters, case, result, expected(*case))
            return told(name, [say("changes_when_repeated", name=name), *lines], "")
    return None


def told(name: str, first: Sequence[str], mistake: str) -> Result:
    """The result for something wrong: with the mistake's sentence, if it has a name, and the numbers that show it."""
    why, *lines = first
    if not mistake:
        return Result(False, "\n".join([*wrap(why), *([""] if lines else []), *lines]))
    paragraphs: list[list[str]] = [[say("wrong_named", name=name, mistake=mistake)], wrap(sentence(mistake)), lines]
    return Result(False, "\n\n".join("\n".join(each) for each in paragraphs if each), (mistake,))


def recognise(results: Sequence[Any], expected: Callable[..., Any], wrongs: Wrongs, cases: Cases) -> str:
    """The mistake that gives these results in every case, "" if none does."""
    if all(isinstance(result, LearnerError) for result in results):
        return ""
    with np.errstate(all="ignore"):
        tables = [wrongs(*copy.deepcopy(case)) for case in cases]
        for name in tables[0] if tables else ():
            if all(_gives(table[name], result) for table, result in zip(tables, results, strict=True)):
                return name
    return ""


def _gives(wrong: Callable[[], Any], result: Any) -> bool:
    try:
        value = wrong()
    except (ValueError, IndexError):
        return isinstance(result, LearnerError)
    return equal(result, value)


def _lines(parameters: str, case: tuple[Any, ...], yours: Any, expected: Any) -> list[str]:
    call: list[str] = []
    for own, value in zip(parameters.split(), case, strict=True):
        named = value if isinstance(value, Mapping) else {own: value}
        call += [f"{name} = {show(array)}" for name, array in named.items()]
    found, asked = show_apart(yours, expected)
    given = [", ".join(call)] if len(", ".join(call)) < 90 else call
    return [*_column("for", given), *_column("yours", [found]), *_column("should_be", [asked])]


def _changed(before: Any, after: Any) -> list[str]:
    return [*_column("before", [show(before)]), *_column("after", [show(after)])]


def _column(key: str, lines: Sequence[str]) -> list[str]:
    return [f"    {say(key) if i == 0 else '':8}{line}" for i, line in enumerate(lines)]


def _why(name: str, yours: Any) -> str:
    text = say("wrong", name=name) + say("full_stop")
    return text + say("nothing_returned") if yours is None else text.rstrip()


def updates(step: Callable[..., tuple[dict[str, Any], dict[str, Any]]], wrongs: Wrongs) -> Mark:
    """step(lesson, params, grads, lr) runs the learner's update and returns both after it; it does what SGD does."""

    def mark(name: str, lesson: Lesson) -> Result:
        results: list[Any] = []
        first: list[str] = []
        for params, grads, lr in UPDATES:
            expected = tuple(params[key] - lr * grads[key] for key in params)
            try:
                after, after_grads = step(lesson, copy.deepcopy(params), copy.deepcopy(grads), lr)
            except LearnerError as error:
                results.append(error)
                first = first or [say("raised_where", name=name, where="", error=error)]
                continue
            if not _same(grads, after_grads):
                text = say("gradients_changed", name=name)
                return Result(False, "\n".join([text, "", *_changed(grads, after_grads)]), ("argument_changed",))
            results.append(tuple(after.values()))
            if not first and not equal(results[-1], expected):
                found, asked = show_apart(after, dict(zip(params, expected, strict=True)))
                given = [*_column("before", [show(params)]), f"    {'grads':8}{show(grads)}, lr {lr}"]
                first = [_why(name, 0), *given, *_column("yours", [found]), *_column("should_be", [asked])]
        if first:
            return told(name, first, recognise(results, tuple, wrongs, UPDATES))
        params, grads, lr = UPDATES[0]
        after, _ = step(lesson, copy.deepcopy(params), copy.deepcopy(grads), lr)
        if not equal(tuple(after.values()), results[0]):
            return told(name, [say("changes_when_repeated", name=name)], "")
        return right(name)

    return mark


UPDATES: list[tuple[dict[str, Array], dict[str, Array], float]] = [
    (
        {"W": np.array([[1.0, 2.0, -1.0], [3.0, 4.0, 0.5]]), "b": np.array([5.0, 6.0, 7.0])},
        {"W": np.array([[10.0, -10.0, 2.0], [1.0, 20.0, 4.0]]), "b": np.array([-30.0, 3.0, 5.0])},
        0.1,
    ),
    ({"v": np.array([2.0, -3.0])}, {"v": np.array([4.0, 1.0])}, 0.5),
    (
        {name: np.arange(size) + 2.5 for name, size in {"W1": 2, "b1": 3, "W2": 4, "b2": 1, "scale": 5}.items()},
        {name: 3.0 - np.arange(size) for name, size in {"W1": 2, "b1": 3, "W2": 4, "b2": 1, "scale": 5}.items()},
        0.02,
    ),
]


@dataclass(frozen=True)
class Layer:
    """A layer to write: how to make one, its forward, what it may keep for backward, and its gradients.

    keeps(X): the arrays of which it should keep one. gradients(X, grad_Y): those of X and of its parameters.
    """

    make: Callable[[Lesson], Object]
    forward: Callable[[Array], Array]
    keeps: Callable[[Array], list[Array]]
    gradients: Callable[[Array, Array], tuple[Array, ...]]
    wrongs: Wrongs
    cases: Cases


def is_forward_of(layer: Layer) -> Mark:
    """The layer's forward returns what the right one does, and the layer itself keeps what backward needs."""

    def mark(name: str, lesson: Lesson) -> Result:
        result = compare(name, layer.make(lesson).forward, layer.forward, "X", layer.wrongs, layer.cases)
        if not result.ok:
            return result
        made = [layer.make(lesson), layer.make(lesson)]
        for one, (X,) in zip(made, layer.cases, strict=False):
            one.forward(X.copy())
        kept = [
            any(equal(array, each) for array in one.arrays().values() for each in layer.keeps(X))
            for one, (X,) in zip(made, layer.cases, strict=False)
        ]
        if all(kept) or _gradients_of_two(layer, lesson):
            return result
        text = say("layer_keeps_nothing", name=name)
        why = say("keep_in_self") if any(kept) else ""
        return Result(False, "\n".join(wrap(f"{text} {why}")))

    return mark


def is_layer(layer: Layer, X: Array) -> Mark:
    """The layer's backward fits its forward, which must be right first; a second layer does not disturb it."""

    def mark(name: str, lesson: Lesson) -> Result:
        needed = name.replace(".backward", ".forward")
        if not passes(is_forward_of(layer), needed, lesson):
            return waits_for(name, needed)
        first = layer.make(lesson)
        raise_if_unwritten(lambda: first.backward(np.ones_like(first.forward(X.copy()))))
        checked = layer.make(lesson)
        checked.__name__ = name
        result = from_report(check_layer(checked, X))
        if not result.ok or _gradients_of_two(layer, lesson):
            return result
        return Result(False, "\n".join(wrap(f"{say('disturbed', name=name)} {say('keep_for_backward')}")))

    return mark


def _gradients_of_two(layer: Layer, lesson: Lesson) -> bool:
    """Whether a layer's gradients are right although a second one did its forward after it."""
    (X,), (other,) = layer.cases[:2]
    first, second = layer.make(lesson), layer.make(lesson)
    grad_Y = np.arange(1.0, 1 + layer.forward(X).size).reshape(layer.forward(X).shape)
    try:
        first.forward(X.copy())
        second.forward(other.copy())
        found = (first.backward(grad_Y.copy()), *(parameter.grad for parameter in first.parameters()))
    except (LearnerError, NotImplementedError):
        return False
    return equal(found, layer.gradients(X, grad_Y))


def waits_for(name: str, needed: str) -> Result:
    return Result(False, say("waits_right", name=name, needed=needed), waits=needed)


def raise_if_unwritten(call: Callable[[], Any]) -> None:
    """Let through the NotImplementedError that marks a gap; any other exception is left to the checker."""
    with contextlib.suppress(LearnerError):
        call()


def passes(mark: Mark, name: str, lesson: Lesson) -> bool:
    try:
        return mark(name, lesson).ok
    except (LearnerError, NotImplementedError):
        return False


def equal(yours: Any, expected: Any) -> bool:
    """Numbers of the same shape, or tuples, that agree to 1e-9 of the largest, float32 to 1e-6. NaN equals NaN."""
    if isinstance(expected, tuple):
        both = isinstance(yours, tuple | list) and len(yours) == len(expected)
        return both and all(map(equal, yours, expected))
    if isinstance(yours, Opaque | LearnerError | str | Mapping) or yours is None:
        return False
    try:
        found, asked = np.asarray(yours, np.float64), np.asarray(expected, np.float64)
    except (TypeError, ValueError):
        return False
    if found.shape != asked.shape:
        return False
    rounding = 1e-6 if np.asarray(yours).dtype in (np.float32, np.float16) else 1e-9
    finite = np.isfinite(asked)
    size = float(np.max(np.abs(asked[finite]), initial=0.0))
    return bool(np.all(np.where(finite, np.abs(found - asked) <= rounding * size, True))) and np.array_equal(
        found[~finite], asked[~finite], equal_nan=True
    )


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, Mapping):
        return list(before) == list(after) and all(_same(before[key], after[key]) for key in before)
    return np.array_equal(before, after, equal_nan=True)


def show(value: Any, digits: int = 4) -> str:
    """Small arrays in one line: [[1, 2], [0.5, 4]]."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {show(array, digits)}" for name, array in value.items())
    if isinstance(value, tuple):
        parts = [show(part, digits) for part in value]
        return say("and").join(parts) if len(parts) > 1 else say("a_tuple", count=len(parts), parts=", ".join(parts))
    if isinstance(value, Opaque):
        return say("an_object", kind=value.kind)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and value.ndim:
        return f"[{', '.join(show(entry, digits) for entry in value)}]"
    if isinstance(value, bool | np.bool_) or (isinstance(value, np.ndarray) and value.dtype.kind == "b"):
        return str(bool(value))
    return format_number(value, digits) if isinstance(value, int | float | np.number | np.ndarray) else repr(value)


def show_apart(one: Any, other: Any) -> tuple[str, str]:
    """Two results with four digits, or as many as are needed to tell them apart."""
    texts = [(show(one, digits), show(other, digits)) for digits in range(4, 18)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[0])
