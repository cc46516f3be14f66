"""The twin run: one model four times, numpynet's and PyTorch's, from scratch and concise, trained side by side from the
same weights on the same batches, and compared at every step.
"""

import time
from dataclasses import dataclass, field

import numpy as np
import torch

import numpynet
from numpynet import SGD, CrossEntropyLoss, History, SquaredLoss, accuracy, minibatches, sgd
from numpynet.data.batches import as_floats
from reference import convert, scratch
from reference.agreement import TOLERANCES, norm_wise, relative_l2

NUMPY_SCRATCH, NUMPY_CONCISE = "numpynet scratch", "numpynet concise"
TORCH_SCRATCH, TORCH_CONCISE = "PyTorch scratch", "PyTorch concise"


@dataclass
class Report:
    """What a twin run saw: a history for each contender; at every step, the largest parameter difference from numpynet
    scratch; and, where they parted beyond the tolerance, the first step, who, in what, and by how much.
    """

    histories: dict[str, History] = field(default_factory=dict)
    differences: list[float] = field(default_factory=list)
    parted: str | None = None


class NumpyScratch:
    """A scratch module of numpynet, with its parameters."""

    def __init__(self, module, params, lr):
        self.module, self.params, self.lr = module, {name: value.copy() for name, value in params.items()}, lr

    def predict(self, X):
        return self.module.predict(self.params, X)

    def gradients(self, X, y):
        return self.module.loss_and_gradients(self.params, X, y)

    def update(self, grads):
        sgd(self.params, grads, self.lr)


class NumpyConcise:
    """A Sequential, a loss and an optimizer of numpynet."""

    def __init__(self, net, loss, params, lr):
        self.net, self.loss, self.optimizer = net, loss, SGD(net.parameters(), lr)
        net.load_state_dict(dict(zip(net.named_parameters(), params.values(), strict=True)))
        self.params = dict(zip(params, (parameter.data for parameter in net.parameters()), strict=True))

    def predict(self, X):
        return self.net(X)

    def gradients(self, X, y):
        loss = self.loss.forward(self.net.forward(X), y)
        self.net.backward(self.loss.backward())
        return loss, dict(zip(self.params, (parameter.grad for parameter in self.net.parameters()), strict=True))

    def update(self, grads):
        self.optimizer.step()


class TorchScratch:
    """A scratch module of reference; its tensors' memory is seen as arrays in params."""

    def __init__(self, module, params, lr):
        self.module, self.lr = module, lr
        self.tensors = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
        self.params = {name: tensor.detach().numpy() for name, tensor in self.tensors.items()}

    def predict(self, X):
        with torch.no_grad():
            return self.module.predict(self.tensors, torch.from_numpy(X)).numpy()

    def gradients(self, X, y):
        loss, grads = self.module.loss_and_gradients(self.tensors, torch.from_numpy(X), torch.from_numpy(y))
        return loss.item(), {name: grad.numpy() for name, grad in grads.items()}

    @torch.no_grad()
    def update(self, grads):
        for name, tensor in self.tensors.items():
            tensor -= self.lr * torch.from_numpy(grads[name])


class TorchConcise:
    """An nn.Sequential, a loss and an optimizer of PyTorch."""

    def __init__(self, net, loss, params, lr):
        self.net, self.loss, self.optimizer = net, loss, torch.optim.SGD(net.parameters(), lr)
        self.params = dict(zip(params, (tensor.detach().numpy().T for tensor in net.parameters()), strict=True))

    def predict(self, X):
        with torch.no_grad():
            return self.net(torch.from_numpy(X)).numpy()

    def gradients(self, X, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.net(torch.from_numpy(X)), torch.from_numpy(y))
        loss.backward()
        grads = (tensor.grad.numpy().T for tensor in self.net.parameters())
        return loss.item(), dict(zip(self.params, grads, strict=True))

    def update(self, grads):
        self.optimizer.step()


def contenders(model, sizes, *, lr, seed, dtype, numpy_module=None):
    """The four, by name, with the same weights; numpy_module, if given, stands in for numpynet's scratch module."""
    module = numpy_module or getattr(numpynet.scratch, model)
    params = module.init_parameters(*sizes, rng=np.random.default_rng(seed), dtype=dtype)
    net = getattr(numpynet.models, model)(*sizes, rng=np.random.default_rng(seed), dtype=dtype)
    regression = model == "linear_regression"
    concise = NumpyConcise(net, SquaredLoss() if regression else CrossEntropyLoss(), params, lr)
    torch_loss = half_mse if regression else torch.nn.functional.cross_entropy
    return {
        NUMPY_SCRATCH: NumpyScratch(module, params, lr),
        NUMPY_CONCISE: concise,
        TORCH_SCRATCH: TorchScratch(getattr(scratch, model), params, lr),
        TORCH_CONCISE: TorchConcise(convert.to_torch(net), torch_loss, params, lr),
    }


def half_mse(y_hat, y):
    """The book's squared loss: PyTorch's has no ½."""
    return torch.nn.functional.mse_loss(y_hat, y) / 2


def twin_run(four, data, *, num_epochs, batch_size, seed, test=None, num_steps=None, after_epoch=None):
    """Train the four side by side, compare them at every step, and return the Report. It ends where they part.

    At step 0, where all weights are the same, every gradient must be the same up to rounding. After each step
    numpynet's two must be equal in every bit, and in float64 the parameters of all four too close to tell apart. In
    float32 they drift, after the first hidden unit whose ReLU rounds the other way: there the drift is only recorded.
    """
    X, y = data
    base = four[NUMPY_SCRATCH]
    dtype = next(iter(base.params.values())).dtype
    report = Report({name: History() for name in four})
    rng = np.random.default_rng(seed)
    for _ in range(num_epochs):
        totals = {name: np.zeros(3) for name in four}  # loss, right, seconds
        count = 0
        for X_batch, y_batch in minibatches(X, y, batch_size, rng=rng):
            X_batch = X_batch.astype(dtype)
            grads = {}
            for name, contender in four.items():
                right = accuracy(contender.predict(X_batch), y_batch) if is_classes(y) else 0
                start = time.perf_counter()
                loss, grads[name] = contender.gradients(X_batch, y_batch)
                totals[name] += np.array([len(y_batch) * loss, len(y_batch) * right, time.perf_counter() - start])
            if not report.differences:
                report.parted = first_wrong_gradient(grads)
            if report.parted:
                return report
            for name, contender in four.items():
                start = time.perf_counter()
                contender.update(grads[name])
                totals[name][2] += time.perf_counter() - start
            report.parted = compare_parameters(four, report.differences)
            if report.parted:
                return report
            count += len(y_batch)
            if len(report.differences) == num_steps:
                break
        for name, history in report.histories.items():
            loss, right, seconds = totals[name]
            history.train_loss.append(float(loss / count))
            history.seconds.append(float(seconds))
            if is_classes(y):
                history.train_accuracy.append(float(right / count))
            if test is not None:
                predictions = predict_classes(four[name], test[0], dtype)
                history.test_accuracy.append(float(np.mean(predictions == test[1])))
        if after_epoch:
            after_epoch(report)
        if len(report.differences) == num_steps:
            break
    return report


def is_classes(y):
    return y.dtype.kind in "iu"


def predict_classes(contender, X, dtype):
    """The class predicted for every row of X, a thousand at a time."""
    parts = [contender.predict(as_floats(X[i : i + 1000]).astype(dtype)) for i in range(0, len(X), 1000)]
    return np.concatenate(parts).argmax(axis=1)


def first_wrong_gradient(grads):
    """In words, the first gradient in the order of the backward pass that numpynet scratch does not share; or None."""
    own = grads[NUMPY_SCRATCH]
    names = list(own)  # W1, b1, W2, b2: backward comes to the last layer first
    backward_order = [name for i in reversed(range(0, len(names), 2)) for name in names[i : i + 2]]
    single = next(iter(own.values())).dtype == np.float32
    error, tolerance = (relative_l2, TOLERANCES["float32"]) if single else (norm_wise, TOLERANCES["float64 formulas"])
    for other in (name for name in (TORCH_SCRATCH, TORCH_CONCISE, NUMPY_CONCISE) if name in grads):
        for name in backward_order:
            off = error(own[name], grads[other][name])
            if not off <= tolerance:
                return f"step 0: grad_{name} of {NUMPY_SCRATCH} and of {other} differ by {off:.1e} of its size"
    return None


def compare_parameters(four, differences):
    """Append the largest parameter difference from numpynet scratch; return, in words, which is too large, or None."""
    base = four[NUMPY_SCRATCH].params
    errors = [
        (norm_wise(contender.params[key], value), name, key)
        for name, contender in four.items()
        for key, value in base.items()
    ]
    differences.append(max(errors)[0])
    exact = next(iter(base.values())).dtype == np.float64
    for off, name, key in errors:
        tolerance = (
            0 if name == NUMPY_CONCISE else TOLERANCES["float64 training, the book's epochs"] if exact else np.inf
        )
        if not off <= tolerance:
            return (
                f"step {len(differences) - 1}: {key} of {NUMPY_SCRATCH} and of {name} differ by {off:.1e} of its size"
            )
    return None
