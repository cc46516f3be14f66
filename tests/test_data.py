"""Minibatches, made-up regression data and the IDX reader: what they give and what they refuse."""

import bz2
import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpynet import minibatches, synthetic_regression
from numpynet.data import DataError, read_idx
from numpynet.data.idx import idx_header

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


def test_the_header_of_an_array_is_as_the_format_says():
    assert idx_header((5, 3, 4)) == bytes([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 4])


ARRAY = np.random.default_rng(5).integers(0, 256, (5, 3, 4), dtype=np.uint8)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("array", [ARRAY, ARRAY[:, 0, 0].copy(), ARRAY[:0]])
def test_idx_files_are_read_packed_or_not(pack, array, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(pack(idx(array)))
    result = read_idx(path)
    assert result.dtype == np.uint8
    assert result.flags.writeable
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
    "nothing, but of absurd axes": (idx_header((0, 2**32 - 1, 2**32 - 1, 2**32 - 1)), "fewer axes or shorter ones"),
    "packed, nothing, but of absurd axes": (gzip.compress(idx_header((0, 2**32 - 1, 2**32 - 1, 2**32 - 1))), "fewer axes or shorter ones"),
    "packed, cut off": (gzip.compress(idx(ARRAY))[:-9], "truncated: the packed data end too soon"),
    "packed, checksum cut off": (gzip.compress(idx(ARRAY))[:-1], "truncated: the packed data end too soon"),
    "packed, checksum wrong": (gzip.compress(idx(ARRAY))[:-8] + b"\1\2\3\4" + gzip.compress(idx(ARRAY))[-4:], "damaged: .*incorrect data check"),
    "packed, not deflate": (gzip.compress(idx(ARRAY))[:10] + b"\xff" * 20, "damaged"),
    "packed, another member": (gzip.compress(idx(ARRAY)) + gzip.compress(b"more"), "something comes after the end of the packed data"),
    "packed, an empty member": (gzip.compress(idx(ARRAY)) + gzip.compress(b""), "something comes after the end of the packed data"),
    "packed, zeros after it": (gzip.compress(idx(ARRAY)) + bytes(5), "something comes after the end of the packed data"),
    "packed, length wrong": (gzip.compress(idx(ARRAY))[:-4] + bytes(4), "damaged: .*length"),
    "packed, data too long": (gzip.compress(idx(ARRAY) + b"\0"), "more data than the 60 bytes"),
    "bzip2": (bz2.compress(idx(ARRAY)), "must start with 00 00 08, got 42 5a 68"),
    "no axis": (b"\0\0\x08\0\7", "1 to 8 axes, got 0"),
    "many axes": (b"\0\0\x08\xff" + bytes(4 * 255), "1 to 8 axes, got 255"),
    "a count too small": (idx_header((4, 3, 4)) + ARRAY.tobytes(), "more data than the 48 bytes"),
    "a count too large": (idx_header((6, 3, 4)) + ARRAY.tobytes(), "truncated"),
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


@pytest.mark.parametrize(("count", "megabytes"), [(5, 64), (1 << 30, 1024)])
def test_what_unpacks_to_a_thousand_times_its_size_is_refused_without_unpacking_it(count, megabytes, tmp_path):
    """Whether its header announces a few bytes, or all of them: a megabyte for a gigabyte."""
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(idx_header((count,)))
        for _ in range(megabytes):
            file.write(bytes(1 << 20))
    assert path.stat().st_size < 1100 * megabytes
    tracemalloc.start()
    with pytest.raises(DataError, match="more data than the 5 bytes|more than the file can hold"):
        read_idx(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("piece", range(1, 90))
def test_it_does_not_matter_where_the_pieces_end_that_a_file_is_read_in(piece, tmp_path, monkeypatch):
    monkeypatch.setattr("numpynet.data.idx._PIECE", piece)
    path = tmp_path / "file"
    for content in (idx(ARRAY), gzip.compress(idx(ARRAY))):
        path.write_bytes(content)
        np.testing.assert_array_equal(read_idx(path), ARRAY)
        path.write_bytes(content + b"\0")
        with pytest.raises(DataError, match="more data than the 60 bytes|something comes after"):
            read_idx(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_huge_file_is_not_read_further_than_its_header_announces(pack, tmp_path):
    path = tmp_path / "huge"
    with open(path, "wb") as file:
        file.write(pack(idx(ARRAY)))
        file.truncate(4 << 30)  # zeros that take no room on the disk
    tracemalloc.start()
    with pytest.raises(DataError, match="more data than the 60 bytes|something comes after"):
        read_idx(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
