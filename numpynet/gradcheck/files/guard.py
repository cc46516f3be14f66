"""What a lesson's process refuses: other processes, the network, files that are written, and the solutions.

This keeps accidents and simple cheats in check. It is no sandbox: code that is hostile belongs in a container.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpynet import layers
from numpynet.base import Parameter

TOOLS: Mapping[str, Any] = {"Parameter": Parameter, "Linear": layers.Linear, "ReLU": layers.ReLU}

PROCESSES = ("os.fork", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.kill", "subprocess.", "pty.")
OUTSIDE = (
    "socket.",
    "ctypes.",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.truncate",
    "os.link",
    "os.symlink",
    "shutil.",
)
SOLUTIONS = str(Path(__file__).parents[2] / "exercises")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def refuse(event: str, args: tuple[Any, ...]) -> None:
    """The audit hook. Raises: PermissionError for a process, for the network, for writing; ImportError."""
    if event.startswith((*PROCESSES, *OUTSIDE)):
        raise PermissionError(f"a lesson may not use {event}")
    if event == "open":
        path, mode, flags = args
        if flags & WRITES or (isinstance(mode, str) and set(mode) & set("wax+")):
            raise PermissionError("a lesson may not write files")
        if isinstance(path, str | bytes | os.PathLike) and os.path.abspath(os.fsdecode(path)).startswith(SOLUTIONS):
            raise PermissionError("a lesson may not read its solution")
    if event == "import" and str(args[0]).startswith("numpynet.exercises"):
        raise ImportError(f"a lesson may not import {args[0]}")
