"""The command line, through a real process, as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import numpynet as numpynet_package
from numpynet import models
from tests.test_fashion_mnist import FASHION_MNIST, NEEDS_FASHION_MNIST

ROOT = str(Path(numpynet_package.__file__).parent.parent)  # so that it is this numpynet that runs
PNG = b"\x89PNG\r\n\x1a\n"


def numpynet(*arguments, cwd, env=None, **options):
    """Run `python -m numpynet ...` without Fashion-MNIST, a display or colours; stdout and stderr apart."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "MPLBACKEND", "NUMPYNET_DATA")}
    environment |= {"HOME": str(cwd), "XDG_CACHE_HOME": str(cwd), "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ROOT}
    environment |= env or {}
    command = [sys.executable, "-W", "error", "-m", "numpynet", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, **options)


def history(folder):
    return json.loads((folder / "history.json").read_text())


def assert_one_line(stderr, *parts):
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert "Traceback" not in stderr
    for part in parts:
        assert part in stderr


def test_train_linear_finds_w_and_b_and_leaves_model_history_and_pictures(tmp_path):
    result = numpynet("train", "linear", "--seed", 3, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "seed: 3" in result.stdout
    assert result.stdout.count("epoch ") == 3
    folder = tmp_path / "runs" / "linear"
    with np.load(folder / "model.npz") as saved:
        np.testing.assert_allclose(saved["0.W"][:, 0], [2, -3.4], atol=0.02)
        np.testing.assert_allclose(saved["0.b"], [4.2], atol=0.02)
        w1 = float(saved["0.W"][0, 0])
    assert f"{w1:10.4f}     2.0000 {w1 - 2:+10.4f}" in result.stdout
    record = history(folder)
    assert record["settings"] == {
        "model": "linear", "seed": 3, "data": "synthetic", "epochs": 3, "batch_size": 10, "lr": 0.03, "hidden": [],
        "momentum": 0.0, "weight_decay": 0.0, "scratch": False,
    }  # fmt: skip
    assert record["versions"]["numpy"] == np.__version__
    assert len(record["train_loss"]) == len(record["seconds"]) == 3
    assert record["train_loss"][-1] < 1e-3
    for picture in ["learning_curves.png", "fit.png", "path.png"]:
        assert (folder / picture).read_bytes().startswith(PNG)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["checkpoint.npz", "model.npz", "history.json", "learning_curves.png", "fit.png", "path.png"]
    )


@pytest.mark.parametrize(
    "options", [["softmax"], ["mlp", "--hidden", 32, 16, "--momentum", 0.5, "--weight-decay", 1e-4]]
)
def test_train_a_classifier_on_shapes_where_fashion_mnist_is_absent_and_say_so(options, tmp_path):
    arguments = ["--epochs", 2, "--seed", 1, "--batch-size", 100, "--lr", 0.05, "--output", "out"]
    result = numpynet("train", *options, *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "data: shapes: pictures drawn by formula, because no copy of Fashion-MNIST was found" in result.stdout
    record = history(tmp_path / "out")
    assert record["settings"]["data"] == "shapes"
    assert record["settings"]["batch_size"] == 100
    assert len(record["train_accuracy"]) == len(record["test_accuracy"]) == 2
    assert f"test accuracy {record['test_accuracy'][-1]:.4f} after 2 epochs (" in result.stdout
    for picture in ["learning_curves.png", "predictions.png", "weights.png", "confusion.png"]:
        assert (tmp_path / "out" / picture).read_bytes().startswith(PNG)
    with np.load(tmp_path / "out" / "model.npz") as saved:
        rng = np.random.default_rng(0)
        net = models.softmax_regression(rng=rng) if options == ["softmax"] else models.mlp(784, [32, 16], 10, rng=rng)
        net.load_state_dict(saved)


def test_scratch_and_concise_leave_the_same_figures_and_the_same_weights(tmp_path):
    for model in ["linear", "mlp"]:
        options = ["train", model, "--epochs", 1, "--seed", 5]
        for folder, scratch in [("concise", []), ("scratch", ["--scratch"])]:
            result = numpynet(*options, *scratch, "--output", folder, cwd=tmp_path)
            assert result.returncode == 0, result.stderr
        concise, scratch = (history(tmp_path / folder) for folder in ("concise", "scratch"))
        assert scratch["settings"] == concise["settings"] | {"scratch": True}
        for key in ["train_loss", "train_accuracy", "test_accuracy"]:
            assert scratch[key] == concise[key]
        with np.load(tmp_path / "concise" / "model.npz") as a, np.load(tmp_path / "scratch" / "model.npz") as b:
            for concise_name, scratch_name in zip(a.files, b.files, strict=True):
                np.testing.assert_array_equal(a[concise_name], b[scratch_name])


def test_a_drawn_seed_is_printed_and_stored_and_repeats_the_run(tmp_path):
    first = numpynet("train", "linear", "--output", "first", cwd=tmp_path)
    seed = history(tmp_path / "first")["settings"]["seed"]
    assert f"seed: {seed}\n" in first.stdout
    numpynet("train", "linear", "--output", "again", "--seed", seed, cwd=tmp_path)
    assert history(tmp_path / "again")["train_loss"] == history(tmp_path / "first")["train_loss"]


def test_a_tilde_in_a_folders_name_is_the_users_home(tmp_path):
    result = numpynet("train", "linear", "--epochs", 1, "--output=~/results", cwd=tmp_path)  # HOME is tmp_path
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "results" / "model.npz").exists()


def test_no_epochs_leave_the_untrained_model(tmp_path):
    result = numpynet("train", "linear", "--epochs", 0, "--output", "out", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert history(tmp_path / "out")["train_loss"] == []
    assert (tmp_path / "out" / "model.npz").exists()


def test_demo_trains_all_three_on_built_in_data(tmp_path):
    result = numpynet("demo", "--seed", 0, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    softmax, mlp = (history(tmp_path / "runs" / "demo" / model)["test_accuracy"][-1] for model in ("softmax", "mlp"))
    assert mlp > softmax + 0.10
    assert len(list((tmp_path / "runs" / "demo").glob("*/*.png"))) == 3 + 4 + 4


def test_info_names_versions_and_blas(tmp_path):
    result = numpynet("info", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert np.__version__ in result.stdout
    assert "BLAS" in result.stdout


def test_data_says_where_it_looked_and_what_it_found(tmp_path):
    result = numpynet("data", cwd=tmp_path)
    assert result.returncode == 3
    assert_one_line(result.stderr, "numpynet: no right copy of Fashion-MNIST was found", "numpynet data --download")
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
    assert f"a right copy is in {Path(FASHION_MNIST).resolve()}" in result.stdout


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
def test_wrong_usage_exits_2_and_writes_nothing(case, tmp_path):
    arguments, message = USAGE[case]
    result = numpynet(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()


def test_missing_and_damaged_data_exit_3(tmp_path):
    result = numpynet("train", "mlp", "--data", "fashion-mnist", cwd=tmp_path)
    assert result.returncode == 3
    assert_one_line(result.stderr, "numpynet: load_fashion_mnist: missing", str(tmp_path))
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte.gz").write_bytes(b"")
    result = numpynet(
        "train", "mlp", "--root", folder, cwd=tmp_path
    )  # auto: a damaged copy is no reason to take shapes
    assert result.returncode == 3
    assert_one_line(result.stderr, "truncated at byte 0 of 26421880")


def test_a_root_without_the_data_is_an_error_and_no_reason_to_take_shapes(tmp_path):
    result = numpynet("train", "mlp", "--root", tmp_path / "nowhere", cwd=tmp_path)
    assert result.returncode == 3
    assert_one_line(result.stderr, "missing", "nowhere", "NUMPYNET_DATA")


def test_pictures_of_an_earlier_run_do_not_stay_beside_the_new_ones(tmp_path):
    numpynet("train", "linear", "--output", "out", cwd=tmp_path)
    assert (tmp_path / "out" / "learning_curves.png").exists()
    numpynet("train", "linear", "--output", "out", "--epochs", 0, cwd=tmp_path)
    assert not (tmp_path / "out" / "learning_curves.png").exists()
    assert (tmp_path / "out" / "fit.png").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_goes_away_ends_the_command_in_one_line(tmp_path):
    environment = {**os.environ, "PYTHONPATH": ROOT, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "numpynet", "train", "linear", "--epochs", "100000"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert_one_line(process.stderr.read(), "numpynet:", "pipe")
    assert process.returncode == 6


def test_divergence_exits_5_naming_where(tmp_path):
    result = numpynet("train", "linear", "--lr", "1e30", cwd=tmp_path)
    assert result.returncode == 5
    assert_one_line(result.stderr, "numpynet: train: the loss is", "epoch 1, step", "1e+30")
    assert not (tmp_path / "runs" / "linear" / "model.npz").exists()


def test_output_that_cannot_be_written_exits_6_before_training(tmp_path):
    (tmp_path / "taken").write_text("a file, where a folder is wanted")
    result = numpynet("train", "linear", "--output", "taken", cwd=tmp_path)
    assert result.returncode == 6
    assert_one_line(result.stderr, "taken")
    assert "epoch" not in result.stdout


def test_debug_shows_the_traceback(tmp_path):
    result = numpynet("train", "linear", "--lr", "1e30", "--debug", cwd=tmp_path)
    assert result.returncode == 5
    assert "Traceback" in result.stderr
    assert "DivergedError" in result.stderr


def test_threads_reach_the_matrix_library(tmp_path):
    """The process starts anew with the variables set, which it does before NumPy, and so BLAS, is loaded."""
    program = tmp_path / "sitecustomize.py"
    program.write_text(
        "import atexit, os, sys\n"
        "def report():\n"
        "    from threadpoolctl import threadpool_info\n"
        "    counts = [p['num_threads'] for p in threadpool_info() if p['user_api'] == 'blas']\n"
        "    open('threads', 'w').write(repr(counts))\n"
        "if 'numpynet' in sys.orig_argv: atexit.register(report)\n"
    )
    for count in (1, 2):
        result = numpynet(
            "train", "linear", "--threads", count, cwd=tmp_path, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("seed: ") == 1
        counts = set(json.loads((tmp_path / "threads").read_text()))
        assert counts <= {min(count, os.cpu_count())}


def test_without_matplotlib_training_works_and_says_what_is_missing_for_pictures(tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('not here')")
    result = numpynet("train", "linear", cwd=tmp_path, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert result.returncode == 0, result.stderr
    assert 'the extra "plot": python3 -m pip install matplotlib' in result.stdout
    assert (tmp_path / "runs" / "linear" / "model.npz").exists()
