"""Training in float64 ends where PyTorch's does."""

import numpy as np
import pytest

from numpynet.book import BOOK, MODELS
from numpynet.data.batches import as_floats
from tests.helpers.against_torch import some_data
from tests.helpers.compare import assert_agree
from tests.helpers.fashion_mnist import FASHION_MNIST
from tests.helpers.slow import slow_where

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import twin  # noqa: E402
from reference.agreement import TOLERANCES  # noqa: E402


@pytest.mark.parametrize("name", slow_where(lambda _, name: name != "linear", MODELS))
def test_float64_steps_end_where_torchs_do(name):
    """Parameters, losses and every prediction, from the same weights on the same batches, some of them short.

    It takes 500 steps; classifiers take 94, on the built-in shapes, if there is no Fashion-MNIST (`some_data`).
    """
    model = MODELS[name]
    data, test, num_epochs = some_data(model.name)
    rng = np.random.default_rng(1)
    contenders = twin.make_contenders(model, lr=BOOK[name].lr, rng=rng, dtype=np.float64)
    assert twin.drift(contenders) == 0
    twins = twin.TwinRun(contenders, BOOK[name].batch_size, rng)
    for _ in range(num_epochs):
        twins.epoch(data)
    assert twins.disagreement is None
    assert len(twins.differences) >= (500 if FASHION_MNIST or test is None else 94)
    assert max(twins.differences) <= TOLERANCES["float64 training, 500 steps"]
    own, *others = twins.histories.values()
    for other in others:
        assert_agree(other.train_loss, own.train_loss, "float64 training, 500 steps")
        assert other.train_accuracy == own.train_accuracy
    if test is not None:
        X = as_floats(test.X).astype(np.float64)
        predictions = [contender.predict(X).argmax(axis=1) for contender in contenders.values()]
        assert all((other == predictions[0]).all() for other in predictions)
