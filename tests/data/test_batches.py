"""Minibatches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpynet import minibatches


@given(st.integers(0, 40), st.integers(1, 12), st.booleans())
def test_batches_hold_every_example_once_with_its_own_label(n, batch_size, shuffled):
    X, y = np.arange(n, dtype=np.float64)[:, None], np.arange(n)
    batches = list(minibatches(X, y, batch_size, rng=np.random.default_rng(0) if shuffled else None))
    assert [len(batch_y) for _, batch_y in batches] == [batch_size] * (n // batch_size) + [n % batch_size] * (
        n % batch_size > 0
    )
    for batch_X, batch_y in batches:
        np.testing.assert_array_equal(batch_X[:, 0], batch_y)
    assert sorted(np.concatenate([[], *(batch_y for _, batch_y in batches)])) == list(range(n))


def test_order_is_the_rngs_and_every_epochs_another():
    X = y = np.arange(100)
    rng, same = np.random.default_rng(1), np.random.default_rng(1)
    epochs = [[batch_y.tolist() for _, batch_y in minibatches(X, y, 10, rng=r)] for r in (rng, rng, same)]
    assert epochs[0] == epochs[2]
    assert epochs[0] != epochs[1]
    # Examples are shuffled, not just batches: a batch holds strangers.
    assert sorted(epochs[0][0]) != list(range(min(epochs[0][0]), min(epochs[0][0]) + 10))


def test_without_rng_the_order_is_kept():
    X = y = np.arange(25)
    assert [batch_y.tolist() for _, batch_y in minibatches(X, y, 10)] == [
        list(range(10)),
        list(range(10, 20)),
        list(range(20, 25)),
    ]


@pytest.mark.parametrize("rng", [None, np.random.default_rng(2)])
def test_uint8_images_come_out_as_exactly_x_over_255_in_float32(rng):
    X = np.arange(256, dtype=np.uint8).reshape(64, 2, 2)
    out = [(batch_X, batch_y) for batch_X, batch_y in minibatches(X, np.arange(64), 10, rng=rng)]
    for batch_X, batch_y in out:
        assert batch_X.dtype == np.float32
        np.testing.assert_array_equal(batch_X, (X[batch_y] / 255).astype(np.float32))
    assert X.dtype == np.uint8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_come_out_as_they_are(dtype):
    X = np.linspace(-300, 300, 12, dtype=dtype).reshape(6, 2)
    ((batch, _),) = minibatches(X, np.arange(6), 6)
    assert batch.dtype == dtype
    np.testing.assert_array_equal(batch, X)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((0,), ValueError, "minibatches: batch_size must be at least 1, got 0"),
        ((-1,), ValueError, "minibatches: batch_size must be at least 1, got -1"),
        ((1.5,), TypeError, "minibatches: batch_size must be a whole number, got 1.5"),
        ((True,), TypeError, "minibatches: batch_size must be a whole number, got True"),
    ],
)
def test_impossible_batch_sizes_are_refused_at_the_call(arguments, kind, message):
    with pytest.raises(kind, match=message):
        minibatches(np.ones((4, 2)), np.ones(4), *arguments)


def test_unequal_lengths_and_seeds_are_refused_at_the_call():
    with pytest.raises(ValueError, match="minibatches: X and y must have the same length, got 4 and 3"):
        minibatches(np.ones((4, 2)), np.ones(3), 2)
    with pytest.raises(TypeError, match="minibatches: rng must be a generator"):
        minibatches(np.ones((4, 2)), np.ones(4), 2, rng=0)
