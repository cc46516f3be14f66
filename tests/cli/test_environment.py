"""The kernels and threads of the matrix library: set where that pays, and never where the user has chosen."""

import json
import os
import subprocess
import sys

import pytest

from numpynet.cli import environment
from tests.helpers.command import ROOT, numpynet


@pytest.mark.slow
def test_threads_reach_the_matrix_library(tmp_path):
    """The process starts anew with the variables set, which it does before NumPy, and so BLAS, is loaded."""
    program = tmp_path / "sitecustomize.py"
    program.write_text(
        "import atexit, os, sys\n"
        "def report():\n"
        "    from threadpoolctl import threadpool_info\n"
        "    counts = [p['num_threads'] for p in threadpool_info() if p['user_api'] == 'blas']\n"
        "    open('threads', 'w').write(repr(counts))\n"
        "if 'numpynet' in sys.orig_argv: atexit.register(report)\n"
    )
    for count in (1, 2):
        result = numpynet(
            "train", "linear", "--threads", count, cwd=tmp_path, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("seed: ") == 1
        counts = set(json.loads((tmp_path / "threads").read_text()))
        assert counts <= {min(count, os.cpu_count())}


AVX512 = {"avx2", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


@pytest.mark.parametrize(
    ("kernel", "flags", "chosen", "setting"),
    [
        ("Haswell", AVX512, None, {"OPENBLAS_CORETYPE": "SkylakeX"}),
        ("Zen", AVX512, None, {"OPENBLAS_CORETYPE": "SkylakeX"}),
        ("SkylakeX", AVX512, None, {}),
        ("Haswell", AVX512 - {"avx512vl"}, None, {}),
        ("Haswell", set(), None, {}),
        ("Haswell", AVX512, "Haswell", {}),
        (None, AVX512, None, {}),
    ],
)
def test_avx512_kernels_are_asked_for_where_avx2_was_chosen(kernel, flags, chosen, setting, monkeypatch):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    if chosen:
        monkeypatch.setenv("OPENBLAS_CORETYPE", chosen)
    found = None if kernel is None else [{"user_api": "blas", "architecture": kernel, "num_threads": 1}]
    monkeypatch.setattr(environment, "blas_in_use", lambda: found)
    monkeypatch.setattr(environment, "_cpu_flags", lambda: flags)
    assert environment.kernel_setting() == setting


@pytest.mark.parametrize("chosen", [None, "Haswell"])
def test_the_command_restarts_with_them_once_and_info_shows_it(chosen, tmp_path):
    """With a threadpoolctl that sees AVX2 kernels until the environment asks for others."""
    (tmp_path / "threadpoolctl.py").write_text(
        "import os\n"
        "def threadpool_info():\n"
        "    kernel = os.environ.get('OPENBLAS_CORETYPE', 'Haswell')\n"
        "    return [{'user_api': 'blas', 'architecture': kernel, 'num_threads': 1}]\n"
    )
    variables = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
    variables["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{ROOT}"
    if chosen:
        variables["OPENBLAS_CORETYPE"] = chosen
    command = [sys.executable, "-m", "numpynet", "info"]
    result = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    wide = not chosen and environment._cpu_flags() >= AVX512
    assert result.returncode == 0, result.stderr
    assert f"kernel {'SkylakeX' if wide else 'Haswell'}, 1 threads" in result.stdout


def test_importing_numpynet_leaves_the_environment_alone():
    code = "import os; before = dict(os.environ); import numpynet; assert dict(os.environ) == before"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0
