"""The race: turns are long enough, contenders left out are named, and caveats are given."""

import pytest

pytest.importorskip("threadpoolctl", reason="needs threadpoolctl: pip install threadpoolctl")
from benchmarks import machine, problems, worker
from benchmarks.race import RaceError, race


def test_a_turn_is_filled_with_epochs_and_counts_as_their_median(monkeypatch):
    monkeypatch.setattr(worker, "PAUSE", 0)
    seconds = iter([0.1, 0.05, 0.09, 0.02, 7.0])

    class Once:
        def timed_epoch(self, order):
            return 0.5, next(seconds)

    # The first four fill a quarter of a second; then one long epoch is a turn.
    assert worker.timed_turn(Once(), order=None) == pytest.approx(0.07)
    assert worker.timed_turn(Once(), order=None) == 7.0


@pytest.mark.slow
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


def test_a_busy_machine_and_a_wide_spread_are_caveats():
    assert machine.caveats({"load": 0.1}, {"a": 0.1}) == []
    busy, wide = machine.caveats({"load": 1.5}, {"a": 0.1, "b": 0.9})
    assert "its load was 1.5" in busy
    assert "1 of 2 timings spread" in wide
    assert "b: 90%" in wide
