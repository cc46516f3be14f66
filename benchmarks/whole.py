"""Whole processes: how long an import takes, how long a first epoch takes from the start, and how much memory.

    python -m benchmarks.whole LIBRARY FOLDER EXAMPLES

is such a process: it reads the training set from FOLDER/FashionMNIST/raw, trains the MLP for an epoch, and prints its
peak memory in bytes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.race import RaceError
from numpynet import SGD, CrossEntropyLoss, models, train
from numpynet.cli.environment import kernel_setting, threads_setting
from numpynet.data import read_idx
from numpynet.data.idx import idx_header


def train_numpynet(folder, examples):
    """An epoch of the MLP."""
    raw = Path(folder, "FashionMNIST", "raw")
    X, y = read_idx(raw / "train-images-idx3-ubyte"), read_idx(raw / "train-labels-idx1-ubyte")
    rng = np.random.default_rng(0)
    net = models.mlp(rng=rng)
    optimizer = SGD(net.parameters(), 0.1)
    options = {"num_epochs": 1, "batch_size": 256, "rng": rng, "progress": False}
    train(net, CrossEntropyLoss(), optimizer, (X[:examples], y[:examples]), **options)


def train_torch(folder, examples):
    """The same in PyTorch, with torchvision's reader, and all images in memory as floats."""
    import torch
    from torchvision.datasets import FashionMNIST

    from reference import models as torch_models
    from reference import training

    data = FashionMNIST(folder)
    X, y = data.data[:examples].flatten(1) / 255, data.targets[:examples]
    net = torch_models.mlp(rng=torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    batches = ((X[rows], y[rows]) for rows in torch.randperm(len(X)).split(256))
    training.train(net, torch.nn.functional.cross_entropy, optimizer, batches, num_epochs=1)


TRAIN = {"numpynet": train_numpynet, "PyTorch": train_torch}
IMPORTS = {"numpy": "import numpy", "numpynet": "import numpynet", "PyTorch": "import torch", "nothing": "pass"}


def run(command, threads):
    """The seconds and the peak memory, in bytes, of a process."""
    environment = os.environ | threads_setting(threads) | kernel_setting()
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], env=environment, stdout=subprocess.PIPE, text=True)
    output, _ = process.communicate()
    seconds = time.perf_counter() - start
    if process.returncode:
        raise RaceError(f"python {' '.join(command)}: exit code {process.returncode}")
    return seconds, int(output or 0)


def peak_memory():
    """This process's peak memory, in bytes."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:  # not Linux; on Linux ru_maxrss would start at the parent's peak
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def measure(images, labels, *, rounds, threads, libraries):
    """Medians over rounds, in turns: seconds of an import and of a process that trains one epoch, and its bytes."""
    seconds, peaks = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "FashionMNIST", "raw")
        raw.mkdir(parents=True)
        for name, array in {"images-idx3": images, "labels-idx1": labels}.items():
            for part in ("train", "t10k"):  # torchvision requires all four files
                (raw / f"{part}-{name}-ubyte").write_bytes(idx_header(array.shape) + array.tobytes())
        for _ in range(rounds):
            for name, code in IMPORTS.items():
                if name != "PyTorch" or name in libraries:
                    seconds.setdefault(f"import {name}", []).append(run(["-c", code], threads)[0])
            for name in libraries:
                took, peak = run(["-m", "benchmarks.whole", name, folder, str(len(images))], threads)
                seconds.setdefault(f"first epoch, {name}", []).append(took)
                peaks.setdefault(name, []).append(peak)
    return {
        "seconds": {name: statistics.median(values) for name, values in seconds.items()},
        "peak bytes": {name: statistics.median(values) for name, values in peaks.items()},
    }


if __name__ == "__main__":
    TRAIN[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
    print(peak_memory())
