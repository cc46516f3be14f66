"""A learner's objects, reached by number and path: call them, look at the arrays in them, put other arrays in.

Everything that a check does to somebody's code is a program: a list of Call, Look, Put and Copy. A host runs it where
the objects live, in this process or in another one (see `process`), and returns plain values: numbers, strings, arrays,
and tuples, lists and dicts of them. A host knows nothing of gradients and judges nothing.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import types
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numpynet.arguments import Array

Path = tuple[Any, ...]  # ".W" is an attribute, or what a function closes over; else the key of an item: (".layers", 0)

MOST_ENTRIES = 1_000_000  # a larger array is data, not a parameter
MOST_NODES = 3000  # objects looked at in one Look
DEEPEST = 6
PLAIN = (type(None), bool, int, float, str)
CLOSED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, type, np.random.Generator)


@dataclass(frozen=True)
class Ref:
    """A part of a kept object; object 0 is what the file defines."""

    number: int
    path: Path = ()


@dataclass(frozen=True)
class Part:
    """A part of what an earlier step of the same program returned: the object itself, not a copy."""

    step: int
    path: Path = ()


@dataclass(frozen=True)
class Call:
    """Call the target; keep=True keeps what it returns as a new object, whose number is in the Outcome."""

    target: Ref | Part
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    keep: bool = False


@dataclass(frozen=True)
class Copy:
    """A deep copy of an object, for the later steps of the program; keep=True keeps it as a new object."""

    target: Ref
    keep: bool = False


@dataclass(frozen=True)
class Look:
    """The arrays and numbers in an object, by path."""

    target: Ref | Part


@dataclass(frozen=True)
class Put:
    """Replace arrays in an object; wherever the same array is kept under a second name, it is replaced there too."""

    target: Ref | Part
    arrays: Mapping[Path, Array]


@dataclass(frozen=True)
class Opaque:
    """An object that is not a plain value, with the arrays found in it."""

    kind: str
    arrays: Mapping[Path, Array] = field(default_factory=dict)


@dataclass
class Outcome:
    """What a step gave: its value, or the exception in words and its place; kept: the number of a new object.

    changed: the arrays among the arguments that the call modified, by path, the position or name of the argument first.
    same: for a Look, the paths that lead to one and the same array.
    """

    value: Any = None
    raised: str = ""
    place: str = ""
    kept: int = 0
    changed: dict[Path, Array] = field(default_factory=dict)
    same: list[list[Path]] = field(default_factory=list)


@dataclass(frozen=True)
class Signature:
    """The parameters of something callable: names, in order; required and keyword are subsets of them."""

    names: tuple[str, ...]
    required: tuple[str, ...] = ()
    keyword: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    star: bool = False


@dataclass(frozen=True)
class Definition:
    """A function or class of the file; methods: the signatures of a class's methods, without self.

    makers: the class methods, which may make instances.
    """

    name: str
    signature: Signature | None
    methods: Mapping[str, Signature] | None = None
    makers: tuple[str, ...] = ()


class Host:
    """Runs programs on objects of this process.

    filename: the file whose lines exceptions are traced to. tools: what else a program may call, as object 1.
    """

    def __init__(self, space: dict[str, Any], filename: str = "", tools: Mapping[str, Any] | None = None) -> None:
        self.kept: list[Any] = [space, tools or {}]
        self.filename = filename

    def start_clock(self, seconds: float = 0.0) -> None:
        """Begin something new: here there is no limit of time."""

    def run(self, program: Sequence[Any]) -> list[Outcome]:
        """The outcome of each step; after the first exception the rest is not run."""
        outcomes: list[Outcome] = []
        results: list[Any] = []
        for step in program:
            outcome = Outcome()
            outcomes.append(outcome)
            try:
                with quietly():
                    results.append(self._do(step, results, outcome))
                    if isinstance(step, (Look, Call)):
                        outcome.value = results[-1] if isinstance(step, Look) else plain(results[-1])
            except BaseException as error:  # exit() too: whatever the learner's code does is a finding
                if isinstance(error, KeyboardInterrupt):
                    raise
                outcome.value = None
                outcome.raised = describe(error)
                outcome.place = place_of(error, self.filename)
                break
        return outcomes

    def _do(self, step: Any, results: list[Any], outcome: Outcome) -> Any:
        if isinstance(step, Copy):
            copied = copy.deepcopy(self._find(step.target, results))
            return self._keep(copied, outcome) if step.keep else copied
        if isinstance(step, Look):
            return self._look(self._find(step.target, results), outcome)
        if isinstance(step, Put):
            return put(self._find(step.target, results), step.arrays)
        function = self._find(step.target, results)
        given: dict[Path, tuple[Array, Array]] = {}
        args = [self._build(value, (i,), given, results) for i, value in enumerate(step.args)]
        kwargs = {name: self._build(value, (name,), given, results) for name, value in step.kwargs.items()}
        try:
            result = function(*args, **kwargs)
        finally:
            for path, (array, before) in given.items():
                if array.shape != before.shape or not np.array_equal(array, before, equal_nan=True):
                    outcome.changed[path] = array.copy()
        return self._keep(result, outcome) if step.keep else result

    def _keep(self, value: Any, outcome: Outcome) -> Any:
        functions = dict(functions_in(value))
        self.kept.append(types.SimpleNamespace(**functions) if functions else value)
        outcome.kept = len(self.kept) - 1
        return value

    def _look(self, root: Any, outcome: Outcome) -> dict[Path, Array]:
        found: dict[Path, Array] = {}
        owners: dict[int, list[Path]] = {}
        for path, value in walk(root):
            array = np.asarray(value)
            found[path] = array.copy()
            if isinstance(value, np.ndarray):
                owners.setdefault(id(value), []).append(path)
        outcome.same = [paths for paths in owners.values() if len(paths) > 1]
        return found

    def _find(self, place: Ref | Part, results: list[Any]) -> Any:
        value = self.kept[place.number] if isinstance(place, Ref) else results[place.step]
        for key in place.path:
            value = child(value, key)
        return value

    def _build(self, value: Any, path: Path, given: dict[Path, tuple[Array, Array]], results: list[Any]) -> Any:
        """An argument as the learner's code gets it: arrays are copies, and parts of earlier results are themselves."""
        if isinstance(value, (Ref, Part)):
            return self._find(value, results)
        if isinstance(value, np.ndarray):
            own = value.copy()
            given[path] = own, value
            return own
        if isinstance(value, (list, tuple)):
            return type(value)(self._build(each, (*path, i), given, results) for i, each in enumerate(value))
        if isinstance(value, dict):
            return {key: self._build(each, (*path, key), given, results) for key, each in value.items()}
        return value


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Silence the warnings of a learner's code: only the values count."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def describe(error: BaseException) -> str:
    """The exception in one line: its type and its message."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def place_of(error: BaseException, filename: str) -> str:
    """The last line of the file that the exception went through, such as "line 3"; "" if there is none."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if filename and name.startswith(filename):
            cell = name[len(filename) :].strip()
            place = f"{cell}, line {trace.tb_lineno}" if cell else f"line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


def plain(value: Any, depth: int = 0) -> Any:
    """The value without objects: numbers, strings, copies of arrays, and tuples, lists and dicts of these."""
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.array(value)
        return array if array.dtype.kind in "biufc" else Opaque(f"array of {array.dtype}")
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields") and depth < DEEPEST:
        return {name: plain(each, depth + 1) for name, each in zip(value._fields, value, strict=True)}
    if isinstance(value, (tuple, list)) and depth < DEEPEST:
        items = [plain(each, depth + 1) for each in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, Mapping) and depth < DEEPEST:
        return {key if isinstance(key, int) else str(key): plain(each, depth + 1) for key, each in value.items()}
    return Opaque(type(value).__name__, {path: np.array(array) for path, array in walk(value)})


def child(value: Any, key: Any) -> Any:
    """The part of an object or a container with this key. Raises: what getattr or indexing raises."""
    if isinstance(key, str) and key.startswith("."):
        cells = closure(value)
        return cells[key[1:]].cell_contents if key[1:] in cells else getattr(value, key[1:])
    return getattr(value, key) if isinstance(key, str) and isinstance(value, tuple) else value[key]


def closure(value: Any) -> dict[str, types.CellType]:
    """The variables of the enclosing functions that a function uses."""
    return (
        dict(zip(value.__code__.co_freevars, value.__closure__ or (), strict=True))
        if isinstance(value, types.FunctionType)
        else {}
    )


def functions_in(value: Any) -> Iterator[tuple[str, Any]]:
    """The functions that a function of the file made and returned, by name."""
    if isinstance(value, types.FunctionType):
        yield value.__name__, value
    elif isinstance(value, Mapping):
        yield from ((str(key), each) for key, each in value.items() if isinstance(each, types.FunctionType))
    elif isinstance(value, (tuple, list)):
        yield from (pair for each in value if isinstance(each, types.FunctionType) for pair in functions_in(each))


def children(value: Any) -> Iterator[tuple[Any, Any]]:
    """The parts of a container or an object, with their keys."""
    if isinstance(value, Mapping):
        yield from ((key, each) for key, each in value.items() if isinstance(key, (str, int)))
    elif isinstance(value, (list, tuple)):
        yield from zip(getattr(value, "_fields", range(len(value))), value, strict=True)
    elif isinstance(value, types.FunctionType):
        yield from ((f".{name}", cell.cell_contents) for name, cell in closure(value).items())
    elif not isinstance(value, (*CLOSED, *PLAIN, np.ndarray, np.generic)):
        names = dict.fromkeys(getattr(value, "__dict__", {}))
        for kind in type(value).__mro__[:-1]:
            slots = getattr(kind, "__slots__", ())
            names |= dict.fromkeys([slots] if isinstance(slots, str) else slots)
            names |= {name: None for name, own in vars(kind).items() if isinstance(own, np.ndarray)}
        yield from ((f".{name}", getattr(value, name)) for name in names if hasattr(value, name))


def walk(root: Any) -> Iterator[tuple[Path, Any]]:
    """The path to each array and each number in an object, and the array or number itself."""
    waiting: list[tuple[Path, Any]] = [((), root)]
    seen: set[int] = set()
    count = 0
    while waiting and count < MOST_NODES:
        path, value = waiting.pop(0)
        count += 1
        if isinstance(value, np.ndarray):
            if value.dtype.kind in "iuf" and value.size <= MOST_ENTRIES:
                yield path, value
            continue
        if isinstance(value, (float, int, np.floating)) and not isinstance(value, bool):
            yield path, value
            continue
        if id(value) in seen or len(path) >= DEEPEST:
            continue
        seen.add(id(value))
        with contextlib.suppress(Exception):  # an attribute that cannot be read has nothing to show
            waiting += [((*path, key), each) for key, each in children(value) if not str(key).startswith("__")]


def put(root: Any, arrays: Mapping[Path, Array]) -> None:
    """Replace the arrays at these paths, under all their names."""
    everywhere: dict[int, list[Path]] = {}
    for path, value in walk(root):
        if isinstance(value, np.ndarray):
            everywhere.setdefault(id(value), []).append(path)
    for path, array in arrays.items():
        old = root
        for key in path:
            old = child(old, key)
        if isinstance(old, np.ndarray):
            new: Any = array.copy()
        else:
            new = float(array) if array.ndim == 0 else array.copy()
        for each in everywhere.get(id(old), [path]):
            _replace(root, each, new)


def _replace(root: Any, path: Path, new: Any) -> None:
    holder = root
    for key in path[:-1]:
        holder = child(holder, key)
    key = path[-1]
    if isinstance(holder, types.FunctionType):
        closure(holder)[key[1:]].cell_contents = new
    elif isinstance(key, str) and key.startswith("."):
        object.__setattr__(holder, key[1:], new)
    elif isinstance(holder, tuple):
        child(holder, key)[...] = new
    else:
        holder[key] = new


def signature_of(value: Any, *, method: bool = False) -> Signature | None:
    """The parameters of a function, or of a class's constructor; None if they cannot be known."""
    try:
        parameters = list(inspect.signature(value).parameters.values())[int(method) :]
    except (TypeError, ValueError):
        return None
    star = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return Signature(
        tuple(p.name for p in named),
        tuple(p.name for p in named if p.default is p.empty),
        tuple(p.name for p in named if p.kind is p.KEYWORD_ONLY),
        {p.name: p.default for p in named if isinstance(p.default, PLAIN)},
        star,
    )


def definitions(space: Mapping[str, Any], module: str) -> list[Definition]:
    """The functions and classes that a module defines, in their order."""
    found = []
    for name, value in space.items():
        if getattr(value, "__module__", None) != module:
            continue
        if inspect.isclass(value):
            methods = {}
            makers = []
            for key in dir(value):
                if key.startswith("__") and key != "__call__":
                    continue
                own = inspect.getattr_static(value, key, None)
                if isinstance(own, (types.FunctionType, staticmethod, classmethod)):
                    signature = signature_of(getattr(value, key), method=isinstance(own, types.FunctionType))
                    if signature is not None:
                        methods[key] = signature
                        makers += [key] if isinstance(own, classmethod) else []
            found.append(Definition(name, signature_of(value), methods, tuple(makers)))
        elif callable(value):
            found.append(Definition(name, signature_of(value)))
    return found
