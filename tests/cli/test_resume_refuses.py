"""`numpynet train --resume` refuses a checkpoint that does not fit, and leaves it alone."""

import dataclasses

import numpy as np
import pytest

from numpynet import CheckpointError, make_shapes, save_checkpoint
from numpynet.book import BOOK, BookData
from numpynet.cli import resume, train
from numpynet.cli.main import main
from numpynet.cli.run import RunFolder
from numpynet.training.checkpoint_file import read_checkpoint
from tests.helpers.checkpoints import forge, make
from tests.helpers.command import assert_one_line

pytestmark = pytest.mark.slow

CHANGED = {
    "batch size": (["mlp", "--batch-size", 128], "batch_size is 256 there, and cannot become 128"),
    "lr": (["mlp", "--lr", 0.2], "lr is 0.05 there, and cannot become 0.2"),
    "seed": (["mlp", "--seed", 2], "seed is 1 there, and cannot become 2"),
    "momentum": (["mlp", "--momentum", 0.5], "momentum is 0.0 there"),
    "weight decay": (["mlp", "--weight-decay", 0.5], "weight_decay is 0.0 there"),
    "data": (["mlp", "--data", "fashion-mnist"], "data is shapes there"),
    "architecture": (["mlp", "--hidden", 16], "hidden is (8,) there, and cannot become (16,)"),
    "model": (["softmax"], "model is mlp there, and cannot become softmax"),
    "scratch": (["mlp", "--scratch"], "scratch is False there, and cannot become True"),
    "fewer epochs": (["mlp", "--epochs", 1], "epochs cannot become 1: the run is already in epoch 2"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_changed_setting_is_refused_and_the_checkpoint_stays(case, finished, here):
    arguments, message = CHANGED[case]
    before = (finished / "out" / "checkpoint.npz").read_bytes()
    result = here("train", *arguments, "--output", "out", "--resume", cwd=finished)
    assert result.returncode == 4
    assert_one_line(result.stderr, "numpynet: ", "checkpoint.npz", message)
    assert (finished / "out" / "checkpoint.npz").read_bytes() == before


def test_settings_that_are_repeated_are_accepted(finished, here):
    options = ["--hidden", 8, "--lr", 0.05, "--seed", 1, "--data", "shapes", "--output", "out", "--resume"]
    result = here("train", "mlp", *options, cwd=finished)
    assert result.returncode == 0, result.stderr
    assert "nothing to train" in result.stdout


def test_a_damaged_checkpoint_exits_4_in_one_line(finished, tmp_path, here):
    (tmp_path / "out").mkdir()
    content = (finished / "out" / "checkpoint.npz").read_bytes()
    for damaged in [content[:1000], b"text", content[:500] + b"x" + content[501:]]:
        (tmp_path / "out" / "checkpoint.npz").write_bytes(damaged)
        result = here("train", "mlp", "--output", "out", "--resume", cwd=tmp_path)
        assert result.returncode == 4
        assert_one_line(result.stderr, "checkpoint.npz")


def test_other_data_under_the_same_name_are_refused(tmp_path, monkeypatch):
    settings = dataclasses.replace(BOOK["softmax"], epochs=1, data="shapes")
    shapes = [make_shapes(300, 100, rng=np.random.default_rng(seed)) for seed in (0, 1)]
    these, others = (BookData(*data, "shapes", "shapes: some") for data in shapes)
    monkeypatch.setattr(train, "load_data", lambda name, root, rng: these)
    train.run(settings, RunFolder(tmp_path))
    monkeypatch.setattr(train, "load_data", lambda name, root, rng: others)
    checkpoint = read_checkpoint(tmp_path / "checkpoint.npz")
    with pytest.raises(CheckpointError, match="data: the run was trained on different data"):
        train.run(dataclasses.replace(settings, epochs=2), RunFolder(tmp_path), checkpoint)


def test_a_checkpoint_of_another_program_is_refused(tmp_path, here):
    net, optimizer, rng = make()
    (tmp_path / "out").mkdir()
    save_checkpoint(tmp_path / "out" / "checkpoint.npz", net, optimizer, rng=rng, epoch=1, step=1)
    result = here("train", "mlp", "--output", "out", "--resume", cwd=tmp_path)
    assert result.returncode == 4
    assert_one_line(result.stderr, "its settings are not those of a run")


STRANGE_SETTINGS = {
    "epochs": ["x", -1, None, 1.5, True],
    "batch_size": [0, "10", None],
    "seed": [-1, 0.5, [1]],
    "lr": ["x", -1.0, float("nan"), 10**400, None],
    "momentum": [-0.5],
    "weight_decay": [None],
    "hidden": [5, "ab", [0], [0.5], None],
    "model": ["cnn", None, []],
    "data": ["mnist", "shapes", 3],
    "scratch": [1, None],
}
STRANGE = {
    f"{name} {value}"[:30]: {"settings": {name: value}} for name, values in STRANGE_SETTINGS.items() for value in values
}
STRANGE |= {
    "settings missing": {"settings": {"momentum": ...}},
    "settings unknown": {"settings": {"colour": "red"}},
    "scratch with momentum": {"settings": {"scratch": True, "momentum": 0.5}},
    "order of another length": {"order": np.arange(7), "meta": {"epoch": 3}, "settings": {"epochs": 3}},
    "path missing": {"extra/path": None},
    "path of other parameters": {"extra/path": np.ones((5, 4), np.float32)},
    "path of no rows": {"extra/path": np.ones((0, 3), np.float32)},
    "path, a number": {"extra/path": np.array(1.0)},
    "every missing": {"extra/every": None},
    "every 0": {"extra/every": np.array(0)},
    "every, a fraction": {"extra/every": np.array(1.5)},
    "every, a list": {"extra/every": np.ones(2)},
    "history without losses": {"meta": {"history": {"train_loss": [], "train_accuracy": [], "test_accuracy": [], "seconds": []}}},
    "history with accuracies": {"meta": {"history": {"train_loss": [1.0, 0.5], "train_accuracy": [0.5, 0.6], "test_accuracy": [], "seconds": [1.0, 1.0]}}},
}  # fmt: skip


@pytest.mark.parametrize("case", STRANGE)
def test_a_forged_run_exits_4_and_does_not_prevent_a_fresh_start(case, two_epochs, tmp_path, capsys):
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(two_epochs.read_bytes())
    changes = dict(STRANGE[case])
    settings = {**read_checkpoint(path).settings, **changes.pop("settings", {})}
    settings = {name: value for name, value in settings.items() if value is not ...}
    forge(path, **{**changes, "meta": {**changes.get("meta", {}), "settings": settings}})
    forged = path.read_bytes()
    assert main(["train", "linear", "--output", str(tmp_path), "--resume"]) == 4
    assert_one_line(capsys.readouterr().err, f"numpynet: {path}: ")
    assert path.read_bytes() == forged
    resume.warn_of_unfinished(path)


def test_impossible_settings_do_not_prevent_a_fresh_start(tmp_path):
    net, optimizer, rng = make()
    for settings in [{"epochs": None}, {"epochs": "x"}, {"epochs": [1]}, {}]:
        save_checkpoint(tmp_path / "c", net, optimizer, rng=rng, epoch=1, step=1, settings=settings)
        resume.warn_of_unfinished(tmp_path / "c")


def test_replacing_a_checkpoint_that_cannot_be_resumed_is_said(two_epochs, tmp_path, capsys):
    """Such as one of an earlier version, whose run may be unfinished."""
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(two_epochs.read_bytes())
    forge(path, meta={"version": 1})
    assert main(["train", "linear", "--epochs", "1", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert f"starting afresh; this replaces a checkpoint that cannot be resumed: {path}: version must be 2" in printed
    assert main(["train", "linear", "--epochs", "1", "--output", str(tmp_path)]) == 0
    assert "starting afresh" not in capsys.readouterr().out
