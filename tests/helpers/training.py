"""A small data set, and a short run on it."""

import numpy as np

from numpynet import SGD, Callback, CrossEntropyLoss, models, train


def blobs(rng, n=103):
    """Three well separated classes of uint8 pictures, 4 by 4."""
    y = rng.integers(0, 3, n)
    X = rng.integers(0, 60, (n, 4, 4), dtype=np.uint8)
    X[np.arange(n), y] += 180
    return X, y


def run(
    rng, data, test=None, *, lr=0.1, momentum=0.0, num_epochs=3, batch_size=10, callbacks=(), progress=False, seed=0
):
    net = models.softmax_regression(16, 3, rng=np.random.default_rng(seed))
    optimizer = SGD(net.parameters(), lr, momentum)
    options = {"num_epochs": num_epochs, "batch_size": batch_size, "rng": rng, "test": test}
    return net, train(net, CrossEntropyLoss(), optimizer, data, **options, callbacks=callbacks, progress=progress)


class Recorder(Callback):
    def __init__(self):
        self.steps, self.epochs = [], []

    def after_step(self, state):
        self.steps.append((state.epoch, state.step, state.loss))

    def after_epoch(self, state):
        self.epochs.append((state.epoch, state.step, len(state.history.test_accuracy)))
