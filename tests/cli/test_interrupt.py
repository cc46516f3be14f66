"""Ctrl-C at any moment of a command: it ends with 130 and can be gone on with, or it had finished."""

import signal
import subprocess
import time

import numpy as np
import pytest

from tests.helpers.command import POSIX, assert_same_results, numpynet, start

RUN = ("linear", "--seed", 3, "--epochs", 40, "--output", "run")


def interrupted(folder, seconds):
    """Press Ctrl-C after so many seconds; the exit code and what was printed."""
    process = start(*RUN, cwd=folder)
    try:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, out, err


@POSIX
@pytest.mark.slow
def test_ctrl_c_at_any_moment_leaves_a_run_that_can_be_ended(tmp_path):
    """From before Python has started to after the end, at random moments of whatever length the run has here."""
    begin = time.monotonic()
    assert numpynet("train", *RUN, cwd=tmp_path).returncode == 0
    length = time.monotonic() - begin
    (tmp_path / "run").rename(tmp_path / "alone")
    for seconds in np.random.default_rng(0).uniform(0.05, 1.1, 10) * length:
        code, out, err = interrupted(tmp_path, seconds)
        if code == -signal.SIGINT:  # while Python or NumPy was still starting
            assert out == ""
        else:
            assert code in (0, 130), err
            assert "Traceback" not in err
            assert code == 130 or "epoch 40" in out
        result = numpynet("train", *RUN, "--resume", cwd=tmp_path)
        if result.returncode == 2:  # there was no checkpoint yet
            assert "checkpoint.npz" in result.stderr
            result = numpynet("train", *RUN, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert_same_results(tmp_path / "run", tmp_path / "alone")
        subprocess.run(["rm", "-r", tmp_path / "run"], check=True)
