"""What a run may be made of."""

import numpy as np
import pytest

from numpynet.book import Settings
from numpynet.cli.run import Run, RunFolder

SHAPES = {
    "mlp without a hidden layer": (Settings("mlp", hidden=()), [(784, 10), (10,)]),
    "mlp with two": (Settings("mlp", hidden=(7, 5)), [(784, 7), (7,), (7, 5), (5,), (5, 10), (10,)]),
    "mlp from scratch": (Settings("mlp", hidden=(7,), scratch=True), [(784, 7), (7,), (7, 10), (10,)]),
    "softmax": (Settings("softmax"), [(784, 10), (10,)]),
    "softmax from scratch, with widths that it has no use for": (Settings("softmax", hidden=(7,), scratch=True), [(784, 10), (10,)]),
    "linear": (Settings("linear", data="synthetic"), [(2, 1), (1,)]),
}  # fmt: skip


@pytest.mark.parametrize("case", SHAPES)
def test_a_run_has_the_layers_that_its_settings_say(case, tmp_path):
    settings, shapes = SHAPES[case]
    run = Run(settings, RunFolder(tmp_path), np.random.default_rng(0))
    assert [array.shape for array in run.model.parameters().values()] == shapes
    assert run.net.state_dict().keys() == set(run.net.named_parameters())


WRONG = {
    "a number": ({"hidden": 5}, TypeError, "Settings: hidden must be a tuple of widths, got 5"),
    "a width of 0": ({"hidden": (0,)}, ValueError, "Settings: hidden must be at least 1, got 0"),
    "two layers from scratch": ({"hidden": (5, 5), "scratch": True}, ValueError, "scratch must have one hidden layer, got 2"),
    "no layer from scratch": ({"hidden": (), "scratch": True}, ValueError, "scratch must have one hidden layer, got 0"),
    "momentum from scratch": ({"momentum": 0.9, "scratch": True}, ValueError, "without momentum and weight_decay"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_no_run_can_have_is_refused_for_its_own_reason(case):
    options, kind, message = WRONG[case]
    with pytest.raises(kind, match=message):
        Settings("mlp", **options)
