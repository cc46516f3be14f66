"""A server on this machine that misbehaves in every way that servers do."""

import gzip
import socket
import time
from http.server import BaseHTTPRequestHandler

from numpynet.data import fashion_mnist_files

NAMES = [f"{file.name}.gz" for file in fashion_mnist_files.FILES]
PATIENCE = 60  # seconds that the server waits, or goes on sending, if the downloader does not give up


class Handler(BaseHTTPRequestHandler):
    """Serves MANNER/NAME: the file called NAME, in that manner."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        manner, name = self.path.strip("/").split("/")
        self.server.requests.append(self.path)
        content = self.server.contents[name]
        getattr(self, manner)(content)

    def answer(self, content, *, status=200, length=None, kind="application/octet-stream"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def good(self, content):
        self.answer(content, length=len(content))

    def no_length(self, content):
        self.answer(content)

    def short(self, content):
        self.answer(content[:-7], length=len(content))

    def short_without_length(self, content):
        self.answer(content[:-7])

    def long(self, content):
        self.answer(content + b"more", length=len(content) + 4)

    def endless(self, content):
        self.answer(b"")
        self.endless_body()

    def endless_body(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.wfile.write(bytes(1 << 16))
                self.server.sent += 1 << 16
            except OSError:
                return

    def web_page(self, content):
        self.answer(b"<html>Please sign in</html>", length=27, kind="text/html")

    def forbidden(self, content):
        self.answer(content, status=403, length=len(content))

    def not_found(self, content):
        self.answer(content, status=404, length=len(content))

    def unavailable(self, content):
        self.answer(content, status=503, length=len(content))

    def redirected(self, content):
        self.send_response(302)
        self.send_header("Location", self.path.replace("redirected", "good"))
        self.end_headers()

    def redirect_loop(self, content):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def silent(self, content):
        self.server.released.wait(PATIENCE)

    def silent_in_the_middle(self, content):
        self.answer(content[:10], length=len(content))
        self.wfile.flush()
        self.server.released.wait(PATIENCE)

    def drip(self, content):
        self.answer(b"", length=len(content))
        for i in range(len(content)):
            try:
                self.wfile.write(content[i : i + 1])
            except OSError:
                return
            if self.server.released.wait(0.05):
                return

    def drip_of_the_header(self, content):
        self.connection.sendall(b"HTTP/1.0 200 OK\r\nX-Patience: ")
        self.slowly(b"x")

    def continue_for_ever(self, content):
        self.slowly(b"HTTP/1.1 100 Continue\r\n\r\n")

    def drip_of_a_chunk(self, content):
        self.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.slowly(b"0")

    def redirect_with_an_endless_body(self, content):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()
        self.endless_body()

    def redirect_that_drips(self, content):
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()
        self.slowly(b"x")

    def slowly(self, piece):
        while not self.server.released.wait(0.05):
            try:
                self.connection.sendall(piece)
            except OSError:
                return

    def hangs_up(self, content):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset, not closed
        self.connection.close()

    def not_http(self, content):
        self.wfile.write(b"220 mail.example.com ESMTP\r\n")

    def wrong_bytes(self, content):
        self.answer(content[:50] + b"?" + content[51:], length=len(content))

    def packed_on_the_way(self, content):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(gzip.compress(content))


MISBEHAVIOUR = {
    "short": r"must have \d+ bytes, got \d+|IncompleteRead",
    "short_without_length": r"must have \d+ bytes, got \d+",
    "long": r"must have \d+ bytes, got more",
    "endless": r"must have \d+ bytes, got more",
    "web_page": r"must have \d+ bytes, got 27 \(text/html\)",
    "forbidden": "403",
    "not_found": "404",
    "unavailable": "503",
    "redirect_loop": "redirects",
    "silent": "timed out|too slow",
    "silent_in_the_middle": "timed out|too slow",
    "drip": r"too slow: \d+ of \d+ bytes in \d+ s",
    "drip_of_the_header": "too slow: 0 of",
    "continue_for_ever": "too slow: 0 of",
    "drip_of_a_chunk": "too slow: 0 of",
    "redirect_with_an_endless_body": "redirects",
    "redirect_that_drips": "redirects",
    "hangs_up": "Connection",
    "not_http": "BadStatusLine",
    "wrong_bytes": "SHA256 hash .* does not match",
    "packed_on_the_way": r"must have \d+ bytes, got|does not match",
}
TOO_SLOW = [manner for manner, words in MISBEHAVIOUR.items() if "too slow" in words]


def raw(root):
    return root / "FashionMNIST" / "raw"


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


ALL_NAMES = sorted([*NAMES, *(name.removesuffix(".gz") for name in NAMES)])
