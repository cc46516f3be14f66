"""One small network, worked by hand to the last number: what the library computes must be what pencil and paper give.

One example x = (1, 2), two hidden units, two classes, target class y = 0:

    W1 = [[1, -1],      b1 = (0, 1)      Z = x W1 + b1 = (1·1 + 2·1 + 0, 1·(-1) + 2·(-2) + 1) = (3, -4)
          [1, -2]]                       H = max(Z, 0) = (3, 0)

    W2 = [[2, 2],       b2 = (0, 0)      O = H W2 + b2 = (6, 6), so P = (½, ½) and L = log 2
          [5, 7]]

    grad_O  = P - onehot(y) = (½ - 1, ½ - 0) = (-½, ½)                                  (n = 1)
    grad_W2 = Hᵀ grad_O     = [[3·(-½), 3·½], [0, 0]] = [[-1½, 1½], [0, 0]]
    grad_b2 = grad_O        = (-½, ½)
    grad_H  = grad_O W2ᵀ    = (-½·2 + ½·2, -½·5 + ½·7) = (0, 1)
    grad_Z  = grad_H where H > 0 = (0, 0): the unit that would have learnt is switched off

With b1 = (0, 6) the second unit is on: Z = (3, 1) = H, and with W2 = [[2, 2], [5, 5]], O = (6 + 5, 6 + 5), P = (½, ½);
with W2 = [[2, 4], [1, -5]] instead: O = (6 + 1, 12 - 5) = (7, 7), P = (½, ½),
    grad_H  = (-½·2 + ½·4, -½·1 + ½·(-5)) = (1, -3) = grad_Z
    grad_W1 = xᵀ grad_Z = [[1, -3], [2, -6]]            grad_b1 = (1, -3)
    grad_W2 = Hᵀ grad_O = [[-1½, 1½], [-½, ½]]
    grad_x  = grad_Z W1ᵀ = (1·1 + (-3)·(-1), 1·1 + (-3)·(-2)) = (4, 7)
"""

import numpy as np
import pytest

from numpynet import CrossEntropyLoss, Linear, ReLU, Sequential, scratch

x, y = np.array([[1.0, 2.0]]), np.array([0])
W1 = np.array([[1.0, -1.0], [1.0, -2.0]])
UNIT_OFF = {"W1": W1, "b1": np.array([0.0, 1.0]), "W2": np.array([[2.0, 2.0], [5.0, 7.0]]), "b2": np.zeros(2)}
UNIT_ON = {"W1": W1, "b1": np.array([0.0, 6.0]), "W2": np.array([[2.0, 4.0], [1.0, -5.0]]), "b2": np.zeros(2)}
BY_HAND = {
    "unit off": (UNIT_OFF, [[0, 0], [0, 0]], [0, 0], [[-1.5, 1.5], [0, 0]], [-0.5, 0.5], [[0, 0]]),
    "unit on": (UNIT_ON, [[1, -3], [2, -6]], [1, -3], [[-1.5, 1.5], [-0.5, 0.5]], [-0.5, 0.5], [[4, 7]]),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_scratch_mlp_gives_the_gradients_worked_by_hand(case):
    params, *expected, _ = BY_HAND[case]
    loss, grads = scratch.mlp.loss_and_gradients(params, x, y)
    assert loss == pytest.approx(np.log(2), rel=1e-15)
    for name, value in zip(["W1", "b1", "W2", "b2"], expected, strict=True):
        np.testing.assert_array_equal(grads[name], value)


@pytest.mark.parametrize("case", BY_HAND)
def test_layers_give_the_gradients_worked_by_hand(case):
    params, *expected, grad_x = BY_HAND[case]
    rng = np.random.default_rng(0)
    net = Sequential(Linear(2, 2, rng=rng, dtype=np.float64), ReLU(), Linear(2, 2, rng=rng, dtype=np.float64))
    net.load_state_dict({"0.W": params["W1"], "0.b": params["b1"], "2.W": params["W2"], "2.b": params["b2"]})
    loss = CrossEntropyLoss()
    loss.forward(net.forward(x), y)
    np.testing.assert_array_equal(net.backward(loss.backward(), input_grad=True), grad_x)
    for parameter, value in zip(net.parameters(), expected, strict=True):
        np.testing.assert_array_equal(parameter.grad, value)
