"""`numpynet data`, and what `train` does where the data are missing or damaged."""

from pathlib import Path

import pytest

from tests.helpers.command import assert_one_line, numpynet
from tests.helpers.fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST


def test_data_says_where_it_looked_and_what_it_found(tmp_path):
    result = numpynet("data", cwd=tmp_path)
    assert result.returncode == 3
    assert_one_line(result.stderr, "numpynet: no correct copy of Fashion-MNIST was found", "numpynet data --download")
    places = [line.removesuffix(": nothing") for line in result.stdout.splitlines()[1:]]
    assert places[0] == "  data"
    assert f"  {tmp_path}/.keras/datasets/fashion-mnist" in places
    assert places[-1] == f"  {tmp_path}/numpynet/FashionMNIST/raw"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "data" / "t10k-labels-idx1-ubyte").write_bytes(b"<html>")
    result = numpynet("data", cwd=tmp_path)
    assert result.returncode == 3
    lines = [line.split(None, 1) for line in result.stdout.splitlines()[2:6]]
    assert lines[0] == ["train-images-idx3-ubyte.gz", "truncated at byte 2 of 26421880"]
    assert lines[1:3] == [["train-labels-idx1-ubyte.gz", "missing"], ["t10k-images-idx3-ubyte.gz", "missing"]]
    assert lines[3][0] == "t10k-labels-idx1-ubyte"
    assert "must start with 00 00 08, got 3c 68 74" in lines[3][1]


@pytest.mark.skipif(FASHION_MNIST is None, reason=NEEDS_FASHION_MNIST)
def test_data_finds_fashion_mnist(tmp_path):
    result = numpynet("data", "--root", Path(FASHION_MNIST).resolve(), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("verified") >= 4
    assert f"a correct copy is in {Path(FASHION_MNIST).resolve()}" in result.stdout


def test_missing_and_damaged_data_exit_3(tmp_path, here):
    result = here("train", "mlp", "--data", "fashion-mnist", cwd=tmp_path)
    assert result.returncode == 3
    assert_one_line(result.stderr, "numpynet: load_fashion_mnist: missing", str(tmp_path))
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(b"")
    result = here("train", "mlp", "--root", folder, cwd=tmp_path)  # auto: a damaged copy is no reason to take shapes
    assert result.returncode == 3
    assert_one_line(result.stderr, "truncated at byte 0 of 26421880")


def test_a_root_without_the_data_is_an_error(tmp_path, here):
    result = here("train", "mlp", "--root", tmp_path / "nowhere", cwd=tmp_path)
    assert result.returncode == 3
    assert_one_line(result.stderr, "missing", "nowhere", "NUMPYNET_DATA")
