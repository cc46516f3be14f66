"""What the formulas ask of their arguments, and the words in which a wrong one is refused.

Most of what is refused here NumPy would accept, and get wrong: label −1 wraps to the last class, a bias (n, 1) or
targets (n,) beside predictions (n, 1) broadcast, uint8 arithmetic wraps at 256. Each message says which function, what
it requires, and what came. A first-time reader can skip this file.
"""

from __future__ import annotations

import math
import os
from typing import Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray


def check_kind(function: str, name: str, array: NDArray[Any], kinds: str, wanted: str) -> None:
    """Raise TypeError unless array is one whose dtype is of one of these kinds: f floats, i and u integers.

    Masked arrays and matrices are refused too: the same operators mean something else for them.
    """
    if type(array) is np.ndarray and array.dtype.kind in kinds:
        return
    kind = getattr(getattr(array, "dtype", None), "kind", "none")
    if kind not in kinds or (isinstance(array, np.ndarray) and not isinstance(array, np.memmap)):
        _refuse(function, name, array, wanted)


def _refuse(function: str, name: str, value: Any, wanted: str) -> NoReturn:
    came = type(value).__name__
    if isinstance(value, (list, tuple)):
        came += f"; numpy.array({name})?"
        try:
            np.array(value)
        except ValueError:
            raise ValueError(f"{function}: {name} must be {wanted}, got rows of different lengths") from None
    elif type(value) in (np.ndarray, np.memmap):
        came = f"an array of {value.dtype}"
        if value.dtype == np.uint8:
            came += "; for images, X / numpy.float32(255)?"
    raise TypeError(f"{function}: {name} must be {wanted}, got {came}")


def check_floats(function: str, **arrays: NDArray[Any]) -> None:
    """Raise TypeError unless all are arrays of floats."""
    for name, array in arrays.items():
        check_kind(function, name, array, "f", "an array of floats")


def check_linear(function: str, X: NDArray[Any], W: NDArray[Any]) -> None:
    """Raise ValueError unless X W can be multiplied: X (n, d), W (d, m)."""
    if W.ndim != 2:
        raise ValueError(f"{function}: W must have shape (inputs, outputs), got {W.shape}")
    if X.ndim != 2 or X.shape[1] != W.shape[0]:
        raise ValueError(f"{function}: X must have shape (n, {W.shape[0]}) to fit W {W.shape}, got {X.shape}")


def check_alike(function: str, *, may_be_empty: bool = False, **arrays: NDArray[Any]) -> None:
    """Raise TypeError unless the two are arrays of floats, ValueError unless they have one shape."""
    check_floats(function, **arrays)
    (name, A), (other, B) = arrays.items()
    if A.shape != B.shape:
        raise ValueError(f"{function}: {name} and {other} must have the same shape, got {A.shape} and {B.shape}")
    if A.size == 0 and not may_be_empty:
        raise ValueError(f"{function}: {name} must have at least one element, got shape {A.shape}")


def check_logits(function: str, name: str, O: NDArray[Any]) -> None:
    """Raise TypeError unless O is an array of floats, ValueError unless its shape is (n, classes)."""
    check_kind(function, name, O, "f", "an array of floats")
    if O.ndim != 2 or O.shape[1] == 0:
        raise ValueError(f"{function}: {name} must have shape (n, classes), got {O.shape}")


def check_labels(function: str, name: str, O: NDArray[Any], y: NDArray[Any]) -> None:
    """Raise unless O, called `name` in messages, has shape (n, classes), and y a class for each of its n ≥ 1 rows."""
    check_logits(function, name, O)
    check_kind(function, "y", y, "iu", "an array of integer classes")
    if y.shape != O.shape[:1]:
        raise ValueError(f"{function}: y must have shape {O.shape[:1]} to fit {name} {O.shape}, got {y.shape}")
    if y.size == 0:
        raise ValueError(f"{function}: {name} must have at least one row, got {O.shape}")
    if y.min() < 0 or y.max() >= O.shape[1]:
        bad = int(np.flatnonzero((y < 0) | (y >= O.shape[1]))[0])
        raise ValueError(
            f"{function}: y must be in 0 ... {O.shape[1] - 1} to fit {name} {O.shape}, got y[{bad}] = {y[bad]}"
        )


def check_size(function: str, name: str, value: int, *, least: int = 1) -> None:
    """Raise unless value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{function}: {name} must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{function}: {name} must be at least {least}, got {value}")


def check_float_dtype(function: str, dtype: DTypeLike) -> None:
    """Raise TypeError unless dtype is float32 or float64."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"{function}: dtype must be float32 or float64, got {np.dtype(dtype)}")


def check_finite(function: str, name: str, array: NDArray[Any]) -> None:
    """Raise TypeError unless array is one of floats, ValueError, with the first bad entry, unless all are finite."""
    check_kind(function, name, array, "f", "an array of floats")
    finite = np.isfinite(array)
    if not finite.all():
        bad = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{function}: {name} must be finite, got {name}{list(bad)} = {array[bad]}")


def check_memory(function: str, what: str, num_bytes: int) -> None:
    """Raise MemoryError where this is more than all the machine has, before the system tries to find it."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not every system tells
        return
    if num_bytes > memory:
        raise MemoryError(f"{function}: {what} would need {num_bytes} bytes, and this machine has {memory}")


def check_rng(function: str, rng: np.random.Generator) -> None:
    """Raise unless rng is a numpy.random.Generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{function}: rng must be a generator such as numpy.random.default_rng(0), got {rng!r}")


def check_number(function: str, name: str, value: float) -> None:
    """Raise unless value is a finite number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{function}: {name} must be a number, got {value!r}")
    if not 0 <= value < math.inf:
        raise ValueError(f"{function}: {name} must be finite and at least 0, got {value}")
