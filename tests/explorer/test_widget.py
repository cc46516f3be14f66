"""The explorer in a notebook: the widget's module in a real browser, and the frame that stands in for it."""

import base64
import html
import re
import sys

import pytest

from numpynet.trace import example_trace

RENDER = """async ([module, state]) => {
    const {default: {render}} = await import(`data:text/javascript;base64,${module}`);
    const listeners = new Set();
    window.model = {
        state, saved: 0,
        get: (key) => model.state[key],
        set: (key, value) => { model.state[key] = value; },
        save_changes: () => { model.saved += 1; },
        on: (event, listener) => listeners.add(listener),
        off: (event, listener) => listeners.delete(listener),
        change: (value) => { model.state.state = value; listeners.forEach((listener) => listener()); },
        listeners,
    };
    const el = document.createElement("div");
    document.body.append(el);
    window.end = render({model, el});
}"""


def test_the_widget_is_the_page_and_keeps_its_state(browser):
    pytest.importorskip("anywidget")
    t = example_trace("mlp", 3)
    widget = t.explore(language="zh")
    page = browser.new_page()
    page.set_default_timeout(10_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    module = base64.b64encode(widget._esm.encode()).decode()
    state = {name: getattr(widget, name) for name in ("data", "words", "style", "state")}
    page.evaluate(RENDER, [module, state])
    assert page.get_attribute(".explorer", "lang") == "zh"
    found = page.get_attribute("[data-array=grad_W1] [data-cell='1,2']", "data-value")
    assert float(found) == t["grad_W1"][1, 2]
    page.click("[data-action=next]")
    assert "step=1" in page.evaluate("model.state.state")
    assert page.evaluate("model.saved") > 0
    page.evaluate("model.change('tab=step&step=4&lang=en')")
    assert page.get_attribute("main", "data-step") == "4"
    assert page.evaluate("location.href") == "about:blank"
    page.keyboard.press("ArrowRight")
    page.evaluate("end()")
    assert page.evaluate("model.listeners.size") == 0
    assert errors == []
    page.close()


def test_without_anywidget_it_is_a_frame(browser, monkeypatch, tmp_path):
    pytest.importorskip("IPython")
    monkeypatch.setitem(sys.modules, "anywidget", None)
    shown = example_trace("softmax").explore()
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><body>{shown.data}</body>", "utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("[data-action=next]").click()
    assert frame.locator("main").get_attribute("data-step") == "1"
    assert "<script" in html.unescape(re.search('srcdoc="([^"]*)"', shown.data).group(1))
    page.close()
