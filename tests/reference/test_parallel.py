"""`python -m reference.parallel`: several processes, started by torchrun."""

import os
import subprocess
import sys
import time

import pytest

from tests.helpers.command import POSIX, ROOT

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import parallel  # noqa: E402

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node")


def python(*arguments):
    """Run Python in the clone on the built-in shapes, one thread for each process."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMPYNET_DATA"}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment |= {"HOME": str(ROOT / "none"), "XDG_CACHE_HOME": str(ROOT / "none"), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


def errors(printed):
    """The rows of the table: model, numbers of examples, and the errors of the three ways."""
    rows = [line.split() for line in printed.splitlines() if line.startswith(tuple(parallel.MODELS))]
    return [
        (row[0], [int(part) for part in row[1:-3] if part != "+"], [float(part) for part in row[-3:]]) for row in rows
    ]


@pytest.mark.parametrize(
    ("n", "sizes", "counts"),
    [
        (101, [1, 1], [50, 51]),
        (101, [1, 0], [101, 0]),
        (101, [0, 3, 1], [0, 76, 25]),
        (2, [1, 1, 1], [1, 0, 1]),
        (7, [1], [7]),
    ],
)
def test_shares_cover_the_batch_in_order(n, sizes, counts):
    slices = parallel.shares(n, sizes)
    assert [index for share in slices for index in range(n)[share]] == list(range(n))
    assert [len(range(n)[share]) for share in slices] == counts


def test_a_share_without_examples_has_loss_and_gradients_0():
    module = torch.nn.Linear(3, 2)
    loss = parallel.weighted(
        torch.nn.functional.cross_entropy, module(torch.zeros(0, 3)), torch.zeros(0, dtype=int), 0.0
    )
    loss.backward()
    assert loss.item() == 0
    assert all((parameter.grad == 0).all() for parameter in module.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [2, 3])
def test_weighted_shares_agree_with_numpynet(ranks):
    result = python(*TORCHRUN, ranks, "-m", "reference.parallel")
    assert result.returncode == 0, result.stderr
    table = errors(result.stdout)
    assert len(table) == 12
    for _, counts, (by_hand, ddp, averaged) in table:
        assert len(counts) == ranks
        assert sum(counts) == 101
        assert max(by_hand, ddp) <= 2e-14
        assert averaged > 1e-3
    assert any(0 in counts for _, counts, _ in table)
    assert result.stdout.count("parameters at the end") == 2
    assert result.stdout.splitlines()[-1] == "they agree with numpynet"


@pytest.mark.slow
def test_one_process_alone_needs_no_torchrun():
    result = python("-W", "error", "-m", "reference.parallel")
    assert result.returncode == 0, result.stderr
    assert [(name, counts) for name, counts, _ in errors(result.stdout)] == [(n, [101]) for n in parallel.MODELS]
    assert max(error for _, _, row in errors(result.stdout) for error in row) <= 2e-14


PLANTED = """
import contextlib
from unittest import mock

import torch
import torch.distributed as dist

from reference import parallel

weighted, step = parallel.weighted, parallel.Trainer.step
DATA = parallel.load_data("shapes", rng=None)
BATCHES = [*parallel.epoch_of(DATA, 256, "float64")][-3:]


def no_weights(loss, y_hat, y, weight):
    return weighted(loss, y_hat, y, 1.0)


def nan(loss, y_hat, y, weight):
    return weighted(loss, y_hat, y, weight) * float("nan")


def plain_average(module, loss, X, y, n):
    weighted(loss, module(X), y, 1 / dist.get_world_size()).backward()
    for parameter in module.parameters():
        dist.all_reduce(parameter.grad)


def leave_at_the_end(trainer, X, y):
    step(trainer, X, y)
    if dist.get_rank() == 1 and len(y) == len(BATCHES[-1][1]):
        with torch.no_grad():
            next(trainer.module.parameters())[0, 0] += 1e-6


MISTAKES = {
    "none": contextlib.nullcontext(),
    "no weights": mock.patch.object(parallel, "weighted", no_weights),
    "NaN": mock.patch.object(parallel, "weighted", nan),
    "no weights by hand": mock.patch.dict(parallel.WAYS, {"summed by hand": plain_average}),
    "no weights in the epoch": mock.patch.dict(parallel.WEIGHTED, {"DDP, weighted": parallel.averaged}),
    "parameters of rank 1 differ at the end": mock.patch.object(parallel.Trainer, "step", leave_at_the_end),
    "an average that is never wrong": mock.patch.dict(parallel.WAYS, {"DDP, averaged": parallel.with_ddp}),
}
device = parallel.start()
parallel.load_data = lambda name, rng: DATA
parallel.epoch_of = lambda data, batch_size, dtype: BATCHES
for name, mistake in MISTAKES.items():
    with mistake:
        right = parallel.compare_all(device, lambda text: None)
    if dist.get_rank() == 0:
        print(name, "is right" if right else "is wrong", sep=": ")
parallel.end(0)
"""


@pytest.mark.slow
def test_planted_mistakes_are_caught(tmp_path):
    (tmp_path / "planted.py").write_text(PLANTED, "utf-8")
    result = python(*TORCHRUN, 2, tmp_path / "planted.py")
    assert result.returncode == 0, result.stderr
    verdicts = dict(line.split(": ") for line in result.stdout.splitlines())
    assert len(verdicts) == 7
    assert [mistake for mistake, verdict in verdicts.items() if verdict == "is right"] == ["none"]


WITHOUT_WEIGHTS = """
from reference import parallel

weighted = parallel.weighted
parallel.weighted = lambda loss, y_hat, y, weight: weighted(loss, y_hat, y, 1.0)
parallel.main()
"""
DYING = """
import os
import signal

from reference import parallel


def die(trainer, X, y):
    if parallel.dist.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    step(trainer, X, y)


step, parallel.Trainer.step = parallel.Trainer.step, die
parallel.main()
"""


@pytest.mark.slow
def test_without_weights_the_command_exits_1(tmp_path):
    (tmp_path / "without_weights.py").write_text(WITHOUT_WEIGHTS, "utf-8")
    result = python(*TORCHRUN, 2, tmp_path / "without_weights.py")
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith("they do not agree with numpynet"), result.stderr


@pytest.mark.slow
@POSIX
def test_a_rank_that_dies_ends_the_run_and_is_named(tmp_path):
    (tmp_path / "dying.py").write_text(DYING, "utf-8")
    begin = time.monotonic()
    result = python(*TORCHRUN, 2, tmp_path / "dying.py")
    assert result.returncode == 1
    assert time.monotonic() - begin < parallel.PATIENCE.total_seconds()
    cause = result.stderr.partition("Root Cause")[2]
    assert "rank      : 1 (local_rank: 1)" in cause
    assert "SIGKILL" in cause


@pytest.mark.slow
def test_speed_times_an_epoch_of_both_ways():
    result = python("-m", "reference.parallel", "--speed")
    assert result.returncode == 0, result.stderr
    seconds = [float(line.rpartition(" ")[2]) for line in result.stdout.splitlines() if "batches of" in line]
    assert len(seconds) == 4
    assert min(seconds) > 0
