"""Files written whole: whatever goes wrong, and whenever the process is killed, the old content is there or the new."""

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from numpynet import files
from numpynet.files import write_whole

ROOT = str(Path(files.__file__).parent.parent)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX processes")


def test_the_content_is_there_afterwards_under_exactly_this_name_and_nothing_else(tmp_path):
    for name in ["model", "model.npz", "model.bin"]:
        for content in [b"first", b"a second, longer one", b""]:
            write_whole(tmp_path / name, content)
            assert (tmp_path / name).read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model.bin", "model.npz"]


def test_a_relative_path_and_a_string_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_whole("file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


@POSIX
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_files_mode_follows_the_umask(umask, mode, tmp_path):
    previous = os.umask(umask)
    try:
        write_whole(tmp_path / "file", b"content")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_an_error_of_the_disk_reaches_the_caller_and_leaves_the_old_file_and_nothing_else(
    call, number, tmp_path, monkeypatch
):
    write_whole(tmp_path / "file", b"old")

    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        write_whole(tmp_path / "file", b"new")
    assert caught.value.errno == number
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@POSIX
def test_a_file_that_the_system_will_not_let_grow_is_an_error_and_leaves_the_old_one(tmp_path):
    write_whole(tmp_path / "file", b"old")
    program = (
        "import errno, resource, sys\n"
        "from numpynet.files import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))\n"
        "try:\n"
        "    write_whole(sys.argv[1], bytes(1 << 20))\n"
        "except OSError as error:\n"
        "    sys.exit(0 if error.errno == errno.EFBIG else 1)\n"
        "sys.exit(2)\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, tmp_path / "file"], check=True, env={**os.environ, "PYTHONPATH": ROOT}
    )
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@POSIX
def test_what_dead_processes_left_is_removed_and_what_is_another_files_or_a_living_ones_is_not(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    kept = [f".file.{os.getppid()}.part", f".other.{ended.pid}.part", ".file.part", ".file.x.part", "file.1.part"]
    for name in [f".file.{ended.pid}.part", ".file.99999999999999999999.part", *kept]:
        (tmp_path / name).write_bytes(b"half")
    write_whole(tmp_path / "file", b"content")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["file", *kept])


# A child process that writes a file over an old one. Every call to the system on the way is counted; the process kills
# itself before the n-th, and in a write when half of the bytes are written: at all the moments at which it can be caught.
KILLED = """
import builtins, os, signal, sys
from numpynet import files

left = int(sys.argv[2])

def die_at_zero():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(function):
    def call(*arguments, **options):
        die_at_zero()
        return function(*arguments, **options)
    return call

class File:
    def __init__(self, *arguments):
        self.file = open(*arguments, buffering=0)
    def __enter__(self):
        return self
    def __exit__(self, *error):
        die_at_zero()
        self.file.close()
    def write(self, content):
        for part in (content[:len(content) // 2], content[len(content) // 2:]):
            die_at_zero()
            self.file.write(part)
    def flush(self):
        pass
    def fileno(self):
        return self.file.fileno()

files.open = counted(File)
for name in ["fsync", "replace", "open", "close", "listdir"]:
    setattr(os, name, counted(getattr(os, name)))
files.write_whole(sys.argv[1], b"the new content " * 1000)
"""


@POSIX
def test_killed_at_any_call_on_the_way_it_leaves_the_old_file_or_the_new_one_whole(tmp_path):
    path, old, new = tmp_path / "file", b"the old content", b"the new content " * 1000
    seen = []
    for calls in range(100):
        path.write_bytes(old)
        command = [sys.executable, "-c", KILLED, path, str(calls)]
        code = subprocess.run(command, env={**os.environ, "PYTHONPATH": ROOT}, check=False).returncode
        seen.append(path.read_bytes())
        assert seen[-1] in (old, new)
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert len(seen) > 8
    assert seen == sorted(seen, reverse=True)  # "the old" first, then "the new": never back
    assert seen[-1] == new
    write_whole(path, old)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]  # the leftovers are gone with the next write


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, to kill a process in a system call")
def test_killed_by_the_kernel_at_every_write_fsync_and_rename_it_leaves_a_whole_checkpoint(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "import numpy as np\n"
        "from numpynet import SGD, models, save_checkpoint\n"
        "rng = np.random.default_rng(int(sys.argv[2]))\n"
        "net = models.softmax_regression(rng=rng)\n"
        "save_checkpoint(sys.argv[1], net, SGD(net.parameters(), lr=0.1), rng=rng, epoch=1, step=2)\n"
    )
    path = tmp_path / "folder" / "checkpoint.npz"
    path.parent.mkdir()
    environment = {**os.environ, "PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}

    def save(seed, *strace):
        command = [*strace, sys.executable, program, path, str(seed)]
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    assert save(1) == 0
    old = path.read_bytes()
    assert save(2) == 0
    new = path.read_bytes()
    kills = 0
    for call in ["write", "fsync", "rename"]:
        for when in range(1, 100):
            path.write_bytes(old)
            inject = f"inject={call}:signal=KILL:when={when}"
            code = save(2, "strace", "-f", "-qq", "-o", tmp_path / "trace", "-e", f"trace={call}", "-e", inject)
            assert path.read_bytes() in (old, new)
            if code == 0:
                break
            kills += 1
    assert kills >= 4  # a write, two fsyncs and a rename at least
    assert save(2) == 0
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.npz"]
