"""SGD against steps worked by hand from torch's formulas, and what it refuses."""

import numpy as np
import pytest

from numpynet import SGD, Parameter, sgd

# One parameter W = 1 and the gradients 1, 2, 4 in turn; lr = 0.1. The directions G and the W they lead to, by hand:
BY_HAND = {
    # G = 1, 2, 4
    "plain": ({}, [0.9, 0.7, 0.3]),
    # G = grad + 0.5 W = 1.5, then 2 + 0.5·0.85 = 2.425, then 4 + 0.5·0.6075 = 4.30375
    "weight decay": ({"weight_decay": 0.5}, [0.85, 0.6075, 0.177125]),
    # V = 1, then 0.9·1 + 2 = 2.9, then 0.9·2.9 + 4 = 6.61
    "momentum": ({"momentum": 0.9}, [0.9, 0.61, -0.051]),
    # V as above; G = 1 + 0.9·1 = 1.9, then 2 + 0.9·2.9 = 4.61, then 4 + 0.9·6.61 = 9.949
    "nesterov": ({"momentum": 0.9, "nesterov": True}, [0.81, 0.349, -0.6459]),
    # G = 1.5, V = 1.5, W = 0.85; G = 2.425, V = 1.35 + 2.425 = 3.775, W = 0.4725; G = 4.23625, V = 3.3975 + 4.23625 = 7.63375
    "momentum and weight decay": ({"momentum": 0.9, "weight_decay": 0.5}, [0.85, 0.4725, -0.290875]),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_sgd_takes_the_steps_worked_by_hand(case):
    options, expected = BY_HAND[case]
    parameter = Parameter(np.array([1.0]))
    optimizer = SGD([parameter], lr=0.1, **options)
    for grad, W in zip([1.0, 2.0, 4.0], expected, strict=True):
        parameter.grad = np.array([grad])
        optimizer.step()
        assert parameter.data[0] == pytest.approx(W, rel=1e-14)


def test_a_step_moves_parameters_in_place_and_keeps_gradients():
    parameter = Parameter(np.ones(3, np.float32))
    data, parameter.grad = parameter.data, np.ones(3, np.float32)
    SGD([parameter], lr=0.5, momentum=0.9, weight_decay=0.1).step()
    assert parameter.data is data
    assert data.dtype == np.float32
    np.testing.assert_array_equal(parameter.grad, np.ones(3))


@pytest.mark.parametrize("lr", [0.1, np.float64(0.1), np.float32(0.1), 1])
def test_the_learning_rates_own_type_does_not_change_the_step(lr):
    params = {"W": np.array([1.0, 1 / 3], np.float32)}
    sgd(params, {"W": np.array([1 / 7, 3.0], np.float32)}, lr)
    expected = np.array([1.0, 1 / 3], np.float32) - np.float32(lr) * np.array([1 / 7, 3.0], np.float32)
    np.testing.assert_array_equal(params["W"], expected)


def test_a_learning_rate_of_zero_moves_nothing():
    params = {"W": np.array([1.0, 2.0])}
    sgd(params, {"W": np.array([3.0, 4.0])}, lr=0)
    np.testing.assert_array_equal(params["W"], [1, 2])


def test_each_parameter_has_a_momentum_of_its_own():
    parameters = [Parameter(np.zeros(2)), Parameter(np.zeros((2, 2)))]
    optimizer = SGD(parameters, lr=1.0, momentum=0.5)
    for _ in range(2):
        parameters[0].grad, parameters[1].grad = np.ones(2), 2 * np.ones((2, 2))
        optimizer.step()
    np.testing.assert_array_equal(parameters[0].data, np.full(2, -2.5))
    np.testing.assert_array_equal(parameters[1].data, np.full((2, 2), -5.0))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"lr": -0.1}, ValueError, "SGD: lr must be finite and at least 0, got -0.1"),
        ({"lr": float("nan")}, ValueError, "SGD: lr must be finite and at least 0, got nan"),
        ({"lr": float("inf")}, ValueError, "SGD: lr must be finite"),
        ({"lr": "0.1"}, TypeError, "SGD: lr must be a number, got '0.1'"),
        ({"lr": True}, TypeError, "SGD: lr must be a number, got True"),
        ({"lr": 0.1, "momentum": -1}, ValueError, "SGD: momentum must be finite and at least 0"),
        ({"lr": 0.1, "weight_decay": -1}, ValueError, "SGD: weight_decay must be finite and at least 0"),
        ({"lr": 0.1, "nesterov": True}, ValueError, "SGD: nesterov=True requires momentum above 0"),
    ],
)
def test_bad_settings_are_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        SGD([Parameter(np.ones(1))], **options)


def test_nothing_to_train_is_refused():
    with pytest.raises(ValueError, match="SGD: parameters must not be empty"):
        SGD([], lr=0.1)


def test_a_step_before_backward_is_refused_and_moves_nothing():
    parameters = [Parameter(np.ones(1)), Parameter(np.ones(1))]
    parameters[0].grad = np.ones(1)
    with pytest.raises(RuntimeError, match="parameter 1 has no gradient: call net.backward first"):
        SGD(parameters, lr=0.1).step()
    assert parameters[0].data[0] == 1


def test_a_refused_step_leaves_the_momentum_as_it_was():
    parameters = [Parameter(np.ones(2)), Parameter(np.ones(2))]
    optimizer, fresh = (SGD(p, lr=0.1, momentum=0.9) for p in (parameters, [Parameter(np.ones(2))]))
    parameters[0].grad, parameters[1].grad = np.ones(2), np.ones((2, 1))
    with pytest.raises(ValueError, match=r"the grad of parameter 1 must have shape \(2,\), got \(2, 1\)"):
        optimizer.step()
    parameters[1].grad = fresh.parameters[0].grad = np.ones(2)
    optimizer.step()
    fresh.step()
    for parameter in parameters:
        np.testing.assert_array_equal(parameter.data, fresh.parameters[0].data)


def test_what_is_no_parameter_or_comes_twice_is_refused():
    parameter = Parameter(np.ones(1))
    with pytest.raises(TypeError, match=r"SGD: parameters must be Parameter objects, as in net.parameters\(\), got"):
        SGD([np.ones(1)], lr=0.1)
    with pytest.raises(TypeError, match="SGD: parameters must be Parameter objects"):
        SGD(parameter.data, lr=0.1)
    with pytest.raises(ValueError, match="SGD: parameters must be different objects, but parameter 1 is there twice"):
        SGD([parameter, parameter], lr=0.1)


@pytest.mark.parametrize("lr", [float("nan"), -1.0, float("inf")])
def test_the_plain_update_refuses_an_impossible_learning_rate(lr):
    with pytest.raises(ValueError, match="sgd: lr must be finite and at least 0"):
        sgd({"W": np.ones(1)}, {"W": np.ones(1)}, lr)


def test_gradients_that_do_not_fit_are_refused_before_any_change():
    params = {"W": np.ones((2, 2)), "b": np.ones(2)}
    with pytest.raises(ValueError, match=r"sgd: grads\['b'\] must have shape \(2,\), got \(1,\)"):
        sgd(params, {"W": np.ones((2, 2)), "b": np.ones(1)}, lr=0.1)
    with pytest.raises(ValueError, match=r"sgd: grads must have the names \['W', 'b'\], got \['W'\]"):
        sgd(params, {"W": np.ones((2, 2))}, lr=0.1)
    np.testing.assert_array_equal(params["W"], np.ones((2, 2)))


def test_a_read_only_parameter_is_refused_before_anything_moves():
    first, second = Parameter(np.array([1.5, 2.5])), Parameter(np.array([3.5]))
    first.grad, second.grad = np.array([0.5, -0.5]), np.array([2.0])
    second.data.flags.writeable = False
    with pytest.raises(ValueError, match=r"SGD\.step: parameter 1 must be writable, got a read-only array"):
        SGD([first, second], lr=0.1).step()
    assert first.data.tolist() == [1.5, 2.5]
