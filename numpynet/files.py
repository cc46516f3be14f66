"""Files that are whole or not there, whatever happens: a crash, a full disk, a kill at any moment, a power cut.

The content goes into a new file beside the one it is for, is forced onto the disk, and only then takes the other's
name, which the system does in one step. Until that step the old file is as it was; after it the new one is there.
"""

from __future__ import annotations

import contextlib
import os
import sys


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Make content the file at path: afterwards it is there, and whole, or path is as it was and OSError says why.

    What killed processes left behind of earlier attempts at this path is removed.
    """
    folder, name = os.path.split(os.path.abspath(path))
    _remove_leftovers(folder, name)
    part = os.path.join(folder, f".{name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, os.path.join(folder, name))
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Force the folder's list of names onto the disk, where the system has such a call."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(folder: str, name: str) -> None:
    prefix, suffix = f".{name}.", ".part"
    for leftover in os.listdir(folder):
        process = leftover.removeprefix(prefix).removesuffix(suffix)
        if leftover == prefix + process + suffix and process.isdecimal() and not _is_running(int(process)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, leftover))


def _is_running(process: int) -> bool:
    if sys.platform == "win32":  # where os.kill would end it, and there is no other way to ask: its files stay
        return True
    try:
        os.kill(process, 0)  # signal 0 only asks whether the process is there
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
