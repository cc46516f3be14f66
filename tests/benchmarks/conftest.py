"""One thread for both libraries. Workers, which are processes, set their own number."""

import pytest

from tests.helpers.threads import one_thread


@pytest.fixture(autouse=True, scope="module")
def single_thread():
    with one_thread():
        yield
