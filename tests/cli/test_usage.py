"""Exit codes, and errors in one line."""

import os
import subprocess
import sys

import pytest

from tests.helpers.command import ROOT, assert_one_line, numpynet

USAGE = {
    "no command": ([], "required"),
    "unknown model": (["train", "cnn"], "invalid choice"),
    "epochs": (["train", "mlp", "--epochs", "-1"], "--epochs: must be at least 0, got -1"),
    "epochs, fraction": (["train", "mlp", "--epochs", "1.5"], "invalid whole number value: '1.5'"),
    "lr": (["train", "mlp", "--lr", "nan"], "--lr: must be finite and at least 0, got nan"),
    "lr, negative": (["train", "mlp", "--lr=-0.1"], "--lr: must be finite and at least 0"),
    "lr, infinite": (["train", "mlp", "--lr", "inf"], "--lr: must be finite and at least 0"),
    "lr, word": (["train", "mlp", "--lr", "fast"], "invalid number value: 'fast'"),
    "batch size": (["train", "mlp", "--batch-size", "0"], "--batch-size: must be at least 1, got 0"),
    "hidden": (["train", "mlp", "--hidden", "256", "0"], "--hidden: must be at least 1, got 0"),
    "hidden of softmax": (["train", "softmax", "--hidden", "256"], "--hidden is for mlp"),
    "two hidden from scratch": (["train", "mlp", "--scratch", "--hidden", "9", "9"], "has one hidden layer"),
    "momentum from scratch": (["train", "mlp", "--scratch", "--momentum", "0.9"], "plain gradient descent"),
    "images for linear": (["train", "linear", "--data", "shapes"], "linear generates its own data"),
    "root of shapes": (["train", "mlp", "--data", "shapes", "--root", "."], "shapes need none"),
    "seed": (["train", "mlp", "--seed", "-1"], "--seed: must be at least 0"),
    "output without a name": (["train", "mlp", "--output", ""], "--output: must be the name of a folder, got ''"),
    "root without a name": (["data", "--root", ""], "--root: must be the name of a folder, got ''"),
    "threads": (["train", "mlp", "--threads", "0"], "--threads: must be at least 1"),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_exits_2_and_writes_nothing(case, tmp_path, here):
    arguments, message = USAGE[case]
    result = here(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "numpynet", "train", "linear", "--epochs", "100000"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 6


def test_divergence_exits_5_naming_where(tmp_path):
    result = numpynet("train", "linear", "--lr", "1e30", cwd=tmp_path)
    assert result.returncode == 5
    assert_one_line(result.stderr, "numpynet: train: the loss is", "epoch 1, step", "1e+30")
    assert not (tmp_path / "runs" / "linear" / "model.npz").exists()


def test_output_that_cannot_be_written_exits_6_before_training(tmp_path, here):
    (tmp_path / "taken").write_text("a file, where a folder is wanted")
    result = here("train", "linear", "--output", "taken", cwd=tmp_path)
    assert result.returncode == 6
    assert_one_line(result.stderr, "taken")
    assert "epoch" not in result.stdout


def test_debug_shows_the_traceback(tmp_path, here):
    result = here("train", "linear", "--lr", "1e30", "--debug", cwd=tmp_path)
    assert result.returncode == 5
    assert "Traceback" in result.stderr
    assert "DivergedError" in result.stderr
