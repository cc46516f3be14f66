"""scikit-learn's MLPClassifier."""

import time

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.contenders import CannotRaceError, Contender


class ScikitLearn(Contender):
    """scikit-learn's MLPClassifier, by partial_fit."""

    def __init__(self, problem):
        if len(problem.sizes) < 3:
            raise CannotRaceError("scikit-learn has no minibatch gradient descent for this model")
        self.X, self.y = problem.floats()
        self.classifier = MLPClassifier(
            problem.sizes[1:-1],
            solver="sgd",
            batch_size=problem.batch_size,
            learning_rate_init=problem.lr,
            momentum=0,
            nesterovs_momentum=False,
            alpha=0,
            shuffle=False,
        )
        first = slice(problem.batch_size)  # the first partial_fit makes the weights, which can then be replaced
        self.classifier.partial_fit(self.X[first], self.y[first], classes=np.arange(problem.sizes[-1]))
        params = list(problem.params().values())
        own = [*self.classifier.coefs_, *self.classifier.intercepts_]
        for array, start in zip(own, [*params[::2], *params[1::2]], strict=True):
            array[...] = start

    def epoch(self, order):
        return self.timed_epoch(order)[0]

    def timed_epoch(self, order):
        """The time excludes the shuffling, in scikit-learn's favour: it cannot be given an order."""
        X, y = self.X[order], self.y[order]
        start = time.perf_counter()
        self.classifier.partial_fit(X, y)
        return self.classifier.loss_, time.perf_counter() - start
