"""Steps in float64 end where PyTorch's do."""

import numpy as np
import pytest

from numpynet.data.batches import as_floats
from tests.helpers.against_torch import RUNS, some_data
from tests.helpers.compare import assert_agree
from tests.helpers.fashion_mnist import FASHION_MNIST
from tests.helpers.slow import slow_where

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import twin  # noqa: E402
from reference.agreement import TOLERANCES  # noqa: E402


@pytest.mark.parametrize("name", slow_where(lambda _, name: name != "linear_regression", RUNS))
def test_float64_steps_end_where_torchs_do(name):
    """Parameters, losses and every prediction, from the same weights on the same batches, short last ones among them;
    500 steps, but for the classifiers 94 on the built-in shapes where Fashion-MNIST is absent (`some_data`).
    """
    sizes, lr, batch_size = RUNS[name]
    data, test, num_epochs = some_data(name)
    rng = np.random.default_rng(1)
    contenders = twin.make_contenders(name, sizes, lr=lr, rng=rng, dtype=np.float64)
    assert twin.drift(contenders) == 0
    report = twin.twin_run(contenders, data, num_epochs=num_epochs, batch_size=batch_size, rng=rng)
    assert report.parted is None
    assert len(report.differences) >= (500 if FASHION_MNIST or test is None else 94)
    assert max(report.differences) <= TOLERANCES["float64 training, 500 steps"]
    own, *others = report.histories.values()
    for other in others:
        assert_agree(other.train_loss, own.train_loss, "float64 training, 500 steps")
        assert other.train_accuracy == own.train_accuracy
    if test is not None:
        X = as_floats(test.X).astype(np.float64)
        predictions = [contender.predict(X).argmax(axis=1) for contender in contenders.values()]
        assert all((other == predictions[0]).all() for other in predictions)
