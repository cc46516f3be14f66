"""numpynet, concise and from scratch: the same loop, `numpynet.training.loop.Loop`, trains both."""

import numpy as np

from benchmarks.contenders import Contender
from numpynet import SGD
from numpynet.training.loop import Loop
from numpynet.training.trainable import FromLayers, FromScratch


class Numpynet(Contender):
    """numpynet, concise: layers, loss, optimizer."""

    def __init__(self, problem):
        self.data = problem.data()
        self.loop = Loop(self.model(problem), problem.batch_size, np.random.default_rng(0))

    def model(self, problem):
        net = problem.network()
        return FromLayers(net, problem.book.loss(), SGD(net.parameters(), problem.lr))

    def epoch(self, order):
        return self.loop.epoch(*self.data, order)


class NumpynetScratch(Numpynet):
    """numpynet, from scratch: functions of W and b."""

    def model(self, problem):
        return FromScratch(problem.book.scratch, problem.params(), problem.lr)
