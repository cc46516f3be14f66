"""Generators, and a small data set that the loader and the downloader take for Fashion-MNIST."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: one thread each, or they wait for one another
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")

import gzip
import hashlib
import subprocess

import numpy as np
import pytest

from numpynet.cli.main import main
from numpynet.data import fashion_mnist_files
from tests.helpers.explorer import BROWSER, OPTIONS
from tests.helpers.idx import idx


@pytest.fixture
def small(monkeypatch):
    """Four small files that the loader takes for Fashion-MNIST's, by name; both forms."""
    rng = np.random.default_rng(6)
    arrays = [
        rng.integers(0, 256, (60, 4, 4), dtype=np.uint8),
        rng.integers(0, 10, 60, dtype=np.uint8),
        rng.integers(0, 256, (10, 4, 4), dtype=np.uint8),
        rng.integers(0, 10, 10, dtype=np.uint8),
    ]
    files, contents = [], {}
    for file, array in zip(fashion_mnist_files.FILES, arrays, strict=True):
        unpacked, packed = idx(array), gzip.compress(idx(array), mtime=0)
        forms = {file.name: unpacked, file.name + ".gz": packed}
        contents |= forms
        digests = {
            "sha256": hashlib.sha256(unpacked).hexdigest(),
            "packed_sha256": hashlib.sha256(packed).hexdigest(),
            "mnist_sha256": hashlib.sha256(idx(array[::-1])).hexdigest(),
        }
        files.append(file._replace(shape=array.shape, packed_size=len(packed), **digests))
    monkeypatch.setattr(fashion_mnist_files, "FILES", tuple(files))
    monkeypatch.delenv("NUMPYNET_DATA", raising=False)
    return arrays, contents


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def here(monkeypatch, capsys):
    """Runs `numpynet ...` as `tests.helpers.command.numpynet` does, but in this process, which is faster."""

    def run(*arguments, cwd):
        monkeypatch.chdir(cwd)
        monkeypatch.setenv("HOME", str(cwd))
        monkeypatch.setenv("XDG_CACHE_HOME", str(cwd))
        monkeypatch.delenv("NUMPYNET_DATA", raising=False)
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = error.code
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if BROWSER is None:
        pytest.skip("needs a browser: Chromium, or Google Chrome")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield opened
        opened.close()
