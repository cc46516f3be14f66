"""Who trains: a class for each way to do it. All start from the same weights, and an epoch goes through the examples in
the order that it is given, so that all must come to the same loss.

What a contender needs is imported where it is made; an ImportError leaves it out of the race.
"""

import time

import numpy as np

from numpynet.book import MODELS


class Contender:
    """Trains a problem. `epoch` takes the order of the examples and returns the mean loss."""

    def __init__(self, problem):
        raise NotImplementedError

    def epoch(self, order):
        raise NotImplementedError

    def timed_epoch(self, order):
        """The mean loss and the seconds."""
        start = time.perf_counter()
        loss = self.epoch(order)
        return loss, time.perf_counter() - start


class Numpynet(Contender):
    """numpynet, concise: layers, loss, optimizer, `train`."""

    def __init__(self, problem):
        from numpynet import SGD, CrossEntropyLoss, SquaredLoss

        X, y, params = problem.load()
        self.data, self.batch_size = (X, y), problem.batch_size
        self.net = MODELS[problem.model].concise(*problem.sizes, rng=np.random.default_rng(0))
        self.net.load_state_dict(dict(zip(self.net.state_dict(), params.values(), strict=True)))
        self.loss = SquaredLoss() if problem.model == "linear" else CrossEntropyLoss()
        self.optimizer = SGD(self.net.parameters(), problem.lr)

    def train(self, **options):
        from numpynet import train

        return train(self.net, self.loss, self.optimizer, self.data, batch_size=self.batch_size, **options)

    def epoch(self, order):
        from numpynet.training import State

        state = State(epoch=1, order=order)  # as if an epoch with this order had been interrupted before its first step
        return self.train(num_epochs=1, rng=np.random.default_rng(0), progress=False, state=state).train_loss[-1]


class NumpynetScratch(Numpynet):
    """numpynet, from scratch: functions of W and b, `train_scratch`."""

    def __init__(self, problem):
        X, y, self.params = problem.load()
        self.data, self.batch_size, self.lr = (X, y), problem.batch_size, problem.lr
        self.module = MODELS[problem.model].scratch

    def train(self, **options):
        from numpynet import train_scratch

        return train_scratch(self.module, self.params, self.data, lr=self.lr, batch_size=self.batch_size, **options)


class Products(Contender):
    """The floor: the step's matrix products and nothing else, on batches that lie ready. It learns nothing."""

    def __init__(self, problem):
        rng = np.random.default_rng(0)
        self.batch_size = problem.batch_size
        self.W = [W for W in problem.load()[2].values() if W.ndim == 2]
        widths = [self.W[0].shape[0], *(W.shape[1] for W in self.W)]
        self.A = [rng.normal(size=(self.batch_size, width)).astype(np.float32) for width in widths]

    def epoch(self, order):
        for start in range(0, len(order), self.batch_size):
            A = [a[: len(order) - start] for a in self.A]
            for i, W in enumerate(self.W):
                A[i] @ W  # forward; and, for the gradients, of W and of what came in, but of the data
                A[i].T @ A[i + 1]
                if i > 0:
                    A[i + 1] @ W.T


class Torch(Contender):
    """PyTorch, eager: the loop of `reference.training`, on tensors in memory."""

    device = "cpu"

    def __init__(self, problem):
        import torch

        from reference import models
        from reference.convert import state_dict_to_torch
        from reference.twin import half_mse

        X, y, params = problem.floats()
        self.X, self.y = torch.from_numpy(X).to(self.device), torch.from_numpy(y).to(self.device)
        self.batch_size = problem.batch_size
        self.net = getattr(models, MODELS[problem.model].name)(*problem.sizes, rng=torch.Generator())
        own = {name.replace("weight", "W").replace("bias", "b"): name for name in self.net.state_dict()}
        state = state_dict_to_torch(dict(zip(own, params.values(), strict=True)))
        self.net.load_state_dict(state)
        self.net.to(self.device)
        self.optimizer = torch.optim.SGD(self.net.parameters(), problem.lr)
        self.loss = half_mse if problem.model == "linear" else torch.nn.functional.cross_entropy

    def batches(self, order):
        import torch

        for rows in torch.from_numpy(order).split(self.batch_size):
            yield self.X[rows], self.y[rows]

    def epoch(self, order):
        from reference.training import train

        return train(self.net, self.loss, self.optimizer, self.batches(order), num_epochs=1).train_loss[-1]


class TorchCompile(Torch):
    """PyTorch, with the network and the loss compiled by torch.compile."""

    def __init__(self, problem):
        import torch

        super().__init__(problem)
        self.net, self.loss = torch.compile(self.net), torch.compile(self.loss)


class TorchTensorDataset(Torch):
    """PyTorch with its usual DataLoader over a TensorDataset: the tensors lie in memory, batches are collected."""

    def batches(self, order):
        from torch.utils.data import DataLoader, TensorDataset

        return DataLoader(TensorDataset(self.X, self.y), self.batch_size, sampler=order.tolist())


class TorchBook(Torch):
    """PyTorch by the book's route: torchvision's FashionMNIST, ToTensor for every image, a DataLoader."""

    def __init__(self, problem):
        from numpynet import DataError
        from reference.data import load_fashion_mnist

        if problem.model == "linear":
            raise ImportError("it is for images")
        super().__init__(problem)
        try:
            self.dataset = load_fashion_mnist()[0]
        except DataError:
            raise ImportError("no copy of Fashion-MNIST, and it reads nothing else") from None

    def batches(self, order):
        from torch.utils.data import DataLoader

        return DataLoader(self.dataset, self.batch_size, sampler=order.tolist())


class TorchCuda(Torch):
    """PyTorch on the GPU, eager. Losses stay there until the epoch ends, so that no step waits for the one before."""

    device = "cuda"

    def __init__(self, problem):
        import torch

        if not torch.cuda.is_available():
            raise ImportError("no CUDA GPU")
        super().__init__(problem)

    def step(self, X, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.net(X), y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def epoch(self, order):
        import torch

        order = torch.from_numpy(order).to(self.device)
        losses = [self.step(self.X[rows], self.y[rows]) * len(rows) for rows in order.split(self.batch_size)]
        return (torch.stack(losses).sum() / len(order)).item()

    def timed_epoch(self, order):
        import torch

        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        start.record()
        loss = self.epoch(order)
        end.record()
        torch.cuda.synchronize()
        return loss, start.elapsed_time(end) / 1000


class TorchCudaCompile(TorchCuda):
    """PyTorch on the GPU, with the network and the loss compiled by torch.compile."""

    def __init__(self, problem):
        import torch

        super().__init__(problem)
        self.net, self.loss = torch.compile(self.net), torch.compile(self.loss)


class TorchCudaGraph(TorchCuda):
    """PyTorch on the GPU: the step recorded once as a CUDA graph, and replayed for every batch of full size."""

    def __init__(self, problem):
        import torch

        super().__init__(problem)
        self.rows = torch.zeros(self.batch_size, dtype=torch.int64, device=self.device)
        start = {name: tensor.clone() for name, tensor in self.net.state_dict().items()}
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # a few steps first, so that what is made once is made before the recording
            for _ in range(3):
                super().step(self.X[self.rows], self.y[self.rows])
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad()
        with torch.cuda.graph(self.graph):
            self.recorded = super().step(self.X[self.rows], self.y[self.rows])
        with torch.no_grad():
            for name, tensor in self.net.state_dict().items():
                tensor.copy_(start[name])

    def epoch(self, order):
        import torch

        losses = []
        for rows in torch.from_numpy(order).to(self.device).split(self.batch_size):
            if len(rows) == self.batch_size:
                self.rows.copy_(rows)
                self.graph.replay()
                losses.append(self.recorded * len(rows))
            else:
                losses.append(self.step(self.X[rows], self.y[rows]) * len(rows))
        return (torch.stack(losses).sum() / len(order)).item()


class ScikitLearn(Contender):
    """scikit-learn's MLPClassifier, by partial_fit."""

    def __init__(self, problem):
        from sklearn.neural_network import MLPClassifier

        if problem.model != "mlp":
            raise ImportError("scikit-learn has no minibatch descent for this model")
        self.X, self.y, params = problem.floats()
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
        first = slice(problem.batch_size)
        self.classifier.partial_fit(self.X[first], self.y[first], classes=np.arange(problem.sizes[-1]))
        own = [*self.classifier.coefs_, *self.classifier.intercepts_]
        for array, start in zip(own, [*list(params.values())[::2], *list(params.values())[1::2]], strict=True):
            array[...] = start

    def epoch(self, order):
        return self.timed_epoch(order)[0]

    def timed_epoch(self, order):
        """Without the time of the shuffling, in scikit-learn's favour: it cannot be told an order."""
        X, y = self.X[order], self.y[order]
        start = time.perf_counter()
        self.classifier.partial_fit(X, y)
        return self.classifier.loss_, time.perf_counter() - start


class Jax(Contender):
    """JAX: the step compiled by jit, the data in JAX's arrays, the batch gathered within the step."""

    def __init__(self, problem):
        import jax
        import jax.numpy as jnp

        X, y, params = problem.floats()
        self.X, self.y, self.batch_size = jnp.asarray(X), jnp.asarray(y), problem.batch_size
        arrays = [jnp.asarray(array) for array in params.values()]
        self.params = list(zip(arrays[::2], arrays[1::2], strict=True))  # W and b of each layer

        def loss(params, X, y):
            *hidden, (W, b) = params
            for V, c in hidden:
                X = jnp.maximum(X @ V + c, 0)
            O = X @ W + b
            if problem.model == "linear":
                return jnp.mean((O - y) ** 2) / 2
            return jnp.mean(jax.nn.logsumexp(O, axis=1) - O[jnp.arange(len(y)), y])

        @jax.jit
        def step(params, X, y, rows):
            value, grads = jax.value_and_grad(loss)(params, X[rows], y[rows])
            return jax.tree.map(lambda W, grad_W: W - problem.lr * grad_W, params, grads), value * len(rows)

        self.step = step

    def epoch(self, order):
        total = 0.0
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            self.params, value = self.step(self.params, self.X, self.y, rows)
            total = total + value
        return float(total) / len(order)


CONTENDERS = {
    "numpynet": Numpynet,
    "numpynet scratch": NumpynetScratch,
    "matrix products": Products,
    "PyTorch": Torch,
    "torch.compile": TorchCompile,
    "TensorDataset + DataLoader": TorchTensorDataset,
    "torchvision + DataLoader": TorchBook,
    "scikit-learn": ScikitLearn,
    "JAX jit": Jax,
    "PyTorch, GPU": TorchCuda,
    "torch.compile, GPU": TorchCudaCompile,
    "CUDA graph, GPU": TorchCudaGraph,
}
ON_GPU = [name for name in CONTENDERS if name.endswith(", GPU")]
