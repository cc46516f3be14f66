"""What is trained: a model of the book, its data, its settings, and the weights that everyone starts from."""

from dataclasses import dataclass, replace

import numpy as np

from numpynet import synthetic_regression
from numpynet.book import BOOK, MODELS, TRUE_B, TRUE_W, choose_images
from numpynet.data.batches import as_floats


@dataclass(frozen=True)
class Problem:
    """A model by its name in `book.MODELS`, the sizes of its layers, and settings; `load` adds data and weights.

    examples: how many of the training set; None, all of them.
    """

    model: str
    sizes: tuple[int, ...]
    batch_size: int
    lr: float
    examples: int | None = None

    def load(self):
        """X (uint8 images, or floats), y (int64 classes, or floats), and the weights, the same in every process."""
        if self.model == "linear":
            X, y = synthetic_regression(TRUE_W, TRUE_B, rng=np.random.default_rng(0))
        else:
            data, _ = choose_images("auto", None)
            X, y = data.train.X, data.train.y.astype(np.int64)
        params = MODELS[self.model].scratch.init_parameters(*self.sizes, rng=np.random.default_rng(0))
        return X[: self.examples], y[: self.examples], params

    def floats(self):
        """The same, each example a row of float32, as every library but numpynet wants its images."""
        X, y, params = self.load()
        return as_floats(X).reshape(len(X), -1), y, params

    @property
    def name(self):
        return f"{MODELS[self.model].name.replace('_', ' ')} {'-'.join(map(str, self.sizes))}, batch {self.batch_size}"


PROBLEMS = {
    "linear": Problem("linear", MODELS["linear"].sizes, BOOK["linear"].batch_size, BOOK["linear"].lr),
    "softmax": Problem("softmax", MODELS["softmax"].sizes, BOOK["softmax"].batch_size, BOOK["softmax"].lr),
    "mlp": Problem("mlp", MODELS["mlp"].sizes, BOOK["mlp"].batch_size, BOOK["mlp"].lr),
}


def quick(problem):
    """The same with few examples, to see in seconds that everything runs."""
    return replace(problem, examples=2000 if problem.model != "linear" else None)


def of_width(width, examples):
    """The MLP with so many hidden units."""
    return replace(PROBLEMS["mlp"], sizes=(784, width, 10), examples=examples)


def of_batch_size(batch_size, examples):
    """The MLP with batches of this size.

    Its learning rate is small: in a thousand steps at 0.1 rounding errors grow until losses are no longer equal.
    """
    return replace(PROBLEMS["mlp"], batch_size=batch_size, examples=examples, lr=0.01)
