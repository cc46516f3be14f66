"""numpynet: backpropagation to read and run. Every forward and backward pass is written by hand, in NumPy.

What to read, in this order; each is short:

    functional                  every formula, once: each function, and its gradient worked out by hand
    optim.sgd                   how gradients become learning: W -= lr * grad_W
    scratch.linear_regression   the smallest model that learns: y_hat = X W + b
    scratch.softmax_regression  the same with classes: scores, probabilities, cross-entropy
    scratch.mlp                 one hidden layer: backpropagation in full, on one page
    base, layers, losses        the same functions, held together by objects that remember what backward needs
    models                      the three models again, made of layers
    training.trainable, .loop   the loop that trains them all, with optim.SGD or sgd

Logits are scores, one for each class; the most likely class has the largest. Softmax turns them into probabilities.
ReLU is max(·, 0). Training passes over the data many times. One pass is an epoch; it is split into small random groups,
the minibatches.

How to read the names: for any array T, grad_T is ∂L/∂T, the gradient of the loss L with respect to T, and has T's
shape. X are inputs (n, d), W weights (inputs, outputs), b biases; Z comes before the ReLU and H after it; O are logits,
P probabilities, y targets, y_hat predictions; n is the batch size. Y = X W + b, so our W is the transpose of PyTorch's
`weight`.

A whole training run, to copy and run (`train` does the same, and keeps a record of it):

    import numpy
    from numpynet import SGD, CrossEntropyLoss, evaluate_accuracy, make_shapes, minibatches, models

    rng = numpy.random.default_rng(0)           # randomness is always an argument
    (X, y), test, class_names = make_shapes(rng=rng)
    net, loss = models.mlp(rng=rng), CrossEntropyLoss()
    optimizer = SGD(net.parameters(), lr=0.1)

    for epoch in range(10):
        for X_batch, y_batch in minibatches(X, y, batch_size=256, rng=rng):
            O = net.forward(X_batch)            # predict, remembering what backward will need
            L = loss.forward(O, y_batch)        # how wrong?
            net.backward(loss.backward())       # whose fault? sets every parameter's grad
            optimizer.step()                    # W -= lr * grad_W
        print("epoch", epoch + 1, "test accuracy", evaluate_accuracy(net, test.X, test.y))
"""

from numpynet import data, functional, models, scratch
from numpynet.base import Layer, Parameter
from numpynet.data import (
    ChecksumError,
    DataError,
    DownloadError,
    load_fashion_mnist,
    make_shapes,
    minibatches,
    synthetic_regression,
)
from numpynet.layers import Flatten, Linear, ReLU, Sequential
from numpynet.losses import CrossEntropyLoss, MSELoss, SquaredLoss
from numpynet.optim import SGD, sgd
from numpynet.training import Callback, DivergedError, History, accuracy, evaluate_accuracy, train, train_scratch
from numpynet.training.checkpoint import Checkpointer, load_checkpoint, save_checkpoint
from numpynet.training.checkpoint_file import CheckpointError

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Callback",
    "CheckpointError",
    "Checkpointer",
    "ChecksumError",
    "CrossEntropyLoss",
    "DataError",
    "DivergedError",
    "DownloadError",
    "Flatten",
    "History",
    "Layer",
    "Linear",
    "MSELoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "SquaredLoss",
    "accuracy",
    "data",
    "evaluate_accuracy",
    "functional",
    "load_checkpoint",
    "load_fashion_mnist",
    "make_shapes",
    "minibatches",
    "models",
    "save_checkpoint",
    "scratch",
    "sgd",
    "synthetic_regression",
    "train",
    "train_scratch",
]
