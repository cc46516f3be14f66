"""How close is the same? The measures of error and the one table of tolerances that the twin run and the tests share.

Measured on a right implementation, errors are a tenth of these or less. Element-wise relative error is of no use here:
where a sum cancels to almost nothing, its rounding error is huge in proportion, and means nothing.
"""

import numpy as np

TOLERANCES = {
    "float64 formulas": 2e-14,  # the same formula in another order of operations, gradients against torch; norm-wise
    "float64 losses": 1e-14,  # against torch; norm-wise
    "float64 central differences": 1e-9,  # h = 1e-5, pre-activations at least 1e-3 away from a kink; norm-wise
    "float64 training, 500 steps": 1e-12,  # parameters and losses, same weights and batches as torch; norm-wise
    "float64 training, the book's epochs": 1e-11,  # likewise
    "float32": 3e-6,  # gradients against torch from the same weights, or against float64; relative L2
}


def norm_wise(actual, expected):
    """max|a − e| / max|e|."""
    difference = np.max(np.abs(np.asarray(actual, np.float64) - expected), initial=0.0)
    return float(difference / (np.max(np.abs(expected), initial=0.0) or 1.0))


def relative_l2(actual, expected):
    """‖a − e‖ / ‖e‖."""
    difference = np.linalg.norm(np.asarray(actual, np.float64) - expected)
    return float(difference / (np.linalg.norm(np.asarray(expected, np.float64)) or 1.0))
