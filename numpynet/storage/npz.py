"""NumPy's `.npz` files, written in memory, and read without trusting a byte."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

import numpy as np

from numpynet.arguments import Array


class NpzError(ValueError):
    """These bytes are not a `.npz` file of plain numbers, or the file is damaged."""


def to_npz(arrays: Mapping[str, Array]) -> bytes:
    """The content of the `.npz` file that holds these arrays; the same arrays give the same bytes."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def from_npz(content: bytes) -> dict[str, Array]:
    """The arrays of an uncompressed `.npz` file. A stated size is used only once the bytes are known to be there.

    Raises: NpzError.
    """
    import zipfile  # here, because it takes long to import

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len({member.filename for member in members}) < len(members):
                raise NpzError("two members have the same name")
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                raise NpzError("its members must not be compressed")
            if sum(member.file_size for member in members) > len(content):
                raise NpzError("its members are larger than the file")
            return {member.filename.removesuffix(".npy"): _from_npy(archive.read(member)) for member in members}
    except NpzError:
        raise
    except Exception as error:  # the readers of zip and npy can raise anything
        raise NpzError(f"not a file of arrays, or damaged: {str(error) or type(error).__name__}") from None


def _from_npy(content: bytes) -> Array:
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise NpzError("its arrays must be in version 1.0 of the npy format")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    start, order = stream.tell(), "F" if fortran_order else "C"
    if dtype.kind not in "fiu":
        raise NpzError(f"its arrays must hold numbers, got {dtype}")
    if math.prod(shape) * dtype.itemsize != len(content) - start:
        raise NpzError(f"an array is said to have shape {shape}, but the file holds a different number of entries")
    array: Array = np.frombuffer(content, dtype, offset=start).reshape(shape, order=order)  # type: ignore[call-overload]
    return array.copy()
