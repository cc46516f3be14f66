"""One loop trains models from scratch and concise models alike."""

import numpy as np
import pytest

from numpynet import SGD, CrossEntropyLoss, models, scratch, train, train_scratch
from tests.helpers.training import blobs


@pytest.mark.parametrize("name", ["softmax_regression", "mlp"])
def test_scratch_and_concise_train_to_the_same_bits(name, rng):
    data, test = blobs(rng), blobs(rng)
    sizes = {"softmax_regression": (16, 3), "mlp": (16, 8, 3)}[name]
    options = {"num_epochs": 3, "batch_size": 10, "test": test, "progress": False}
    net = getattr(models, name)(*sizes, rng=np.random.default_rng(1))
    concise = train(net, CrossEntropyLoss(), SGD(net.parameters(), 0.1), data, rng=np.random.default_rng(2), **options)
    module = getattr(scratch, name)
    params = module.init_parameters(*sizes, rng=np.random.default_rng(1))
    own = train_scratch(module, params, data, lr=0.1, rng=np.random.default_rng(2), **options)
    assert own.train_loss == concise.train_loss
    assert own.train_accuracy == concise.train_accuracy
    assert own.test_accuracy == concise.test_accuracy
    for array, parameter in zip(params.values(), net.parameters(), strict=True):
        np.testing.assert_array_equal(array, parameter.data)
