"""What it was measured on, and whether the machine had anything else to do."""

import importlib.metadata
import os
import platform
from pathlib import Path

from numpynet.cli.environment import blas

PACKAGES = ("numpynet", "numpy", "torch", "jax", "scikit-learn", "threadpoolctl")
MOST_LOAD = 0.5  # processes wanting to run, on average over the last minute, before it starts
MOST_SPREAD = 0.3  # from the fastest to the slowest round, as a share of the median


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
        "versions": {name: version(name) for name in PACKAGES},
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def version(name):
    """The version of an installed package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def cpu_name():
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = found.get("model name", platform.machine())
    return f"{name} (family {found['cpu family']}, model {found['model']})" if "cpu family" in found else name


def gpu_name():
    """The first CUDA GPU's name, or None."""
    try:
        import torch
    except ImportError:
        return None
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def doubts(machine, spreads):
    """What speaks against the figures: a load before the start, and spreads, by what was timed, that are too wide."""
    found = []
    if machine["load"] is not None and machine["load"] > MOST_LOAD:
        found.append(f"the machine was busy before this began: a load of {machine['load']:.1f}")
    wide = {name: spread for name, spread in spreads.items() if spread > MOST_SPREAD}
    if wide:
        worst = max(wide, key=wide.get)
        found.append(
            f"{len(wide)} of {len(spreads)} timings spread by more than {MOST_SPREAD:.0%} of their median, "
            f"most of all {worst}: {wide[worst]:.0%}"
        )
    return found
