"""The IDX reader: what it reads and what it refuses."""

import bz2
import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from numpynet.data import DataError, read_idx
from numpynet.data.idx import idx_header
from tests.helpers.idx import idx
from tests.helpers.slow import slow_after


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
    "packed, cut off": (gzip.compress(idx(ARRAY))[:-9], "truncated: the compressed data ends too early"),
    "packed, checksum cut off": (gzip.compress(idx(ARRAY))[:-1], "truncated: the compressed data ends too early"),
    "packed, checksum wrong": (gzip.compress(idx(ARRAY))[:-8] + b"\1\2\3\4" + gzip.compress(idx(ARRAY))[-4:], "damaged: .*incorrect data check"),
    "packed, not deflate": (gzip.compress(idx(ARRAY))[:10] + b"\xff" * 20, "damaged"),
    "packed, another member": (gzip.compress(idx(ARRAY)) + gzip.compress(b"more"), "extra data after the end of the compressed data"),
    "packed, an empty member": (gzip.compress(idx(ARRAY)) + gzip.compress(b""), "extra data after the end of the compressed data"),
    "packed, zeros after it": (gzip.compress(idx(ARRAY)) + bytes(5), "extra data after the end of the compressed data"),
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


@pytest.mark.parametrize(("count", "megabytes"), slow_after(1, [(5, 64), (1 << 30, 1024)]))
def test_a_decompression_bomb_is_refused_without_unpacking_it(count, megabytes, tmp_path):
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
def test_a_file_may_be_read_in_pieces_of_any_size(piece, tmp_path, monkeypatch):
    monkeypatch.setattr("numpynet.data.idx._PIECE", piece)
    path = tmp_path / "file"
    for content in (idx(ARRAY), gzip.compress(idx(ARRAY))):
        path.write_bytes(content)
        np.testing.assert_array_equal(read_idx(path), ARRAY)
        path.write_bytes(content + b"\0")
        with pytest.raises(DataError, match="more data than the 60 bytes|extra data after"):
            read_idx(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_huge_file_is_read_no_further_than_its_header_says(pack, tmp_path):
    path = tmp_path / "huge"
    with open(path, "wb") as file:
        file.write(pack(idx(ARRAY)))
        file.truncate(4 << 30)  # zeros that take no room on the disk
    tracemalloc.start()
    with pytest.raises(DataError, match="more data than the 60 bytes|extra data after"):
        read_idx(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
