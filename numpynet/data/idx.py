"""The IDX format of MNIST and Fashion-MNIST: two zero bytes, a type, the number of axes, each axis's length as four
bytes, then the numbers themselves; often packed with gzip.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import zlib

import numpy as np

from numpynet.data.dataset import DataError
from numpynet.functional import Array

_UNSIGNED_BYTE = 8
_MOST_GZIP_SHRINKS = 1032  # no deflate stream can hold more bytes than this for each of its own


def read_idx(path: str | os.PathLike[str]) -> Array:
    """The array in an IDX file of unsigned bytes, packed with gzip or not.

    Shapes: as the file's header says. dtype: uint8. Cost: one reading; it unpacks no more than the header announces.
    Raises: DataError where the file is not IDX, is damaged, or holds fewer or more numbers than its header announces;
    OSError where it cannot be read.
    """
    with open(path, "rb") as file:
        return parse_idx(file.read(), os.fspath(path))


def parse_idx(content: bytes, name: str, shape: tuple[int, ...] | None = None) -> Array:
    """The array in the content of an IDX file; name is for messages, and shape, if given, is the one it must have."""
    packed = content.startswith(b"\x1f\x8b")
    stream = gzip.GzipFile(fileobj=io.BytesIO(content)) if packed else io.BytesIO(content)
    room = len(content) * (_MOST_GZIP_SHRINKS if packed else 1)
    try:
        start = stream.read(4)
        if len(start) == 4 and (start[:2] != b"\0\0" or start[2] != _UNSIGNED_BYTE):
            raise DataError(f"{name}: an IDX file of bytes must start with 00 00 08, got {start[:3].hex(' ')}")
        axes = start[3] if len(start) == 4 else 1
        lengths = stream.read(4 * axes)
        if len(lengths) < 4 * axes:
            raise DataError(f"{name}: truncated: the file ends within its header")
        found = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
        if shape is not None and found != shape:
            raise DataError(f"{name}: shape must be {shape}, got {found}")
        size = math.prod(found)
        if size > room:
            raise DataError(f"{name}: truncated: the header announces {size} bytes, more than the file can hold")
        array = np.empty(size, np.uint8)
        filled = 0
        while chunk := stream.read(min(size - filled, 1 << 20)):
            array[filled : filled + len(chunk)] = np.frombuffer(chunk, np.uint8)
            filled += len(chunk)
        if filled < size:
            raise DataError(f"{name}: truncated: {filled} of the {size} bytes that the header announces")
        if stream.read(1):
            raise DataError(f"{name}: more data than the {size} bytes that the header announces")
    except EOFError:
        raise DataError(f"{name}: truncated: the packed data end too soon") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name}: damaged: {error}") from None
    return array.reshape(found)
