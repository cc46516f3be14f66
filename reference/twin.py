"""The twin run: one model four times, numpynet's and PyTorch's, from scratch and concise, trained side by side from the
same weights on the same batches, and compared at every step.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import torch

import numpynet
from numpynet import SGD, CrossEntropyLoss, History, SquaredLoss, accuracy, evaluate_accuracy, minibatches, sgd
from reference import convert, models, scratch
from reference.agreement import TOLERANCES, largest_entry, norm_wise

NUMPY_SCRATCH, NUMPY_CONCISE = "numpynet scratch", "numpynet concise"
TORCH_SCRATCH, TORCH_CONCISE = "PyTorch scratch", "PyTorch concise"

REPEATED_BY = {  # whose steps, and by whom
    NUMPY_SCRATCH: TORCH_SCRATCH,
    NUMPY_CONCISE: NUMPY_SCRATCH,
    TORCH_SCRATCH: NUMPY_SCRATCH,
    TORCH_CONCISE: NUMPY_SCRATCH,
}


@dataclass
class Report:
    """What a twin run saw: a history for each contender; after every step, how far they have drifted apart, as the
    `drift` from numpynet scratch; and the first step, counted from 0, at which two part, and how.
    """

    histories: dict[str, History] = field(default_factory=dict)
    differences: list[float] = field(default_factory=list)
    parted: str | None = None


class NumpyScratch:
    """A scratch module of numpynet, with its parameters."""

    def __init__(self, module, params, lr):
        self.module, self.params, self.lr = module, {name: value.copy() for name, value in params.items()}, lr

    def at(self, params):
        return NumpyScratch(self.module, params, self.lr)

    def predict(self, X):
        return self.module.predict(self.params, X)

    def loss_and_gradients(self, X, y):
        return self.module.loss_and_gradients(self.params, X, y)

    def update(self, grads):
        sgd(self.params, grads, self.lr)


class NumpyConcise:
    """A Sequential, a loss and an optimizer of numpynet; names are those of the parameters, front to back."""

    def __init__(self, net, loss, names, lr):
        self.net, self.loss, self.optimizer = net, loss, SGD(net.parameters(), lr)
        self.params = dict(zip(names, (parameter.data for parameter in net.parameters()), strict=True))

    def predict(self, X):
        return self.net(X)

    def loss_and_gradients(self, X, y):
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

    def at(self, params):
        return TorchScratch(self.module, params, self.lr)

    def predict(self, X):
        with torch.no_grad():
            return self.module.predict(self.tensors, torch.from_numpy(X)).numpy()

    def loss_and_gradients(self, X, y):
        loss, grads = self.module.loss_and_gradients(self.tensors, torch.from_numpy(X), torch.from_numpy(y))
        return loss.item(), {name: grad.numpy() for name, grad in grads.items()}

    @torch.no_grad()
    def update(self, grads):
        for name, tensor in self.tensors.items():
            tensor -= self.lr * torch.from_numpy(grads[name])


class TorchConcise:
    """An nn.Sequential, a loss and an optimizer of PyTorch; names are those of the parameters, front to back."""

    def __init__(self, net, loss, names, lr):
        self.net, self.loss, self.optimizer = net, loss, torch.optim.SGD(net.parameters(), lr)
        self.params = dict(zip(names, (tensor.detach().numpy().T for tensor in net.parameters()), strict=True))

    def predict(self, X):
        with torch.no_grad():
            return self.net(torch.from_numpy(X)).numpy()

    def loss_and_gradients(self, X, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.net(torch.from_numpy(X)), torch.from_numpy(y))
        loss.backward()
        grads = (tensor.grad.numpy().T for tensor in self.net.parameters())
        return loss.item(), dict(zip(self.params, grads, strict=True))

    def update(self, grads):
        self.optimizer.step()


def make_contenders(model, sizes, *, lr, rng, dtype):
    """The four, by name, with the same weights, drawn from the numpy Generator rng."""
    params = getattr(numpynet.scratch, model).init_parameters(*sizes, rng=rng, dtype=dtype)
    net = getattr(numpynet.models, model)(*sizes, rng=np.random.default_rng(0), dtype=dtype)
    net.load_state_dict(dict(zip(net.state_dict(), params.values(), strict=True)))
    torch_net = getattr(models, model)(*sizes, rng=torch.Generator(), dtype=getattr(torch, np.dtype(dtype).name))
    torch_net.load_state_dict(convert.state_dict_to_torch(net.state_dict()))
    if model == "linear_regression":
        loss, torch_loss = SquaredLoss(), half_mse
    else:
        loss, torch_loss = CrossEntropyLoss(), torch.nn.functional.cross_entropy
    return {
        NUMPY_SCRATCH: NumpyScratch(getattr(numpynet.scratch, model), params, lr),
        NUMPY_CONCISE: NumpyConcise(net, loss, params, lr),
        TORCH_SCRATCH: TorchScratch(getattr(scratch, model), params, lr),
        TORCH_CONCISE: TorchConcise(torch_net, torch_loss, params, lr),
    }


def half_mse(y_hat, y):
    """The book's squared loss: PyTorch's has no ½."""
    return torch.nn.functional.mse_loss(y_hat, y) / 2


def twin_run(contenders, data, *, num_epochs, batch_size, rng, test=None, after_epoch=None):
    """Train the contenders side by side on batches drawn from rng, and return the Report. It ends where two part.

    Training amplifies rounding errors, on some data a million times in a thousand steps: right code may end far apart.
    So each step is judged by itself. Another contender (`REPEATED_BY`), put at the very same weights, repeats it, and
    the prediction, the loss, the gradients and, after the step, the parameters of both must be the same (`Judge`). How
    far the runs drift apart is recorded.
    """
    X, y = data
    classifier = y.dtype.kind in "iu"
    if classifier:
        y = y.astype(np.int64)  # as PyTorch wants its classes
    dtype = next(iter(contenders[NUMPY_SCRATCH].params.values())).dtype
    judges = {name: Judge(name, dtype) for name in contenders}
    report = Report({name: History() for name in contenders})
    for _ in range(num_epochs):
        totals = {name: Counter() for name in contenders}  # of the epoch: loss, right answers, seconds
        for X_batch, y_batch in minibatches(X, y, batch_size, rng=rng):
            X_batch = X_batch.astype(dtype)
            for name, contender in contenders.items():
                twin = contenders[REPEATED_BY[name]].at(contender.params)
                words = take_step(contender, twin, judges[name], X_batch, y_batch, totals[name])
                if words:
                    report.parted = f"step {len(report.differences)}: {words}"
                    return report
            report.differences.append(drift(contenders))
        for name, contender in contenders.items():
            history = report.histories[name]
            history.train_loss.append(totals[name]["loss"] / len(X))
            history.seconds.append(totals[name]["seconds"])
            if classifier:
                history.train_accuracy.append(totals[name]["right"] / len(X))
            if test is not None:
                history.test_accuracy.append(
                    evaluate_accuracy(lambda X, of=contender: of.predict(X.astype(dtype)), *test, batch_size)
                )
        if after_epoch:
            after_epoch(report)
    return report


def take_step(contender, twin, judge, X, y, totals):
    """One step of a contender, added to its totals, and of its twin; in words, the first difference, or None."""
    start = time.perf_counter()
    loss, grads = contender.loss_and_gradients(X, y)
    totals["seconds"] += time.perf_counter() - start
    totals["loss"] += float(loss) * len(y)

    twin_loss, twin_grads = twin.loss_and_gradients(X, y)
    undecided = near_the_kink(contender.params, X) if judge.leaves_out else []
    prediction = contender.predict(X)
    found = {"prediction": prediction, "loss": loss} | {f"grad_{name}": grad for name, grad in grads.items()}
    expected = {"prediction": twin.predict(X), "loss": twin_loss}
    expected |= {f"grad_{name}": twin_grads[name] for name in backward_order(twin.params)}
    words = judge.first_difference(found, expected, undecided)
    if words:
        return words
    if y.dtype.kind == "i":
        totals["right"] += accuracy(prediction, y) * len(y)

    start = time.perf_counter()
    contender.update(grads)
    totals["seconds"] += time.perf_counter() - start
    twin.update(twin_grads)
    return judge.first_difference(contender.params, twin.params, undecided)


def backward_order(params):
    """W2, b2, W1, b1 for W1, b1, W2, b2: the last layer first."""
    names = list(params)
    return [name for i in reversed(range(0, len(names), 2)) for name in names[i : i + 2]]


def near_the_kink(params, X):
    """Which units of the hidden layer, if there is one, are within float32 rounding of 0 for some example of X."""
    if "W1" not in params:
        return []
    X, W, b = X.reshape(len(X), -1), params["W1"], params["b1"]
    terms = np.abs(X) @ np.abs(W) + np.abs(b)  # the rounding error of a sum is in proportion to its terms
    return (np.abs(X @ W + b) < TOLERANCES["float32"] * terms).any(axis=0)


class Judge:
    """Says in what a contender and the one that repeats its steps differ.

    numpynet's two must be equal. numpynet and PyTorch may differ by rounding, in proportion to the largest that the
    prediction, the loss, the gradient or the parameter has been in this run: losses and gradients become small
    differences of large numbers, and those keep their rounding errors. In float32 a hidden unit within rounding of 0
    may be on in one and off in the other, and then its gradient is another one; so there, such a unit is left out of
    the first layer's comparison at that step.
    """

    def __init__(self, name, dtype):
        self.name, self.largest, self.leaves_out = name, {}, False
        self.size, self.words, self.tolerance = largest_entry, "largest entry", TOLERANCES["float64 formulas"]
        if name == NUMPY_CONCISE:
            self.tolerance = 0.0
        elif dtype == np.float32:
            self.leaves_out = True
            self.size, self.words, self.tolerance = np.linalg.norm, "largest norm", TOLERANCES["float32"]

    def first_difference(self, found, expected, undecided):
        """In words, the first entry of the dict expected that is another in found, by name, shape or size; or None.

        The hidden units that are undecided are left out.
        """
        if found.keys() != expected.keys():
            return f"{self.name} must give {', '.join(expected)}, got {', '.join(found)}"
        for key, value in expected.items():
            a, e = np.asarray(found[key], np.float64), np.asarray(value, np.float64)
            both = f"{key} of {self.name} and of {REPEATED_BY[self.name]}"
            if a.shape != e.shape:
                return f"{both} have shapes {a.shape} and {e.shape}"
            if not np.isfinite([a, e]).all():
                return f"{both} differ by nan or inf"
            self.largest[key] = max(self.largest.get(key, 0.0), self.size(e))
            difference = a - e
            if key in ("grad_W1", "grad_b1", "W1", "b1"):
                difference[..., undecided] = 0
            off = self.size(difference) / (self.largest[key] or 1.0)
            if not off <= self.tolerance:
                return f"{both} differ by {off:.1e}, relative to its {self.words} so far"
        return None


def drift(contenders):
    """The largest difference from numpynet scratch, array by array, relative to that array's largest entry there."""
    base = contenders[NUMPY_SCRATCH].params
    return max(norm_wise(contender.params[key], base[key]) for contender in contenders.values() for key in base)
