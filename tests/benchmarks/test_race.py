"""The race: ratios are of paired rounds, turns are long enough, and whoever is missing is named."""

import pytest

pytest.importorskip("threadpoolctl", reason="needs threadpoolctl: pip install threadpoolctl")
from benchmarks import machine, problems, report, worker
from benchmarks.race import RaceError, Result, race


def test_ratios_are_of_paired_rounds():
    result = Result("problem", 10, {"numpynet": [1.0, 10.0, 3.0], "other": [2.0, 20.0, 4.0]})
    assert result.ratios("other") == [0.5, 0.5, 0.75]
    assert result.spread("numpynet") == 3.0
    assert "0.50 of its time" in report.epoch_table(result)


def test_a_turn_is_filled_with_epochs_and_counts_as_their_median(monkeypatch):
    monkeypatch.setattr(worker, "PAUSE", 0)
    seconds = iter([0.1, 0.05, 0.09, 0.02, 7.0])

    class Once:
        def timed_epoch(self, order):
            return 0.5, next(seconds)

    assert worker.turn(Once(), order=None) == pytest.approx(0.07)  # of the first four, which fill a quarter of a second
    assert worker.turn(Once(), order=None) == 7.0  # one long epoch is a turn


def test_a_race_takes_turns_and_names_who_is_left_out(monkeypatch):
    said = []
    names = ["numpynet", "numpynet scratch", "scikit-learn", "matrix products"]
    result = race(problems.PROBLEMS["linear"], names, rounds=2, threads=1, say=said.append)
    assert list(result.seconds) == ["numpynet", "numpynet scratch", "matrix products"]
    assert {len(times) for times in result.seconds.values()} == {2}
    assert result.losses["numpynet"] == result.losses["numpynet scratch"]
    assert "scikit-learn" in result.missing
    assert said == [f"  left out: scikit-learn ({result.missing['scikit-learn']})"]


def test_a_worker_with_another_number_of_threads_is_refused(monkeypatch):
    monkeypatch.setattr("benchmarks.race.threads_setting", lambda threads: {})
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    with pytest.raises(RaceError, match="numpynet: must use 2 threads, got .*: 1"):
        race(problems.PROBLEMS["linear"], ["numpynet"], rounds=1, threads=2)


def test_a_busy_machine_and_a_wide_spread_are_said():
    assert machine.doubts({"load": 0.1}, {"a": 0.1}) == []
    busy, wide = machine.doubts({"load": 1.5}, {"a": 0.1, "b": 0.9})
    assert "a load of 1.5" in busy
    assert "1 of 2 timings spread" in wide
    assert "b: 90%" in wide
