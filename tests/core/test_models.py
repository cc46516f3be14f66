"""The models and their sizes."""

import numpy as np
import pytest

from numpynet import CrossEntropyLoss, models


@pytest.mark.parametrize(("width", "kind"), [(0, ValueError), ("256", TypeError), (True, TypeError), (2.5, TypeError)])
def test_impossible_widths_are_refused_by_their_own_name(width, kind, rng):
    for num_hiddens in (width, [4, width]):
        with pytest.raises(kind, match="mlp: num_hiddens must be"):
            models.mlp(4, num_hiddens, 3, rng=rng)
    assert models.mlp(4, np.int64(5), 3, rng=rng).parameters()[0].data.shape == (4, 5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_computes_in_the_dtype_asked_for(dtype, rng):
    net, loss = models.mlp(6, 5, 3, rng=rng, dtype=dtype), CrossEntropyLoss()
    O = net.forward(rng.normal(size=(4, 6)).astype(dtype))
    assert loss.forward(O, np.array([0, 1, 2, 0])).dtype == O.dtype == dtype
    net.backward(loss.backward())
    assert {parameter.grad.dtype for parameter in net.parameters()} == {np.dtype(dtype)}
    assert {parameter.data.dtype for parameter in net.parameters()} == {np.dtype(dtype)}


def test_models_have_the_layers_and_sizes_of_the_book(rng):
    shapes = {name: array.shape for name, array in models.mlp(rng=rng).state_dict().items()}
    assert shapes == {"1.W": (784, 256), "1.b": (256,), "3.W": (256, 10), "3.b": (10,)}
    assert [p.data.shape for p in models.softmax_regression(rng=rng).parameters()] == [(784, 10), (10,)]
    assert [p.data.shape for p in models.linear_regression(2, rng=rng).parameters()] == [(2, 1), (1,)]
    assert models.mlp(6, [5, 4], 3, rng=rng)(np.zeros((2, 6), np.float32)).shape == (2, 3)
    W = models.mlp(rng=rng).parameters()[0].data
    assert W.std() == pytest.approx(0.01, rel=0.02)
