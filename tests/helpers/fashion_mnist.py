"""Where Fashion-MNIST is, and copies of it (or of a small stand-in) in a folder."""

import numpy as np

from numpynet.data.fashion_mnist import find_fashion_mnist

FASHION_MNIST = find_fashion_mnist()
NEEDS_FASHION_MNIST = "needs a copy of Fashion-MNIST: set NUMPYNET_DATA to its folder"


def put(folder, contents, suffix=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if name.endswith(".gz") == (suffix == ".gz"):
            (folder / name).write_bytes(content)


def assert_loaded(data, arrays):
    for loaded, array in zip([*data.train, *data.test], arrays, strict=True):
        assert loaded.dtype == np.uint8
        np.testing.assert_array_equal(loaded, array)
