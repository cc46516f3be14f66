"""Downloads of Fashion-MNIST in real processes, several at once or killed."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from numpynet import load_fashion_mnist
from numpynet.data import download, fashion_mnist_files
from tests.helpers.command import ROOT
from tests.helpers.fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST
from tests.helpers.mirror import ALL_NAMES, names_in, raw

pytest.importorskip("pooch", reason="needs pooch: pip install pooch tqdm")

CHILD = """
import sys
from numpynet import load_fashion_mnist
from numpynet.data import download
download.MIRRORS = (sys.argv[2],)
print(load_fashion_mnist(sys.argv[1], download=True).train.X.shape)
"""


def start(root, url):
    environment = {key: value for key, value in os.environ.items() if key != "NUMPYNET_DATA"}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", CHILD, str(root), url],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.parametrize("count", [2, 8])
def test_processes_that_download_at_once_all_succeed(real_server, count, tmp_path):
    processes = [start(tmp_path, real_server) for _ in range(count)]
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert output == "(60000, 28, 28)\n"
    assert names_in(raw(tmp_path)) == ALL_NAMES


@pytest.mark.slow
@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_download_leaves_no_wrong_file(real_server, tmp_path):
    moments = np.random.default_rng(0).uniform(0.1, 2.0, 8)
    for seconds in moments:
        process = start(tmp_path, real_server)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        for file in fashion_mnist_files.FILES:
            for path in fashion_mnist_files.forms_in(str(raw(tmp_path)), file):
                fashion_mnist_files.read_file(path, file)  # or it raises
    process = start(tmp_path, real_server)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert [name for name in names_in(raw(tmp_path)) if not name.startswith(".download-")] == ALL_NAMES


@pytest.mark.slow
@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
def test_torchvision_reads_what_was_downloaded(real_server, tmp_path, monkeypatch):
    datasets = pytest.importorskip("torchvision.datasets", reason="needs torchvision: pip install torch torchvision")
    monkeypatch.setattr(download, "MIRRORS", (real_server,))
    own = load_fashion_mnist(tmp_path, download=True)
    for split, train in zip(own[:2], (True, False), strict=True):
        other = datasets.FashionMNIST(tmp_path, train=train)
        np.testing.assert_array_equal(split.X, other.data.numpy())
        np.testing.assert_array_equal(split.y, other.targets.numpy())
