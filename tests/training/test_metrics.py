"""Accuracy."""

import numpy as np
import pytest

from numpynet import accuracy


def test_accuracy_is_the_share_of_largest_logits_at_the_class():
    O = np.array([[0.1, 0.7, 0.2], [5.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-3.0, -2.0, -1.0]])
    assert accuracy(O, np.array([1, 0, 0, 1])) == 0.5
    assert accuracy(O, np.array([1, 0, 2, 2], np.uint8)) == 1.0


@pytest.mark.parametrize(
    ("O", "y", "kind", "message"),
    [
        (np.ones((4, 2)), np.zeros((4, 1), int), ValueError, r"accuracy: y must have shape \(4,\) to fit O \(4, 2\), got \(4, 1\)"),
        (np.ones((4, 2)), np.zeros(1, int), ValueError, r"accuracy: y must have shape \(4,\)"),
        (np.ones((4, 2)), np.zeros(4), TypeError, "accuracy: y must be an array of integer classes"),
        (np.ones((4, 2)), np.full(4, -1), ValueError, r"accuracy: y must be in 0 ... 1"),
        (np.ones(4), np.zeros(4, int), ValueError, r"accuracy: O must have shape \(n, classes\), got \(4,\)"),
        (np.array([[0.0, 1.0], [np.nan, 0.0]]), np.zeros(2, int), ValueError, "accuracy: O must not hold NaN, got NaN in row 1"),
    ],
)  # fmt: skip
def test_accuracy_refuses_what_would_broadcast_wrap_or_be_nan(O, y, kind, message):
    with pytest.raises(kind, match=message):
        accuracy(O, y)
