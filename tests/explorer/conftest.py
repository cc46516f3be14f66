"""A page written once for all tests of the explorer, and a real browser to open it in."""

import os

import pytest

from numpynet.explorer.page import write_page
from numpynet.explorer.standard import standard_passes
from tests.helpers.explorer import Explorer


@pytest.fixture(scope="session")
def passes():
    return standard_passes()


@pytest.fixture(scope="session")
def address(passes, tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    had = os.environ.pop("NUMPYNET_DATA", None)
    try:
        write_page(path, passes)
    finally:
        if had is not None:
            os.environ["NUMPYNET_DATA"] = had
    return path.as_uri()


@pytest.fixture
def explorer(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(10_000)
    found = Explorer(page, address)
    yield found
    page.close()
    assert found.messages == []
    assert [url for url in found.requests if not url.startswith((address, "data:", "about:"))] == []
