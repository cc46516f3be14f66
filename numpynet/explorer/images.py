"""A small network that learns pictures: its weights as pictures, and what the pixels of a picture do to its loss."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from numpynet import models
from numpynet.arguments import Array
from numpynet.book import BookData
from numpynet.data import minibatches
from numpynet.functional import softmax
from numpynet.losses import CrossEntropyLoss
from numpynet.optim import SGD

HIDDEN = 12
EPOCHS = (0, 1, 2, 4, 8, 16)
CHOSEN = 6


def describe_images(data: BookData) -> dict[str, Any]:
    """The run on 4,000 training pictures: after some epochs the weights, and for six test pictures P and grad_X."""
    rng = np.random.default_rng(0)
    X, y = data.train.X[:4000], data.train.y[:4000].astype(int)
    unseen = data.test or data.train
    first = [int(np.flatnonzero(unseen.y == k)[0]) for k in range(CHOSEN)]
    pictures, classes = unseen.X[first], unseen.y[first].astype(int)
    net = models.mlp(X[0].size, HIDDEN, len(data.class_names), rng=rng, dtype=np.float64)
    for parameter, scale in zip(net.parameters(), (0.05, 0, 0.3, 0), strict=True):
        parameter.data = rng.normal(0, scale, parameter.data.shape)
    loss, optimizer = CrossEntropyLoss(), SGD(net.parameters(), lr=0.1)
    found: dict[str, Any] = {
        "source": data.name.replace("-", "_"),
        "classes": list(data.class_names),
        "side": int(X.shape[1]),
        "epochs": [],
    }
    found["pictures"] = [as_bytes(each, 0, 255) for each in pictures]
    found["labels"] = classes.tolist()
    for epoch in range(EPOCHS[-1] + 1):
        if epoch in EPOCHS:
            found["epochs"].append(_look(net, loss, pictures / 255.0, classes) | {"epoch": epoch})
        for X_batch, y_batch in minibatches(X, y, 32, rng=rng):
            loss.forward(net.forward(X_batch.astype(np.float64)), y_batch)
            net.backward(loss.backward())
            optimizer.step()
    return found


def _look(net: Any, loss: CrossEntropyLoss, X: Array, y: Array) -> dict[str, Any]:
    O = net.forward(X)
    value = loss.forward(O, y)
    grad_X = net.backward(loss.backward(), input_grad=True) * len(X)  # of each picture's own loss
    W = net.parameters()[0].data.T
    sizes = [float(np.abs(each).max()) for each in (W, grad_X)]
    return {
        "loss": float(value),
        "P": [[round(float(p), 4) for p in row] for row in softmax(O)],
        "weights": [as_bytes(each, -sizes[0], sizes[0]) for each in W],
        "grad_X": [as_bytes(each, -np.abs(each).max(), np.abs(each).max()) for each in grad_X],
        "largest": [float(f"{x:.3g}") for x in (sizes[0], *np.abs(grad_X).reshape(len(X), -1).max(axis=1))],
    }


def as_bytes(picture: Array, low: float, high: float) -> str:
    """A picture in 256 steps from low to high, in base64."""
    scaled = np.round(255 * (np.asarray(picture, np.float64) - low) / (high - low if high > low else 1.0))
    return base64.b64encode(scaled.astype(np.uint8).tobytes()).decode()
