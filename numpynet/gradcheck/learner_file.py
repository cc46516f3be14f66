"""Checking a learner's file: what is found in it, and how it is kept apart.

The file runs in a process of its own, with a time limit, and what it prints is thrown away: it may train for hours,
call exit(), or bring Python down, and all of that is a finding. That process is this module, run as a program; it
writes what it found into a file in a folder of the parent's, as JSON.
"""

from __future__ import annotations

import inspect
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from numpynet import functional
from numpynet.functional import Array
from numpynet.gradcheck.check import check_layer, check_model, check_pair
from numpynet.gradcheck.report import Report

OWN = "learner"  # the name of the module that the file is run as
PAIRS: dict[str, Callable[..., Any]] = {
    "linear_backward": functional.linear,
    "relu_backward": functional.relu,
    "softmax_cross_entropy_backward": functional.softmax_cross_entropy,
    "squared_loss_backward": functional.squared_loss,
    "mse_loss_backward": functional.mse_loss,
}
LOOKED_FOR = f"{', '.join(PAIRS)}, loss_and_gradients, and classes with forward and backward"

Finding = dict[str, Any]  # name, ok and text


def check_file(path: Path, *, time_limit: float = 60.0) -> list[Finding]:
    """Run the file in a process of its own and check what it defines: {"name", "ok", "text"} for each, [] for nothing.

    Raises: FileNotFoundError if there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"check: there is no file {path}")
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        root = str(Path(functional.__file__).parent.parent)
        paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, "-m", "numpynet.gradcheck.learner_file", str(path), str(results)],
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
            code, ended = None, f"was not done after {time_limit:g} s"
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
    return found


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


def _main(path: Path, results: Path) -> None:
    """The process of the file: run the file, check what it defines, and write down each step before and after."""
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
        words = " ".join(f"{type(error).__name__}: {error}".split())
        text = f"{path.name} does not run to its end: {words}{_line(error, path)}."
        found.append({"name": path.name, "ok": False, "text": text})
        return write("")
    for name, check in _checks(space):
        write(name)
        try:
            report = check()
            found.append({"name": name, "ok": report.ok, "text": _titled(name, report)})
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())
            found.append({"name": name, "ok": False, "text": f"{name} could not be checked: {words}."})
    write("")


def _titled(name: str, report: Report) -> str:
    """The report, beginning with the name under which the file defines what it is about."""
    text = str(report)
    return text if text.startswith(name) else f"{name}: {text}"


def _line(error: BaseException, path: Path) -> str:
    """Where in the file it happened."""
    if isinstance(error, SyntaxError):
        return ""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f" (line {lines[-1]})" if lines else ""


def _checks(space: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Report]]]:
    """The checks for what a file defines, with data of ours."""
    rng = np.random.default_rng(0)
    X, W, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    inputs: dict[str, tuple[Array, ...]] = {
        "linear_backward": (X, W, b),
        "relu_backward": (X,),
        "softmax_cross_entropy_backward": (X, rng.integers(0, 4, 5)),
        "squared_loss_backward": (X, rng.normal(size=(5, 4))),
        "mse_loss_backward": (X, rng.normal(size=(5, 4))),
    }
    for name, value in space.items():
        if getattr(value, "__module__", None) != OWN:
            continue
        if name in PAIRS and callable(value):
            yield name, partial(check_pair, PAIRS[name], value, *inputs[name])
        elif name == "loss_and_gradients" and callable(value):
            yield name, partial(check_model, value, *_data_for(value, rng))
        elif inspect.isclass(value) and hasattr(value, "forward") and hasattr(value, "backward"):
            layer = _made(value, rng)
            if layer is not None and not _abstract(layer, X):
                yield name, partial(check_layer, layer, X)


def _data_for(function: Callable[..., Any], rng: np.random.Generator) -> tuple[dict[str, Array], Array, Array]:
    """Parameters and data of the model that this function seems to be of: the first that raise no exception in it."""
    X, labels, n = rng.normal(size=(5, 4)), rng.integers(0, 3, 5), rng.normal
    two = {"W1": n(size=(4, 6)), "b1": n(size=6), "W2": n(size=(6, 3)), "b2": n(size=3)}
    three = {**two, "W2": n(size=(6, 7)), "b2": n(size=7), "W3": n(size=(7, 3)), "b3": n(size=3)}
    cases = [
        (two, X, labels),
        (three, X, labels),
        ({"W": n(size=(4, 3)), "b": n(size=3)}, X, labels),
        ({"W": n(size=(4, 1)), "b": n(size=1)}, X, n(size=(5, 1))),
    ]
    for params, _, _ in cases[:3]:  # and with square weights, which also those take who forget to transpose
        cases.append(({name: n(size=(4,) * array.ndim) for name, array in params.items()}, X, rng.integers(0, 4, 5)))
    for params, inputs, y in cases:
        try:
            with np.errstate(all="ignore"):
                function({name: array.copy() for name, array in params.items()}, inputs.copy(), y.copy())
        except Exception:  # not this model, or a mistake: the next may tell
            continue
        return params, inputs, y
    return cases[0]


def _made(kind: type, rng: np.random.Generator) -> Any:
    """An object of this class, made as layers are made; None if that does not work."""
    ways: list[Callable[[], Any]] = [kind, lambda: kind(4, 3), lambda: kind(4, 3, rng=rng)]
    for make in ways:
        try:
            return make()
        except Exception:  # another number of arguments, or another kind
            continue
    return None


def _abstract(layer: Any, X: Array) -> bool:
    """Whether it is no layer but what layers have in common."""
    try:
        layer.forward(X.copy())
    except NotImplementedError:
        return True
    except Exception:  # that is for the check to tell
        return False
    return False


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
