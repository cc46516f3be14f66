"""No process of a learner's file outlives the check, however that ends."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

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
def test_the_files_process_ends_with_the_check(ended_by, tmp_path, request):
    kind = getattr(signal, ended_by)
    if ended_by != "SIGKILL":  # under nohup, SIGHUP is ignored, and would be by the check too
        request.addfinalizer(partial(signal.signal, kind, signal.signal(kind, signal.SIG_DFL)))
    (tmp_path / "mine.py").write_text(LOOP)
    command = [sys.executable, "-m", "numpynet", "check", "mine.py", "--time-limit", "600"]
    check = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True)
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text()):
        assert check.poll() is None
        time.sleep(0.05)
    os.killpg(check.pid, kind)
    check.wait()
    for _ in range(600):
        try:
            os.kill(int(pid.read_text()), 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    pytest.fail("the file's process was still running after a minute")
