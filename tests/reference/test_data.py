"""The book's loaders give numpynet's data."""

import math

import numpy as np
import pytest

import numpynet
from numpynet import load_fashion_mnist
from numpynet.data import fashion_mnist_files
from numpynet.data.batches import as_floats
from numpynet.data.idx import idx_header
from tests.helpers.fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")


def test_the_books_loaders_refuse_a_changed_copy(tmp_path):
    from reference.data import loaders

    for file in fashion_mnist_files.FILES:
        (tmp_path / file.name).write_bytes(idx_header(file.shape) + bytes(math.prod(file.shape)))
    with pytest.raises(numpynet.data.ChecksumError, match="train-images-idx3-ubyte: changed"):
        loaders(100, tmp_path)


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.slow
def test_the_books_loaders_give_numpynets_data():
    from reference.data import loaders

    for own, loader in zip(load_fashion_mnist()[:2], loaders(100), strict=True):
        np.testing.assert_array_equal(own.X, loader.dataset.data.numpy())
        np.testing.assert_array_equal(own.y, loader.dataset.targets.numpy())
        assert len(loader) == len(own.X) / 100
        X, y = next(iter(loader))
        assert X.shape == (100, 1, 28, 28)
        in_order = np.array_equal(y, own.y[:100])
        assert in_order == (loader.dataset.train is False)
        if in_order:
            np.testing.assert_array_equal(X[:, 0], as_floats(own.X[:100]))
