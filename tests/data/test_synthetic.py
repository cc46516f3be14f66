"""Synthetic regression data."""

import numpy as np
import pytest

from numpynet import synthetic_regression


def test_synthetic_data_lie_on_the_plane_up_to_the_noise():
    X, y = synthetic_regression([2.0, -3.4], 4.2, 2000, rng=np.random.default_rng(3), noise=0.5, dtype=np.float64)
    residual = y - (X @ [[2.0], [-3.4]] + 4.2)
    assert y.shape == (2000, 1)
    assert residual.std() == pytest.approx(0.5, rel=0.05)
    X, y = synthetic_regression([1.0, 2.0, 3.0], -1.0, 10, rng=np.random.default_rng(3), noise=0, dtype=np.float64)
    np.testing.assert_allclose(y, X @ [[1.0], [2.0], [3.0]] - 1, rtol=0, atol=1e-14)


def test_synthetic_data_depend_on_the_rng_alone():
    first, same = (synthetic_regression(rng=np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first[0], same[0])
    np.testing.assert_array_equal(first[1], same[1])
    assert first[0].dtype == first[1].dtype == np.float32
    with pytest.raises(ValueError, match="num_examples must be at least 1"):
        synthetic_regression(num_examples=0, rng=np.random.default_rng(4))
    with pytest.raises(ValueError, match=r"w must have shape \(d,\) and b \(\), got \(2, 2\) and \(\)"):
        synthetic_regression([[1.0, 2.0], [3.0, 4.0]], rng=np.random.default_rng(4))
    with pytest.raises(TypeError, match="dtype must be float32 or float64"):
        synthetic_regression(rng=np.random.default_rng(4), dtype=int)
