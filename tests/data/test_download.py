"""The downloader, against a server on this machine that misbehaves in every way that servers do."""

import os
import socket
import stat
import sys
import time

import pytest

from numpynet import DownloadError, load_fashion_mnist
from numpynet.cli.main import main
from numpynet.data import download, fashion_mnist_files
from tests.helpers.fashion_mnist import assert_loaded, put
from tests.helpers.mirror import ALL_NAMES, MISBEHAVIOUR, NAMES, PATIENCE, TOO_SLOW, names_in, raw
from tests.helpers.slow import slow_where

pytest.importorskip("pooch", reason="needs pooch: pip install pooch tqdm")


def test_killed_downloads_folders_are_removed_after_a_day(server, tmp_path):
    server.use("good")
    for name, age in {".download-old": 90_000, ".download-new": 60, "other": 90_000}.items():
        (raw(tmp_path) / name).mkdir(parents=True)
        (raw(tmp_path) / name / "file").write_bytes(b"part")
        os.utime(raw(tmp_path) / name, times=(0, time.time() - age))
    load_fashion_mnist(tmp_path, download=True)
    assert set(names_in(raw(tmp_path))) - set(ALL_NAMES) == {".download-new", "other"}


@pytest.mark.parametrize("manner", ["good", "no_length", "redirected"])
def test_a_download_leaves_all_four_files_in_both_forms(server, small, manner, tmp_path):
    arrays, contents = small
    server.use(manner)
    assert_loaded(load_fashion_mnist(tmp_path, download=True), arrays)
    assert names_in(raw(tmp_path)) == ALL_NAMES
    for name in ALL_NAMES:
        assert (raw(tmp_path) / name).read_bytes() == contents[name]
    assert_loaded(load_fashion_mnist(tmp_path), arrays)


@pytest.mark.parametrize("manner", slow_where(lambda _, manner: manner in TOO_SLOW, MISBEHAVIOUR))
def test_what_a_misbehaving_mirror_sends_is_never_kept(server, small, manner, tmp_path):
    server.use(manner)
    start = time.monotonic()
    with pytest.raises(DownloadError, match=MISBEHAVIOUR[manner]) as caught:
        load_fashion_mnist(tmp_path, download=True)
    assert time.monotonic() - start < PATIENCE
    assert f"/{manner}/{NAMES[0]}: " in str(caught.value)
    assert names_in(raw(tmp_path)) == []
    assert server.sent < 64 << 20

    server.use(manner, "good")
    assert_loaded(load_fashion_mnist(tmp_path, download=True), small[0])
    asked = [path.split("/")[1] for path in server.requests]
    assert asked.count("good") == 4
    assert asked[-3:] == ["good"] * 3  # the one that gave the first file is asked first for the others


def test_when_every_mirror_fails_the_error_has_each_reason(server, tmp_path):
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


def test_only_what_is_missing_or_wrong_is_fetched(server, small, tmp_path):
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


def test_without_a_root_the_environment_or_the_cache_is_used(server, small, tmp_path, monkeypatch):
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


def test_the_command_downloads_or_exits_3(server, tmp_path, capsys):
    server.use("unavailable")
    assert main(["data", "--download", "--root", str(tmp_path)]) == 3
    _, errors = capsys.readouterr()
    assert errors.startswith("numpynet: download_fashion_mnist: no mirror provided")
    assert errors.count("\n") == 1
    server.use("good")
    assert main(["data", "--download", "--root", str(tmp_path)]) == 0
    assert f"a correct copy is in {raw(tmp_path)}" in capsys.readouterr().out
    assert main(["data", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("verified") == 8
