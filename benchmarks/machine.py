"""The machine that the figures were measured on, and reasons to doubt them."""

import importlib.metadata
import os
import platform
from pathlib import Path

import numpynet
from numpynet.cli.environment import blas

PACKAGES = ("numpy", "torch", "jax", "scikit-learn", "threadpoolctl")
MAX_LOAD = 0.5  # processes wanting to run, on average over the minute before the start
MAX_SPREAD = 0.3  # from the fastest to the slowest round, as a fraction of the median


def describe(threads):
    """Everything that the figures depend on."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": threads,
        "gpu": gpu_name(),
        "blas": blas(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {"numpynet": numpynet.__version__} | {name: version(name) for name in PACKAGES},
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def version(name):
    """The version of an installed package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def cpu_name():
    """The processor's name, as far as the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = found.get("model name", platform.machine())
    return f"{name} (family {found['cpu family']}, model {found['model']})" if "cpu family" in found else name


def gpu_name():
    """The name of the first CUDA GPU, or None."""
    try:
        import torch
    except ImportError:
        return None
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def caveats(machine, spreads):
    """Reasons to doubt the figures: a busy machine at the start, and timings whose spreads, given by name, are wide."""
    found = []
    if machine["load"] is not None and machine["load"] > MAX_LOAD:
        found.append(f"the machine was busy before the start: its load was {machine['load']:.1f}")
    wide = {name: spread for name, spread in spreads.items() if spread > MAX_SPREAD}
    if wide:
        worst = max(wide, key=wide.get)
        found.append(
            f"{len(wide)} of {len(spreads)} timings spread by more than {MAX_SPREAD:.0%} of their median, "
            f"the widest {worst}: {wide[worst]:.0%}"
        )
    return found
