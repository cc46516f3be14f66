"""Atomic file writes: after a crash, a full disk or a power cut, the file has its old content, or all of the new.

The content is written to a new file in the same folder, flushed to disk, and then renamed over the old file, which the
operating system does in one step. The new file is locked while it is written, and the lock ends with the process, so a
file that can be locked was left behind by a killed process. (Windows and WebAssembly have no such locks; there,
leftovers stay.)
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import BinaryIO

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]


def write_atomic(path: str | os.PathLike[str], content: bytes) -> None:
    """Write content to the file at path, or leave that file as it was and raise OSError.

    Leftovers of killed processes are removed. Raises: OSError; ValueError for a path without a file name.
    """
    folder, name = os.path.split(os.fsdecode(path))
    if not name:
        raise ValueError(f"write_atomic: path must end in a file name, got {os.fsdecode(path)!r}")
    try:
        _write(folder or os.curdir, name, content)
    except OSError as error:
        raise OSError(
            error.errno, error.strerror, os.fsdecode(path)
        ) from None  # the temporary file's name would mean nothing to the reader


def _write(folder: str, name: str, content: bytes) -> None:
    _remove_leftovers(folder, name)
    part, file = _new_part(folder, name)
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if sys.platform == "win32":  # which cannot rename an open file
                file.close()
            os.replace(part, os.path.join(folder, name))
    except BaseException:
        with contextlib.suppress(OSError):  # or it would hide the error that matters
            os.unlink(part)
        raise
    _sync_folder(folder)


def _new_part(folder: str, name: str) -> tuple[str, BinaryIO]:
    """A new file for the content, with an unpredictable name: its path, and the file itself, open and locked."""
    while True:
        part = os.path.join(folder, f".{name}.{os.urandom(8).hex()}.part")
        file = open(part, "xb")  # noqa: SIM115 (x: it must be new, and never the target of a link)
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system without locks, where no file counts as a leftover
                fcntl.flock(file, fcntl.LOCK_EX)
        if os.path.exists(part):
            return part, file
        file.close()  # another process removed it as a leftover before it was locked: try again


def _remove_leftovers(folder: str, name: str) -> None:
    """Remove the leftovers that can be removed; the others must not prevent saving."""
    if fcntl is None:
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
    """Flush the folder's list of names to disk, if the system can; the new file is in place anyway."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
