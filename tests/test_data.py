"""Minibatches, made-up regression data, the IDX reader and the Fashion-MNIST loader: what they give and what they refuse."""

import gzip
import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpynet import load_fashion_mnist, minibatches, synthetic_regression
from numpynet.data import ChecksumError, DataError, fashion_mnist, read_idx

NEEDS_FASHION_MNIST = "needs a copy of Fashion-MNIST: set NUMPYNET_DATA to its folder"

# Minibatches.


@given(st.integers(0, 40), st.integers(1, 12), st.booleans())
def test_batches_hold_every_example_once_with_its_own_label_and_only_the_last_is_short(n, batch_size, shuffled):
    X, y = np.arange(n, dtype=np.float64)[:, None], np.arange(n)
    batches = list(minibatches(X, y, batch_size, rng=np.random.default_rng(0) if shuffled else None))
    assert [len(batch_y) for _, batch_y in batches] == [batch_size] * (n // batch_size) + [n % batch_size] * (
        n % batch_size > 0
    )
    for batch_X, batch_y in batches:
        np.testing.assert_array_equal(batch_X[:, 0], batch_y)
    assert sorted(np.concatenate([[], *(batch_y for _, batch_y in batches)])) == list(range(n))


def test_order_is_the_rngs_and_every_epochs_another():
    X = y = np.arange(100)
    rng, same = np.random.default_rng(1), np.random.default_rng(1)
    epochs = [[batch_y.tolist() for _, batch_y in minibatches(X, y, 10, rng=r)] for r in (rng, rng, same)]
    assert epochs[0] == epochs[2]
    assert epochs[0] != epochs[1]
    # Examples are shuffled, not just batches: a batch holds strangers.
    assert sorted(epochs[0][0]) != list(range(min(epochs[0][0]), min(epochs[0][0]) + 10))


def test_without_rng_the_order_is_kept():
    X = y = np.arange(25)
    assert [batch_y.tolist() for _, batch_y in minibatches(X, y, 10)] == [
        list(range(10)),
        list(range(10, 20)),
        list(range(20, 25)),
    ]


@pytest.mark.parametrize("rng", [None, np.random.default_rng(2)])
def test_uint8_images_come_out_as_exactly_x_over_255_in_float32(rng):
    X = np.arange(256, dtype=np.uint8).reshape(64, 2, 2)
    out = [(batch_X, batch_y) for batch_X, batch_y in minibatches(X, np.arange(64), 10, rng=rng)]
    for batch_X, batch_y in out:
        assert batch_X.dtype == np.float32
        np.testing.assert_array_equal(batch_X, (X[batch_y] / 255).astype(np.float32))
    assert X.dtype == np.uint8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_come_out_as_they_are(dtype):
    X = np.linspace(-300, 300, 12, dtype=dtype).reshape(6, 2)
    ((batch, _),) = minibatches(X, np.arange(6), 6)
    assert batch.dtype == dtype
    np.testing.assert_array_equal(batch, X)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((0,), ValueError, "minibatches: batch_size must be at least 1, got 0"),
        ((-1,), ValueError, "minibatches: batch_size must be at least 1, got -1"),
        ((1.5,), TypeError, "minibatches: batch_size must be a whole number, got 1.5"),
        ((True,), TypeError, "minibatches: batch_size must be a whole number, got True"),
    ],
)
def test_impossible_batch_sizes_are_refused_at_the_call(arguments, kind, message):
    with pytest.raises(kind, match=message):
        minibatches(np.ones((4, 2)), np.ones(4), *arguments)


def test_data_of_two_lengths_and_seeds_for_generators_are_refused_at_the_call():
    with pytest.raises(ValueError, match="minibatches: X and y must have the same length, got 4 and 3"):
        minibatches(np.ones((4, 2)), np.ones(3), 2)
    with pytest.raises(TypeError, match="minibatches: rng must be a generator"):
        minibatches(np.ones((4, 2)), np.ones(4), 2, rng=0)


# Synthetic data.


def test_synthetic_data_lie_on_the_plane_up_to_the_noise():
    X, y = synthetic_regression([2.0, -3.4], 4.2, 2000, rng=np.random.default_rng(3), noise=0.5, dtype=np.float64)
    residual = y - (X @ [[2.0], [-3.4]] + 4.2)
    assert y.shape == (2000, 1)
    assert residual.std() == pytest.approx(0.5, rel=0.05)
    X, y = synthetic_regression([1.0, 2.0, 3.0], -1.0, 10, rng=np.random.default_rng(3), noise=0, dtype=np.float64)
    np.testing.assert_allclose(y, X @ [[1.0], [2.0], [3.0]] - 1, rtol=0, atol=1e-14)


def test_synthetic_data_depend_on_the_rng_alone():
    first, same = (synthetic_regression(rng=np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first[0], same[0])
    np.testing.assert_array_equal(first[1], same[1])
    assert first[0].dtype == first[1].dtype == np.float32
    with pytest.raises(ValueError, match="num_examples must be at least 1"):
        synthetic_regression(num_examples=0, rng=np.random.default_rng(4))
    with pytest.raises(ValueError, match=r"w must have shape \(d,\) and b \(\), got \(2, 2\) and \(\)"):
        synthetic_regression([[1.0, 2.0], [3.0, 4.0]], rng=np.random.default_rng(4))
    with pytest.raises(TypeError, match="dtype must be float32 or float64"):
        synthetic_regression(rng=np.random.default_rng(4), dtype=int)


# IDX files.


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


ARRAY = np.random.default_rng(5).integers(0, 256, (5, 3, 4), dtype=np.uint8)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("array", [ARRAY, ARRAY[:, 0, 0].copy(), ARRAY[:0]])
def test_idx_files_are_read_packed_or_not(pack, array, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(pack(idx(array)))
    result = read_idx(path)
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, array)


DAMAGED = {
    "empty": (b"", "truncated"),
    "text": (b"<html>Not found</html>", "must start with 00 00 08, got 3c 68 74"),
    "floats": (b"\0\0\x0d\1" + bytes(8), "must start with 00 00 08, got 00 00 0d"),
    "header cut off": (idx(ARRAY)[:10], "truncated: the file ends within its header"),
    "data cut off": (idx(ARRAY)[:-1], "truncated"),
    "data too long": (idx(ARRAY) + b"\0", "more data than the 60 bytes that the header announces"),
    "absurd count": (b"\0\0\x08\3" + struct.pack(">3I", 2**32 - 1, 28, 28), "truncated: the header announces 3367254359280 bytes"),
    "packed, absurd count": (gzip.compress(b"\0\0\x08\3" + struct.pack(">3I", 2**32 - 1, 28, 28)), "announces 3367254359280 bytes"),
    "packed, data cut off": (gzip.compress(idx(ARRAY)[:-1]), "truncated: 59 of the 60 bytes"),
    "packed, cut off": (gzip.compress(idx(ARRAY))[:-9], "truncated: the packed data end too soon"),
    "packed, checksum cut off": (gzip.compress(idx(ARRAY))[:-1], "truncated: the packed data end too soon"),
    "packed, checksum wrong": (gzip.compress(idx(ARRAY))[:-8] + b"\1\2\3\4" + gzip.compress(idx(ARRAY))[-4:], "damaged: CRC check failed"),
    "packed, not deflate": (gzip.compress(idx(ARRAY))[:10] + b"\xff" * 20, "damaged"),
    "packed, another member": (gzip.compress(idx(ARRAY)) + gzip.compress(b"more"), "more data than"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_idx_files_are_refused_in_words(case, tmp_path):
    content, message = DAMAGED[case]
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_idx_file_cut_off_anywhere_is_refused(pack, tmp_path):
    content = pack(idx(ARRAY))
    for length in range(len(content)):
        path = tmp_path / "cut"
        path.write_bytes(content[:length])
        with pytest.raises(DataError):
            read_idx(path)


def test_no_more_is_unpacked_than_the_header_announces(tmp_path):
    """A megabyte that unpacks to a gigabyte, behind a header that announces 60 bytes: refused after those 60."""
    import tracemalloc

    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(idx(ARRAY))
        for _ in range(64):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    with pytest.raises(DataError, match="more data than the 60 bytes"):
        read_idx(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


# Fashion-MNIST: the loader, on a small data set that stands in for it, with its own sizes and digests.


@pytest.fixture
def small(monkeypatch):
    """Four small files that the loader takes for Fashion-MNIST's, by name; both forms."""
    rng = np.random.default_rng(6)
    arrays = [
        rng.integers(0, 256, (60, 4, 4), dtype=np.uint8),
        rng.integers(0, 10, 60, dtype=np.uint8),
        rng.integers(0, 256, (10, 4, 4), dtype=np.uint8),
        rng.integers(0, 10, 10, dtype=np.uint8),
    ]
    files, contents = [], {}
    for file, array in zip(fashion_mnist.FILES, arrays, strict=True):
        unpacked, packed = idx(array), gzip.compress(idx(array), mtime=0)
        forms = {file.name: unpacked, file.name + ".gz": packed}
        contents |= forms
        sizes = [(len(form), hashlib.sha256(form).hexdigest()) for form in (packed, unpacked)]
        files.append(file._replace(shape=array.shape, packed=sizes[0], unpacked=sizes[1]))
    monkeypatch.setattr(fashion_mnist, "FILES", tuple(files))
    monkeypatch.delenv("NUMPYNET_DATA", raising=False)
    return arrays, contents


def put(folder, contents, suffix=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if name.endswith(".gz") == (suffix == ".gz"):
            (folder / name).write_bytes(content)


def assert_loaded(data, arrays):
    for loaded, array in zip([*data.train, *data.test], arrays, strict=True):
        assert loaded.dtype == np.uint8
        np.testing.assert_array_equal(loaded, array)


@pytest.mark.parametrize("suffix", [".gz", ""])
@pytest.mark.parametrize("below", ["", "FashionMNIST/raw"])
def test_a_copy_is_found_in_the_root_given_packed_or_not_in_torchvisions_folder_too(small, suffix, below, tmp_path):
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


def test_the_environment_names_the_only_place_looked_in_and_a_root_goes_before_it(small, tmp_path, monkeypatch):
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


def other(seed=7, shape=(60, 4, 4)):
    return idx(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


WRONG = {
    "one file missing": (".gz", lambda c: None, DataError, r"missing: .*train-images-idx3-ubyte.gz"),
    "truncated": (".gz", lambda c: c[:100], DataError, r"train-images-idx3-ubyte.gz is truncated: 100 of \d+ bytes"),
    "unpacked, truncated": ("", lambda c: c[:100], DataError, "train-images-idx3-ubyte is truncated: 100 of 976 bytes"),
    "empty": (".gz", lambda c: b"", DataError, "is truncated: 0 of"),
    "a byte changed": (".gz", lambda c: change(c, 50), ChecksumError, "is damaged: SHA-256 must be [0-9a-f]{64}, got [0-9a-f]{64}"),
    "a web page of the right length": (".gz", lambda c: b"<html>".ljust(len(c)), ChecksumError, "is damaged"),
    "another data set": (".gz", lambda c: gzip.compress(other(), mtime=0), DataError, r"another data set \(MNIST\?\)"),
    "another data set, smaller when packed": (".gz", lambda c: gzip.compress(idx(np.zeros((60, 4, 4), np.uint8))), DataError, r"another data set \(MNIST\?\)"),
    "unpacked, another data set": ("", lambda c: other(), ChecksumError, r"another data set \(MNIST\?\)"),
    "another data set, of another shape": ("", lambda c: other(shape=(50, 4, 4)), DataError, r"another data set: .*shape must be \(60, 4, 4\), got \(50, 4, 4\)"),
    "too long": ("", lambda c: c + b"\0", DataError, "must have 976 bytes, got more"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_copy_is_refused_saying_what_is_wrong_with_which_file(small, case, tmp_path):
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


@pytest.mark.skipif(fashion_mnist.find_fashion_mnist() is None, reason=NEEDS_FASHION_MNIST)
def test_fashion_mnist_itself_loads():
    data = load_fashion_mnist()
    assert data.train.X.shape == (60000, 28, 28)
    assert data.test.X.shape == (10000, 28, 28)
    np.testing.assert_array_equal(np.bincount(data.train.y), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(data.test.y), [1000] * 10)
    assert data.train.X.mean() / 255 == pytest.approx(0.2860, abs=1e-4)  # the published mean
    assert len(data.class_names) == 10


@pytest.mark.skipif(fashion_mnist.find_fashion_mnist() is None, reason=NEEDS_FASHION_MNIST)
def test_fashion_mnist_truncated_is_told_from_changed(tmp_path):
    folder = Path(fashion_mnist.find_fashion_mnist())
    for file in fashion_mnist.FILES:
        os.symlink((folder / f"{file.name}.gz").resolve(), tmp_path / f"{file.name}.gz")
    assert load_fashion_mnist(tmp_path).test.y.shape == (10000,)
    victim = tmp_path / "train-images-idx3-ubyte.gz"
    content = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(content[:1_000_000])
    with pytest.raises(DataError, match="is truncated: 1000000 of 26421880 bytes"):
        load_fashion_mnist(tmp_path)
    victim.write_bytes(change(content, 5_000_000))
    with pytest.raises(ChecksumError, match="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"):
        load_fashion_mnist(tmp_path)
