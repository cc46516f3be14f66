"""A small problem for the benchmark's contenders."""

import numpy as np

from numpynet import make_shapes


def few_shapes(*arguments):
    return make_shapes(2000, 100, rng=np.random.default_rng(0)), "shapes"
