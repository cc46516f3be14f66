"""The benchmark's command and its report."""

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

pytest.importorskip("threadpoolctl", reason="needs threadpoolctl: pip install threadpoolctl")
from benchmarks import growth, report, steps
from benchmarks.__main__ import main
from benchmarks.contenders import CONTENDERS
from benchmarks.race import RaceError, Result
from tests.helpers.command import ROOT
from tests.helpers.contenders import few_shapes


def test_the_winners_are_named_with_the_range_in_which_they_win():
    def result(numpynet, torch):
        return Result("p", 10, {"numpynet": [numpynet], "PyTorch": [torch]})

    assert (
        report.winners([8, 16, 32], [result(1, 2), result(1, 2), result(3, 2)])
        == "Fastest: numpynet 8 to 16, PyTorch 32"
    )
    assert report.winners([8, 16], [result(1, 2), result(1, 2)]) == "Fastest everywhere: numpynet"


@pytest.mark.slow
def test_a_quick_run_leaves_tables_pictures_and_valid_json(tmp_path, monkeypatch, capsys):
    """Without JAX and scikit-learn, which take long to start; `test_contenders` has them race."""
    names = [name for name in CONTENDERS if name not in ("JAX jit", "scikit-learn")]
    monkeypatch.setattr("benchmarks.__main__.CONTENDERS", names)
    assert main(["--quick", "--threads", "1", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "no CUDA GPU was found: only the CPU contenders run" in printed or "GPU: " in printed
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
    assert content["caveats"] == ["a quick run: do not quote its figures"]
    assert list(content["growth"]) == list(growth.AXES)
    assert all(min(part["seconds"]) > 0 for part in content["growth"].values())
    for picture in ("epoch.png", "step.png", "sweep.png", "growth.png"):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


def test_what_was_measured_is_kept_when_a_later_suite_fails(tmp_path, monkeypatch, capsys):
    measured = {"races": [asdict(Result("problem", 10, {"numpynet": [1.0, 2.0], "PyTorch": [3.0, 4.0]}))], "whole": {}}

    def epoch(*arguments):
        return measured

    def step(*arguments):
        raise RaceError("PyTorch: the loss after one epoch must be 0.500000, like the others', got 0.510000")

    monkeypatch.setattr("benchmarks.__main__.RUN", {"epoch": epoch, "step": step, "sweep": step, "growth": step})
    monkeypatch.setattr("benchmarks.__main__.load_data", few_shapes)
    assert main(["--output", str(tmp_path)]) == 1
    assert "python -m benchmarks: PyTorch: the loss" in capsys.readouterr().err
    assert json.loads((tmp_path / "results.json").read_text())["epoch"] == measured
    drawn = (tmp_path / "epoch.png").read_bytes()

    (tmp_path / "epoch.png").unlink()
    assert main(["--redraw", "--output", str(tmp_path)]) == 0
    assert (tmp_path / "epoch.png").read_bytes() == drawn


def test_wrong_usage_is_refused(tmp_path):
    for options in (
        ["--threads", "0"],
        ["--suite", "nothing"],
        ["--output", __file__],
        ["--redraw", "--output", tmp_path],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks", *options], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_operations_are_those_of_the_products_of_a_step():
    """Y = X W twice, grad_W twice, and grad_X for the second layer alone; a product of (a, b) and (b, c) takes 2abc."""
    n, widths = 7, (5, 4, 3)
    products = [(n, 5, 4), (n, 4, 3), (4, n, 3), (n, 3, 4), (5, n, 4)]
    assert growth.operations(n, 2, widths) == 2 * sum(a * b * c for a, b, c in products)
    deep = growth.AXES["hidden layers"][1](10)["widths"]
    assert len(deep) == 12
    assert growth.arrays(1000, 10, (784, 256, 10)) > growth.arrays(100, 10, (784, 256, 10)) > 3 * 4 * 784 * 256


def test_the_exponent_is_that_of_the_power_law():
    assert growth.slope([1, 10, 100], [5, 50, 500]) == 1
    assert growth.slope([1, 10, 100], [3, 3, 3]) == 0
    assert growth.slope([1, 100], [10, 1]) == -0.5
    part = {"x": [2, 200], "seconds": [1, 10], "operations": [1, 100], "bytes": [1e6, 2e6], "arrays": [1e6, 1e8]}
    assert report.growth_table({"units": part}).splitlines()[1].split() == [
        "units", "2", "to", "200", "1", "to", "10", "0.50", "1.00", "1", "to", "2", "0.15", "1.00",
    ]  # fmt: skip
