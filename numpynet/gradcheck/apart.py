"""A learner's file, kept apart: it runs in a process of its own, with a time limit, and what it prints is thrown away.

It may train for hours, call exit(), or bring Python down, and all of that is a finding. That process is a module of
ours, run as a program: it calls `write_findings`, which writes down each step before and after, as JSON, into a file in
a folder of the parent's. If a check never comes back, another process does those after it.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from numpynet import functional
from numpynet.gradcheck.report import Report, wrapped

OWN = "learner"  # the name of the module that the file is run as

Finding = dict[str, Any]  # name, ok (None: not checked) and text
Check = tuple[str, Callable[[], Report]]


class NotCheckedError(Exception):
    """Raised by a check that cannot be made; the message says why."""


def run_apart(program: str, path: Path, *, time_limit: float) -> list[Finding]:
    """What the module called program finds in the file: {"name", "ok", "text"} for each check, [] for nothing.

    time_limit, in seconds, is for each process: the first, and another after each check that did not come back.
    Raises: FileNotFoundError if there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"check: there is no file {path}")
    found: list[Finding] = []
    while True:
        new, last = _process(program, path, time_limit, [finding["name"] for finding in found])
        found += new
        if not last or last == path.name:
            return found


def _process(program: str, path: Path, time_limit: float, done: list[str]) -> tuple[list[Finding], str]:
    """What one process finds, leaving out what is done, and the check that it did not come back from."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        root = str(Path(functional.__file__).parent.parent)
        paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, "-m", program, str(path), str(results), *done],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": paths},
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(time_limit)
            ended = "ended the program"
        except subprocess.TimeoutExpired:
            code, ended = None, f"was not done after {time_limit:g} s (is there a loop that never ends?)"
        finally:
            _end(process)
        state: dict[str, Any] = (
            json.loads(results.read_text("utf-8")) if results.exists() else {"now": path.name, "found": []}
        )
    found: list[Finding] = list(state["found"])
    if state["now"]:
        if code is not None and code < 0:
            ended = f"brought Python down (signal {signal.Signals(-code).name})"
        found.append({"name": state["now"], "ok": False, "text": f"{state['now']} {ended}."})
    return found, str(state["now"])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and those that it started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        pass
    process.wait()


def write_findings(checks: Callable[[Path, dict[str, Any]], Iterable[Check]]) -> None:
    """The process of the file: run it, make the checks for what it defines, and write down what each of them finds.

    checks(path, space) gives each check with its name; space is what the file defines.
    """
    path, results, done = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    found: list[Finding] = []

    def write(now: str) -> None:
        new = results.with_suffix(".new")
        new.write_text(json.dumps({"now": now, "found": found}), "utf-8")
        new.replace(results)

    write(path.name)
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        space = runpy.run_path(str(path), run_name=OWN)
    except BaseException as error:  # SystemExit too: whatever the file does is a finding
        text = f"{path.name} does not run to its end: {raised(error, path)}."
        found.append({"name": path.name, "ok": False, "text": text})
        return write("")
    for name, check in checks(path, space):
        if name in done:
            continue
        write(name)
        try:
            report = check()
            found.append({"name": name, "ok": report.ok, "text": _titled(name, report)})
        except NotCheckedError as reason:
            text = "\n".join(wrapped(f"{name} was not checked: {reason}."))
            found.append({"name": name, "ok": None, "text": text})
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            found.append({"name": name, "ok": False, "text": f"{name} could not be checked: {raised(error, path)}."})
        write(path.name)
    write("")


def _titled(name: str, report: Report) -> str:
    """The report, beginning with the name under which the file defines what it is about."""
    text = str(report)
    return text if text.startswith(name) else f"{name}: {text}"


def raised(error: BaseException, path: Path) -> str:
    """The error in words, and the line of the file where it happened."""
    words = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, SyntaxError):
        return words
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f"{words} (line {lines[-1]})" if lines else words
