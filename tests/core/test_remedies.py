"""Integers written by hand are the first thing a learner tries: the refusal says what to write instead."""

import numpy as np
import pytest

from numpynet import functional as F

ONES = np.ones((2, 1))
CASES = {
    "integers": (
        np.array([[1, 2]]),
        "linear: X must be an array of floats, got an array of int64; try X.astype(float)",
    ),
    "booleans": (np.array([[True, False]]), "got an array of bool; try X.astype(float)"),
    "images": (np.array([[1, 2]], np.uint8), "got an array of uint8; for images, try X / numpy.float32(255)"),
    "a list of integers": ([[1, 2]], "linear: X must be an array of floats, got list; try numpy.array(X, float)"),
    "a list of floats": ([[1.0, 2.0]], "linear: X must be an array of floats, got list; try numpy.array(X)"),
    "text": (np.array([["a", "b"]]), "linear: X must be an array of floats, got an array of <U1"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_refusal_ends_with_what_to_write(case):
    X, message = CASES[case]
    with pytest.raises(TypeError) as caught:
        F.linear(X, ONES, np.zeros(1))
    assert str(caught.value).endswith(message)


def test_what_it_says_to_write_works():
    for X in (
        np.array([[1, 2]]).astype(float),
        np.array([[1, 2]], float),
        np.array([[1, 2]], np.uint8) / np.float32(255),
    ):
        F.linear(X, ONES.astype(X.dtype), np.zeros(1, X.dtype))


def test_float_labels_get_no_remedy_that_would_be_wrong():
    with pytest.raises(TypeError, match=r"y must be an array of integer classes, got an array of float64$"):
        F.softmax_cross_entropy(np.zeros((2, 3)), np.array([0.0, 1.0]))
