"""The downloader, against a server on this machine that misbehaves in every way that servers do."""

import gzip
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from numpynet import DownloadError, load_fashion_mnist
from numpynet.cli.main import main
from numpynet.data import download, fashion_mnist_files
from tests.test_fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST, assert_loaded, put

pytest.importorskip("pooch", reason="needs pooch: pip install pooch tqdm")

NAMES = [f"{file.name}.gz" for file in fashion_mnist_files.FILES]


class Handler(BaseHTTPRequestHandler):
    """Serves MANNER/NAME: the file called NAME, in that manner."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        manner, name = self.path.strip("/").split("/")
        self.server.requests.append(self.path)
        content = self.server.contents[name]
        getattr(self, manner)(content)

    def answer(self, content, *, status=200, length=None, kind="application/octet-stream"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def good(self, content):
        self.answer(content, length=len(content))

    def no_length(self, content):
        self.answer(content)

    def short(self, content):
        self.answer(content[:-7], length=len(content))

    def short_without_length(self, content):
        self.answer(content[:-7])

    def long(self, content):
        self.answer(content + b"more", length=len(content) + 4)

    def endless(self, content):
        self.answer(b"")
        self.endless_body()

    def endless_body(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                self.wfile.write(bytes(1 << 16))
                self.server.sent += 1 << 16
            except OSError:
                return

    def web_page(self, content):
        self.answer(b"<html>Please sign in</html>", length=27, kind="text/html")

    def forbidden(self, content):
        self.answer(content, status=403, length=len(content))

    def not_found(self, content):
        self.answer(content, status=404, length=len(content))

    def unavailable(self, content):
        self.answer(content, status=503, length=len(content))

    def redirected(self, content):
        self.send_response(302)
        self.send_header("Location", self.path.replace("redirected", "good"))
        self.end_headers()

    def redirect_loop(self, content):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def silent(self, content):
        self.server.released.wait(20)

    def silent_in_the_middle(self, content):
        self.answer(content[:10], length=len(content))
        self.wfile.flush()
        self.server.released.wait(20)

    def drip(self, content):
        self.answer(b"", length=len(content))
        for i in range(len(content)):
            try:
                self.wfile.write(content[i : i + 1])
            except OSError:
                return
            if self.server.released.wait(0.05):
                return

    def drip_of_the_header(self, content):
        self.connection.sendall(b"HTTP/1.0 200 OK\r\nX-Patience: ")
        self.slowly(b"x")

    def continue_for_ever(self, content):
        self.slowly(b"HTTP/1.1 100 Continue\r\n\r\n")

    def drip_of_a_chunk(self, content):
        self.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.slowly(b"0")

    def redirect_with_an_endless_body(self, content):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()
        self.endless_body()

    def redirect_that_drips(self, content):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()
        self.slowly(b"x")

    def slowly(self, piece):
        while not self.server.released.wait(0.05):
            try:
                self.connection.sendall(piece)
            except OSError:
                return

    def hangs_up(self, content):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset, not closed
        self.connection.close()

    def not_http(self, content):
        self.wfile.write(b"220 mail.example.com ESMTP\r\n")

    def wrong_bytes(self, content):
        self.answer(content[:50] + b"?" + content[51:], length=len(content))

    def packed_on_the_way(self, content):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(gzip.compress(content))


MISBEHAVIOUR = {
    "short": r"must have \d+ bytes, got \d+|IncompleteRead",
    "short_without_length": r"must have \d+ bytes, got \d+",
    "long": r"must have \d+ bytes, got more",
    "endless": r"must have \d+ bytes, got more",
    "web_page": r"must have \d+ bytes, got 27 \(text/html\)",
    "forbidden": "403",
    "not_found": "404",
    "unavailable": "503",
    "redirect_loop": "redirects",
    "silent": "timed out|too slow",
    "silent_in_the_middle": "timed out|too slow",
    "drip": r"too slow: \d+ of \d+ bytes in 1 s",
    "drip_of_the_header": "too slow: 0 of",
    "continue_for_ever": "too slow: 0 of",
    "drip_of_a_chunk": "too slow: 0 of",
    "redirect_with_an_endless_body": "redirects",
    "redirect_that_drips": "redirects",
    "hangs_up": "Connection",
    "not_http": "BadStatusLine",
    "wrong_bytes": "SHA256 hash .* does not match",
    "packed_on_the_way": r"must have \d+ bytes, got|does not match",
}


@pytest.fixture
def server(small, monkeypatch):
    """The server; its mirrors, by manner, are what the downloader asks, and what it was asked for is in requests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.contents, server.requests, server.released, server.sent = small[1], [], threading.Event(), 0
    server.daemon_threads = True

    def use(*manners):
        urls = tuple(f"http://127.0.0.1:{server.server_port}/{manner}/" for manner in manners)
        monkeypatch.setattr(download, "MIRRORS", urls)

    server.use = use
    monkeypatch.setattr(download, "TIMEOUT", 0.7)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


def raw(root):
    return root / "FashionMNIST" / "raw"


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_temporary_folders_of_killed_downloads_are_removed_when_they_are_a_day_old(server, tmp_path):
    server.use("good")
    for name, age in {".download-old": 90_000, ".download-new": 60, "other": 90_000}.items():
        (raw(tmp_path) / name).mkdir(parents=True)
        (raw(tmp_path) / name / "file").write_bytes(b"part")
        os.utime(raw(tmp_path) / name, times=(0, time.time() - age))
    load_fashion_mnist(tmp_path, download=True)
    assert set(names_in(raw(tmp_path))) - set(ALL_NAMES) == {".download-new", "other"}


ALL_NAMES = sorted([*NAMES, *(name.removesuffix(".gz") for name in NAMES)])


@pytest.mark.parametrize("manner", ["good", "no_length", "redirected"])
def test_a_download_leaves_all_four_files_packed_and_unpacked_and_nothing_else(server, small, manner, tmp_path):
    arrays, contents = small
    server.use(manner)
    assert_loaded(load_fashion_mnist(tmp_path, download=True), arrays)
    assert names_in(raw(tmp_path)) == ALL_NAMES
    for name in ALL_NAMES:
        assert (raw(tmp_path) / name).read_bytes() == contents[name]
    assert_loaded(load_fashion_mnist(tmp_path), arrays)


@pytest.mark.parametrize("manner", MISBEHAVIOUR)
def test_what_a_misbehaving_mirror_gives_is_never_kept_and_the_next_one_is_asked(server, small, manner, tmp_path):
    server.use(manner)
    start = time.monotonic()
    with pytest.raises(DownloadError, match=MISBEHAVIOUR[manner]) as caught:
        load_fashion_mnist(tmp_path, download=True)
    assert time.monotonic() - start < 8
    assert f"/{manner}/{NAMES[0]}: " in str(caught.value)
    assert names_in(raw(tmp_path)) == []
    assert server.sent < 64 << 20

    server.use(manner, "good")
    assert_loaded(load_fashion_mnist(tmp_path, download=True), small[0])
    asked = [path.split("/")[1] for path in server.requests]
    assert asked.count("good") == 4
    assert asked[-3:] == ["good"] * 3  # the one that gave the first file is asked first for the others


def test_when_every_mirror_fails_the_error_has_each_ones_reason_and_the_folder_for_the_files(server, tmp_path):
    server.use("not_found", "web_page", "wrong_bytes")
    with pytest.raises(DownloadError) as caught:
        load_fashion_mnist(tmp_path, download=True)
    message = str(caught.value)
    for manner, reason in {"not_found": "404", "web_page": "text/html", "wrong_bytes": "does not match"}.items():
        assert f"http://127.0.0.1:{server.server_port}/{manner}/{NAMES[0]}: " in message
        assert reason in message
    assert all(name in message for name in NAMES)
    assert f"can also be put into {raw(tmp_path)} by hand" in message


def test_no_server_at_all_is_a_download_error(small, tmp_path, monkeypatch):
    with socket.socket() as sleeper:
        sleeper.bind(("127.0.0.1", 0))  # bound, but not listening: whoever connects is refused
        monkeypatch.setattr(download, "MIRRORS", (f"http://127.0.0.1:{sleeper.getsockname()[1]}/",))
        with pytest.raises(DownloadError, match="refused"):
            load_fashion_mnist(tmp_path, download=True)


def test_with_a_right_copy_no_socket_is_opened(small, tmp_path, monkeypatch):
    def no_socket(*arguments):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    arrays, contents = small
    put(tmp_path, contents)
    assert_loaded(load_fashion_mnist(tmp_path, download=True), arrays)
    assert names_in(tmp_path) == NAMES_IN_ORDER


NAMES_IN_ORDER = sorted(NAMES)


def test_only_what_is_missing_or_wrong_is_fetched_and_what_is_packed_is_unpacked_here(server, small, tmp_path):
    arrays, contents = small
    put(raw(tmp_path), contents)
    (raw(tmp_path) / NAMES[1]).write_bytes(b"damaged")
    (raw(tmp_path) / NAMES[2]).unlink()
    server.use("good")
    assert_loaded(load_fashion_mnist(tmp_path, download=True), arrays)
    assert server.requests == [f"/good/{NAMES[1]}", f"/good/{NAMES[2]}"]
    assert names_in(raw(tmp_path)) == ALL_NAMES
    (raw(tmp_path) / NAMES[3]).unlink()  # but its unpacked form is there
    assert_loaded(load_fashion_mnist(tmp_path, download=True), arrays)
    assert len(server.requests) == 2


def test_without_a_root_it_downloads_into_the_cache_or_where_the_environment_says(server, small, tmp_path, monkeypatch):
    server.use("good")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fashion_mnist_files, "_user_cache", lambda: str(tmp_path / "cache"))
    monkeypatch.setattr(fashion_mnist_files, "_in_home", lambda *names: str(tmp_path.joinpath("home", *names)))
    load_fashion_mnist(download=True)
    assert names_in(raw(tmp_path / "cache")) == ALL_NAMES
    monkeypatch.setenv("NUMPYNET_DATA", str(tmp_path / "named"))
    load_fashion_mnist(download=True)
    assert names_in(raw(tmp_path / "named")) == ALL_NAMES


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file modes")
def test_the_mode_of_downloaded_files_follows_the_umask(server, tmp_path):
    server.use("good")
    before = os.umask(0o027)
    try:
        load_fashion_mnist(tmp_path, download=True)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in raw(tmp_path).iterdir()} == {0o640}


def test_a_full_disk_is_an_os_error_and_leaves_nothing(server, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    server.use("good")
    monkeypatch.setattr(download, "write_atomic", full)
    with pytest.raises(OSError, match="No space left") as caught:
        load_fashion_mnist(tmp_path, download=True)
    assert not isinstance(caught.value, DownloadError)
    assert names_in(raw(tmp_path)) == []


@pytest.mark.parametrize("package", ["pooch", "tqdm"])
def test_without_pooch_the_message_names_the_extra(small, package, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match='the extra "data": python3 -m pip install pooch tqdm'):
        load_fashion_mnist(tmp_path, download=True)
    assert main(["data", "--download", "--root", str(tmp_path)]) == 6
    assert 'the extra "data": python3 -m pip install pooch tqdm' in capsys.readouterr().err


def test_the_command_downloads_and_says_where_to_and_exits_3_where_it_cannot(server, tmp_path, capsys):
    server.use("unavailable")
    assert main(["data", "--download", "--root", str(tmp_path)]) == 3
    _, errors = capsys.readouterr()
    assert errors.startswith("numpynet: download_fashion_mnist: no mirror gave")
    assert errors.count("\n") == 1
    server.use("good")
    assert main(["data", "--download", "--root", str(tmp_path)]) == 0
    assert f"a right copy is in {raw(tmp_path)}" in capsys.readouterr().out
    assert main(["data", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("verified") == 8


# Real processes, with the real data.

CHILD = """
import sys
from numpynet import load_fashion_mnist
from numpynet.data import download
download.MIRRORS = (sys.argv[2],)
print(load_fashion_mnist(sys.argv[1], download=True).train.X.shape)
"""


@pytest.fixture
def real_server():
    """Serves Fashion-MNIST itself, in pieces with pauses between, so that there is time to be killed in."""

    class Slowly(Handler):
        def good(self, content):
            self.answer(b"", length=len(content))
            for start in range(0, len(content), 1 << 20):
                time.sleep(0.02)
                try:
                    self.wfile.write(content[start : start + (1 << 20)])
                except OSError:
                    return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slowly)
    server.requests, server.contents = [], {}
    for name in NAMES:
        path = Path(FASHION_MNIST, name)
        server.contents[name] = (
            path.read_bytes() if path.exists() else gzip.compress(path.with_suffix("").read_bytes(), 9)
        )
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/good/"
    server.shutdown()
    server.server_close()


def start(root, url):
    environment = {key: value for key, value in os.environ.items() if key != "NUMPYNET_DATA"}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", CHILD, str(root), url],
        cwd=Path(__file__).parent.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.parametrize("count", [2, 8])
def test_processes_that_download_at_once_all_succeed(real_server, count, tmp_path):
    processes = [start(tmp_path, real_server) for _ in range(count)]
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert output == "(60000, 28, 28)\n"
    assert names_in(raw(tmp_path)) == ALL_NAMES


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_killed_at_any_moment_it_leaves_no_file_that_is_not_right_and_the_next_run_just_works(real_server, tmp_path):
    moments = np.random.default_rng(0).uniform(0.1, 2.0, 8)
    for seconds in moments:
        process = start(tmp_path, real_server)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        for file in fashion_mnist_files.FILES:
            for path in fashion_mnist_files.forms_in(str(raw(tmp_path)), file):
                fashion_mnist_files.read_file(path, file)  # or it raises
    process = start(tmp_path, real_server)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert [name for name in names_in(raw(tmp_path)) if not name.startswith(".download-")] == ALL_NAMES


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
def test_torchvision_reads_what_was_downloaded(real_server, tmp_path, monkeypatch):
    datasets = pytest.importorskip("torchvision.datasets", reason="needs torchvision: pip install torch torchvision")
    monkeypatch.setattr(download, "MIRRORS", (real_server,))
    own = load_fashion_mnist(tmp_path, download=True)
    for split, train in zip(own[:2], (True, False), strict=True):
        other = datasets.FashionMNIST(tmp_path, train=train)
        np.testing.assert_array_equal(split.X, other.data.numpy())
        np.testing.assert_array_equal(split.y, other.targets.numpy())
