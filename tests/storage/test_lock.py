"""Two runs in one folder: the second is refused, and a run that was killed keeps nobody out."""

import signal
import subprocess
import sys

import pytest

from numpynet.storage.lock import locked

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")


def test_a_folder_is_locked_once_and_free_afterwards(tmp_path):
    with locked(tmp_path):
        with (
            pytest.raises(OSError, match=r"^another run is writing to .*: wait for it, or choose another folder$"),
            locked(tmp_path),
        ):
            pass
        with locked(tmp_path.parent):
            pass
    with locked(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_ends_with_its_process(tmp_path):
    program = "import sys, time; from numpynet.storage.lock import locked\nwith locked(sys.argv[1]): print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE) as process:
        assert process.stdout.read(1) == b"1"
        with pytest.raises(OSError, match="another run"), locked(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        with locked(tmp_path):
            pass


def test_a_second_run_in_the_same_folder_is_refused(here, tmp_path):
    options = ["--seed", 0, "--epochs", 1, "--output", "out"]
    (tmp_path / "out").mkdir()
    with locked(tmp_path / "out"):
        result = here("train", "linear", *options, cwd=tmp_path)
        assert result.returncode == 6
        assert result.stderr == "numpynet: another run is writing to out: wait for it, or choose another folder\n"
        assert list((tmp_path / "out").iterdir()) == []
        assert here("train", "linear", *options, "--resume", cwd=tmp_path).returncode == 6
        assert here("train", "linear", *options[:-1], "other", cwd=tmp_path).returncode == 0
    assert here("train", "linear", *options, cwd=tmp_path).returncode == 0


def test_without_such_locks_everything_works(tmp_path):
    """As in WebAssembly: no fcntl, and a system that reports −1 pages of memory."""
    program = (
        "import sys, os, pathlib; sys.modules['fcntl'] = None; os.sysconf = lambda name: -1 if 'PHYS' in name else 65536\n"
        "import numpy as np, numpynet; from numpynet.storage.atomic import write_atomic; from numpynet.storage.lock import locked\n"
        "write_atomic(sys.argv[1] + '/file', b'1'); write_atomic(sys.argv[1] + '/file', b'2')\n"
        "with locked(sys.argv[1]), locked(sys.argv[1]): print(pathlib.Path(sys.argv[1], 'file').read_text())\n"
        "print(numpynet.models.mlp(rng=np.random.default_rng(0))(np.ones((2, 784), np.float32)).shape)\n"
        "print(len(numpynet.make_shapes(20, 10, rng=np.random.default_rng(0)).train.X))"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    assert result.stdout.split("\n") == ["2", "(2, 10)", "20", ""]
