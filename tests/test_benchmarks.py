"""The benchmark's harness: who is timed computes the same, ratios are of paired rounds, who is missing is named."""

import json
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("threadpoolctl", reason="needs threadpoolctl: pip install threadpoolctl")
from benchmarks import machine, problems, report, steps, worker
from benchmarks.__main__ import main
from benchmarks.contenders import CONTENDERS
from benchmarks.race import RaceError, Result, check_losses, race
from numpynet import make_shapes
from tests.test_command_line import ROOT


def made(name, problem):
    try:
        return CONTENDERS[name](problem)
    except ImportError as error:
        pytest.skip(f"{name}: {error}")


def contests():
    """Who can be compared with numpynet at which problem. (torch.compile takes a minute; its losses are compared where it
    is raced.)
    """
    for name in CONTENDERS:
        for model in problems.PROBLEMS:
            impossible = (name == "scikit-learn" and model != "mlp") or ("torchvision" in name and model == "linear")
            if name not in ("numpynet", "matrix products", "torch.compile") and not impossible:
                yield name, model


@pytest.mark.parametrize(("name", "model"), list(contests()))
def test_every_contender_comes_to_numpynets_loss_in_the_first_and_second_epoch(name, model):
    problem = problems.quick(problems.PROBLEMS[model])
    base, other = made("numpynet", problem), made(name, problem)
    for seed in range(2):
        order = np.random.default_rng(seed).permutation(len(problem.load()[0]))
        own, its = base.epoch(order), other.epoch(order)
        check_losses({"numpynet": own, name: its})
        assert its == pytest.approx(own, rel=1e-4)


def few_shapes(*arguments):
    return make_shapes(2000, 100, rng=np.random.default_rng(0)), "shapes"


@pytest.mark.parametrize("model", problems.PROBLEMS)
def test_the_floor_makes_the_products_of_a_step_and_no_other(model, monkeypatch):
    monkeypatch.setattr(problems, "choose_images", few_shapes)
    problem = problems.quick(problems.PROBLEMS[model])
    floor = CONTENDERS["matrix products"](problem)
    products = []

    class Counted(np.ndarray):
        def __matmul__(self, other):
            products.append((*self.shape, other.shape[1]))
            return np.asarray(self) @ np.asarray(other)

    floor.A, floor.W = ([array.view(Counted) for array in arrays] for arrays in (floor.A, floor.W))
    floor.epoch(np.arange(problem.batch_size + 1))
    n = problem.batch_size
    expected = {
        "linear": [(n, 2, 1), (2, n, 1)],
        "softmax": [(n, 784, 10), (784, n, 10)],
        "mlp": [(n, 784, 256), (784, n, 256), (n, 256, 10), (256, n, 10), (n, 10, 256)],
    }[model]
    assert products[: len(expected)] == expected
    assert len(products) == 2 * len(expected)  # and again for the short last batch, of one example
    assert {min(shape) for shape in products[len(expected) :]} == {1}


def test_a_contender_that_computes_something_else_is_not_timed():
    with pytest.raises(RaceError, match="liar: the loss after one epoch must be 0.500000, as everyone's, got 0.510000"):
        check_losses({"numpynet": 0.5, "matrix products": None, "liar": 0.51})
    with pytest.raises(RaceError, match="liar"):
        check_losses({"numpynet": 0.5, "liar": float("nan")})


def test_ratios_are_of_paired_rounds():
    result = Result("problem", 10, {"numpynet": [1.0, 10.0, 3.0], "other": [2.0, 20.0, 4.0]})
    assert result.ratios("other") == [0.5, 0.5, 0.75]
    assert result.spread("numpynet") == 3.0
    assert "0.50 of its time" in report.epoch_table(result)


def test_a_turn_is_as_many_epochs_as_fill_it_and_counts_as_their_median(monkeypatch):
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


def test_the_formulas_of_both_libraries_agree():
    pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

    class Here:
        def __init__(self, name):
            self.name = name

        def ask(self, **message):
            return steps.measure(**message)

    shapes = {formula: sizes[:1] for formula, sizes in steps.SHAPES.items()}
    lines = steps.compare([Here(name) for name in steps.PASSES], 0.001, shapes)
    assert [line["formula"] for line in lines] == list(steps.SHAPES)
    wrong = Here("PyTorch")
    wrong.ask = lambda **message: {"sums": [[s[0] + 1, s[1]] for s in steps.measure(**message)["sums"]]}
    with pytest.raises(RaceError, match="the libraries differ"):
        steps.compare([Here("numpynet"), wrong], 0.001, shapes)


def test_a_busy_machine_and_a_wide_spread_are_said():
    assert machine.doubts({"load": 0.1}, {"a": 0.1}) == []
    busy, wide = machine.doubts({"load": 1.5}, {"a": 0.1, "b": 0.9})
    assert "a load of 1.5" in busy
    assert "1 of 2 timings spread" in wide
    assert "b: 90%" in wide


def test_the_winners_are_named_with_the_range_in_which_they_win():
    def result(numpynet, torch):
        return Result("p", 10, {"numpynet": [numpynet], "PyTorch": [torch]})

    assert (
        report.winners([8, 16, 32], [result(1, 2), result(1, 2), result(3, 2)])
        == "Fastest: numpynet 8 to 16, PyTorch 32"
    )
    assert report.winners([8, 16], [result(1, 2), result(1, 2)]) == "Fastest everywhere: numpynet"


def test_a_quick_run_leaves_tables_pictures_and_valid_json(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "--quick", "--threads", "1", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "no CUDA GPU here: the CPU part runs" in done.stdout or "GPU: " in done.stdout
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["machine"]["threads"] == 1
    assert content["machine"]["versions"]["numpy"] == np.__version__
    assert len(content["epoch"]["races"]) == 3
    for result in content["epoch"]["races"]:
        assert {"numpynet", "numpynet scratch", "matrix products"} <= set(result["seconds"])
        assert ("CUDA graph, GPU" in result["seconds"]) == bool(content["machine"]["gpu"])
        assert min(min(times) for times in result["seconds"].values()) > 0
    assert content["epoch"]["whole"]["peak bytes"]["numpynet"] > 1e7
    assert len(content["step"]["lines"]) == len(steps.SHAPES)
    assert [len(content["sweep"][axis]["races"]) for axis in ("widths", "batch sizes")] == [1, 1]
    assert content["doubts"] == ["a quick run: no figure to quote"]
    for picture in ("epoch.png", "step.png", "sweep.png"):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


def test_what_was_measured_is_kept_when_a_later_suite_fails(tmp_path, monkeypatch, capsys):
    def step(*arguments):
        return {"lines": "measured"}, {}

    def sweep(*arguments):
        raise RaceError("PyTorch: the loss after one epoch must be 0.500000, as everyone's, got 0.510000")

    monkeypatch.setattr("benchmarks.__main__.RUN", {"epoch": step, "step": step, "sweep": sweep})
    monkeypatch.setattr("benchmarks.__main__.choose_images", few_shapes)
    assert main(["--output", str(tmp_path)]) == 1
    assert "python -m benchmarks: PyTorch: the loss" in capsys.readouterr().err
    assert json.loads((tmp_path / "results.json").read_text())["step"] == {"lines": "measured"}


def test_the_smallest_batches_of_the_sweep_end_at_equal_losses():
    """A thousand steps at the book's learning rate would let float32 drift further apart than a race allows."""
    problem = problems.of_batch_size(8, 8192)
    order = np.random.default_rng(0).permutation(8192)
    check_losses({name: made(name, problem).epoch(order) for name in ("numpynet", "PyTorch")})


def test_wrong_usage_is_refused(tmp_path):
    for options in (["--threads", "0"], ["--suite", "nothing"], ["--output", __file__]):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks", *options], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
