"""`numpynet train --resume`: however a run was ended, it goes on and leaves what it would have left undisturbed."""

import dataclasses
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from numpynet import Checkpointer, CheckpointError, make_shapes
from numpynet.book import BOOK
from numpynet.cli import resume
from numpynet.cli import run as runs
from numpynet.cli.main import main
from numpynet.cli.parser import make_parser
from numpynet.training import State, checkpoint_file
from numpynet.training.checkpoint_file import read_checkpoint
from tests.test_checkpoint import forge, make, save_checkpoint
from tests.test_command_line import ROOT, assert_one_line, history, numpynet

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
FIGURES = ["train_loss", "train_accuracy", "test_accuracy"]


def start(*arguments, cwd):
    environment = {k: v for k, v in os.environ.items() if k != "NUMPYNET_DATA"}
    environment |= {"PYTHONPATH": ROOT, "HOME": str(cwd), "XDG_CACHE_HOME": str(cwd)}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "numpynet", "train", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def assert_same_results(folder, expected):
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in expected.iterdir())
    assert (folder / "model.npz").read_bytes() == (expected / "model.npz").read_bytes()
    for key in [*FIGURES, "settings"]:
        assert history(folder)[key] == history(expected)[key]
    for picture in expected.glob("*.png"):
        if picture.name != "learning_curves.png":  # where the seconds are
            assert (folder / picture.name).read_bytes() == picture.read_bytes()


@POSIX
@pytest.mark.parametrize(
    "options",
    [
        ["mlp", "--epochs", 12, "--hidden", 64, "--momentum", 0.9, "--lr", 0.02],
        ["softmax", "--epochs", 20, "--scratch"],
        ["linear", "--epochs", 40],
    ],
)
def test_killed_again_and_again_at_random_moments_it_ends_with_the_bits_of_a_run_left_alone(options, tmp_path):
    options = [*options, "--seed", 4]
    assert numpynet("train", *options, "--output", "alone", cwd=tmp_path).returncode == 0
    rng = np.random.default_rng(1)
    places = set()
    for attempt in range(60):
        process = start(*options, "--output", "killed", "--checkpoint-every", 5, "--resume", cwd=tmp_path)
        if attempt < 6:  # killed in the midst of training, most of them; the rest at any moment, drawing pictures too
            for line in process.stdout:
                if line.startswith(("resuming", "data:")):
                    break
            time.sleep(rng.uniform(0, 0.3))
            process.kill()
        elif attempt < 10:
            time.sleep(rng.uniform(0, 4))
            process.kill()
        process.communicate(timeout=120)
        if (tmp_path / "killed" / "checkpoint.npz").exists():
            places.add(read_checkpoint(tmp_path / "killed" / "checkpoint.npz").state.step)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    assert process.returncode == 0
    assert len(places) >= 3
    assert_same_results(tmp_path / "killed", tmp_path / "alone")


@POSIX
def test_ctrl_c_saves_says_how_to_resume_and_the_command_it_names_ends_the_run(tmp_path):
    options = ["softmax", "--epochs", 4, "--seed", 3]
    assert numpynet("train", *options, "--output", "alone", cwd=tmp_path).returncode == 0
    with start(*options, "--output", "my runs", "--threads", 1, cwd=tmp_path) as process:
        assert any("epoch 1/4" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    command = "numpynet train softmax '--output=my runs' --threads=1 --resume"
    assert_one_line(stderr, "numpynet: interrupted; saved after step", f"`{command}` resumes there")
    command = shlex.split(command)[1:]
    result = numpynet(*command, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "resuming after step" in result.stdout
    assert_same_results(tmp_path / "my runs", tmp_path / "alone")


@pytest.mark.parametrize("output", ["runs/mlp", "my runs", "-o", "it's"])
@pytest.mark.parametrize("others", [{}, {"root": Path("a b"), "threads": 2, "checkpoint_every": 5}])
def test_the_command_that_goes_on_has_every_option_that_it_needs(output, others):
    command = runs.RunFolder(Path(output), **others).command("mlp")
    arguments = vars(make_parser().parse_args(shlex.split(command)[1:]))
    expected = {"model": "mlp", "output": Path(output), "resume": True, **others}
    given = {name: value for name, value in arguments.items() if value not in (None, False)}
    assert given == {"command": "train", "run": given["run"], "error": given["error"], **expected}


def test_ctrl_c_says_that_it_saved_only_where_it_did(tmp_path):
    net, optimizer, rng = make()
    ctrl_c = resume.CtrlC(Checkpointer(tmp_path / "c", net, optimizer, rng=rng), "that command")
    ctrl_c.pressed = True
    with pytest.raises(KeyboardInterrupt, match="^saved after step 7, in epoch 2; `that command` resumes there"):
        ctrl_c.after_step(State(epoch=2, step=7))
    before = (tmp_path / "c").read_bytes()
    net.parameters()[1].data[0] = np.inf
    with pytest.raises(
        KeyboardInterrupt, match="^not saved after step 8, .* not finite; `that command` resumes from the last"
    ):
        ctrl_c.after_step(State(epoch=2, step=8))
    assert (tmp_path / "c").read_bytes() == before


def test_without_a_checkpoint_resume_starts(tmp_path):
    result = numpynet("train", "linear", "--resume", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "resuming" not in result.stdout


def test_resuming_a_finished_run_does_nothing_and_more_epochs_go_on_as_one_run_would_have(tmp_path):
    assert numpynet("train", "linear", "--seed", 2, "--epochs", 5, "--output", "five", cwd=tmp_path).returncode == 0
    assert numpynet("train", "linear", "--seed", 2, "--output", "out", cwd=tmp_path).returncode == 0
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "out").iterdir()}
    result = numpynet("train", "linear", "--output", "out", "--resume", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "nothing to train" in result.stdout
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "out").iterdir()} == before
    result = numpynet("train", "linear", "--output", "out", "--resume", "--epochs", 5, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "resuming after step 300, in epoch 3 of 5" in result.stdout
    assert_same_results(tmp_path / "out", tmp_path / "five")


def test_a_run_killed_after_its_last_epoch_and_before_its_results_still_leaves_them(tmp_path):
    assert numpynet("train", "linear", "--seed", 2, "--output", "out", cwd=tmp_path).returncode == 0
    model = (tmp_path / "out" / "model.npz").read_bytes()
    (tmp_path / "out" / "model.npz").unlink()
    (tmp_path / "out" / "fit.png").unlink()
    result = numpynet("train", "linear", "--output", "out", "--resume", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "model.npz").read_bytes() == model
    assert (tmp_path / "out" / "fit.png").exists()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    options = ["--epochs", 2, "--hidden", 8, "--lr", 0.05, "--seed", 1, "--output", "out"]
    assert numpynet("train", "mlp", *options, cwd=folder).returncode == 0
    return folder


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
    "fewer epochs": (["mlp", "--epochs", 1], "epochs cannot become 1: it is in epoch 2"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_changed_setting_is_refused_naming_it_and_the_checkpoint_stays(case, finished):
    arguments, message = CHANGED[case]
    before = (finished / "out" / "checkpoint.npz").read_bytes()
    result = numpynet("train", *arguments, "--output", "out", "--resume", cwd=finished)
    assert result.returncode == 4
    assert_one_line(result.stderr, "numpynet: ", "checkpoint.npz", message)
    assert (finished / "out" / "checkpoint.npz").read_bytes() == before


def test_settings_that_are_repeated_are_accepted(finished):
    options = ["--hidden", 8, "--lr", 0.05, "--seed", 1, "--data", "shapes", "--output", "out", "--resume"]
    result = numpynet("train", "mlp", *options, cwd=finished)
    assert result.returncode == 0, result.stderr
    assert "nothing to train" in result.stdout


def test_a_damaged_checkpoint_exits_4_in_one_line(finished, tmp_path):
    (tmp_path / "out").mkdir()
    content = (finished / "out" / "checkpoint.npz").read_bytes()
    for damaged in [content[:1000], b"text", content[:500] + b"x" + content[501:]]:
        (tmp_path / "out" / "checkpoint.npz").write_bytes(damaged)
        result = numpynet("train", "mlp", "--output", "out", "--resume", cwd=tmp_path)
        assert result.returncode == 4
        assert_one_line(result.stderr, "checkpoint.npz")


def test_other_data_under_the_same_name_are_refused(tmp_path, monkeypatch):
    settings = dataclasses.replace(BOOK["softmax"], epochs=1, data="shapes")
    shapes = {seed: make_shapes(300, 100, rng=np.random.default_rng(seed)) for seed in (0, 1)}
    monkeypatch.setattr(runs, "choose_images", lambda name, root: (shapes[0], "shapes: these"))
    runs.run(settings, runs.RunFolder(tmp_path))
    monkeypatch.setattr(runs, "choose_images", lambda name, root: (shapes[1], "shapes: others"))
    with pytest.raises(CheckpointError, match="data: its run was trained on different data"):
        runs.run(
            dataclasses.replace(settings, epochs=2),
            runs.RunFolder(tmp_path),
            read_checkpoint(tmp_path / "checkpoint.npz"),
        )


def test_a_checkpoint_of_another_program_is_refused(tmp_path):
    net, optimizer, rng = make()
    (tmp_path / "out").mkdir()
    save_checkpoint(tmp_path / "out" / "checkpoint.npz", net, optimizer, rng=rng, epoch=1, step=1)
    result = numpynet("train", "mlp", "--output", "out", "--resume", cwd=tmp_path)
    assert result.returncode == 4
    assert_one_line(result.stderr, "its settings are not those of a run")


@pytest.fixture(scope="module")
def two_epochs(tmp_path_factory):
    """The checkpoint of a finished run of linear regression."""
    folder = tmp_path_factory.mktemp("two")
    runs.run(dataclasses.replace(BOOK["linear"], seed=1, epochs=2), runs.RunFolder(folder))
    return folder / "checkpoint.npz"


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
def test_a_forged_run_exits_4_in_one_line_and_is_no_obstacle_to_a_fresh_start(case, two_epochs, tmp_path, capsys):
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


def test_a_checkpoint_with_settings_that_are_none_is_no_obstacle_to_a_fresh_start(tmp_path):
    net, optimizer, rng = make()
    for settings in [{"epochs": None}, {"epochs": "x"}, {"epochs": [1]}, {}]:
        save_checkpoint(tmp_path / "c", net, optimizer, rng=rng, epoch=1, step=1, settings=settings)
        resume.warn_of_unfinished(tmp_path / "c")


def test_resuming_a_finished_run_keeps_the_versions_that_trained_it(two_epochs, tmp_path, monkeypatch, capsys):
    shutil.copytree(two_epochs.parent, tmp_path, dirs_exist_ok=True)
    before = (tmp_path / "history.json").read_bytes()
    monkeypatch.setattr(runs, "blas", lambda: "another")
    resume = ["train", "linear", "--output", str(tmp_path), "--resume"]
    assert main(resume) == 0
    assert "nothing to train" in capsys.readouterr().out
    assert (tmp_path / "history.json").read_bytes() == before
    for earlier in [b"", b"[]", before.replace(b'"seed": 1', b'"seed": 2')]:  # another run's, or none
        (tmp_path / "history.json").write_bytes(earlier)
        assert main(resume) == 0
        assert history(tmp_path)["settings"]["seed"] == 1
        assert history(tmp_path)["versions"]["blas"] == "another"


def test_a_resumed_run_reads_its_checkpoint_once(two_epochs, tmp_path, monkeypatch):
    shutil.copytree(two_epochs.parent, tmp_path, dirs_exist_ok=True)
    opened = []

    def counted(*arguments):
        opened.append(arguments[0])
        return open(*arguments)

    monkeypatch.setattr(checkpoint_file, "open", counted, raising=False)
    assert main(["train", "linear", "--output", str(tmp_path), "--resume"]) == 0
    assert opened == [tmp_path / "checkpoint.npz"]


def test_starting_afresh_over_an_unfinished_run_is_said(two_epochs, tmp_path, capsys):
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(two_epochs.read_bytes())
    afresh = ["train", "linear", "--epochs", "0", "--output", str(tmp_path)]
    settings = read_checkpoint(path).settings
    assert main(afresh) == 0
    assert "starting afresh" not in capsys.readouterr().out
    path.write_bytes(two_epochs.read_bytes())
    forge(path, meta={"settings": settings | {"epochs": 4}})
    assert main(afresh) == 0
    assert f"starting afresh; this replaces {path} of an unfinished run" in capsys.readouterr().out


def test_the_path_of_a_long_run_is_thinned_and_stays_evenly_spaced():
    net = runs.Run(BOOK["linear"], runs.RunFolder(Path()), None, np.random.default_rng(0)).net
    recorder = runs.ParameterPath(net)
    state = State()
    for state.step in range(1, 9001):
        net.parameters()[1].data[...] = state.step
        recorder.after_step(state)
    assert recorder.every == 8
    np.testing.assert_array_equal(np.array(recorder.rows)[:, 2], np.arange(0, 9001, 8))


def test_history_json_is_json_and_has_what_repeats_the_run(finished):
    record = json.loads((finished / "out" / "history.json").read_text())
    assert record["settings"]["seed"] == 1
    assert len(record["seconds"]) == 2
