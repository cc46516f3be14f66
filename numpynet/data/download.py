"""Fetches Fashion-MNIST: each of its four files from the first mirror that gives it whole, checked by size and SHA-256
before it gets its name.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from functools import partial
from typing import Any

from numpynet.data import fashion_mnist
from numpynet.data.dataset import DataError, DownloadError
from numpynet.data.fashion_mnist import File, fashion_mnist_folders, read_file
from numpynet.data.idx import idx_header
from numpynet.files import write_whole
from numpynet.functional import Array

MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
TIMEOUT = 30.0  # seconds, to connect, and between one piece of a file and the next
SLOWEST = 10_000  # bytes per second, on average; whoever gives less, after the first TIMEOUT seconds, is left


def download_fashion_mnist(root: str | os.PathLike[str] | None = None) -> str:
    """Put a right copy of the four files, packed and unpacked, into FashionMNIST/raw below root, or else
    $NUMPYNET_DATA, or else the user's cache, where torchvision and `load_fashion_mnist` find it; return that folder.

    What is right there already stays as it is; files of that name that are not right are replaced.

    Cost: 31 MB to fetch, 86 MB on the disk. Each file is held in memory as a whole.
    Raises: ImportError without pooch; DownloadError where no mirror gave a file, with each one's reason; OSError where
    a file cannot be written.
    """
    folder = fashion_mnist_folders(root)[-1]
    os.makedirs(folder, exist_ok=True)
    mirrors = list(MIRRORS)
    for file in fashion_mnist.FILES:
        unpacked = os.path.join(folder, file.name)
        packed = f"{unpacked}.gz"
        if _right(unpacked, file) is None:
            array = _right(packed, file)
            if array is None:
                write_whole(packed, _fetch(file, folder, mirrors))
                array = read_file(packed, file)
            write_whole(unpacked, idx_header(array.shape) + array.tobytes())
    return folder


def _right(path: str, file: File) -> Array | None:
    """The array in the file at path, or None where it is not right or not there."""
    try:
        return read_file(path, file)
    except (DataError, FileNotFoundError):
        return None


def _fetch(file: File, folder: str, mirrors: list[str]) -> bytes:
    """The content of NAME.gz, from the first of the mirrors that gives it, which is then made the first one to ask."""
    try:
        import pooch
        import tqdm  # noqa: F401
        from requests import RequestException
        from urllib3.exceptions import HTTPError
    except ImportError as error:
        raise ImportError(f'downloading needs pooch: python3 -m pip install "numpynet[data]" ({error})') from None

    pooch.get_logger().setLevel(logging.WARNING)  # or it tells of every file that it is fetched to a temporary folder
    download = partial(_download, size=file.packed_size)
    name = f"{file.name}.gz"
    reasons = []
    for mirror in mirrors:
        with tempfile.TemporaryDirectory() as temporary:
            try:
                path = pooch.retrieve(
                    mirror + name, f"sha256:{file.packed_sha256}", name, path=temporary, downloader=download
                )
            except (RequestException, HTTPError, ValueError) as error:
                reason = getattr(error.args[0], "reason", error) if error.args else error  # without the wrapping
                reasons.append(f"{mirror}{name}: {reason}")
                continue
            mirrors.insert(0, mirrors.pop(mirrors.index(mirror)))
            with open(path, "rb") as stream:
                return stream.read()
    names = ", ".join(f"{file.name}.gz" for file in fashion_mnist.FILES)
    raise DownloadError(
        f"download_fashion_mnist: no mirror gave {name}: {'; '.join(reasons)}; "
        f"the four files ({names}) can also be put into {folder} by hand"
    )


def _download(url: str, path: str, _: Any, *, size: int) -> None:
    """Write what is at url into a file; ValueError where it has not this size, or comes too slowly."""
    import requests
    from tqdm import tqdm

    # In the form it is stored in, not packed once more on the way; a piece at a time, so that a slow server is noticed.
    headers = {"Accept-Encoding": "identity"}
    start, received = time.monotonic(), 0
    with (
        requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response,
        open(path, "wb") as file,
        tqdm(total=size, desc=url.rsplit("/", 1)[-1], unit="B", unit_scale=True, disable=None) as bar,
    ):
        response.raise_for_status()
        while piece := response.raw.read1(1 << 16, decode_content=False):
            file.write(piece)
            bar.update(len(piece))
            received += len(piece)
            seconds = time.monotonic() - start
            if received > size:
                raise ValueError(f"must have {size} bytes, got more")
            if seconds > TIMEOUT and received < SLOWEST * seconds:
                raise ValueError(f"too slow: {received} of {size} bytes in {seconds:.0f} s")
    if received < size:
        kind = response.headers.get("Content-Type", "unknown type")
        raise ValueError(f"must have {size} bytes, got {received} ({kind})")
