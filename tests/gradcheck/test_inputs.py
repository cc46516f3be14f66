"""The gradient checker on inputs and answers of unusual kinds."""

import numpy as np
import pytest

from numpynet import functional as F
from numpynet.gradcheck import check_layer, check_model, check_pair
from numpynet.gradcheck.facts import facts_about
from tests.helpers.learners import case, learner


def test_a_function_of_a_single_example_is_checked_and_noted():
    params, X, y = case("softmax", np.random.default_rng(0))

    def one(params, X, y):
        return learner()(params, X, np.array([int(y.item())]))

    report = check_model(one, params, X[:1], y[:1])
    assert report.ok
    assert "with one example a sum equals a mean" in " ".join(str(report).split())


def test_a_ragged_list_as_a_gradient_of_a_layer_is_a_finding():
    class Ragged:
        def forward(self, X):
            return X.copy()

        def backward(self, G):
            return [[1.0], [2.0, 3.0]]

    report = check_layer(Ragged(), np.ones((2, 2)))
    assert not report.ok
    assert "grad_X must be an array of floats, got list" in str(report)


@pytest.mark.parametrize(
    "forgotten", [lambda grads: grads | {"b2": None}, lambda grads: {"W1": grads["W1"], "W2": grads["W2"]}]
)
def test_a_gradient_that_was_forgotten_is_not_called_accumulated(forgotten):
    def function(params, X, y):
        loss, grads = learner()(params, X, y)
        return loss, forgotten(grads)

    report = check_model(function, *case("mlp", np.random.default_rng(0)))
    assert not report.ok
    assert report.mistakes == ()


def test_nothing_returned_and_a_changed_argument_are_reported():
    report = check_pair(F.relu, lambda grad_Y, Y: None, np.array([[1.0, -2.0]]))
    assert "it returned None; the return statement seems to be missing" in str(report)

    def in_place(grad_Y, Y):
        grad_Y[Y <= 0] = 0
        return grad_Y

    report = check_pair(F.relu, in_place, np.array([[1.0, -2.0]]))
    assert report.ok
    assert report.mistakes == ()
    assert "writes into the gradient that it is given" in str(report)


def test_scalar_parameters_are_not_reported_as_changed():
    def line(params, X, y):
        e = params["w"] * X + params["b"] - y
        return np.mean(e**2), {"w": np.mean(2 * e * X), "b": np.mean(2 * e)}

    rng = np.random.default_rng(0)
    report = check_model(line, {"w": 0.5, "b": 0.1}, rng.normal(size=8), rng.normal(size=8))
    assert report.ok, str(report)
    assert report.mistakes == ()


def test_one_hot_rows_of_bools_come_back_as_bools():
    def masked(params, X, Y):
        O = X @ params["W"] + params["b"]
        P = F.softmax(O)
        grad_O = (P - Y) / len(X)
        return -np.log(P[Y]).mean(), {"W": X.T @ grad_O, "b": grad_O.sum(axis=0)}

    params, X, y = case("softmax", np.random.default_rng(0))
    Y = np.arange(params["b"].size) == y[:, None]
    report = check_model(masked, params, X, Y)
    assert report.ok, str(report)
    assert "raised" not in str(report)


def test_ratios_by_n_need_equal_ratios_at_equal_sizes():
    right = {"W": np.array([1.0, 2.0])}
    times = lambda *ratios: [({"W": r * right["W"]}, right) for r in ratios]  # noqa: E731
    assert "for n = 5" in facts_about(times(2, 2, 3), [5, 5, 6])[0]
    assert "for n" not in facts_about(times(2, 4, 3), [5, 5, 6])[0]


@pytest.mark.parametrize("mistake", ["bias_over_wrong_axis", "fixed_batch_size"])
@pytest.mark.parametrize("model", ["softmax", "mlp", "deep"])
def test_mistakes_that_cancel_or_are_large_are_named_in_float32(model, mistake):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        report = check_model(learner(mistake, dtype=np.float32), *case(model, rng, square=seed % 2 == 1))
        assert report.mistakes == (mistake,), seed


@pytest.mark.parametrize("factor", [1.0, 1.005])
@pytest.mark.parametrize("single", [("B",), ("A", "B")])
def test_float32_gradients_are_judged_by_float64_derivatives(factor, single):
    def tanh_network(params, X, y):
        H = np.tanh(X @ params["A"])
        loss, P = F.softmax_cross_entropy(H @ params["B"], y)
        G = F.softmax_cross_entropy_backward(P, y)
        grads = {"A": factor * X.T @ (G @ params["B"].T * (1 - H**2)), "B": H.T @ G}
        return loss, {name: g.astype(np.float32) if name in single else g for name, g in grads.items()}

    rng = np.random.default_rng(0)
    params = {"A": rng.normal(size=(3, 5)), "B": rng.normal(size=(5, 4))}
    report = check_model(tanh_network, params, rng.normal(size=(6, 3)), rng.integers(0, 4, 6))
    assert report.ok == (factor == 1), str(report)
