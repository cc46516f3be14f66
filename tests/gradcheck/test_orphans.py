"""No process of a learner's file outlives the check, however that ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.helpers.command import POSIX

LOOP = """
import os
open("pid", "w").write(str(os.getpid()))
def relu_backward(grad_Y, Y):
    while True:
        pass
"""


@pytest.mark.slow
@POSIX
@pytest.mark.parametrize("ended_by", ["SIGTERM", "SIGHUP", "SIGKILL"])
def test_the_files_process_ends_with_the_check(ended_by, tmp_path):
    (tmp_path / "mine.py").write_text(LOOP)
    command = [sys.executable, "-m", "numpynet", "check", "mine.py", "--time-limit", "600"]
    check = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True)
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text()):
        assert check.poll() is None
        time.sleep(0.05)
    os.killpg(check.pid, getattr(signal, ended_by))
    check.wait()
    for _ in range(600):
        try:
            os.kill(int(pid.read_text()), 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    pytest.fail("the file's process was still running after a minute")
