"""`numpynet info`."""

import numpy as np

from tests.helpers.command import numpynet


def test_info_names_versions_and_blas(tmp_path):
    result = numpynet("info", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert np.__version__ in result.stdout
    assert "BLAS" in result.stdout
