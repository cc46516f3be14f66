"""What a run writes."""

import json
from pathlib import Path

import numpy as np

from numpynet.book import BOOK
from numpynet.cli import run as runs
from numpynet.training import State


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
