"""Servers to download from."""

import gzip
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from numpynet.data import download
from tests.helpers.fashion_mnist import FASHION_MNIST
from tests.helpers.mirror import NAMES, TOO_SLOW, Handler


@pytest.fixture
def server(small, monkeypatch):
    """The server; its mirrors, by manner, are what the downloader asks, and what it was asked for is in requests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.contents, server.requests, server.released, server.sent = small[1], [], threading.Event(), 0
    server.daemon_threads = True

    def use(*manners):
        urls = tuple(f"http://127.0.0.1:{server.server_port}/{manner}/" for manner in manners)
        monkeypatch.setattr(download, "MIRRORS", urls)

    server.use = use
    right_download = download._download

    def patient(url, *arguments, **options):
        """Little patience with manners that are too slow, and enough with the others, however busy this machine is."""
        monkeypatch.setattr(download, "TIMEOUT", 0.7 if url.split("/")[-2] in TOO_SLOW else 30.0)
        return right_download(url, *arguments, **options)

    monkeypatch.setattr(download, "_download", patient)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def real_server():
    """Serves Fashion-MNIST itself, in pieces with pauses between, so that there is time to be killed in."""

    class Slowly(Handler):
        def good(self, content):
            self.answer(b"", length=len(content))
            for start in range(0, len(content), 1 << 20):
                time.sleep(0.02)
                try:
                    self.wfile.write(content[start : start + (1 << 20)])
                except OSError:
                    return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slowly)
    server.requests, server.contents = [], {}
    for name in NAMES:
        path = Path(FASHION_MNIST, name)
        server.contents[name] = (
            path.read_bytes() if path.exists() else gzip.compress(path.with_suffix("").read_bytes(), 9)
        )
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/good/"
    server.shutdown()
    server.server_close()
