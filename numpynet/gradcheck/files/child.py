"""The process in which a learner's file runs: it loads the file, and runs programs on what the file defines.

Answers go to the parent process as bytes that hold nothing but numbers, strings and arrays: nothing that comes from
here can run code there, and no verdict is reached here. What the file replaces in NumPy or numpynet is reported.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import pickle
import signal
import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from numpynet.gradcheck.files.host import Host, definitions, describe, quietly
from numpynet.gradcheck.files.messages import encode, receive, send

MODULE = "learner"  # the module name under which the file is run
MOST_MEMORY = 8 << 30  # bytes
WATCHED = ("numpy", "numpynet", "pickle", "json", "struct", "builtins")


def main() -> None:
    """Answer the parent's requests until it closes the channel."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    _limit_memory()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    serve(requests, answers)


def _end_with(parent: int) -> None:
    """End this process soon after its parent has ended, whatever it is doing."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """The loop. What it needs is bound to local names first, so that a file cannot replace it by accident."""
    loads, pack, read, write = pickle.loads, encode, receive, send
    limit: Callable[[int], Any] = getattr(signal, "alarm", lambda seconds: None)
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    offered = actions(module, Host(module.__dict__), watched())
    while (message := read(requests)) is not None:
        nonce, seconds, action, content = loads(message)
        limit(seconds)  # a process without its parent ends by itself
        answer = offered[action](*content)
        limit(0)
        write(answers, pack((nonce, answer)))


def actions(module: types.ModuleType, host: Host, before: dict[str, dict[str, Any]]) -> dict[str, Callable[..., Any]]:
    """What can be asked for, by name; before is what was `watched` before the file ran."""
    return {
        "begin": lambda *content: prepare(module, host, *content),
        "statement": lambda code, place: execute(host, code, place),
        "definitions": lambda: definitions(module.__dict__, MODULE),
        "run": lambda program: host.run(program),
        "replaced": lambda: replaced(before),
        "guard": lambda: guard(host),
    }


def guard(host: Host) -> None:
    """For lessons: offer the library's own classes, and from now on refuse what no lesson needs (see `guard`)."""
    from numpynet.gradcheck.files.guard import TOOLS, refuse

    host.kept[1] = dict(TOOLS)
    sys.addaudithook(refuse)


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    except (ImportError, ValueError, OSError):
        pass


def prepare(module: types.ModuleType, host: Host, path: str, root: str, package: str) -> None:
    """Set up the import path and the names that the file sees, as if it were run from its own folder."""
    module.__dict__.update(__file__=path, __package__=package or None, __builtins__=builtins)
    host.filename = path
    sys.argv = [path]
    places = [i for i, each in enumerate(sys.path) if "site-packages" in each or "dist-packages" in each]
    place = min(places, default=len(sys.path))  # after the standard library, which a file beside it may not replace
    sys.path[place:place] = dict.fromkeys([root, str(Path(path).parent)])
    os.environ.setdefault("MPLBACKEND", "Agg")
    with contextlib.suppress(OSError):
        os.chdir(Path(path).parent)  # where such files are usually run, with their data and os.pardir in reach


def execute(host: Host, code: str, place: str) -> str:
    """Run one statement: the exception in words, or ""."""
    try:
        with quietly():
            exec(compile(code, f"{host.filename} {place}".strip(), "exec"), host.kept[0])
    except ModuleNotFoundError as error:
        if _find_root(str(error.name).split(".")[0], Path(host.filename)):
            return execute(host, code, place)
        return describe(error)
    except BaseException as error:
        return describe(error)
    return ""


def _find_root(name: str, path: Path) -> bool:
    """Add the folder above the file that has this module to the import path: the root of the project."""
    for folder in list(path.parents)[1:4]:
        if ((folder / name).is_dir() or (folder / f"{name}.py").is_file()) and str(folder) not in sys.path:
            sys.path.append(str(folder))
            return True
    return False


def watched() -> dict[str, dict[str, Any]]:
    """What the watched modules hold, with the code of their functions and the attributes of numpynet's classes."""
    return {
        name: {key: [value, *_inside(value)] for key, value in vars(module).items()}
        for name, module in list(sys.modules.items())
        if name.split(".")[0] in WATCHED and isinstance(module, types.ModuleType)
    }


def _inside(value: Any) -> list[Any]:
    if isinstance(value, types.FunctionType):
        return [value.__code__]
    if isinstance(value, type) and value.__module__.startswith("numpynet"):
        own = {name: part for name, part in vars(value).items() if name != "__slotnames__"}  # which copying adds
        return [each for part in own.values() for each in (part, getattr(part, "__code__", None))]
    return []


def replaced(before: dict[str, dict[str, Any]]) -> list[str]:
    """The names in the watched modules that hold something else now."""
    now = watched()
    return [
        f"{name}.{key}"
        for name, names in before.items()
        for key, old in names.items()
        if not key.startswith("__") and not _same(old, now.get(name, {}).get(key, []))
    ]


def put_back(before: dict[str, dict[str, Any]]) -> None:
    """Undo what was replaced in the watched modules themselves."""
    for name in replaced(before):
        module, _, key = name.rpartition(".")
        setattr(sys.modules[module], key, before[module][key][0])


def _same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
