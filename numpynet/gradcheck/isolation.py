"""Run a learner's file in a separate process with a time limit, and discard what it prints.

The file may train for hours, call exit(), or crash Python; all of that is a finding. The process runs a module of this
package as a program, which calls `write_findings`. That records the start and the result of every check, as JSON, in a
temporary folder of the parent process. If a check does not finish, a new process makes the remaining ones.
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
from numpynet.gradcheck.report import Report, wrap

MODULE = "learner"  # the module name under which the file is run

Finding = dict[str, Any]  # name, ok (None: not checked) and text
Check = tuple[str, Callable[[], Report]]


class NotCheckedError(Exception):
    """Raised if something cannot be checked; the message says why."""


def run_isolated(program: str, path: Path, *, time_limit: float) -> list[Finding]:
    """What the module called program finds in the file: {"name", "ok", "text"} for each check, [] for nothing.

    time_limit, in seconds, applies to each process: the first one, and one more after each check that did not finish.
    Raises: FileNotFoundError if the file does not exist.
    """
    if not path.is_file():
        raise FileNotFoundError(f"check: no such file: {path}")
    found: list[Finding] = []
    while True:
        new, last = _run_process(program, path, time_limit, [finding["name"] for finding in found])
        found += new
        if not last or last == path.name:
            return found


def _run_process(program: str, path: Path, time_limit: float, done: list[str]) -> tuple[list[Finding], str]:
    """The findings of one process, which skips checks already done, and the check that it did not finish, or ""."""
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
            code, ended = None, f"did not finish within {time_limit:g} s (is there an infinite loop?)"
        finally:
            _kill(process)
        state: dict[str, Any] = (
            json.loads(results.read_text("utf-8")) if results.exists() else {"now": path.name, "found": []}
        )
    found: list[Finding] = list(state["found"])
    if state["now"]:
        if code is not None and code < 0:
            ended = f"crashed Python (signal {signal.Signals(-code).name})"
        found.append({"name": state["now"], "ok": False, "text": f"{state['now']} {ended}."})
    return found, str(state["now"])


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and those that it started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        pass
    process.wait()


def write_findings(checks: Callable[[Path, dict[str, Any]], Iterable[Check]]) -> None:
    """Run in the separate process: run the file, make the checks for what it defines, and record their findings.

    checks(path, space) yields each check with its name; space is what the file defines.
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
        space = runpy.run_path(str(path), run_name=MODULE)
    except BaseException as error:  # SystemExit too: whatever the file does is a finding
        what = "cannot be run" if isinstance(error, SyntaxError) else "stopped with an exception"
        text = f"{path.name} {what}: {describe_exception(error, path)}."
        found.append({"name": path.name, "ok": False, "text": text})
        return write("")
    for name, check in checks(path, space):
        if name in done:
            continue
        write(name)
        try:
            report = check()
            found.append({"name": name, "ok": report.ok, "text": _add_title(name, report)})
        except NotCheckedError as reason:
            text = "\n".join(wrap(f"{name} was not checked: {reason}."))
            found.append({"name": name, "ok": None, "text": text})
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            found.append(
                {"name": name, "ok": False, "text": f"{name} could not be checked: {describe_exception(error, path)}."}
            )
        write(path.name)
    write("")


def _add_title(name: str, report: Report) -> str:
    """The report, starting with the name that the file gives to what was checked."""
    text = str(report)
    return text if text.startswith(name) else f"{name}: {text}"


def describe_exception(error: BaseException, path: Path) -> str:
    """The error, and the line of the file where it was raised."""
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
