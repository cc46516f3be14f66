"""Downloading Fashion-MNIST: each of its four files from the first mirror that provides it complete. Size and SHA-256
are checked before the file gets its final name.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import time
from functools import partial
from typing import Any

from numpynet.arguments import Array
from numpynet.data import fashion_mnist_files
from numpynet.data.dataset import DataError, DownloadError
from numpynet.data.fashion_mnist_files import File, fashion_mnist_folders, read_file
from numpynet.data.idx import idx_header
from numpynet.storage.atomic import write_atomic

MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
TIMEOUT = 30.0  # seconds, to connect, and between one piece of a file and the next
MIN_BYTES_PER_SECOND = 10_000  # on average, after the first TIMEOUT seconds; slower mirrors are abandoned
_TEMPORARY = ".download-"  # prefix of temporary folders


def download_fashion_mnist(root: str | os.PathLike[str] | None = None) -> str:
    """Put a correct copy of the four files, with and without .gz, into FashionMNIST/raw below root, or else below
    $NUMPYNET_DATA, or else below the user's cache, where torchvision and `load_fashion_mnist` find it; return the path.

    Correct files that are already there are kept; wrong ones are replaced.

    Cost: 31 MB to download, 86 MB on disk. Each whole file is held in memory.
    Raises: ImportError without pooch; DownloadError if no mirror provided a file, with the reason for each; OSError if
    a file cannot be written.
    """
    folder = fashion_mnist_folders(root)[-1]
    os.makedirs(folder, exist_ok=True)
    _remove_leftovers(folder)
    mirrors = list(MIRRORS)
    for file in fashion_mnist_files.FILES:
        unpacked = os.path.join(folder, file.name)
        packed = f"{unpacked}.gz"
        if _right(unpacked, file) is None:
            array = _right(packed, file)
            if array is None:
                write_atomic(packed, _fetch(file, folder, mirrors))
                array = read_file(packed, file)
            write_atomic(unpacked, idx_header(array.shape) + array.tobytes())
    return folder


def _right(path: str, file: File) -> Array | None:
    """The array in the file at path, or None if the file is missing or wrong."""
    try:
        return read_file(path, file)
    except (DataError, FileNotFoundError):
        return None


def _fetch(file: File, folder: str, mirrors: list[str]) -> bytes:
    """The content of NAME.gz, from the first mirror that provides it; from then on that mirror is tried first."""
    try:
        import pooch
        import tqdm  # noqa: F401
        from requests import RequestException
        from urllib3.exceptions import HTTPError
    except ImportError as error:
        words = 'downloading needs pooch and tqdm, the extra "data": python3 -m pip install pooch tqdm'
        raise ImportError(f"{words} ({error})") from None

    pooch.get_logger().setLevel(logging.WARNING)  # or it reports the temporary folder of every file
    download = partial(_download, size=file.packed_size)
    name = f"{file.name}.gz"
    reasons = []
    for mirror in mirrors:
        with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=folder) as temporary:
            try:
                path = pooch.retrieve(
                    mirror + name, f"sha256:{file.packed_sha256}", name, path=temporary, downloader=download
                )
            except (RequestException, HTTPError, ValueError) as error:
                reason = getattr(error.args[0], "reason", error) if error.args else error  # the innermost reason
                reasons.append(f"{mirror}{name}: {reason}")
                continue
            mirrors.insert(0, mirrors.pop(mirrors.index(mirror)))
            with open(path, "rb") as stream:
                return stream.read()
    names = ", ".join(f"{file.name}.gz" for file in fashion_mnist_files.FILES)
    raise DownloadError(
        f"download_fashion_mnist: no mirror provided {name}: {'; '.join(reasons)}; "
        f"the four files ({names}) can also be put into {folder} by hand"
    )


def _remove_leftovers(folder: str) -> None:
    """Remove temporary folders that killed downloads left behind: those more than a day old."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.startswith(_TEMPORARY) and time.time() - os.path.getmtime(path) > 86400:
            shutil.rmtree(path, ignore_errors=True)


def _download(url: str, path: str, _: Any, *, size: int) -> None:
    """Download url into a file; ValueError if it has a different size, or is too slow.

    A thread receives the data, and is abandoned if it stalls: a server can send something every few seconds and never
    finish, which no timeout on a single read notices.
    """
    from tqdm import tqdm

    received, errors = bytearray(), []

    def receive() -> None:
        try:
            _receive(url, received, size)
        except Exception as error:  # to be raised in the thread that waits
            errors.append(error)

    thread, start = threading.Thread(target=receive, daemon=True), time.monotonic()
    thread.start()
    with tqdm(total=size, desc=url.rsplit("/", 1)[-1], unit="B", unit_scale=True, disable=None) as bar:
        while thread.is_alive():
            thread.join(0.1)
            bar.update(len(received) - bar.n)
            seconds = time.monotonic() - start
            if thread.is_alive() and seconds > TIMEOUT and len(received) < MIN_BYTES_PER_SECOND * seconds:
                raise ValueError(f"too slow: {len(received)} of {size} bytes in {seconds:.0f} s")
    if errors:
        raise errors[0]
    with open(path, "wb") as file:
        file.write(received)


def _receive(url: str, received: bytearray, size: int) -> None:
    """Append the content of url to received; ValueError if it has a different size."""
    import requests

    # identity: the file as it is stored, not compressed a second time for transfer.
    options: dict[str, Any] = {"headers": {"Accept-Encoding": "identity"}, "stream": True, "timeout": TIMEOUT}
    with requests.Session() as session:
        session.max_redirects = 5
        session.hooks["response"].append(_leave_redirect_unread)
        with session.get(url, **options) as response:
            response.raise_for_status()
            while piece := response.raw.read1(1 << 16, decode_content=False):
                received += piece
                if len(received) > size:
                    raise ValueError(f"must have {size} bytes, got more")
            if len(received) < size:
                kind = response.headers.get("Content-Type", "unknown type")
                raise ValueError(f"must have {size} bytes, got {len(received)} ({kind})")


def _leave_redirect_unread(response: Any, **options: Any) -> None:
    if response.is_redirect:
        response.close()  # or requests would read its body, which may be endless
