"""Training: `train` for a network made of layers, `train_scratch` for a model from scratch.

Read `trainable` (what both kinds of model have in common), then `loop` (the loop itself). Beside them: `state` (the
history of a run, and callbacks that watch it), `metrics` (accuracy), `progress` (what a run prints), `divergence` (when
a run is stopped), `checkpoint` and `checkpoint_file` (saving a run and resuming it), and `sanity` (what to check
before training for long).
"""

from numpynet.training.divergence import DivergedError
from numpynet.training.loop import train, train_scratch
from numpynet.training.metrics import accuracy, evaluate_accuracy
from numpynet.training.state import Callback, History, State

__all__ = [
    "Callback",
    "DivergedError",
    "History",
    "State",
    "accuracy",
    "evaluate_accuracy",
    "train",
    "train_scratch",
]
