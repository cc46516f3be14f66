"""How parameters, layers, networks, losses and optimizers show themselves."""

import numpy as np
import pytest

from numpynet import (
    SGD,
    CrossEntropyLoss,
    Flatten,
    Layer,
    Linear,
    MSELoss,
    Parameter,
    ReLU,
    Sequential,
    SquaredLoss,
    models,
)


@pytest.fixture
def net():
    return models.mlp(6, [5, 4], 3, rng=np.random.default_rng(0))


def test_each_object_shows_what_it_is_and_how_large():
    linear = Linear(7, 5, rng=np.random.default_rng(0))
    assert repr(linear) == "Linear(7, 5)"
    assert repr(linear.W) == "Parameter((7, 5), float32)"
    linear.forward(np.ones((2, 7), np.float32))
    linear.backward(np.ones((2, 5), np.float32))
    assert repr(linear.W) == "Parameter((7, 5), float32, with grad)"
    assert [repr(each) for each in (ReLU(), Flatten(), CrossEntropyLoss(), SquaredLoss(), MSELoss())] == [
        "ReLU()", "Flatten()", "CrossEntropyLoss()", "SquaredLoss()", "MSELoss()",
    ]  # fmt: skip


def test_a_layer_of_ones_own_has_a_repr_without_writing_one():
    class Scale(Layer):
        def __init__(self):
            self.s = Parameter(np.ones(3))

    assert repr(Scale()) == "Scale()"


def test_a_sequential_shows_a_numbered_line_for_each_layer(net):
    assert repr(net) == (
        "Sequential(\n    (0) Flatten()\n    (1) Linear(6, 5)\n    (2) ReLU()\n    (3) Linear(5, 4)\n    (4) ReLU()\n"
        "    (5) Linear(4, 3)\n)"
    )
    assert repr(Sequential(ReLU())) == "Sequential(\n    (0) ReLU()\n)"


def test_sgd_shows_its_options_where_they_are_not_the_defaults(net):
    assert repr(SGD(net.parameters(), 0.1)) == "SGD(6 parameters, lr=0.1)"
    optimizer = SGD(net.parameters(), 0.05, momentum=0.9, weight_decay=1e-4, nesterov=True)
    assert repr(optimizer) == "SGD(6 parameters, lr=0.05, momentum=0.9, weight_decay=0.0001, nesterov=True)"


def test_summary_has_output_shapes_and_numbers_of_parameters(net):
    lines = net.summary(np.zeros((9, 2, 3), np.float32)).splitlines()
    assert [line.split() for line in lines] == [
        ["layer", "output", "parameters"],
        ["(9,", "2,", "3)"],
        ["0", "Flatten()", "(9,", "6)", "0"],
        ["1", "Linear(6,", "5)", "(9,", "5)", "35"],
        ["2", "ReLU()", "(9,", "5)", "0"],
        ["3", "Linear(5,", "4)", "(9,", "4)", "24"],
        ["4", "ReLU()", "(9,", "4)", "0"],
        ["5", "Linear(4,", "3)", "(9,", "3)", "15"],
        ["total", "74"],
    ]
    assert len({len(line) for line in lines if line[-1].isdigit()}) == 1  # numbers are aligned at the right


def test_summary_remembers_nothing_and_changes_nothing(net):
    before = net.state_dict()
    net.summary(np.ones((2, 6), np.float32))
    with pytest.raises(RuntimeError, match="call forward first"):
        net.backward(np.ones((2, 3), np.float32))
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_summary_refuses_what_the_network_refuses(net):
    with pytest.raises(ValueError, match=r"linear: X must have shape \(n, 6\)"):
        net.summary(np.ones((2, 7), np.float32))
