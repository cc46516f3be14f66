"""One run at a time in a folder: a lock that ends with its process, however it ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows and WebAssembly have no such locks: there, nobody is kept out
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def locked(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Keep other runs out of a folder while the block runs.

    The lock is on the folder itself, so no file is left behind. Raises: OSError if another run has it.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(
                f"another run is writing to {os.fspath(folder)}: wait for it, or choose another folder"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(descriptor)
