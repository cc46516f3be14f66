"""The machine underneath: the versions, the BLAS (the library of matrix products that NumPy calls) and its threads."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import NoReturn

import numpy as np

from numpynet import __version__

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")


def versions() -> dict[str, str]:
    """The versions that a run's figures depend on."""
    return {"numpynet": __version__, "numpy": np.__version__, "python": platform.python_version()}


def blas() -> str:
    """NumPy's BLAS in words: its name and version, and, where threadpoolctl is installed, its kernel and threads."""
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    name = f"{built.get('name', 'unknown')} {built.get('version', '')}".strip()
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return f"{name}; pip install threadpoolctl to see its kernel and threads"
    found = [
        f"kernel {library.get('architecture', 'unknown')}, {library['num_threads']} threads"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]
    return ", ".join([name, *found])


def threads_are(count: int) -> bool:
    """Whether the environment asks every BLAS for this many threads."""
    return all(os.environ.get(name) == str(count) for name in THREAD_VARIABLES)


def restart_with_threads(count: int) -> NoReturn:
    """Start this very command again in an environment that asks BLAS for so many threads.

    BLAS reads its environment once, as NumPy is imported; by the time a command line is read, that has happened.
    """
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(count)))
    command = [sys.executable, *sys.orig_argv[1:]]
    if sys.platform == "win32":  # where exec gives the terminal back before the command has ended
        raise SystemExit(subprocess.call(command))
    os.execv(sys.executable, command)
