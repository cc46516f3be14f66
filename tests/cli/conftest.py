"""Finished runs."""

import dataclasses

import pytest

from numpynet.book import BOOK
from numpynet.cli.run import RunFolder
from numpynet.cli.train import run


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder in which `numpynet train mlp --output out` has run for two epochs, with eight hidden units."""
    folder = tmp_path_factory.mktemp("finished")
    settings = dataclasses.replace(BOOK["mlp"], epochs=2, hidden=(8,), lr=0.05, seed=1, data="shapes")
    run(settings, RunFolder(folder / "out"))
    return folder


@pytest.fixture(scope="session")
def two_epochs(tmp_path_factory):
    """The checkpoint of a finished run of linear regression."""
    folder = tmp_path_factory.mktemp("two")
    run(dataclasses.replace(BOOK["linear"], seed=1, epochs=2), RunFolder(folder))
    return folder / "checkpoint.npz"
