"""Checkpoints to save, to forge and to compare."""

import json

import numpy as np
import pytest

from numpynet import SGD, Callback, CheckpointError, load_checkpoint, models
from numpynet.storage.npz import from_npz, to_npz
from numpynet.training.checkpoint_file import sha256


def make(seed=0, sizes=(4, [3], 2), lr=0.1, momentum=0.9, dtype=np.float32, bits=np.random.PCG64, **options):
    """A net, an optimizer that has taken a step, and an rng that has been used."""
    rng = np.random.Generator(bits(seed))
    net = models.mlp(*sizes, rng=rng, dtype=dtype)
    optimizer = SGD(net.parameters(), lr, momentum, **options)
    for parameter in net.parameters():
        parameter.grad = rng.normal(size=parameter.data.shape).astype(dtype)
    optimizer.step()
    return net, optimizer, rng


def everything(net, optimizer, rng):
    """All that a checkpoint is to restore, as bytes."""
    arrays = [parameter.data for parameter in net.parameters()] + [np.asarray(v) for v in optimizer.velocities]
    state = json.dumps(rng.bit_generator.state, default=lambda array: array.tolist())
    return [(array.dtype, array.shape, array.tobytes()) for array in arrays], state


def assert_refused(path, message, seed=9, **options):
    """load_checkpoint refuses the file, naming it and the reason, and nothing has changed."""
    net, optimizer, rng = make(seed, **options)
    before = everything(net, optimizer, rng)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(path, net, optimizer, rng=rng)
    assert str(path) in str(caught.value)
    assert everything(net, optimizer, rng) == before


def forge(path, meta=None, **arrays):
    """Change what the file holds and make its digest right again; an array None is left out."""
    content = from_npz(path.read_bytes())
    content |= arrays
    content = {name: array for name, array in content.items() if array is not None}
    text = {**json.loads(content["meta"].tobytes()), **(meta or {})}
    content["meta"] = np.frombuffer(json.dumps({k: v for k, v in text.items() if v is not ...}).encode(), np.uint8)
    del content["digest"]
    content["digest"] = np.frombuffer(sha256(content), np.uint8)
    path.write_bytes(to_npz(content))


class StopAfter(Callback):
    """Ends a run after so many steps, as a kill would."""

    def __init__(self, steps):
        self.steps = steps

    def after_step(self, state):
        if state.step == self.steps:
            raise KeyboardInterrupt


def data(seed=3, n=23):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)).astype(np.float32), rng.integers(0, 2, n)


def start(seed):
    net = models.mlp(4, [3], 2, rng=np.random.default_rng(seed))
    return net, SGD(net.parameters(), 0.1, 0.9), np.random.default_rng(seed)


def figures(history):
    return history.train_loss, history.train_accuracy, history.test_accuracy
