"""When do two results agree? The error measures and the one table of tolerances that the twin run and the tests share.

The last number on each line is the largest error seen in a correct implementation. An element-wise relative error is
useless here: where a sum cancels to almost nothing, its rounding error is relatively huge and means nothing.
"""

import numpy as np

TOLERANCES = {
    "float64 formulas": 2e-14,  # the same formula, operations in another order, against torch; norm-wise; 2.3e-15
    "float64 losses": 1e-14,  # against torch; norm-wise; 4.3e-16
    "float64 central differences": 1e-9,  # h = 1e-5, pre-activations at least 1e-3 away from a kink; norm-wise; 5.4e-10
    "float64 training, 500 steps": 1e-12,  # parameters and losses, same batches as torch; norm-wise; 2.8e-15
    "float64 training, the book's epochs": 1e-11,  # the same; 2.9e-13
    "float32": 3e-6,  # against torch from the same weights, or against float64; relative L2; 7.5e-7
}


def norm_wise(actual, expected):
    """max|a − e| / max|e|."""
    return largest_entry(np.asarray(actual, np.float64) - expected) / (largest_entry(expected) or 1.0)


def relative_l2(actual, expected):
    """‖a − e‖ / ‖e‖."""
    difference = np.linalg.norm(np.asarray(actual, np.float64) - expected)
    return float(difference / (np.linalg.norm(np.asarray(expected, np.float64)) or 1.0))


def largest_entry(array):
    """max|a|."""
    return float(np.max(np.abs(array), initial=0.0))
