"""What functions require of their arguments, and the error messages for arguments that do not fit.

NumPy would accept most of what is refused here, and get it wrong: label −1 wraps to the last class, a bias (n, 1) or
targets (n,) beside predictions (n, 1) broadcast, uint8 arithmetic wraps at 256. Each message names the function, says
what it requires, and what it got. A first-time reader can skip this file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
FLOATS = frozenset(map(np.dtype, (np.float16, np.float32, np.float64, np.longdouble)))
UNSIGNED = {np.dtype(f"{kind}{size}"): np.dtype(f"u{size}") for kind in "iu" for size in (1, 2, 4, 8)}


def check_kind(function: str, name: str, array: Array, kinds: str, wanted: str) -> None:
    """Raise TypeError unless array has a dtype of one of these kinds: f for floats, i and u for integers.

    Masked arrays and matrices are refused too, because operators mean something else for them.
    """
    if type(array) is np.ndarray and array.dtype.kind in kinds:
        return
    kind = getattr(getattr(array, "dtype", None), "kind", "none")
    if kind not in kinds or (isinstance(array, np.ndarray) and not isinstance(array, np.memmap)):
        _refuse(function, name, array, wanted)


def _refuse(function: str, name: str, value: Any, wanted: str) -> NoReturn:
    got = type(value).__name__
    if isinstance(value, (list, tuple)):
        try:
            kind = np.array(value).dtype.kind
        except ValueError:
            raise ValueError(f"{function}: {name} must be {wanted}, got rows of different lengths") from None
        as_float = ", float" if "float" in wanted and kind in "iu" else ""
        got += f"; try numpy.array({name}{as_float})"
    elif type(value) in (np.ndarray, np.memmap):
        got = f"an array of {value.dtype}"
        if "float" in wanted and value.dtype.kind in "iub":
            images = name == "X" and value.dtype == np.uint8
            got += f"; for images, try {name} / numpy.float32(255)" if images else f"; try {name}.astype(float)"
    raise TypeError(f"{function}: {name} must be {wanted}, got {got}")


def check_floats(function: str, names: str, *arrays: Array) -> None:
    """Raise TypeError unless all are arrays of floats; names are theirs, in this order, as in "X W b"."""
    for i, array in enumerate(arrays):
        if type(array) is not np.ndarray or array.dtype.kind != "f":
            check_kind(function, names.split()[i], array, "f", "an array of floats")


def check_pairs(function: str, params: Any, grads: Any) -> list[tuple[Array, Array]]:
    """Each parameter with its gradient. Raise unless both are dicts of arrays with the same names, or lists of arrays
    of the same length, each parameter is a float array that can be written to, and its gradient has its shape.
    """
    if isinstance(params, (dict, Mapping)) and isinstance(grads, (dict, Mapping)):  # dict first: that is faster
        if params.keys() != grads.keys():
            raise ValueError(f"{function}: grads must have the names {list(params)}, got {list(grads)}")
        pairs = [(W, grads[name]) for name, W in params.items()]
    elif isinstance(params, (list, tuple)) and isinstance(grads, (list, tuple)):
        if len(params) != len(grads):
            raise ValueError(f"{function}: grads must have {len(params)} arrays, like params, got {len(grads)}")
        pairs = list(zip(params, grads, strict=True))
    else:
        got = f"{type(params).__name__} and {type(grads).__name__}"
        raise TypeError(f"{function}: params and grads must be two dicts or two lists, got {got}")
    try:
        for W, grad_W in pairs:
            if W.shape != grad_W.shape or W.dtype.kind != "f" or grad_W.dtype.kind not in "fiu":
                break
            if not W.flags.writeable:
                break
        else:
            return pairs
    except AttributeError:  # one of them is not an array
        pass
    _refuse_pairs(function, params, pairs)


def _refuse_pairs(function: str, params: Any, pairs: list[tuple[Any, Any]]) -> NoReturn:
    names = list(params) if isinstance(params, Mapping) else range(len(pairs))
    for name, (W, grad_W) in zip(names, pairs, strict=True):
        check_kind(function, f"params[{name!r}]", W, "f", "an array of floats")
        check_kind(function, f"grads[{name!r}]", grad_W, "fiu", "an array of numbers")
        if W.shape != grad_W.shape:
            raise ValueError(f"{function}: grads[{name!r}] must have shape {W.shape}, got {grad_W.shape}")
        if not W.flags.writeable:
            raise ValueError(f"{function}: params[{name!r}] must be writable, got a read-only array")
    raise TypeError(f"{function}: params and grads must hold arrays")


# The checks of a training step begin with one expression that holds for all arguments that fit, because they run at
# every step, and with small networks they would take as long as the step itself. What follows finds out what is wrong.


def check_linear(function: str, X: Array, W: Array, b: Array) -> None:
    """Raise TypeError unless all are arrays of floats, ValueError unless X is (n, d), W (d, m) and b (m,)."""
    if (
        (type(X) is type(W) is type(b) is np.ndarray)
        and (X.dtype in FLOATS and W.dtype in FLOATS and b.dtype in FLOATS)
        and (X.ndim == 2 and X.shape[1:] + b.shape == W.shape)
    ):
        return
    check_floats(function, "X W b", X, W, b)
    check_product(function, X, W)
    if b.shape != W.shape[1:]:
        raise ValueError(f"{function}: b must have shape {W.shape[1:]} to fit W {W.shape}, got {b.shape}")


def check_linear_backward(function: str, grad_Y: Array, X: Array, W: Array) -> None:
    """Raise TypeError unless all are arrays of floats, ValueError unless grad_Y is (n, m), X (n, d), W (d, m)."""
    if (
        (type(grad_Y) is type(X) is type(W) is np.ndarray)
        and (grad_Y.dtype in FLOATS and X.dtype in FLOATS and W.dtype in FLOATS)
        and (grad_Y.ndim == X.ndim == 2 and len(grad_Y) == len(X) and X.shape[1:] + grad_Y.shape[1:] == W.shape)
    ):
        return
    check_floats(function, "grad_Y X W", grad_Y, X, W)
    check_product(function, X, W)
    if grad_Y.shape != (len(X), W.shape[1]):
        fits = (len(X), W.shape[1])
        raise ValueError(f"{function}: grad_Y must have shape {fits} to fit X and W, got {grad_Y.shape}")


def check_product(function: str, X: Array, W: Array) -> None:
    """Raise ValueError unless X W can be multiplied: X (n, d), W (d, m)."""
    if W.ndim != 2:
        raise ValueError(f"{function}: W must have shape (inputs, outputs), got {W.shape}")
    if X.ndim != 2 or X.shape[1] != W.shape[0]:
        raise ValueError(f"{function}: X must have shape (n, {W.shape[0]}) to fit W {W.shape}, got {X.shape}")


def check_alike(function: str, names: str, A: Array, B: Array, *, may_be_empty: bool = False) -> None:
    """Raise TypeError unless the two are arrays of floats, ValueError unless they have the same shape."""
    if (
        (type(A) is type(B) is np.ndarray)
        and (A.dtype in FLOATS and B.dtype in FLOATS)
        and (A.shape == B.shape and (A.size or may_be_empty))
    ):
        return
    check_floats(function, names, A, B)
    if A.shape != B.shape:
        both = names.replace(" ", " and ")
        raise ValueError(f"{function}: {both} must have the same shape, got {A.shape} and {B.shape}")
    if A.size == 0 and not may_be_empty:
        raise ValueError(f"{function}: {names.split()[0]} must have at least one element, got shape {A.shape}")


def check_logits(function: str, name: str, O: Array) -> None:
    """Raise TypeError unless O is an array of floats, ValueError unless its shape is (n, classes)."""
    check_kind(function, name, O, "f", "an array of floats")
    if O.ndim != 2 or O.shape[1] == 0:
        raise ValueError(f"{function}: {name} must have shape (n, classes), got {O.shape}")


def check_examples(function: str, X: Array, y: Array) -> None:
    """Raise TypeError unless X and y are arrays of numbers, ValueError unless both have one row for each example."""
    for name, array in {"X": X, "y": y}.items():
        check_kind(function, name, array, "fiu", "an array of numbers")
        if array.ndim == 0:
            raise ValueError(f"{function}: {name} must have shape (n, ...), got ()")
    if len(X) != len(y):
        raise ValueError(f"{function}: X and y must have the same length, got {len(X)} and {len(y)}")


def check_labels(function: str, name: str, O: Array, y: Array) -> None:
    """Raise unless O, called `name` in messages, has shape (n, classes), n ≥ 1, and y has a class for each row."""
    if (
        (type(O) is type(y) is np.ndarray)
        and (O.dtype in FLOATS and y.dtype in UNSIGNED)
        and (O.ndim == 2 and y.shape == O.shape[:1] and y.size)
        and y.view(UNSIGNED[y.dtype]).max() < O.shape[1]  # a negative class, read as unsigned, is larger than any other
    ):
        return
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


def check_finite(function: str, name: str, array: Array) -> None:
    """Raise TypeError unless array holds floats, ValueError, naming the first bad entry, unless all are finite."""
    check_kind(function, name, array, "f", "an array of floats")
    finite = np.isfinite(array)
    if not finite.all():
        bad = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{function}: {name} must be finite, got {name}{list(bad)} = {array[bad]}")


def check_memory(function: str, what: str, num_bytes: int) -> None:
    """Raise MemoryError if this exceeds the machine's total memory, before the system tries to allocate it."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not every system reports it
        return
    if 0 < memory < num_bytes:  # WebAssembly reports −1 pages
        raise MemoryError(f"{function}: {what} would need {num_bytes} bytes, but this machine has {memory}")


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
