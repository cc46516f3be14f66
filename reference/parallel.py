"""Several processes train one network together, on one machine or on many: data parallelism with torch.distributed.

Each process, called a rank, holds the whole network and computes on its share of every batch: rank r on nᵣ of the n
examples. The loss L is the mean over all n, and Lᵣ is the mean over rank r's share, so

    L = Σᵣ (nᵣ/n) Lᵣ        and therefore        ∂L/∂W = Σᵣ (nᵣ/n) ∂Lᵣ/∂W

Each rank multiplies its loss by nᵣ/n, and the gradients are summed over the ranks. Then every rank takes the same step.
The plain average over the ranks is the same only where all shares are equal, and the last batch is often short.

    torchrun --nproc-per-node 2 -m reference.parallel           # compare with numpynet; exit code 1 if they disagree
    torchrun --nproc-per-node 2 -m reference.parallel --speed   # time an epoch
"""

import argparse
import os
import statistics
import sys
import time
from datetime import timedelta

import numpy as np

try:
    import torch
except ModuleNotFoundError as error:
    raise SystemExit(f'python -m reference.parallel: needs PyTorch ({error}): pip install -e ".[reference]"') from None
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from numpynet import SGD, CrossEntropyLoss, minibatches, models
from numpynet.book import BOOK, MODELS, load_data
from reference import convert
from reference.agreement import TOLERANCES, largest_entry, norm_wise

PATIENCE = timedelta(minutes=1)  # for a rank that does not answer; one that has died is noticed at once


def start():
    """Join the processes that torchrun started, or be the only one; return the device that this rank computes on."""
    local_rank, local_size = int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    gpu = torch.cuda.device_count() >= local_size  # one for each rank of this machine
    device = torch.device("cuda", local_rank) if gpu else torch.device("cpu")
    alone = {} if "RANK" in os.environ else {"store": dist.HashStore(), "rank": 0, "world_size": 1}
    dist.init_process_group("nccl" if gpu else "gloo", timeout=PATIENCE, device_id=device if gpu else None, **alone)
    torch.set_num_threads(1)  # the ranks of a machine share its cores
    return device


def end(code):
    """Leave together, with an exit code, and at once.

    DistributedDataParallel keeps the threads of gloo running even after its group is destroyed (PyTorch 2.14). About
    one run in forty was then aborted at its end, so Python's own clean-up is left out.
    """
    dist.barrier()  # a rank that is gone while another still waits for it may abort that one
    dist.destroy_process_group()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def shares(n, sizes):
    """A slice of range(n) for each rank, in proportion to sizes: [1, 1] for two halves, [3, 1] for 3/4 and 1/4.

    >>> shares(101, [3, 1])
    [slice(0, 76, None), slice(76, 101, None)]
    """
    ends = np.rint(np.cumsum(sizes) / np.sum(sizes) * n).astype(int).tolist()
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def by_hand(module, loss, X, y, n):
    """Set each parameter's grad to ∂L/∂W, summed over the ranks; X and y are this rank's share of the n examples."""
    weighted(loss, module(X), y, len(y) / n).backward()
    for parameter in module.parameters():
        dist.all_reduce(parameter.grad)  # the sum over the ranks, the same bits on each


def with_ddp(module, loss, X, y, n):
    """The same with DistributedDataParallel, which averages: multiplying by the number of ranks makes that a sum."""
    weighted(loss, module(X), y, len(y) / n * dist.get_world_size()).backward()


def averaged(module, loss, X, y, n):
    """DistributedDataParallel without weights, wrong where shares differ."""
    weighted(loss, module(X), y, 1.0).backward()


def weighted(loss, y_hat, y, weight):
    """weight · loss(y_hat, y). Without examples it is 0 with gradients 0, because the mean of nothing is NaN."""
    return weight * loss(y_hat, y) if len(y) else y_hat.sum()


WEIGHTED = {"summed by hand": by_hand, "DDP, weighted": with_ddp}
WAYS = WEIGHTED | {"DDP, averaged": averaged}


class Trainer:
    """One rank's copy of a numpynet network in PyTorch, trained on shares of these sizes."""

    def __init__(self, way, net, loss, lr, sizes, device):
        module = convert.to_torch(net).to(device)  # the same on every rank; DDP would copy rank 0's to all
        self.module = module if way is by_hand else DistributedDataParallel(module)
        self.way, self.loss, self.sizes, self.device = way, convert.LOSSES[type(loss)], sizes, device
        self.optimizer = torch.optim.SGD(module.parameters(), lr)

    def step(self, X, y):
        """A step on a batch, of which this rank computes its share."""
        mine = shares(len(y), self.sizes)[dist.get_rank()]
        X_mine, y_mine = (torch.from_numpy(array[mine]).to(self.device) for array in (X, y))
        self.optimizer.zero_grad()
        self.way(self.module, self.loss, X_mine, y_mine, len(y))
        self.optimizer.step()


def compare(name, batches, sizes, device, ways=WAYS):
    """Train the model in each of the ways, and beside them, on rank 0, numpynet on the whole batches, all in float64.

    Returns for each way the largest error of a gradient at any step, relative to the largest entry that this gradient
    has had so far, and the largest norm-wise error of a parameter at the end, on any rank.
    """
    net, loss = MODELS[name].concise(rng=np.random.default_rng(0), dtype=np.float64), MODELS[name].loss()
    optimizer = SGD(net.parameters(), BOOK[name].lr)
    trainers = [Trainer(way, net, loss, BOOK[name].lr, sizes, device) for way in ways.values()]
    errors, largest = np.zeros((len(ways), 2)), np.zeros(len(net.parameters()))
    for X, y in batches:
        for trainer in trainers:
            trainer.step(X, y)
        if dist.get_rank() == 0:
            loss.forward(net.forward(X), y)
            net.backward(loss.backward())
            optimizer.step()
            largest = np.maximum(largest, [largest_entry(parameter.grad) for parameter in net.parameters()])
            for error, trainer in zip(errors, trainers, strict=True):
                pairs = zip(trainer.module.parameters(), net.parameters(), largest, strict=True)
                step = [difference(theirs.grad, own.grad) / size for theirs, own, size in pairs]
                error[0] = np.max([error[0], *step])  # unlike max, it never loses a NaN
    for i, own in enumerate(net.parameters()):
        expected = torch.from_numpy(own.data).to(device)
        dist.broadcast(expected, src=0)
        for error, trainer in zip(errors, trainers, strict=True):
            theirs = list(trainer.module.parameters())[i]
            error[1] = np.max([error[1], norm_wise(theirs.detach().cpu().numpy().T, expected.cpu().numpy())])
    worst = torch.tensor(np.nan_to_num(errors, nan=np.inf), device=device)
    dist.all_reduce(worst, dist.ReduceOp.MAX)
    return dict(zip(ways, worst.tolist(), strict=True))


def difference(tensor, array):
    """The largest difference between a tensor of PyTorch and an array of numpynet, its transpose."""
    return largest_entry(tensor.detach().cpu().numpy().T - array)


def random_batches(name, n, steps):
    """Batches of n examples for a model, the same on every rank."""
    rng, sizes = np.random.default_rng(1), MODELS[name].sizes
    for _ in range(steps):
        y = rng.normal(size=(n, 1)) if name == "linear" else rng.integers(sizes[-1], size=n)
        yield rng.normal(size=(n, sizes[0])), y


def epoch_of(data, batch_size, dtype):
    """The training data once, in the same random order on every rank; PyTorch requires int64 classes."""
    for X, y in minibatches(*data.train, batch_size, rng=np.random.default_rng(0)):
        yield X.astype(dtype), y.astype(np.int64)


def compare_all(device, say):
    """Print the errors; return whether the weighted ways agree with numpynet, and the average only for equal shares."""
    formulas, right = TOLERANCES["float64 formulas"], True
    say("gradients: the largest difference from numpynet on the whole batch, in 5 steps of 101 examples, float64")
    say(f"{'model':9}{'shares':16}" + "".join(f"{way:>16}" for way in WAYS))
    for name in MODELS:
        for sizes in splits(dist.get_world_size()):
            counts = [share.stop - share.start for share in shares(101, sizes)]
            errors = [gradient for gradient, _ in compare(name, random_batches(name, 101, 5), sizes, device).values()]
            say(f"{name:9}{' + '.join(map(str, counts)):16}" + "".join(f"{error:16.1e}" for error in errors))
            right &= max(errors[:2]) <= formulas and (errors[2] > formulas or len(set(counts)) == 1)
    data, sizes = load_data("auto", rng=np.random.default_rng(0)), splits(dist.get_world_size())[-1]
    say(f"an epoch of mlp, batches of 256 in shares of {' : '.join(map(str, sizes))}; {data.source}")
    for way, errors in compare("mlp", epoch_of(data, 256, np.float64), sizes, device, WEIGHTED).items():
        say(f"  {way}: gradients at each step {errors[0]:.1e}, parameters at the end {errors[1]:.1e}")
        right &= errors[0] <= formulas and errors[1] <= TOLERANCES["float64 training, 500 steps"]
    say("they agree with numpynet" if right else "they do not agree with numpynet: see the errors above")
    return right


def splits(ranks):
    """The sizes of shares to try: equal, none for one rank, nearly all for one, and three times as much for some."""
    others = ranks - 1
    return [[1] * ranks, [1] * others + [0], [100] + [1] * others, [1] + [3] * others] if others else [[1]]


def time_all(device, say):
    """Print the seconds of an epoch of the MLP in float32: the median of three, after one that does not count."""
    data = load_data("auto", rng=np.random.default_rng(0))
    say(f"seconds of an epoch of mlp, float32; {data.source}")
    for batch_size in (256, 4096):
        for name, way in WEIGHTED.items():
            net = models.mlp(rng=np.random.default_rng(0))
            trainer = Trainer(way, net, CrossEntropyLoss(), 0.1, [1] * dist.get_world_size(), device)
            seconds = []
            for _ in range(4):
                dist.barrier()  # until every rank, and its GPU, is here
                begin = time.perf_counter()
                for X, y in epoch_of(data, batch_size, np.float32):
                    trainer.step(X, y)
                dist.barrier()
                seconds.append(time.perf_counter() - begin)
            say(f"  batches of {batch_size}, {name}: {statistics.median(seconds[1:]):.2f}")
    return True


def main():
    """Compare or time; exit with 0, or 1 if the comparison fails."""
    parser = argparse.ArgumentParser(prog="python -m reference.parallel", description=__doc__.partition("\n")[0])
    parser.add_argument("--speed", action="store_true", help="time an epoch instead of comparing")
    arguments = parser.parse_args()
    device = start()
    say = print if dist.get_rank() == 0 else lambda text: None
    say(f"{dist.get_world_size()} x {device.type}, {dist.get_backend()}")
    right = time_all(device, say) if arguments.speed else compare_all(device, say)
    end(0 if right else 1)


if __name__ == "__main__":
    main()
