"""Single formulas: each forward and backward pass of `numpynet.functional` against PyTorch's, at several shapes."""

import math
import statistics
import time

import numpy as np

from benchmarks.race import RaceError
from numpynet import functional

SHAPES = {  # the book's, and large ones
    "linear": [(10, 2, 1), (256, 784, 10), (256, 784, 256), (4096, 1024, 1024)],
    "relu": [(256, 256), (4096, 4096)],
    "softmax_cross_entropy": [(256, 10), (4096, 1000)],
    "squared_loss": [(10, 1), (4096, 1000)],
}


def arrays(pair, shape):
    """Inputs for the forward pass, and a gradient for its output, the same in every process."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    if pair == "linear":
        n, d, m = shape
        return (draw(n, d), draw(d, m), draw(m)), draw(n, m)
    if pair == "softmax_cross_entropy":
        return (draw(*shape), rng.integers(0, shape[1], shape[0])), None
    return (draw(*shape),) + ((draw(*shape),) if pair == "squared_loss" else ()), draw(*shape)


def work(pair, shape):
    """The flops of forward and backward, and the least number of bytes that each must read and write."""
    if pair == "linear":
        n, d, m = shape
        return 2 * n * d * m, 4 * n * d * m, 4 * (n * d + d * m + n * m), 8 * (n * d + d * m + n * m)
    size = 4 * math.prod(shape)
    forward, backward = {"relu": (2, 3), "softmax_cross_entropy": (2, 2), "squared_loss": (2, 3)}[pair]
    return None, None, forward * size, backward * size


def numpynet_passes(pair, inputs, grad):
    """Forward and backward as functions without arguments."""
    forward = getattr(functional, pair)
    backward = getattr(functional, f"{pair}_backward")
    if pair == "linear":
        return lambda: forward(*inputs), lambda: backward(grad, *inputs[:2])
    if pair == "relu":
        Y = forward(*inputs)
        return lambda: forward(*inputs), lambda: (backward(grad, Y),)
    if pair == "softmax_cross_entropy":
        _, P = forward(*inputs)
        return lambda: forward(*inputs)[0], lambda: (backward(P, inputs[1]),)
    return lambda: forward(*inputs), lambda: (backward(*inputs),)


def torch_passes(pair, inputs, grad):
    """The same in PyTorch: the backward pass is autograd's, over a graph that is kept."""
    import torch

    tensors = [torch.from_numpy(array) for array in inputs]
    wanted = [tensor.requires_grad_() for tensor in tensors if tensor.is_floating_point()]
    if pair == "linear":
        run = lambda: tensors[0] @ tensors[1] + tensors[2]  # noqa: E731
    elif pair == "relu":
        run = lambda: torch.relu(tensors[0])  # noqa: E731
    elif pair == "softmax_cross_entropy":
        run = lambda: torch.nn.functional.cross_entropy(*tensors)  # noqa: E731
    else:
        wanted = wanted[:1]
        run = lambda: torch.nn.functional.mse_loss(*tensors) / 2  # noqa: E731
    Y = run()
    grad_Y = None if Y.ndim == 0 else torch.from_numpy(grad)
    return (
        lambda: run().detach().numpy(),
        lambda: [g.numpy() for g in torch.autograd.grad(Y, wanted, grad_Y, retain_graph=True)],
    )


PASSES = {"numpynet": numpynet_passes, "PyTorch": torch_passes}


def measure(library, formula, shape, seconds):
    """The median seconds of a call, forward and backward, and sums over each output, for comparison."""
    forward, backward = PASSES[library](formula, *arrays(formula, tuple(shape)))
    outputs = [np.asarray(array, np.float64) for array in (forward(), *backward())]
    sums = [[float(output.sum()), float(np.abs(output).sum())] for output in outputs]
    return {"sums": sums, "seconds": [time_of(forward, seconds), time_of(backward, seconds)]}


def time_of(call, seconds):
    """The median time of a call, repeated for about this many seconds, in groups that take a millisecond."""
    start = time.perf_counter()
    call()
    group = max(1, int(1e-3 / (time.perf_counter() - start)))
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        for _ in range(group):
            call()
        times.append((time.perf_counter() - start) / group)
    return statistics.median(times)


def peak():
    """This machine's flops and bytes per second in NumPy: a large product, and copying more than any cache holds."""
    A = np.ones((2048, 2048), np.float32)
    flops = 2 * 2048**3 / min(time_of(lambda: A @ A, 0.3) for _ in range(2))
    B, C = np.ones(1 << 24, np.float32), np.empty(1 << 24, np.float32)
    return {"flops": flops, "bytes": 2 * B.nbytes / time_of(lambda: np.copyto(C, B), 0.3)}


def compare(workers, seconds, shapes):
    """Each library's times for every formula and shape. RaceError unless all have computed the same."""
    lines = []
    for formula, sizes in shapes.items():
        for shape in sizes:
            replies = {w.name: w.ask(library=w.name, formula=formula, shape=shape, seconds=seconds) for w in workers}
            found = {name: reply for name, reply in replies.items() if "missing" not in reply}
            base, *others = (np.array(reply["sums"]) for reply in found.values())
            for other in others:
                if not np.all(np.abs(other - base) <= 1e-4 * base[:, 1:]):
                    raise RaceError(f"{formula} {shape}: the libraries differ: {base} and {other}")
            lines.append({"formula": formula, "shape": shape, "seconds": {n: r["seconds"] for n, r in found.items()}})
    return lines
