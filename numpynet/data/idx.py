"""The IDX format of MNIST and Fashion-MNIST: two zero bytes, a type, the number of axes, each axis's length as four
bytes, then the numbers themselves; often packed with gzip.
"""

from __future__ import annotations

import math
import os
import zlib

import numpy as np

from numpynet.data.dataset import DataError
from numpynet.functional import Array

_UNSIGNED_BYTE = 8
_MOST_AXES = 8
_MOST_SHRINKING = (
    50  # pictures shrink five times; what claims to have shrunk more than this is there to fill the memory
)


class TruncatedError(DataError):
    """The content of a file ends too soon."""


def read_idx(path: str | os.PathLike[str]) -> Array:
    """The array in an IDX file of unsigned bytes, packed with gzip or not.

    Shapes: as the file's header says. dtype: uint8. Cost: one reading; it unpacks no more than the header announces,
    and not 50 times the file's own size (beyond a first megabyte).
    Raises: DataError where the file is not IDX, is damaged, or holds fewer or more numbers than its header announces;
    OSError where it cannot be read.
    """
    with open(path, "rb") as file:
        return parse_idx(file.read(), os.fspath(path))


def parse_idx(content: bytes, name: str, shape: tuple[int, ...] | None = None) -> Array:
    """The array in the content of an IDX file; name is for messages, and shape, if given, is the one it must have."""
    packed = content.startswith(b"\x1f\x8b")
    stream = _Packed(content, name) if packed else _Plain(content)
    start = stream.read(4)
    if len(start) == 4 and (start[:2] != b"\0\0" or start[2] != _UNSIGNED_BYTE):
        raise DataError(f"{name}: an IDX file of bytes must start with 00 00 08, got {start[:3].hex(' ')}")
    axes = start[3] if len(start) == 4 else 1
    if not 1 <= axes <= _MOST_AXES:
        raise DataError(f"{name}: an IDX file must have 1 to {_MOST_AXES} axes, got {axes}")
    lengths = stream.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise TruncatedError(f"{name}: truncated: the file ends within its header")
    found = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    if shape is not None and found != shape:
        raise DataError(f"{name}: shape must be {shape}, got {found}")
    size = math.prod(found)
    if size > (_MOST_SHRINKING * len(content) + (1 << 20) if packed else len(content)):
        raise TruncatedError(f"{name}: truncated: the header announces {size} bytes, more than the file can hold")
    data = stream.read(size)
    if len(data) < size:
        raise TruncatedError(f"{name}: truncated: {len(data)} of the {size} bytes that the header announces")
    if not stream.at_end():
        raise DataError(f"{name}: more data than the {size} bytes that the header announces")
    return np.frombuffer(data, np.uint8).reshape(found).copy()  # frombuffer's own array cannot be written to


def idx_header(shape: tuple[int, ...]) -> bytes:
    """The bytes before the numbers, in the IDX file of an array of unsigned bytes."""
    return bytes([0, 0, _UNSIGNED_BYTE, len(shape)]) + np.array(shape, ">u4").tobytes()


class _Plain:
    """The content of a file, from its beginning."""

    def __init__(self, content: bytes) -> None:
        self.rest = memoryview(content)

    def read(self, size: int) -> bytes:
        data, self.rest = self.rest[:size], self.rest[size:]
        return bytes(data)

    def at_end(self) -> bool:
        return not self.rest


class _Packed:
    """What one gzip member unpacks to, from its beginning. Its checksum is compared when its end is reached."""

    def __init__(self, content: bytes, name: str) -> None:
        self.rest, self.name = content, name
        self.gunzip = zlib.decompressobj(wbits=31)  # 31 means gzip

    def read(self, size: int) -> bytes:
        if size == 0:  # which decompress would take for no limit
            return b""
        try:
            data = self.gunzip.decompress(self.rest, size)
        except zlib.error as error:
            raise DataError(f"{self.name}: damaged: {error}") from None
        self.rest = self.gunzip.unconsumed_tail
        return data

    def at_end(self) -> bool:
        if not self.gunzip.eof and self.read(1):
            return False
        if not self.gunzip.eof:
            raise TruncatedError(f"{self.name}: truncated: the packed data end too soon")
        if self.gunzip.unused_data:
            raise DataError(f"{self.name}: {len(self.gunzip.unused_data)} bytes come after the end of the packed data")
        return True
