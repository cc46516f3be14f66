"""The pages that `python docs/build.py` made, in a real browser: formulas are set, search works, and nobody is asked."""

import contextlib
import functools
import json
import re
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.helpers.command import ROOT

HTML = ROOT / "docs" / "_build" / "html"
PAGES = sorted(str(path.relative_to(HTML)) for path in HTML.rglob("*.html"))

pytestmark = pytest.mark.skipif(not PAGES, reason="needs the built pages: python docs/build.py")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def copyfile(self, source, target):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the page was left before it was read
            super().copyfile(source, target)


@pytest.fixture(scope="module")
def host():
    """The address of a server for these pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(browser, host):
    """Opens a page, and returns it; afterwards, nothing but these pages was asked for, and nothing complained about."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(15_000)
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    requests, messages = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: messages.append(str(error)))

    def open_page(name, query=""):
        page.goto(host + name + query)
        return page

    yield open_page
    page.close()
    assert [url for url in requests if not url.startswith((host, "data:", "about:", "blob:"))] == []
    assert messages == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_another_host_for_what_it_needs(page):
    text = (HTML / page).read_text("utf-8")
    assert re.findall(r'<(?:script|img|iframe|source)[^>]* src="(?:https?:)?//[^"]*"', text) == []
    assert re.findall(r'<link[^>]* rel="(?:stylesheet|preload|icon)"[^>]* href="(?:https?:)?//[^"]*"', text) == []


@pytest.mark.parametrize("page", [page for page in PAGES if "/book/" in page])
def test_a_page_opens_with_its_formulas(page, visit):
    opened = visit(page)
    if "7-how-fast" not in page:
        opened.wait_for_selector("mjx-container svg")
    assert opened.locator("mjx-merror, merror").count() == 0
    for width in (360, 1200):
        opened.set_viewport_size({"width": width, "height": 900})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
    images = opened.eval_on_selector_all("img", "all => all.map(img => img.complete && img.naturalWidth > 0)")
    assert all(images)


@pytest.mark.parametrize(
    ("language", "word"), [("en", "softmax"), ("zh", "反向传播"), ("zh", "梯度"), ("zh", "softmax")]
)
def test_search_finds_a_word(language, word, visit):
    opened = visit(f"{language}/search.html", f"?q={word}")
    opened.wait_for_function("document.querySelectorAll('#search-results li').length >= 2")


def test_the_explorer_in_the_book_works(visit):
    for language in ("en", "zh"):
        frame = visit(f"{language}/book/4-backpropagation.html").frame_locator("iframe")
        frame.locator("[data-action=first]").click()
        frame.locator("[data-action=next]").click()
        assert frame.locator("main").get_attribute("data-step") == "1"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_that_checks_loads_nothing_by_itself(language, visit):
    opened = visit(f"{language}/try-it.html")
    assert opened.locator("#check").is_enabled()
    assert "def relu_backward" in opened.locator("#code").input_value()
    with zipfile.ZipFile(HTML / language / "_static" / "try-it" / "numpynet.zip") as archive:
        names = archive.namelist()
    assert {"numpynet/__init__.py", "numpynet/gradcheck/files/inside.py"} <= set(names)
    assert not [name for name in names if not name.startswith("numpynet/")]


@pytest.mark.parametrize("page", [page for page in PAGES if "/book/" in page])
def test_a_page_can_be_downloaded_as_a_notebook(page, visit):
    opened = visit(page)
    with opened.expect_download() as download:
        opened.locator("a[download]").click()
    notebook = json.loads(download.value.path().read_text("utf-8"))
    assert notebook["nbformat"] == 4
    title = notebook["cells"][0]["source"].splitlines()[0].removeprefix("# ")
    assert opened.locator("h1").inner_text().startswith(title)
