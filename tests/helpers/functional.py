"""Sizes and random arrays for the formulas."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SIZES = [(1, 1, 1), (1, 3, 2), (5, 1, 4), (7, 4, 3)]  # n, d, m


def floats(*shape, magnitude=100):
    return hnp.arrays(np.float64, shape, elements=st.floats(-magnitude, magnitude, allow_subnormal=False))


def logits_and_labels():
    sizes = st.tuples(st.integers(1, 6), st.integers(1, 5))
    return sizes.flatmap(
        lambda nq: st.tuples(floats(*nq), hnp.arrays(np.int64, nq[0], elements=st.integers(0, nq[1] - 1)))
    )
