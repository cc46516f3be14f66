"""`python -m reference`."""

import dataclasses
import json
import subprocess
import sys
from dataclasses import replace

import pytest

import numpynet
from numpynet.book import BOOK
from numpynet.cli.run import RunFolder
from numpynet.cli.train import run
from tests.helpers.against_torch import mlp_without_mask
from tests.helpers.command import ROOT
from tests.helpers.slow import slow_after

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import __main__ as command  # noqa: E402


@pytest.mark.slow
def test_the_command_shows_that_the_twins_agree(tmp_path):
    options = ["mlp", "--data", "shapes", "--epochs", "1", "--dtype", "float32", "--output", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, "-W", "error", "-m", "reference", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert "they agree at each of 47 steps" in result.stdout
    for picture in ["curves.png", "difference.png"]:
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("model", slow_after(1, ["linear", "softmax", "mlp"]))
def test_relu_is_mentioned_where_units_may_be_left_out(model, dtype, run_command, tmp_path, monkeypatch):
    monkeypatch.setattr(
        command, "MODELS", command.MODELS | {"mlp": dataclasses.replace(command.MODELS["mlp"], sizes=(784, 16, 10))}
    )
    options = [] if model == "linear" else ["--data", "shapes"]
    code, printed = run_command(model, *options, "--epochs", 1, "--dtype", dtype, "--output", tmp_path)
    assert code == 0
    tolerance = "2e-14" if dtype == "float64" else "3e-06"
    assert f"numpynet's and PyTorch's differ by at most {tolerance} of the largest value" in printed
    assert ("ReLU" in printed) == (model == "mlp" and dtype == "float32")
    assert max(map(len, printed.partition("they agree")[2].splitlines())) <= 120


@pytest.mark.slow
@pytest.mark.parametrize("model", ["linear", "softmax"])
def test_the_command_has_the_figures_of_numpynet_train(model, run_command, tmp_path, capsys):
    settings = replace(BOOK[model], epochs=2, data="synthetic" if model == "linear" else "shapes", seed=3)
    run(settings, RunFolder(tmp_path))
    capsys.readouterr()
    options = [] if model == "linear" else ["--data", "shapes"]
    code, printed = run_command(model, *options, "--epochs", 2, "--seed", 3, "--dtype", "float32", "--output", tmp_path)
    assert code == 0
    rows = [line.split() for line in printed.splitlines() if line.split()[0].isdigit()]
    history = json.loads((tmp_path / "history.json").read_text())
    columns = [history[key] for key in ["train_loss", "train_accuracy", "test_accuracy"] if history[key]]
    assert len(rows) == 2
    for row, *figures in zip(rows, *columns, strict=True):
        assert row[1 : 1 + len(figures)] == [f"{figure:.4f}" for figure in figures]


def test_the_command_exits_1_naming_the_first_wrong_gradient(tmp_path, run_command, monkeypatch):
    monkeypatch.setattr(numpynet.scratch.mlp, "loss_and_gradients", mlp_without_mask)
    code, printed = run_command("mlp", "--data", "shapes", "--output", tmp_path)
    assert code == 1
    assert "disagree at step 0: grad_W1 of numpynet scratch and of PyTorch scratch" in printed
    assert "they agree" not in printed


def test_pictures_show_the_steps_before_a_disagreement(tmp_path, run_command, monkeypatch):
    monkeypatch.setattr(torch.optim.SGD, "zero_grad", lambda optimizer: None)
    for picture in ["curves.png", "difference.png"]:
        (tmp_path / picture).write_bytes(b"old")
    code, printed = run_command("linear", "--output", tmp_path)
    assert code == 1
    assert "disagree at step 1: grad_W of PyTorch concise" in printed
    assert (tmp_path / "difference.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "curves.png").exists()


def test_the_command_needs_matplotlib_only_for_its_pictures(tmp_path, run_command, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, printed = run_command("linear", "--epochs", 1, "--output", tmp_path)
    assert code == 0
    assert "no pictures: plotting needs matplotlib" in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["mlp", "--epochs", "0"], "--epochs: must be at least 1, got 0"),
        (["mlp", "--seed", "-1"], "--seed: must be at least 0, got -1"),
        (["linear", "--data", "shapes"], "linear generates its own data"),
        (["linear", "--root", "."], "linear generates its own data"),
        (["softmax", "--data", "shapes", "--root", "."], "--root is the folder of Fashion-MNIST; shapes need none"),
        (["mlp", "--root", "no-such-folder"], "load_fashion_mnist: missing"),
        (["linear", "--output", __file__], "File exists"),
    ],
)
def test_wrong_usage_is_explained_in_one_line(options, words, run_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed = run_command(*options)
    assert code == 2
    assert words in printed.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_missing_data_leave_an_earlier_runs_pictures_in_place(run_command, tmp_path):
    (tmp_path / "curves.png").write_bytes(b"of an earlier run")
    assert run_command("mlp", "--root", tmp_path / "none", "--output", tmp_path)[0] == 2
    assert (tmp_path / "curves.png").read_bytes() == b"of an earlier run"


def test_ctrl_c_ends_the_command_with_one_line_and_code_130(run_command, tmp_path, monkeypatch):
    def pressed(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(command.TwinRun, "epoch", pressed)
    code, printed = run_command("linear", "--output", tmp_path)
    assert code == 130
    assert printed.splitlines()[-1] == "python -m reference: interrupted"


def test_without_torch_the_command_says_what_to_install():
    code = "import sys, runpy; sys.modules['torch'] = None; runpy.run_module('reference', run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert 'pip install -e ".[reference]"' in result.stderr
