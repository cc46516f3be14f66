"""Files written whole: whatever goes wrong, and whenever the process is killed, the old content is there or the new."""

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from numpynet.storage.atomic import write_atomic
from tests.helpers.command import POSIX, ROOT


def test_writing_leaves_exactly_the_named_file_with_its_content(tmp_path):
    for name in ["model", "model.npz", "model.bin"]:
        for content in [b"first", b"a second, longer one", b""]:
            write_atomic(tmp_path / name, content)
            assert (tmp_path / name).read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model.bin", "model.npz"]


def test_a_relative_path_and_a_string_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomic("file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


@POSIX
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_files_mode_follows_the_umask(umask, mode, tmp_path):
    previous = os.umask(umask)
    try:
        write_atomic(tmp_path / "file", b"content")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_error_reaches_the_caller_and_leaves_the_old_file(call, number, tmp_path, monkeypatch):
    write_atomic(tmp_path / "file", b"old")

    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        write_atomic(tmp_path / "file", b"new")
    assert caught.value.errno == number
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@POSIX
def test_a_file_size_limit_is_an_error_and_leaves_the_old_file(tmp_path):
    write_atomic(tmp_path / "file", b"old")
    program = (
        "import errno, resource, sys\n"
        "from numpynet.storage.atomic import write_atomic\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))\n"
        "try:\n"
        "    write_atomic(sys.argv[1], bytes(1 << 20))\n"
        "except OSError as error:\n"
        "    sys.exit(0 if error.errno == errno.EFBIG else 1)\n"
        "sys.exit(2)\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, tmp_path / "file"], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_error_after_the_new_file_is_in_its_place_is_none(tmp_path, monkeypatch):
    """The folder's own fsync comes last, and some file systems have none for folders."""
    write_atomic(tmp_path / "file", b"old")
    fsync, calls = os.fsync, []

    def fail_the_second_time(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_the_second_time)
    write_atomic(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_an_error_while_tidying_up_does_not_hide_the_first_one(tmp_path, monkeypatch):
    def fail(*arguments):
        raise PermissionError(errno.EPERM, "not this one")

    monkeypatch.setattr(os, "unlink", fail)
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match=r"file") as caught:  # IsADirectoryError, on Windows PermissionError
        write_atomic(tmp_path / "file", b"new")
    assert "not this one" not in str(caught.value)


@pytest.mark.parametrize("path", ["", "folder/", b"folder/"])
def test_a_path_without_a_files_name_is_refused_in_words(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="write_atomic: path must end in a file name, got '(folder/)?'"):
        write_atomic(path, b"content")
    assert not list((tmp_path / "folder").iterdir())


def test_a_path_of_bytes_will_do(tmp_path):
    write_atomic(os.fsencode(tmp_path / "file"), b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@POSIX
def test_dot_dot_in_a_path_follows_links_as_the_system_does(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    write_atomic(tmp_path / "link" / ".." / "file", b"content")
    assert (tmp_path / "a" / "file").read_bytes() == b"content"


def test_threads_writing_to_one_path_leave_one_content_whole(tmp_path):
    contents = [bytes([i]) * (1 << 16) for i in range(4)]

    def write_often(content):
        for _ in range(25):
            write_atomic(tmp_path / "file", content)
            assert (tmp_path / "file").read_bytes() in contents

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_often, contents))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


LEFTOVER = ".file.0123456789abcdef.part"


@POSIX
def test_only_leftovers_of_dead_processes_are_removed(tmp_path):
    being_written = ".file.aaaaaaaaaaaaaaaa.part"
    kept = [being_written, LEFTOVER.replace("file", "other"), ".file.part", ".file.x.part", LEFTOVER[1:]]
    for name in [LEFTOVER, *kept]:
        (tmp_path / name).write_bytes(b"half")
    hold = "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    command = [sys.executable, "-c", hold, tmp_path / being_written]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        write_atomic(tmp_path / "file", b"content")
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["file", *kept])
        other.kill()
    write_atomic(tmp_path / "file", b"content")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["file", *kept[1:]])


@POSIX
def test_a_new_file_removed_as_a_leftover_is_made_again(tmp_path, monkeypatch):
    import fcntl

    flock, taken = fcntl.flock, []

    def too_late(file, flags):
        if not taken:
            taken.extend(tmp_path.iterdir())
            taken[0].unlink()
        flock(file, flags)

    monkeypatch.setattr(fcntl, "flock", too_late)
    write_atomic(tmp_path / "file", b"content")
    assert len(taken) == 1
    assert (tmp_path / "file").read_bytes() == b"content"


@POSIX
def test_leftovers_that_cannot_be_removed_do_not_prevent_saving(tmp_path, monkeypatch):
    (tmp_path / LEFTOVER).mkdir()
    write_atomic(tmp_path / "file", b"beside a folder")
    (tmp_path / LEFTOVER).rmdir()
    (tmp_path / LEFTOVER).write_bytes(b"half")

    def fail(*arguments):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    for call in ["unlink", "listdir"]:  # another user's file in a folder for all; a folder that may not be listed
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            write_atomic(tmp_path / "file", call.encode())
        assert (tmp_path / "file").read_bytes() == call.encode()


@POSIX
def test_a_file_system_without_locks_will_do(tmp_path, monkeypatch):
    import fcntl

    def fail(*arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", fail)
    (tmp_path / LEFTOVER).write_bytes(b"half, or being written: nobody can tell")
    write_atomic(tmp_path / "file", b"content")
    assert sorted(path.name for path in tmp_path.iterdir()) == [LEFTOVER, "file"]


@POSIX
def test_a_link_planted_under_the_new_files_name_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "victim").write_bytes(b"mine")
    for name in [f".file.{os.getpid()}.part", LEFTOVER]:
        (tmp_path / name).symlink_to(tmp_path / "victim")
    write_atomic(tmp_path / "file", b"content")
    monkeypatch.setattr(os, "urandom", lambda size: bytes.fromhex("0123456789abcdef"))  # the name, if it were known
    with pytest.raises(FileExistsError):
        write_atomic(tmp_path / "file", b"content")
    assert (tmp_path / "victim").read_bytes() == b"mine"


# A child process that writes a file over an old one. Every call to the system on the way is counted; the process kills
# itself before the n-th, and in a write when half of the bytes are written: at all the moments at which it can be caught.
KILLED = """
import builtins, os, signal, sys
from numpynet.storage import atomic

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

atomic.open = counted(File)
for name in ["fsync", "replace", "open", "close", "listdir", "unlink"]:
    setattr(os, name, counted(getattr(os, name)))
atomic.fcntl.flock = counted(atomic.fcntl.flock)
atomic.write_atomic(sys.argv[1], b"the new content " * 1000)
"""


@POSIX
@pytest.mark.slow
def test_killed_at_any_call_it_leaves_the_old_or_the_new_file(tmp_path):
    path, old, new = tmp_path / "file", b"the old content", b"the new content " * 1000
    seen = []
    for calls in range(100):
        path.write_bytes(old)
        command = [sys.executable, "-c", KILLED, path, str(calls)]
        code = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode
        seen.append(path.read_bytes())
        assert seen[-1] in (old, new)
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert len(seen) > 8
    assert seen == sorted(seen, reverse=True)  # "the old" first, then "the new": never back
    assert seen[-1] == new
    write_atomic(path, old)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]  # the leftovers are gone with the next write


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, to kill a process in a system call")
def test_killed_by_the_kernel_it_leaves_a_whole_checkpoint(tmp_path):
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
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}

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


def test_an_error_names_the_file_that_was_to_be_written(tmp_path):
    path = tmp_path / "missing" / "file"
    with pytest.raises(FileNotFoundError) as caught:
        write_atomic(path, b"new")
    assert caught.value.filename == str(path)
    assert str(caught.value).endswith(f"No such file or directory: '{path}'")
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="folder") as caught:
        write_atomic(tmp_path / "folder", b"new")
    assert ".part" not in str(caught.value)
