"""Run `python -m numpynet` in a process, and read what it leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import numpynet as numpynet_package

ROOT = Path(numpynet_package.__file__).parent.parent  # so that it is this numpynet that runs
PNG = b"\x89PNG\r\n\x1a\n"


def numpynet(*arguments, cwd, env=None, **options):
    """Run `python -m numpynet ...` without Fashion-MNIST, a display or colours; stdout and stderr apart."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "MPLBACKEND", "NUMPYNET_DATA")}
    environment |= {"HOME": str(cwd), "XDG_CACHE_HOME": str(cwd), "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    environment |= env or {}
    command = [sys.executable, "-W", "error", "-m", "numpynet", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, **options)


def history(folder):
    return json.loads((folder / "history.json").read_text())


def assert_one_line(stderr, *parts):
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert "Traceback" not in stderr
    for part in parts:
        assert part in stderr


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
FIGURES = ["train_loss", "train_accuracy", "test_accuracy"]


def start(*arguments, cwd, program=("-m", "numpynet")):
    """`python -m numpynet train ...`, or another program with those arguments, as a process that runs."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMPYNET_DATA"}
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(cwd), "XDG_CACHE_HOME": str(cwd)}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, *map(str, program), "train", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def assert_same_results(folder, expected):
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in expected.iterdir())
    assert (folder / "model.npz").read_bytes() == (expected / "model.npz").read_bytes()
    for key in [*FIGURES, "settings"]:
        assert history(folder)[key] == history(expected)[key]
    for picture in expected.glob("*.png"):
        if picture.name != "learning_curves.png":  # where the seconds are
            assert (folder / picture.name).read_bytes() == picture.read_bytes()
