"""`numpynet train --resume`: however a run ended, it resumes and leaves what an undisturbed run leaves."""

import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from numpynet import Checkpointer
from numpynet.cli import results, resume
from numpynet.cli import run as runs
from numpynet.cli.main import main
from numpynet.cli.parser import make_parser
from numpynet.training import State, checkpoint_file
from numpynet.training.checkpoint_file import read_checkpoint
from tests.helpers.checkpoints import forge, make
from tests.helpers.command import POSIX, assert_one_line, assert_same_results, history, numpynet, start

# The command, which kills itself in the step that its first argument says.
KILLED = """
import os, signal, sys
from numpynet.cli.main import main
from numpynet.training.progress import Progress

def after_step(self, state):
    if state.step == step:
        os.kill(os.getpid(), signal.SIGKILL)

step = int(sys.argv.pop(1))
Progress.after_step = after_step
sys.exit(main())
"""


@pytest.mark.slow
@POSIX
@pytest.mark.parametrize(
    "options",
    [
        ["mlp", "--epochs", 12, "--hidden", 64, "--momentum", 0.9, "--lr", 0.02],
        ["softmax", "--epochs", 20, "--scratch"],
        ["linear", "--epochs", 40],
    ],
)
def test_killed_repeatedly_it_ends_with_an_undisturbed_runs_bits(options, tmp_path):
    """Killed in five steps; then at any moment, or not if it ends sooner."""
    options = [*options, "--seed", 4]
    assert numpynet("train", *options, "--output", "alone", cwd=tmp_path).returncode == 0
    options += ["--output", "killed", "--checkpoint-every", 5, "--resume"]
    rng = np.random.default_rng(1)
    for step in np.sort(rng.integers(1, 500, 5)):
        process = start(*options, cwd=tmp_path, program=["-c", KILLED, step])
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, stderr
        state = read_checkpoint(tmp_path / "killed" / "checkpoint.npz").state
        assert max(0, step - 5) <= state.step < step
    for seconds in rng.uniform(0, 2.5, 3):
        process = start(*options, cwd=tmp_path)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    assert numpynet("train", *options, cwd=tmp_path).returncode == 0
    assert_same_results(tmp_path / "killed", tmp_path / "alone")


@POSIX
@pytest.mark.slow
def test_ctrl_c_saves_and_names_a_command_that_ends_the_run(tmp_path):
    """The run has more epochs than it can train before the signal arrives; resumed, it trains for one more at most."""
    options = ["linear", "--seed", 3]
    process = start(*options, "--epochs", 10**6, "--output", "my runs", "--threads", 1, cwd=tmp_path)
    try:
        assert any(line.startswith("epoch") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    command = "numpynet train linear '--output=my runs' --threads=1 --resume"
    assert_one_line(stderr, "numpynet: interrupted; saved after step", f"`{command}` resumes there")
    epochs = ["--epochs", read_checkpoint(tmp_path / "my runs" / "checkpoint.npz").state.epoch + 1]
    result = numpynet(*shlex.split(command)[1:], *epochs, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "resuming after step" in result.stdout
    assert numpynet("train", *options, *epochs, "--output", "alone", cwd=tmp_path).returncode == 0
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


def test_without_a_checkpoint_resume_starts(tmp_path, here):
    result = here("train", "linear", "--resume", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "resuming" not in result.stdout
    assert f"no checkpoint in {Path('runs', 'linear')}: starting from the beginning" in result.stdout


@pytest.mark.slow
def test_resuming_a_finished_run_adds_only_more_epochs(tmp_path, here):
    assert here("train", "linear", "--seed", 2, "--epochs", 5, "--output", "five", cwd=tmp_path).returncode == 0
    assert here("train", "linear", "--seed", 2, "--output", "out", cwd=tmp_path).returncode == 0
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "out").iterdir()}
    result = here("train", "linear", "--output", "out", "--resume", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "nothing to train" in result.stdout
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "out").iterdir()} == before
    result = here("train", "linear", "--output", "out", "--resume", "--epochs", 5, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "resuming after step 300, in epoch 3 of 5" in result.stdout
    assert_same_results(tmp_path / "out", tmp_path / "five")


@pytest.mark.slow
def test_a_run_killed_before_its_results_still_leaves_them(tmp_path, here):
    assert here("train", "linear", "--seed", 2, "--output", "out", cwd=tmp_path).returncode == 0
    model = (tmp_path / "out" / "model.npz").read_bytes()
    (tmp_path / "out" / "model.npz").unlink()
    (tmp_path / "out" / "fit.png").unlink()
    result = here("train", "linear", "--output", "out", "--resume", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "model.npz").read_bytes() == model
    assert (tmp_path / "out" / "fit.png").exists()


@pytest.mark.slow
def test_a_finished_run_keeps_the_versions_that_trained_it(two_epochs, tmp_path, monkeypatch, capsys):
    shutil.copytree(two_epochs.parent, tmp_path, dirs_exist_ok=True)
    before = (tmp_path / "history.json").read_bytes()
    monkeypatch.setattr(results, "blas", lambda: "another")
    resume = ["train", "linear", "--output", str(tmp_path), "--resume"]
    assert main(resume) == 0
    assert "nothing to train" in capsys.readouterr().out
    assert (tmp_path / "history.json").read_bytes() == before
    for earlier in [b"", b"[]", before.replace(b'"seed": 1', b'"seed": 2')]:  # another run's, or none
        (tmp_path / "history.json").write_bytes(earlier)
        assert main(resume) == 0
        assert history(tmp_path)["settings"]["seed"] == 1
        assert history(tmp_path)["versions"]["blas"] == "another"


@pytest.mark.slow
def test_a_resumed_run_reads_its_checkpoint_once(two_epochs, tmp_path, monkeypatch):
    shutil.copytree(two_epochs.parent, tmp_path, dirs_exist_ok=True)
    opened = []

    def counted(*arguments):
        opened.append(arguments[0])
        return open(*arguments)

    monkeypatch.setattr(checkpoint_file, "open", counted, raising=False)
    assert main(["train", "linear", "--output", str(tmp_path), "--resume"]) == 0
    assert opened == [tmp_path / "checkpoint.npz"]


@pytest.mark.slow
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
    assert f"starting afresh; this replaces {path}, from an unfinished run" in capsys.readouterr().out


def test_what_the_last_bits_depend_on_is_told_if_it_differs(two_epochs, tmp_path, monkeypatch, capsys):
    shutil.copy(two_epochs, tmp_path / "checkpoint.npz")
    command = ["train", "linear", "--epochs", "3", "--resume", "--output", str(tmp_path)]
    assert main(command) == 0
    assert "last bits" not in capsys.readouterr().out
    shutil.copy(two_epochs, tmp_path / "checkpoint.npz")
    here = resume.bits_depend_on()
    monkeypatch.setattr(resume, "bits_depend_on", lambda: here | {"threads": "7", "NumPy": "9.9"})
    assert main(command) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "last bits" in line]
    assert told == [
        f"NumPy: 9.9; it was {here['NumPy']}, so the results may differ in the last bits",
        f"threads: 7; it was {here['threads']}, so the results may differ in the last bits",
    ]
