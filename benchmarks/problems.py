"""What is trained: the book's models, their data and settings, and the weights that every contender starts from."""

from dataclasses import dataclass, replace

import numpy as np

from numpynet.book import BOOK, MODELS, load_data
from numpynet.data.batches import as_floats


@dataclass(frozen=True)
class Problem:
    """A model by its name in `book.MODELS`, its sizes and settings. Data and weights are the same in every process.

    examples: how many of the training set to use; None for all of them.
    """

    model: str
    sizes: tuple[int, ...]
    batch_size: int
    lr: float
    examples: int | None = None

    @property
    def book(self):
        """The model's entry in `book.MODELS`."""
        return MODELS[self.model]

    @property
    def name(self):
        """The model with the widths of its layers, from inputs to outputs, and the batch size."""
        widths = self.sizes if len(self.sizes) > 1 else (*self.sizes, 1)  # a linear regression has one output
        model = self.book.name.replace("_", " ").replace("mlp", "MLP")
        return f"{model} {'-'.join(map(str, widths))}, batch size {self.batch_size}"

    def data(self):
        """X (uint8 images, or floats) and y (int64 classes, or floats)."""
        X, y = load_data(self.book.data[0], rng=np.random.default_rng(0)).train
        y = y.astype(np.int64) if y.dtype.kind == "u" else y
        return X[: self.examples], y[: self.examples]

    def floats(self):
        """The same data with each example a row of float32, for the libraries that do not convert images themselves."""
        X, y = self.data()
        return as_floats(X).reshape(len(X), -1), y

    def params(self):
        """The weights to start from, as numpynet's model from scratch has them."""
        return self.book.scratch.init_parameters(*self.sizes, rng=np.random.default_rng(0))

    def network(self):
        """numpynet's network with these weights."""
        net = self.book.concise(*self.sizes, rng=np.random.default_rng(0))
        net.load_state_dict(dict(zip(net.state_dict(), self.params().values(), strict=True)))
        return net


PROBLEMS = {name: Problem(name, model.sizes, BOOK[name].batch_size, BOOK[name].lr) for name, model in MODELS.items()}


def quick(problem):
    """The same problem with few examples, to see in seconds that everything runs."""
    return problem if "synthetic" in problem.book.data else replace(problem, examples=2000)


def of_width(width, examples):
    """The MLP with this many hidden units."""
    return replace(PROBLEMS["mlp"], sizes=(784, width, 10), examples=examples)


def of_batch_size(batch_size, examples):
    """The MLP with batches of this size.

    Its learning rate is small: over a thousand steps at 0.1, rounding errors grow until the losses are no longer equal.
    """
    return replace(PROBLEMS["mlp"], batch_size=batch_size, examples=examples, lr=0.01)
