"""Losses as objects."""

import numpy as np
import pytest

from numpynet import CrossEntropyLoss, MSELoss, SquaredLoss


@pytest.mark.parametrize("loss", [CrossEntropyLoss(), MSELoss(), SquaredLoss()])
def test_a_loss_allows_one_backward_for_each_forward(loss):
    y_hat = np.ones((2, 2))
    y = np.array([0, 1]) if isinstance(loss, CrossEntropyLoss) else y_hat
    with pytest.raises(RuntimeError, match=f"{type(loss).__name__}.backward: call forward first"):
        loss.backward()
    assert loss.forward(y_hat, y) == loss(y_hat, y)
    loss.backward()
    with pytest.raises(RuntimeError, match="each forward serves one backward"):
        loss.backward()
