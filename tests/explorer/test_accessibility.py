"""Every view, in light and dark, is examined by axe-core: names, roles, order, contrast."""

import os
from pathlib import Path

import pytest

from tests.helpers.explorer import Explorer

AXE = os.environ.get("NUMPYNET_AXE", "")
STATES = [
    "tab=step",
    "tab=step&step=12&cell=grad_W1,0,2&differences=1",
    "tab=step&step=12&cell=W1,0,2",
    "tab=step&step=12&graph=1",
    "tab=train",
    "tab=mistakes&cell=grad_W1,0,1",
    "tab=images",
    "tab=derivation",
]


@pytest.mark.skipif(not AXE, reason="needs axe-core: set NUMPYNET_AXE to its axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(browser, address, scheme, language):
    page = browser.new_page(color_scheme=scheme)
    explorer = Explorer(page, address)
    for state in STATES:
        explorer.open(f"{state}&lang={language}")
        page.evaluate(Path(AXE).read_text("utf-8"))
        found = page.evaluate("axe.run()")
        assert len(found["passes"]) > 10
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], state
    page.close()
