"""The callback that saves checkpoints: what it refuses, and what it never overwrites."""

import numpy as np
import pytest

from numpynet import SGD, Checkpointer, CheckpointError, CrossEntropyLoss, Linear, SquaredLoss, models, train
from numpynet.training.checkpoint_file import read_checkpoint
from tests.helpers.checkpoints import data, make, start


def test_a_diverged_run_does_not_replace_its_checkpoint(tmp_path):
    net = models.linear_regression(1, rng=np.random.default_rng(0))
    optimizer = SGD(net.parameters(), 1e20)
    X = y = np.ones((8, 1), np.float32)
    checkpointer = Checkpointer(tmp_path / "c", net, optimizer, rng=np.random.default_rng(0), every=1)
    with pytest.raises(ArithmeticError):
        train(
            net, SquaredLoss(), optimizer, (X, y), num_epochs=3, batch_size=2,
            rng=np.random.default_rng(0), callbacks=[checkpointer], progress=False,
        )  # fmt: skip
    assert np.isfinite(read_checkpoint(tmp_path / "c").parameters["0.W"]).all()


def test_a_checkpoint_that_cannot_be_saved_is_an_error(tmp_path):
    net, optimizer, rng = start(1)
    bad = Checkpointer(tmp_path / "c", net, optimizer, rng=rng, extra=lambda: {"path": np.array([np.nan])})
    with pytest.raises(CheckpointError, match="extra/path must be finite"):
        train(
            net, CrossEntropyLoss(), optimizer, data(), num_epochs=1, batch_size=5, rng=rng,
            callbacks=[bad], progress=False,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"rng": 0}, TypeError, "Checkpointer: rng must be a generator"),
        ({"every": 0}, ValueError, "Checkpointer: every must be at least 1, got 0"),
        ({"every": -3}, ValueError, "Checkpointer: every must be at least 1, got -3"),
        ({"every": "5"}, TypeError, "Checkpointer: every must be a whole number, got '5'"),
        ({"path": None}, TypeError, "NoneType"),
        ({"path": "no/such/folder/run.npz"}, FileNotFoundError, "Checkpointer: path must be in a folder that exists"),
        ({"path": ""}, IsADirectoryError, "Checkpointer: path must be that of a file, got ''"),
        ({"path": "."}, IsADirectoryError, "Checkpointer: path must be that of a file"),
        ({"path": "a" * 300}, OSError, "name too long"),
        ({"net": None}, TypeError, "Checkpointer: net must be a Layer, got NoneType"),
        ({"net": Linear(3, 2, rng=np.random.default_rng(1))}, ValueError, "those of a different network"),
        ({"optimizer": None}, TypeError, "Checkpointer: optimizer must be an SGD object, got NoneType"),
        ({"settings": {"set": {1}}}, CheckpointError, "settings: settings are stored as JSON, which has no set"),
    ],
)
def test_a_checkpointer_that_could_not_save_is_refused_early(change, kind, message, tmp_path):
    net, optimizer, rng = make()
    arguments = {"path": tmp_path / "run.npz", "net": net, "optimizer": optimizer, "rng": rng} | change
    with pytest.raises(kind, match=message):
        Checkpointer(**arguments)
