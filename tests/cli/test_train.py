"""`numpynet train` and `numpynet demo` in a real process."""

import os

import numpy as np
import pytest

from numpynet import models
from tests.helpers.command import PNG, ROOT, history, numpynet


def test_train_linear_finds_w_and_b_and_writes_all_its_files(tmp_path):
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [["softmax"], ["mlp", "--hidden", 32, 16, "--momentum", 0.5, "--weight-decay", 1e-4]]
)
def test_without_fashion_mnist_classifiers_train_on_shapes(options, tmp_path, here):
    arguments = ["--epochs", 2, "--seed", 1, "--batch-size", 100, "--lr", 0.05, "--output", "out"]
    result = here("train", *options, *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "data: shapes: generated pictures, because no copy of Fashion-MNIST was found" in result.stdout
    record = history(tmp_path / "out")
    assert record["settings"]["data"] == "shapes"
    assert record["settings"]["batch_size"] == 100
    assert len(record["train_accuracy"]) == len(record["test_accuracy"]) == 2
    assert f"test accuracy {record['test_accuracy'][-1]:.4f} after 2 epochs (" in result.stdout
    assert ("No linear model can get more than 77.5 % of the shapes right" in result.stdout) == (options == ["softmax"])
    for picture in ["learning_curves.png", "predictions.png", "weights.png", "confusion.png"]:
        assert (tmp_path / "out" / picture).read_bytes().startswith(PNG)
    with np.load(tmp_path / "out" / "model.npz") as saved:
        rng = np.random.default_rng(0)
        net = models.softmax_regression(rng=rng) if options == ["softmax"] else models.mlp(784, [32, 16], 10, rng=rng)
        net.load_state_dict(saved)


@pytest.mark.slow
def test_scratch_and_concise_write_the_same_figures_and_weights(tmp_path):
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


@pytest.mark.slow
def test_a_drawn_seed_is_printed_and_stored_and_repeats_the_run(tmp_path, here):
    first = here("train", "linear", "--output", "first", cwd=tmp_path)
    seed = history(tmp_path / "first")["settings"]["seed"]
    assert f"seed: {seed}\n" in first.stdout
    here("train", "linear", "--output", "again", "--seed", seed, cwd=tmp_path)
    assert history(tmp_path / "again")["train_loss"] == history(tmp_path / "first")["train_loss"]


@pytest.mark.slow
def test_a_tilde_in_a_folders_name_is_the_users_home(tmp_path, here):
    result = here("train", "linear", "--epochs", 1, "--output=~/results", cwd=tmp_path)  # HOME is tmp_path
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "results" / "model.npz").exists()


@pytest.mark.slow
def test_no_epochs_leave_the_untrained_model(tmp_path, here):
    result = here("train", "linear", "--epochs", 0, "--output", "out", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert history(tmp_path / "out")["train_loss"] == []
    assert (tmp_path / "out" / "model.npz").exists()


@pytest.mark.slow
def test_demo_trains_all_three_on_built_in_data(tmp_path):
    result = numpynet("demo", "--seed", 0, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    softmax, mlp = (history(tmp_path / "runs" / "demo" / model)["test_accuracy"][-1] for model in ("softmax", "mlp"))
    assert mlp > softmax + 0.10
    assert len(list((tmp_path / "runs" / "demo").glob("*/*.png"))) == 3 + 4 + 4


@pytest.mark.slow
def test_pictures_of_an_earlier_run_are_removed(tmp_path, here):
    here("train", "linear", "--output", "out", cwd=tmp_path)
    assert (tmp_path / "out" / "learning_curves.png").exists()
    here("train", "linear", "--output", "out", "--epochs", 0, cwd=tmp_path)
    assert not (tmp_path / "out" / "learning_curves.png").exists()
    assert (tmp_path / "out" / "fit.png").exists()


def test_without_matplotlib_training_says_what_is_missing(tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('not here')")
    result = numpynet("train", "linear", cwd=tmp_path, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert result.returncode == 0, result.stderr
    assert 'the extra "plot": python3 -m pip install matplotlib' in result.stdout
    assert (tmp_path / "runs" / "linear" / "model.npz").exists()
