"""Messages between the checker and the process of a learner's file: a length, then the bytes.

What the child sends is JSON followed by the bytes of its arrays: whatever the bytes are, reading them runs no code.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from typing import Any, BinaryIO

import numpy as np

from numpynet.gradcheck.files.host import Definition, Opaque, Outcome, Signature

LONGEST = 1 << 30  # bytes
KINDS = {kind.__name__: kind for kind in (Outcome, Opaque, Definition, Signature)}
HEAD = struct.Struct("<Q")


def send(stream: BinaryIO, message: bytes) -> None:
    """Write a message, after its length. Raises: OSError if nobody reads it."""
    stream.write(HEAD.pack(len(message)) + message)
    stream.flush()


def receive(stream: BinaryIO) -> bytes | None:
    """The next message; None at the end of the stream. Raises: ValueError if its length makes no sense."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    if length > LONGEST:
        raise ValueError(f"a message of {length} bytes")
    message = stream.read(length)
    return message if len(message) == length else None


def encode(value: Any) -> bytes:
    """Numbers, strings, arrays, tuples, lists, dicts and the classes of KINDS as bytes."""
    arrays: list[bytes] = []
    head = json.dumps(_to_json(value, arrays)).encode()
    return b"".join([HEAD.pack(len(head)), head, *arrays])


def decode(message: bytes) -> Any:
    """The value that was encoded. Raises: ValueError, KeyError, TypeError or struct.error for other bytes."""
    (length,) = HEAD.unpack(message[: HEAD.size])
    start = HEAD.size + length
    return _from_json(json.loads(message[HEAD.size : start]), memoryview(message), [start])


def _to_json(value: Any, arrays: list[bytes]) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return {"number": [type(value).__name__, repr(value)]}  # NaN, infinity and large integers too
    if isinstance(value, np.ndarray):
        arrays.append(value.tobytes())
        return {"array": [value.dtype.str, value.shape]}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [_to_json(each, arrays) for each in value]}
    if isinstance(value, dict):
        return {"dict": [[_to_json(key, arrays), _to_json(each, arrays)] for key, each in value.items()]}
    fields = [[field.name, _to_json(getattr(value, field.name), arrays)] for field in dataclasses.fields(value)]
    return {type(value).__name__: fields}


def _from_json(value: Any, message: memoryview, position: list[int]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        dtype, shape = np.dtype(content[0]), tuple(map(int, content[1]))
        if dtype.kind not in "biufc" or min(shape, default=0) < 0:
            raise ValueError(f"an array of {dtype}")
        size = dtype.itemsize * int(np.prod(shape, dtype=object))
        data = message[position[0] : position[0] + size]
        position[0] += size
        return np.frombuffer(data, dtype).reshape(shape).copy()
    if kind == "number":
        return {"int": int, "float": float}[content[0]](content[1])
    if kind in ("list", "tuple"):
        items = [_from_json(each, message, position) for each in content]
        return tuple(items) if kind == "tuple" else items
    pairs = [[_from_json(part, message, position) for part in pair] for pair in content]
    return dict(pairs) if kind == "dict" else KINDS[kind](**dict(pairs))
