"""The page "Check your gradient here" in a real browser, with a stand-in for Pyodide.

The stand-in has Pyodide's functions, and hands the program to this process, which runs `numpynet check`: the page and
its worker are tested, but not Python in WebAssembly. How numpynet works there: tests/gradcheck/test_inside.py.
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.helpers.command import ROOT, numpynet

AXE = os.environ.get("NUMPYNET_AXE")
FILES = ROOT / "docs" / "try_it"
PAGE = """<!doctype html><html lang="{}"><head><title>Try it</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/try-it/style.css"></head><body><main><h1>Try it</h1><div id="try-it"></div></main>
<script type="module" src="/try-it/page.mjs"></script></body></html>"""
STAND_IN = """
export async function loadPyodide({indexURL}) {
  const files = {}, loaded = [];
  let language = "";
  return {
    FS: {writeFile: (name, text) => (files[name] = text)},
    loadPackage: async (name) => loaded.push(name),
    unpackArchive: (buffer, kind) => loaded.push(`${kind} of ${buffer.byteLength}`),
    runPythonAsync: async (code) => {
      const set = code.match(/NUMPYNET_LANGUAGE"\\] = "(\\w+)"/);
      if (set) { language = set[1]; return; }
      if (!code.includes('main(["check", "mine.py"])') || loaded.join() !== "numpy,zip of 3") throw new Error(loaded.join());
      while (files["mine.py"].includes("while True")) {}
      return (await fetch(`/run?${language}`, {method: "POST", body: files["mine.py"]})).text();
    },
  };
}
"""
TYPES = {".mjs": "text/javascript", ".css": "text/css", ".json": "application/json"}


@pytest.fixture
def host(tmp_path):
    """A server for the page; what it was asked for is in its list `asked`, and its `settings` may be changed."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def send(self, content, kind="text/html; charset=utf-8"):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(content if isinstance(content, bytes) else content.encode())

        def do_GET(self):
            server.asked.append(self.path)
            file = FILES / self.path.removeprefix("/try-it/")
            if self.path in ("/en", "/zh"):
                self.send(PAGE.format(self.path[1:]))
            elif self.path == "/try-it/settings.json":
                self.send(json.dumps(server.settings), TYPES[".json"])
            elif self.path == "/try-it/numpynet.zip":
                self.send(b"zip", "application/zip")
            elif self.path == "/pyodide/pyodide.mjs":
                self.send(STAND_IN, TYPES[".mjs"])
            elif file.is_file():
                self.send(file.read_bytes(), TYPES[file.suffix])
            else:
                self.send_error(404)

        def do_POST(self):
            path = Path(tmp_path, "mine.py")
            path.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            language = {"NUMPYNET_LANGUAGE": self.path.partition("?")[2]}
            self.send(numpynet("check", "mine.py", cwd=tmp_path, env=language).stdout, "text/plain; charset=utf-8")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.settings = [], {"pyodide": "/pyodide/", "seconds": 4}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(browser, host):
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.set_default_timeout(30_000)
    messages = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))

    def open_page(language="en"):
        page.goto(f"http://127.0.0.1:{host.server_port}/{language}")
        page.messages = messages
        return page

    yield open_page
    page.close()


def check(page, said="Done."):
    page.click("#check")
    page.wait_for_function(f"document.getElementById('status').textContent.startsWith({json.dumps(said)})")
    return page.text_content("#report")


def test_each_example_is_checked_as_in_a_terminal(visit, host, tmp_path):
    page = visit()
    assert not [path for path in host.asked if "pyodide" in path or "zip" in path]  # nothing is loaded yet
    names = page.eval_on_selector_all("#example option", "all => all.map(option => option.value)")
    assert len(names) == 3
    for name in names:
        page.select_option("#example", name)
        report = check(page)
        (tmp_path / "mine.py").write_text(page.input_value("#code"), "utf-8")
        assert report == numpynet("check", "mine.py", cwd=tmp_path).stdout
        assert " is wrong: " in report
    assert host.asked.count("/pyodide/pyodide.mjs") == 1
    assert page.messages == []


def test_what_does_not_end_is_ended_and_the_next_check_works(visit):
    page = visit()
    page.fill("#code", "while True:\n    pass\n")
    check(page, "It did not finish within 4 s.")
    assert page.is_hidden("#report")
    page.fill("#code", "def relu_backward(grad_Y, Y):\n    return grad_Y * (Y > 0)\n")
    assert "relu_backward is right." in check(page)
    page.fill("#code", "while True:\n    pass\n")
    page.click("#check")
    page.click("#stop")
    assert page.text_content("#status") == "Stopped."
    assert page.is_enabled("#check")


def test_in_chinese(visit):
    page = visit("zh")
    assert page.text_content("#check") == "检查"
    assert "正确：" in check(page, "完成。")


def test_without_python_the_page_says_so(visit, host):
    host.settings["pyodide"] = "/nowhere/"
    page = visit()
    page.click("#check")
    page.wait_for_function("document.getElementById('status').textContent.includes('could not be loaded')")
    host.settings["pyodide"] = "/pyodide/"
    page.reload()
    assert "is wrong" in check(page)


def test_the_page_is_for_keyboards_and_narrow_screens(visit):
    page = visit()
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for name in ("example", "code", "check"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == name
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('status').textContent === 'Done.'")
    if AXE:
        page.add_script_tag(path=AXE)
        assert page.evaluate("axe.run()")["violations"] == []


def test_the_setting_names_a_version_of_pyodide():
    settings = json.loads((FILES / "settings.json").read_text("utf-8"))
    assert list(settings) == ["pyodide"]
    assert settings["pyodide"].startswith("https://cdn.jsdelivr.net/pyodide/v")
