"""Folders of exercises."""

import pytest

from numpynet.exercises.folder import write_folder


@pytest.fixture
def gaps(tmp_path):
    write_folder(tmp_path / "gaps")
    return tmp_path / "gaps"


@pytest.fixture
def solved(tmp_path):
    write_folder(tmp_path / "solved", solutions=True)
    return tmp_path / "solved"
