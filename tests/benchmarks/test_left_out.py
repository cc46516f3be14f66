"""A library is imported only for its own contenders, and a contender that cannot race is left out, with the reason."""

import subprocess
import sys
from dataclasses import asdict

import pytest

pytest.importorskip("threadpoolctl", reason="needs threadpoolctl: pip install threadpoolctl")
from benchmarks import __main__ as command
from benchmarks import problems, worker
from benchmarks.contenders import CONTENDERS, CannotRaceError, make_contender
from tests.helpers.command import ROOT


def test_a_library_is_imported_only_for_its_own_contenders():
    code = """
import sys
from benchmarks import worker
from benchmarks.contenders import make_contender
from benchmarks.problems import PROBLEMS
for name in ("numpynet", "numpynet scratch", "matrix products"):
    make_contender(name, PROBLEMS["linear"])
print({"torch", "torchvision", "sklearn", "jax"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "set()\n", done.stderr


def test_a_contender_without_its_library_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.neural_network", None)
    monkeypatch.delitem(sys.modules, "benchmarks.contenders.sklearn", raising=False)
    held = {}
    reply = worker.handle({"contender": "scikit-learn", "problem": asdict(problems.PROBLEMS["mlp"])}, held)
    assert "sklearn.neural_network" in reply["missing"]
    assert held == {}


@pytest.mark.parametrize(
    ("name", "model", "reason"),
    [
        ("scikit-learn", "softmax", "no minibatch gradient descent"),
        ("torchvision + DataLoader", "linear", "images only"),
        ("torchvision + DataLoader", "softmax", "no copy"),
        ("CUDA graph, GPU", "mlp", "no CUDA GPU"),
    ],
)
@pytest.mark.slow
def test_a_contender_that_cannot_race_says_why(name, model, reason, monkeypatch, tmp_path):
    pytest.importorskip({"scikit-learn": "sklearn"}.get(name, "torchvision"), reason="needs the contender's library")
    if name == "CUDA graph, GPU":
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for variable in ("NUMPYNET_DATA", "HOME", "XDG_CACHE_HOME"):  # where a copy of Fashion-MNIST might be found
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.delenv("NUMPYNET_DATA")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotRaceError, match=reason):
        make_contender(name, problems.quick(problems.PROBLEMS[model]))


def test_every_contender_runs_on_one_device():
    described = {"gpu": "a GPU"}
    for device, expected in [
        ("cpu", [name for name in CONTENDERS if "GPU" not in name]),
        ("cuda", ["numpynet", "PyTorch, GPU", "torch.compile, GPU", "CUDA graph, GPU"]),
        ("all", list(CONTENDERS)),
    ]:
        arguments = command.make_parser().parse_args(["--device", device])
        assert command.choose_contenders(arguments, described, CONTENDERS) == expected
    assert not any("GPU" in name for name in command.choose_contenders(arguments, {"gpu": None}, CONTENDERS))


def test_the_command_names_the_packages_it_needs(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    with pytest.raises(SystemExit, match="2"):
        command.main([])
    assert 'needs threadpoolctl and matplotlib: pip install -e ".[bench]"' in capsys.readouterr().err
