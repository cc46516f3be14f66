"""sgd on lists of arrays, as the book has them, and its refusals."""

import numpy as np
import pytest

from numpynet import SGD, Parameter, sgd

W, B = np.array([[1.5, -2.0], [0.5, 4.0], [3.0, -1.0]]), np.array([0.25, -0.75])
GRAD_W, GRAD_B = np.array([[10.0, 20.0], [-30.0, 40.0], [5.0, -15.0]]), np.array([2.0, -6.0])


@pytest.mark.parametrize("kind", [list, tuple])
def test_lists_and_dicts_take_the_same_step_in_place(kind):
    arrays = W.copy(), B.copy()
    sgd(kind(arrays), kind((GRAD_W, GRAD_B)), 0.1)
    params = {"W": W.copy(), "b": B.copy()}
    sgd(params, {"b": GRAD_B, "W": GRAD_W}, lr=0.1)
    for array, expected, start, grad in zip(arrays, params.values(), (W, B), (GRAD_W, GRAD_B), strict=True):
        np.testing.assert_array_equal(array, expected)
        np.testing.assert_allclose(array, start - 0.1 * grad, rtol=1e-15)


READ_ONLY = B.copy()
READ_ONLY.flags.writeable = False

REFUSED = {
    "fewer gradients": ([W, B], [GRAD_W], ValueError, "sgd: grads must have 2 arrays, like params, got 1"),
    "another shape": ([W, B], [GRAD_W, GRAD_W], ValueError, r"sgd: grads\[1\] must have shape \(2,\), got \(3, 2\)"),
    "a list and a dict": ([W], {"W": GRAD_W}, TypeError, "sgd: params and grads must be two dicts or two lists, got list and dict"),
    "arrays alone": (W, GRAD_W, TypeError, "sgd: params and grads must be two dicts or two lists, got ndarray and ndarray"),
    "Parameter objects": ([Parameter(W)], [GRAD_W], TypeError, r"sgd: params\[0\] must be an array of floats, got Parameter"),
    "numbers": ({"b": 1.0}, {"b": 2.0}, TypeError, r"sgd: params\['b'\] must be an array of floats, got float"),
    "a gradient that is missing": ({"b": B}, {"b": None}, TypeError, r"sgd: grads\['b'\] must be an array of numbers, got NoneType"),
    "integers after floats": ([W, np.array([1, 2])], [GRAD_W, GRAD_B], TypeError, r"sgd: params\[1\] must be an array of floats, got an array of int64"),
    "complex gradients": ([W, B], [GRAD_W, GRAD_B * 1j], TypeError, r"sgd: grads\[1\] must be an array of numbers, got an array of complex128"),
    "a read-only array": ([W, READ_ONLY], [GRAD_W, GRAD_B], ValueError, r"sgd: params\[1\] must be writable, got a read-only array"),
    "other names": ({"W": W}, {"w": GRAD_W}, ValueError, r"sgd: grads must have the names \['W'\], got \['w'\]"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_before_anything_moves(case):
    params, grads, kind, message = REFUSED[case]
    before = W.copy(), B.copy()
    with pytest.raises(kind, match=message):
        sgd(params, grads, 0.1)
    np.testing.assert_array_equal(W, before[0])
    np.testing.assert_array_equal(B, before[1])


def test_sgd_tells_an_empty_list_from_a_repeated_parameter():
    W = Parameter(np.ones(2))
    with pytest.raises(ValueError, match=r"^SGD: parameters must not be empty$"):
        SGD([], 0.1)
    with pytest.raises(
        ValueError, match=r"^SGD: parameters must be different objects, but parameter 2 is there twice$"
    ):
        SGD([W, Parameter(np.ones(2)), W], 0.1)


def test_a_parameter_without_axes_takes_a_step():
    """Its gradient, once an option is added to it, is a NumPy scalar."""
    scale = Parameter(np.array(2.0))
    scale.grad = np.array(0.5)
    SGD([scale], 0.1, weight_decay=0.25).step()
    assert scale.data == pytest.approx(2.0 - 0.1 * (0.5 + 0.25 * 2.0))
