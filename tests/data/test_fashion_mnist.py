"""Fashion-MNIST: which copies the loader accepts and which it refuses, mostly on a small stand-in."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from numpynet import load_fashion_mnist
from numpynet.data import ChecksumError, DataError, fashion_mnist_files
from numpynet.data.fashion_mnist import load_copy
from tests.helpers.fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST, assert_loaded, put
from tests.helpers.idx import idx


@pytest.mark.parametrize("suffix", [".gz", ""])
@pytest.mark.parametrize("below", ["", "FashionMNIST/raw"])
def test_a_copy_is_found_in_the_root_given(small, suffix, below, tmp_path):
    arrays, contents = small
    put(tmp_path / below, contents, suffix)
    assert_loaded(load_fashion_mnist(tmp_path), arrays)


@pytest.mark.parametrize(
    "place", ["data", "../data", "home/.keras/datasets/fashion-mnist", "home/.cache/numpynet", "data/FashionMNIST/raw"]
)
def test_a_copy_is_found_in_the_usual_places(small, place, tmp_path, monkeypatch):
    arrays, contents = small
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(work / "home"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with pytest.raises(DataError, match="missing: none of its files"):
        load_fashion_mnist()
    put(work / place, contents)
    assert_loaded(load_fashion_mnist(), arrays)


def test_a_root_overrides_the_environment_and_that_all_else(small, tmp_path, monkeypatch):
    arrays, contents = small
    put(tmp_path / "data", contents)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NUMPYNET_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match="elsewhere"):
        load_fashion_mnist()
    assert_loaded(load_fashion_mnist(tmp_path / "data"), arrays)
    monkeypatch.setenv("NUMPYNET_DATA", str(tmp_path / "data"))
    assert_loaded(load_fashion_mnist(), arrays)


def change(content, at=20):
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def reversed_idx(packed):
    content = gzip.decompress(packed)
    array = np.frombuffer(content, np.uint8, offset=16).reshape(60, 4, 4)
    return content[:16] + array[::-1].tobytes()


def other(seed=7, shape=(60, 4, 4)):
    return idx(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


WRONG = {
    "one file missing": (".gz", lambda c: None, DataError, "train-images-idx3-ubyte.gz: missing"),
    "truncated": (".gz", lambda c: c[:100], DataError, r"train-images-idx3-ubyte.gz: truncated at byte 100 of \d+"),
    "truncated by a byte": (".gz", lambda c: c[:-1], DataError, r"truncated at byte \d+ of \d+"),
    "unpacked, truncated": ("", lambda c: c[:100], DataError, "train-images-idx3-ubyte: truncated at byte 100 of 976"),
    "empty": (".gz", lambda c: b"", DataError, "truncated at byte 0 of"),
    "a byte changed": (".gz", lambda c: change(c, 50), ChecksumError, "changed .*: SHA-256 must be [0-9a-f]{64}, got [0-9a-f]{64}"),
    "unpacked, a byte changed": ("", lambda c: change(c, 50), ChecksumError, "changed .*: SHA-256 must be [0-9a-f]{64}, got [0-9a-f]{64}"),
    "a byte more": (".gz", lambda c: c + b"\0", ChecksumError, r"changed \(extra data after the end of the compressed data\): SHA-256"),
    "unpacked, a byte more": ("", lambda c: c + b"\0", ChecksumError, r"changed \(more data than the 960 bytes"),
    "a second member": (".gz", lambda c: c + gzip.compress(b""), ChecksumError, "extra data after"),
    "a web page of the right length": (".gz", lambda c: b"<html>".ljust(len(c)), ChecksumError, r"changed \(an IDX file of bytes must start with"),
    "MNIST": (".gz", lambda c: gzip.compress(reversed_idx(c)), ChecksumError, "this is MNIST, not Fashion-MNIST"),
    "unpacked, MNIST": ("", lambda c: reversed_idx(gzip.compress(c)), ChecksumError, "this is MNIST, not Fashion-MNIST"),
    "another data set": (".gz", lambda c: gzip.compress(other(), mtime=0), ChecksumError,
                         r"complete, but with different numbers, like MNIST or a modified copy\): SHA-256"),
    "another data set, smaller when packed": (".gz", lambda c: gzip.compress(idx(np.ones((60, 4, 4), np.uint8))),
        ChecksumError, "complete, but with different numbers"),
    "another data set, of another shape": ("", lambda c: other(shape=(50, 4, 4)), ChecksumError, r"shape must be \(60, 4, 4\), got \(50, 4, 4\)"),
    "much too long": ("", lambda c: c + bytes(10_000), ChecksumError, "changed"),
}  # fmt: skip


def test_labels_above_9_are_refused(small, tmp_path):
    _, contents = small
    put(tmp_path, contents, "")
    path = tmp_path / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + bytes([10]))
    with pytest.raises(ChecksumError, match="t10k-labels-idx1-ubyte: changed"):
        load_fashion_mnist(tmp_path)


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_copy_is_refused_naming_the_file_and_the_fault(small, case, tmp_path):
    suffix, damage, kind, message = WRONG[case]
    _, contents = small
    put(tmp_path, contents, suffix)
    path = tmp_path / f"train-images-idx3-ubyte{suffix}"
    content = damage(path.read_bytes())
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(kind, match=message) as caught:
        load_fashion_mnist(tmp_path)
    assert path.name in str(caught.value)


def test_swapped_files_are_refused(small, tmp_path):
    _, contents = small
    put(tmp_path, contents)
    train, test = tmp_path / "train-labels-idx1-ubyte.gz", tmp_path / "t10k-labels-idx1-ubyte.gz"
    train_content, test_content = train.read_bytes(), test.read_bytes()
    train.write_bytes(test_content)
    test.write_bytes(train_content)
    with pytest.raises(DataError, match="train-labels"):
        load_fashion_mnist(tmp_path)


def test_a_form_that_is_right_is_read_where_the_other_is_not(small, tmp_path):
    arrays, contents = small
    put(tmp_path, contents, "")
    put(tmp_path, {name: content[:30] for name, content in contents.items() if name.endswith(".gz")})
    assert_loaded(load_fashion_mnist(tmp_path), arrays)
    put(tmp_path, contents)
    put(tmp_path, {name: content[:30] for name, content in contents.items() if not name.endswith(".gz")}, "")
    assert_loaded(load_fashion_mnist(tmp_path), arrays)


def test_files_packed_anew_are_right_if_what_they_hold_is(small, tmp_path):
    arrays, contents = small
    put(tmp_path, {f"{name}.gz": gzip.compress(contents[name], 1, mtime=99) for name in contents if name[-3:] != ".gz"})
    assert_loaded(load_fashion_mnist(tmp_path), arrays)


def test_a_damaged_copy_is_passed_over_for_a_right_one(small, tmp_path, monkeypatch):
    arrays, contents = small
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "data", {name: content[:30] for name, content in contents.items()})
    with pytest.raises(DataError, match="data.train-images-idx3-ubyte.gz: truncated at byte 30"):
        load_fashion_mnist()
    put(tmp_path / "data/FashionMNIST/raw", contents)
    assert_loaded(load_fashion_mnist(), arrays)
    assert load_copy()[1] == os.path.join("data", "FashionMNIST", "raw")


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
def test_fashion_mnist_itself_loads():
    data = load_fashion_mnist()
    assert data.train.X.shape == (60000, 28, 28)
    assert data.test.X.shape == (10000, 28, 28)
    np.testing.assert_array_equal(np.bincount(data.train.y), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(data.test.y), [1000] * 10)
    assert data.train.X.mean() / 255 == pytest.approx(0.2860, abs=1e-4)  # the published mean
    assert len(data.class_names) == 10


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
def test_fashion_mnist_truncated_is_told_from_changed(tmp_path):
    folder = Path(FASHION_MNIST)
    for file in fashion_mnist_files.FILES:
        os.symlink((folder / f"{file.name}.gz").resolve(), tmp_path / f"{file.name}.gz")
    assert load_fashion_mnist(tmp_path).test.y.shape == (10000,)
    victim = tmp_path / "train-images-idx3-ubyte.gz"
    content = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(content[:1_000_000])
    with pytest.raises(DataError, match="truncated at byte 1000000 of 26421880"):
        load_fashion_mnist(tmp_path)
    victim.write_bytes(change(content, 5_000_000))
    with pytest.raises(ChecksumError, match="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"):
        load_fashion_mnist(tmp_path)


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    folders = fashion_mnist_files.fashion_mnist_folders
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("NUMPYNET_DATA", "~/here")
    assert folders()[0] == os.path.join(str(tmp_path), "here")
    assert folders("~/there")[0] == os.path.join(str(tmp_path), "there")
    monkeypatch.delenv("NUMPYNET_DATA")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user without a home
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    assert not any(folder.startswith("~") for folder in folders())
