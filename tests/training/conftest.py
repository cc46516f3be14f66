"""A checkpoint on disk."""

import numpy as np
import pytest

from numpynet import save_checkpoint
from tests.helpers.checkpoints import make


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.npz"
    net, optimizer, rng = make()
    save_checkpoint(path, net, optimizer, rng=rng, epoch=2, step=17, order=np.array([2, 0, 1]), position=2)
    return path
