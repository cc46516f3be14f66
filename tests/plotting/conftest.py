"""No figure may stay in pyplot."""

import pytest
from matplotlib import pyplot


@pytest.fixture(autouse=True)
def figures_stay_out_of_pyplot(monkeypatch):
    """pyplot.show would open a window, and a figure in pyplot's list lives until somebody closes it."""
    monkeypatch.setattr(pyplot, "show", lambda *args, **kwargs: pytest.fail("pyplot.show was called"))
    yield
    assert pyplot.get_fignums() == []
