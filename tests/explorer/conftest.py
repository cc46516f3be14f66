"""A page written once for all tests of the explorer, and a real browser to open it in."""

import os
import shutil

import pytest

from numpynet.explorer.page import write_page
from numpynet.explorer.standard import standard_passes
from tests.helpers.explorer import Explorer

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


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


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if BROWSER is None:
        pytest.skip("needs a browser: Chromium, or Google Chrome")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def explorer(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(10_000)
    found = Explorer(page, address)
    yield found
    page.close()
    assert found.messages == []
    assert [url for url in found.requests if not url.startswith((address, "data:", "about:"))] == []
