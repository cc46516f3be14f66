"""What numpynet runs on: the versions, the BLAS (NumPy's library of matrix products) and its threads."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from typing import Any

import numpy as np

from numpynet import __version__

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")


def info_command(arguments: argparse.Namespace) -> None:
    """`numpynet info`: print the versions, and the BLAS with its threads."""
    for name, version in versions().items():
        print(f"{name:9}{version}")
    print(f"{'BLAS':9}{blas()}")
    if other := other_numpynet():
        print(other)


def other_numpynet() -> str:
    """A warning if the other project, whose distribution is called numpynet, is installed beside numpynet-backprop."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        other = version("numpynet")
    except PackageNotFoundError:
        return ""
    return (
        f"warning: a different project, the distribution numpynet {other}, is installed as well. Both are imported as "
        "numpynet and overwrite each other's files. Uninstall both, then install the one you want: "
        "python3 -m pip uninstall numpynet numpynet-backprop"
    )


def versions() -> dict[str, str]:
    """The versions that a run's figures depend on."""
    return {"numpynet": __version__, "numpy": np.__version__, "python": platform.python_version()}


def bits_depend_on() -> dict[str, str]:
    """On what the last bits of a run's results depend, besides its settings."""
    threads = {os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    return {"NumPy": np.__version__, "BLAS": blas(), "threads": "/".join(sorted(threads)) or "as BLAS decides"}


def blas() -> str:
    """NumPy's BLAS in words: its name and version and, if threadpoolctl is installed, its kernel and threads."""
    built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    name = f"{built.get('name', 'unknown')} {built.get('version', '')}".strip()
    found = blas_in_use()
    if found is None:
        return f"{name}; pip install threadpoolctl to see its kernel and threads"
    kernels = [f"kernel {one.get('architecture', 'unknown')}, {one['num_threads']} threads" for one in found]
    return ", ".join([name, *kernels])


def blas_in_use() -> list[dict[str, Any]] | None:
    """What threadpoolctl reports about each BLAS in this process, or None if it is not installed."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    return [library for library in threadpool_info() if library["user_api"] == "blas"]


def threads_setting(count: int) -> dict[str, str]:
    """The environment that asks every BLAS for this many threads."""
    return dict.fromkeys(THREAD_VARIABLES, str(count))


def kernel_setting() -> dict[str, str]:
    """The environment that asks OpenBLAS for its AVX-512 kernels, if it chose AVX2 ones on a processor that has both.

    Some versions do so on AMD processors, where the wider kernels multiply 1.2 to 1.6 times as fast. Empty if that is
    not the case, cannot be detected (not Linux, no threadpoolctl), or OPENBLAS_CORETYPE is already set.
    """
    if "OPENBLAS_CORETYPE" in os.environ or not any(
        library.get("architecture") in ("Haswell", "Zen") for library in blas_in_use() or ()
    ):
        return {}
    needed = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    return {"OPENBLAS_CORETYPE": "SkylakeX"} if needed <= _cpu_flags() else {}


def _cpu_flags() -> set[str]:
    try:
        with open("/proc/cpuinfo") as file:
            return next((set(line.split()) for line in file if line.startswith("flags")), set())
    except OSError:  # not Linux
        return set()


def restart_with(setting: dict[str, str]) -> None:
    """Start this command again with these variables in its environment, unless they are already set.

    BLAS reads its environment once, when NumPy is imported; by the time the command line is read, that has happened.
    """
    if all(os.environ.get(name) == value for name, value in setting.items()):
        return
    os.environ.update(setting)
    if sys.stdout is not None:  # it is None where it was closed
        sys.stdout.flush()
    command = [sys.executable, *sys.orig_argv[1:]]
    if sys.platform == "win32":  # where exec returns to the terminal before the command has ended
        raise SystemExit(subprocess.call(command))
    os.execv(sys.executable, command)
