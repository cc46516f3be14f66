"""The twin run: one model in four versions, numpynet's and PyTorch's, from scratch and concise, trained side by side
from the same weights on the same batches, and compared at every step.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import torch

from numpynet import SGD, History, accuracy, evaluate_accuracy, minibatches
from numpynet.training.trainable import FromLayers, FromScratch, Trainable
from reference import convert, models, scratch
from reference.agreement import TOLERANCES, largest_entry, norm_wise
from reference.trainable import TorchConcise, TorchScratch

NUMPY_SCRATCH, NUMPY_CONCISE = "numpynet scratch", "numpynet concise"
TORCH_SCRATCH, TORCH_CONCISE = "PyTorch scratch", "PyTorch concise"

REPEATED_BY = {  # each contender's steps are repeated by a second one
    NUMPY_SCRATCH: TORCH_SCRATCH,
    NUMPY_CONCISE: NUMPY_SCRATCH,
    TORCH_SCRATCH: NUMPY_SCRATCH,
    TORCH_CONCISE: NUMPY_SCRATCH,
}


def make_contenders(model, *, lr, rng, dtype):
    """The four versions, by name, of a model of `book.MODELS`, with the same weights, drawn from the NumPy rng."""
    params = model.scratch.init_parameters(*model.sizes, rng=rng, dtype=dtype)
    net = model.concise(rng=np.random.default_rng(0), dtype=dtype)
    net.load_state_dict(dict(zip(net.state_dict(), params.values(), strict=True)))
    torch_dtype = getattr(torch, np.dtype(dtype).name)
    torch_net = getattr(models, model.name)(*model.sizes, rng=torch.Generator(), dtype=torch_dtype)
    torch_net.load_state_dict(convert.state_dict_to_torch(net.state_dict()))
    torch_loss, torch_optimizer = convert.LOSSES[model.loss], torch.optim.SGD(torch_net.parameters(), lr)
    return {
        NUMPY_SCRATCH: FromScratch(model.scratch, _copy(params), lr),
        NUMPY_CONCISE: FromLayers(net, model.loss(), SGD(net.parameters(), lr)),
        TORCH_SCRATCH: TorchScratch(getattr(scratch, model.name), _copy(params), lr),
        TORCH_CONCISE: TorchConcise(torch_net, torch_loss, torch_optimizer),
    }


def _copy(params):
    return {name: array.copy() for name, array in params.items()}


@dataclass
class TwinRun:
    """The contenders trained side by side on batches drawn from rng, and what the run records.

    Training amplifies rounding errors, on some data a millionfold in a thousand steps, so correct programs may end far
    apart. Each step is therefore judged by itself: a second contender (`REPEATED_BY`), given the same parameters,
    repeats it, and the predictions, the loss, the gradients and the updated parameters of the two must agree (`Judge`).

    histories holds a History for each contender, and differences their `drift` after every step. disagreement says at
    which step, counted from 0, two first disagreed, and how; until then it is None.
    """

    contenders: dict[str, Trainable]
    batch_size: int
    rng: np.random.Generator
    histories: dict[str, History] = field(init=False)
    differences: list[float] = field(default_factory=list)
    disagreement: str | None = None

    def __post_init__(self):
        params = self.contenders[NUMPY_SCRATCH].parameters()
        self.names, self.dtype = list(params), next(iter(params.values())).dtype
        self.histories = {name: History() for name in self.contenders}
        self.judges = {name: Judge(name, self.dtype) for name in self.contenders}

    def epoch(self, data, test=None):
        """Train on data = (X, y) once; stop as soon as two contenders disagree."""
        X, y = data
        classifier = y.dtype.kind in "iu"
        if classifier:
            y = y.astype(np.int64)  # PyTorch requires int64 classes
        totals = {name: Counter() for name in self.contenders}
        for X_batch, y_batch in minibatches(X, y, self.batch_size, rng=self.rng):
            for name in self.contenders:
                words = self.step(name, X_batch.astype(self.dtype), y_batch, totals[name])
                if words:
                    self.disagreement = f"step {len(self.differences)}: {words}"
                    return
            self.differences.append(drift(self.contenders))
        for name, history in self.histories.items():
            history.train_loss.append(totals[name]["loss"] / len(X))
            history.seconds.append(totals[name]["seconds"])
            if classifier:
                history.train_accuracy.append(totals[name]["right"] / len(X))
            if test is not None:
                net = lambda X, model=self.contenders[name]: model.predict(X.astype(self.dtype))  # noqa: E731
                history.test_accuracy.append(evaluate_accuracy(net, *test, self.batch_size))

    def step(self, name, X, y, totals):
        """Take a step of one contender, adding to its totals, and repeat it; return the first difference, in words, or
        None.
        """
        contender, judge = self.contenders[name], self.judges[name]
        params = self.under_common_names(contender.parameters(), contender)
        repeater = self.contenders[REPEATED_BY[name]]  # always a version from scratch
        repeater = type(repeater)(repeater.module, _copy(params), repeater.lr)
        undecided = near_the_kink(params, X) if judge.leaves_out else []

        start = time.perf_counter()
        loss, y_hat, grads = contender.loss_and_gradients(X, y)
        totals["seconds"] += time.perf_counter() - start
        totals["loss"] += float(loss) * len(y)

        expected_loss, expected_y_hat, expected_grads = repeater.loss_and_gradients(X, y)
        if y_hat is None or expected_y_hat is None:  # a regression from scratch leaves them out
            y_hat, expected_y_hat = contender.predict(X), repeater.predict(X)
        found, expected = {"prediction": y_hat, "loss": loss}, {"prediction": expected_y_hat, "loss": expected_loss}
        found |= {f"grad_{key}": grad for key, grad in self.under_common_names(grads, contender).items()}
        expected |= {f"grad_{key}": expected_grads[key] for key in backward_order(self.names)}
        words = judge.first_difference(found, expected, undecided)
        if words:
            return words
        if y.dtype.kind == "i":
            totals["right"] += accuracy(y_hat, y) * len(y)

        start = time.perf_counter()
        contender.update(grads)
        totals["seconds"] += time.perf_counter() - start
        repeater.update(expected_grads)
        updated = self.under_common_names(contender.parameters(), contender)
        return judge.first_difference(updated, repeater.parameters(), undecided)

    def under_common_names(self, arrays, contender):
        """A contender's parameters or gradients under the names of the scratch modules: W1, b1, W2, b2."""
        common = dict(zip(contender.parameters(), self.names, strict=True))
        return {common.get(name, name): array for name, array in arrays.items()}


def backward_order(names):
    """W2, b2, W1, b1 for W1, b1, W2, b2: the last layer first."""
    return [name for i in reversed(range(0, len(names), 2)) for name in names[i : i + 2]]


def near_the_kink(params, X):
    """Which units of the hidden layer, if there is one, are within float32 rounding of 0 for some example of X."""
    if "W1" not in params:
        return []
    X, W, b = X.reshape(len(X), -1), params["W1"], params["b1"]
    terms = np.abs(X) @ np.abs(W) + np.abs(b)  # the rounding error of a sum is in proportion to its terms
    return (np.abs(X @ W + b) < TOLERANCES["float32"] * terms).any(axis=0)


class Judge:
    """Compares a contender's steps with the same steps taken by another.

    numpynet's two versions must be equal. numpynet and PyTorch may differ by rounding errors. Those are measured
    against the largest value that the prediction, the loss, the gradient or the parameter has had in this run: losses
    and gradients become small differences of large numbers, and keep the rounding errors of the large ones. In float32
    a hidden unit within rounding of 0 may be on in one version and off in the other, and then its gradients differ. So
    in float32 the first layer is compared without such units.
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
        """The first entry of the dict expected from which found differs, by name, shape or size, in words; or None.

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
    base = contenders[NUMPY_SCRATCH].parameters().values()
    pairs = [zip(contender.parameters().values(), base, strict=True) for contender in contenders.values()]
    return max(norm_wise(array, expected) for pair in pairs for array, expected in pair)
