"""How the time of an epoch and the peak memory grow with the number of examples, units, classes, layers, and the batch.

Each axis goes over two decades while the rest stays as it is. On doubly logarithmic axes a power law, seconds ∝ x^p, is
a line with slope p; the slope that the arithmetic demands is that of the operations, counted, over the same points.

    python -m benchmarks.growth N BATCH WIDTHS...

is one measurement in a process of its own: it trains a numpynet MLP with these widths on N random examples in batches
of BATCH, and prints the seconds of an epoch and its peak memory in bytes.
"""

import itertools
import os
import statistics
import subprocess
import sys
import time

import numpy as np

from benchmarks.race import RaceError
from benchmarks.whole import peak_memory
from numpynet import SGD, CrossEntropyLoss, models, train
from numpynet.cli.environment import kernel_setting, threads_setting

USUAL = {"examples": 8192, "batch": 256, "widths": (784, 256, 10)}
DEEP = 64  # units in each hidden layer where there are many

AXES = {  # for each axis: the values, and what is trained
    "examples": ((600, 2000, 6000, 20_000, 60_000), lambda x: USUAL | {"examples": x}),
    "units in the hidden layer": ((40, 126, 400, 1265, 4000), lambda x: USUAL | {"widths": (784, x, 10)}),
    "classes": ((10, 32, 100, 316, 1000), lambda x: USUAL | {"widths": (784, 256, x)}),
    "hidden layers": ((1, 3, 10, 32, 100), lambda x: USUAL | {"widths": (784, *[DEEP] * x, 10)}),
    "examples in a batch": ((8, 25, 80, 253, 800), lambda x: USUAL | {"batch": x}),
}


def operations(examples, batch, widths):
    """The floating-point operations of an epoch in the matrix products: two for each weight and example in Y = X W, as
    many in grad_W, and as many in grad_X of every layer but the first.
    """
    weights = [a * b for a, b in itertools.pairwise(widths)]
    return 2 * examples * (3 * sum(weights) - weights[0])


def arrays(examples, batch, widths):
    """The bytes of the arrays that are alive at the fullest moment of a step, in float32, about.

    The data as uint8 with its labels and its order; weights, gradients and the largest update; the batch as floats, and
    for each layer its output and that of its ReLU; then the two gradients that the backward pass works on.
    """
    weights = [(a + 1) * b for a, b in itertools.pairwise(widths)]
    batch = min(batch, examples)
    data, parameters = examples * (widths[0] + 8 + 8), 2 * sum(weights) + max(weights)
    return data + 4 * (parameters + batch * (widths[0] + 2 * sum(widths[1:]) + 2 * max(widths[1:])))


def slope(xs, values):
    """The exponent p of values ∝ x^p that fits best: the slope of the regression line between the logarithms."""
    return round(float(np.polyfit(np.log(xs), np.log(values), 1)[0]), 2) + 0.0  # + 0.0: never −0


def measure(*, rounds, threads, quick=False, say=print):
    """For each axis its points, the median seconds and bytes over rounds, in turns, and the counted ones."""
    empty = statistics.median(_run(["2", "1", "2", "2", "2"], threads)[1] for _ in range(rounds))
    found = {}
    for axis, (values, problem) in AXES.items():
        xs = values[::4] if quick else values
        problems = [problem(x) | ({"examples": min(problem(x)["examples"], 1000)} if quick else {}) for x in xs]
        runs = [[_run(_words(each), threads) for each in problems] for _ in range(rounds)]
        seconds, peaks = np.median(np.array(runs), axis=0).T
        found[axis] = {
            "x": list(xs),
            "seconds": seconds.tolist(),
            "bytes": np.maximum(peaks - empty, 1).tolist(),
            "operations": [operations(**each) for each in problems],
            "arrays": [arrays(**each) for each in problems],
        }
        say(f"{axis}: {', '.join(f'{x:,}' for x in xs)}")
    return found


def _words(problem):
    return [str(word) for word in (problem["examples"], problem["batch"], *problem["widths"])]


def _run(words, threads):
    """Seconds of an epoch and peak bytes, from a process of its own."""
    environment = os.environ | threads_setting(threads) | kernel_setting()
    command = [sys.executable, "-m", "benchmarks.growth", *words]
    process = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        raise RaceError(f"{' '.join(command[1:])}: exit code {process.returncode}")
    seconds, peak = process.stdout.split()
    return float(seconds), int(peak)


def train_once(examples, batch, *widths):
    """Train an epoch on random images and labels; return its seconds."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(256, size=(examples, widths[0]), dtype=np.uint8), rng.integers(widths[-1], size=examples)
    net = models.mlp(widths[0], widths[1:-1], widths[-1], rng=rng)
    for W in [parameter.data for parameter in net.parameters() if parameter.data.ndim == 2]:
        W *= 100 * np.sqrt(2 / len(W))  # He's scale: with σ = 0.01, deep down all is so small that it computes slowly
    optimizer = SGD(net.parameters(), 0.01)
    begin = time.perf_counter()
    train(net, CrossEntropyLoss(), optimizer, (X, y), num_epochs=1, batch_size=batch, rng=rng, progress=False)
    return time.perf_counter() - begin


if __name__ == "__main__":
    print(train_once(*map(int, sys.argv[1:])), peak_memory())
