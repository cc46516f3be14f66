"""What a run writes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from numpynet.book import BOOK
from numpynet.cli import run as runs
from numpynet.training import State
from tests.helpers.command import POSIX


def test_the_path_of_a_long_run_is_thinned_evenly():
    net = runs.Run(BOOK["linear"], runs.RunFolder(Path()), np.random.default_rng(0)).net
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


@POSIX
def test_a_command_whose_output_is_closed_still_trains(tmp_path):
    code = "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    command = [
        "-m",
        "numpynet",
        "train",
        "linear",
        "--epochs",
        "1",
        "--threads",
        "2",
        "--output",
        str(tmp_path / "run"),
    ]
    done = subprocess.run([sys.executable, "-c", code, *command], stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "run" / "history.json").exists()
