"""Files that are whole or not there, whatever happens: a crash, a full disk, a kill at any moment, a power cut.

The content goes into a new file beside the one it is for, is forced onto the disk, and only then takes the other's
name, which the system does in one step. Until that step the old file is as it was; after it the new one is there.
While it is written the new file is locked, and the system ends the lock with the process: what can be locked was left
behind by a process that was killed. (Windows has no such locks: there, such files stay.)
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl


def write_atomic(path: str | os.PathLike[str], content: bytes) -> None:
    """Make content the file at path: afterwards it is there, and whole, or path is as it was and OSError says why.

    What killed processes left behind of earlier attempts at this path is removed. Raises: OSError, and ValueError for a
    path without a file's name.
    """
    folder, name = os.path.split(os.fsdecode(path))
    if not name:
        raise ValueError(f"write_atomic: path must end in the name of a file, got {os.fsdecode(path)!r}")
    try:
        _write(folder or os.curdir, name, content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fsdecode(path)) from None  # not a part's path, which nobody knows


def _write(folder: str, name: str, content: bytes) -> None:
    _remove_leftovers(folder, name)
    part, file = _new_part(folder, name)
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if sys.platform == "win32":  # which renames no open file
                file.close()
            os.replace(part, os.path.join(folder, name))
    except BaseException:
        with contextlib.suppress(OSError):  # or it would hide the error that matters
            os.unlink(part)
        raise
    _sync_folder(folder)


def _new_part(folder: str, name: str) -> tuple[str, BinaryIO]:
    """The path of a new file for the content, which nobody can know beforehand, and the file, open and locked."""
    while True:
        part = os.path.join(folder, f".{name}.{os.urandom(8).hex()}.part")
        file = open(part, "xb")  # noqa: SIM115 (x: it must be new, and never what a link of that name leads to)
        if sys.platform != "win32":
            with contextlib.suppress(OSError):  # a file system without locks: then nobody takes it for a leftover
                fcntl.flock(file, fcntl.LOCK_EX)
        if os.path.exists(part):
            return part, file
        file.close()  # before it was locked, another process took it for a leftover: once more


def _remove_leftovers(folder: str, name: str) -> None:
    """Remove what can be: what cannot is not ours, or is being written, and no reason to save nothing."""
    if sys.platform == "win32":
        return
    leftover = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{16}}\.part")
    with contextlib.suppress(OSError):
        for part in filter(leftover.fullmatch, os.listdir(folder)):
            with contextlib.suppress(OSError):
                descriptor = os.open(os.path.join(folder, part), os.O_RDWR | os.O_NOFOLLOW)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(os.path.join(folder, part))
                finally:
                    os.close(descriptor)


def _sync_folder(folder: str) -> None:
    """Force the folder's list of names onto the disk, where the system can; the new file is in its place anyway."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
