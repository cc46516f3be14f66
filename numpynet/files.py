"""Files that are whole or not there: written under another name first, and given their own when they are complete."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Have write fill a new file in path's folder, then put it in path's place; if write fails, path is as it was.

    Raises: OSError where it cannot be written, and whatever write raises.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            write(file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
