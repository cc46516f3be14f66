"""The IDX format of MNIST and Fashion-MNIST: two zero bytes, a type, the number of axes, each axis's length as four
bytes, then the numbers themselves; often compressed with gzip.
"""

from __future__ import annotations

import math
import os
import zlib
from typing import BinaryIO

import numpy as np

from numpynet.arguments import Array
from numpynet.data.dataset import DataError

_UNSIGNED_BYTE = 8
_MOST_AXES = 8
_PIECE = 1 << 20  # bytes
MAX_COMPRESSION = 50  # images compress about 5:1; more than this is a decompression bomb


class TruncatedError(DataError):
    """A file is shorter than it should be."""


def read_idx(path: str | os.PathLike[str]) -> Array:
    """The array in an IDX file of unsigned bytes, compressed with gzip or not.

    Shapes: as the file's header says. dtype: uint8. Cost: the file is read once, and needs no more memory than the
    array that the header announces. That array may be at most 50 times as large as the file, plus a megabyte.
    Raises: DataError if the file is not IDX, is damaged, or holds fewer or more numbers than its header announces;
    OSError if it cannot be read.
    """
    with open(path, "rb") as file:
        return parse_idx(file, os.fspath(path))


def parse_idx(file: BinaryIO, name: str, shape: tuple[int, ...] | None = None) -> Array:
    """The array in an open IDX file; name is for messages, and shape, if given, is the one it must have."""
    file_size = file.seek(0, os.SEEK_END)
    file.seek(0)
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    stream = _Unpacked(file, name) if packed else file
    found = _read_shape(stream, name)
    if shape is not None and found != shape:
        raise DataError(f"{name}: shape must be {shape}, got {found}")
    size = math.prod(found)
    if size > (MAX_COMPRESSION * file_size + (1 << 20) if packed else file_size):
        raise TruncatedError(f"{name}: truncated: the header announces {size} bytes, more than the file can hold")
    try:
        array = np.empty(found, np.uint8)
    except ValueError:
        raise DataError(f"{name}: an array must have fewer axes or shorter ones, got {found}") from None
    numbers = array.reshape(-1)
    filled = 0
    while data := stream.read(min(size - filled, _PIECE)):
        numbers[filled : filled + len(data)] = np.frombuffer(data, np.uint8)
        filled += len(data)
    if filled < size:
        raise TruncatedError(f"{name}: truncated: {filled} of the {size} bytes that the header announces")
    if stream.read(1):
        raise DataError(f"{name}: more data than the {size} bytes that the header announces")
    return array


def _read_shape(stream: BinaryIO | _Unpacked, name: str) -> tuple[int, ...]:
    """The shape in the header at the start of the stream."""
    start = stream.read(4)
    if len(start) == 4 and (start[:2] != b"\0\0" or start[2] != _UNSIGNED_BYTE):
        raise DataError(f"{name}: an IDX file of bytes must start with 00 00 08, got {start[:3].hex(' ')}")
    axes = start[3] if len(start) == 4 else 1
    if not 1 <= axes <= _MOST_AXES:
        raise DataError(f"{name}: an IDX file must have 1 to {_MOST_AXES} axes, got {axes}")
    lengths = stream.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise TruncatedError(f"{name}: truncated: the file ends within its header")
    return tuple(int(n) for n in np.frombuffer(lengths, ">u4"))


def idx_header(shape: tuple[int, ...]) -> bytes:
    """The bytes before the numbers, in the IDX file of an array of unsigned bytes."""
    return bytes([0, 0, _UNSIGNED_BYTE, len(shape)]) + np.array(shape, ">u4").tobytes()


class _Unpacked:
    """The unpacked content of a file with one gzip member, as a stream.

    At its end the checksum is compared, and nothing may follow. (gzip.GzipFile would read on into whatever follows.)
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name, self.rest = file, name, b""
        self.gunzip = zlib.decompressobj(wbits=31)  # 31 means gzip

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer if the end comes first, none at the end."""
        data = b""
        while len(data) < size and not self.gunzip.eof:
            piece = self.rest or self.file.read(_PIECE)
            if not piece:
                raise TruncatedError(f"{self.name}: truncated: the compressed data ends too early")
            try:
                data += self.gunzip.decompress(piece, size - len(data))
            except zlib.error as error:
                raise DataError(f"{self.name}: damaged: {error}") from None
            self.rest = self.gunzip.unconsumed_tail
            if self.gunzip.eof and (self.gunzip.unused_data or self.file.read(1)):
                raise DataError(f"{self.name}: extra data after the end of the compressed data")
        return data
