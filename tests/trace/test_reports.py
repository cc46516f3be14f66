"""A trace of a gradient check has the learner's numbers, and the right ones beside them."""

import numpy as np
import pytest

from numpynet import functional, models
from numpynet.gradcheck import check_layer, check_model
from numpynet.layers import Linear
from numpynet.scratch import linear_regression, mlp, softmax_regression
from numpynet.trace import example, trace, trace_report
from numpynet.trace.rules import evaluate


def no_mask(params, X, y):
    """The MLP without the ReLU's mask."""
    Z1 = functional.linear(X, params["W1"], params["b1"])
    H1 = functional.relu(Z1)
    loss, P = functional.softmax_cross_entropy(functional.linear(H1, params["W2"], params["b2"]), y)
    grad_O = functional.softmax_cross_entropy_backward(P, y)
    grad_H1, grad_W2, grad_b2 = functional.linear_backward(grad_O, H1, params["W2"])
    _, grad_W1, grad_b1 = functional.linear_backward(grad_H1, X, params["W1"])
    return loss, {"W1": grad_W1, "b1": grad_b1, "W2": grad_W2, "b2": grad_b2}


def nobody_knows_why(params, X, y):
    loss, grads = mlp.loss_and_gradients(params, X, y)
    return loss, grads | {"W1": grads["W1"] + 0.1 * np.sin(X.sum()) * grads["W1"][::-1]}


@pytest.fixture
def given():
    net, _, X, y = example("mlp", 3)
    names = ["W1", "b1", "W2", "b2"]
    return {name: p.data for name, p in zip(names, net.parameters(), strict=True)}, X, y


def test_a_named_mistake_is_followed_through_the_pass(given):
    params, X, y = given
    report = check_model(no_mask, params, X, y)
    assert report.mistakes == ("no_relu_mask",)
    t = trace_report(report)
    mine = no_mask(params, X, y)[1]
    right = mlp.loss_and_gradients(params, X, y)[1]
    for name in params:
        assert np.array_equal(t[f"grad_{name}"], mine[name])
        assert np.allclose(t.right[f"grad_{name}"], right[name], rtol=1e-12)
    assert np.array_equal(t["grad_Z1"], t["grad_H1"])
    Z1 = X @ params["W1"] + params["b1"]
    assert t.wrong("grad_Z1") == [tuple(i) for i in np.argwhere(Z1 <= 0)]
    assert t.wrong("grad_W1")
    assert not t.wrong("grad_W2")
    assert not t.wrong("grad_H1")
    assert not t.wrong("Z1")
    assert "entries wrong" in str(t)
    assert t.finite_difference("W1", (0, 1)) == pytest.approx(right["W1"][0, 1], rel=1e-6, abs=1e-9)


def test_without_a_name_only_what_was_returned_is_the_learners(given):
    params, X, y = given
    t = trace_report(check_model(nobody_knows_why, params, X, y))
    assert "grad_Z1" not in t
    assert "grad_Z1" in t.right
    assert np.array_equal(t["grad_W1"], nobody_knows_why(params, X, y)[1]["W1"])
    assert t.wrong("grad_W1")
    assert not t.wrong("grad_b1")


@pytest.mark.parametrize("model", ["linear", "softmax", "mlp"])
def test_the_right_pass_is_that_of_trace(model):
    module = {"linear": linear_regression, "softmax": softmax_regression, "mlp": mlp}[model]
    net, loss, X, y = example(model, 5)
    names = ["W1", "b1", "W2", "b2"] if model == "mlp" else ["W", "b"]
    params = {name: p.data for name, p in zip(names, net.parameters(), strict=True)}
    found, expected = trace_report(check_model(module.loss_and_gradients, params, X, y)), trace(net, loss, X, y)
    assert found.names == expected.names
    for name in found.names:
        assert np.allclose(found[name], expected[name], rtol=1e-12, atol=1e-15), name
        assert found.formula(name) == expected.formula(name), name
        assert found.wrong(name) == []


def test_other_losses_activations_and_decay_add_up_too(rng):
    """The formulas of what numpynet has no layers for: tanh, sums for means, weight decay."""

    def tanh_net(params, X, y):
        H = np.tanh(X @ params["W1"] + params["b1"])
        error = H @ params["W2"] - y
        loss = (error**2).sum() + 0.05 * sum((params[name] ** 2).sum() for name in ("W1", "W2"))
        grad_Z = 2 * error @ params["W2"].T * (1 - H**2)
        grads = {
            "W1": X.T @ grad_Z + 0.1 * params["W1"],
            "b1": grad_Z.sum(axis=0),
            "W2": 2 * H.T @ error + 0.1 * params["W2"],
        }
        return loss, grads

    params = {"W1": rng.normal(size=(2, 4)), "b1": rng.normal(size=4), "W2": rng.normal(size=(4, 3))}
    report = check_model(tanh_net, params, rng.normal(size=(5, 2)), rng.normal(size=(5, 3)))
    assert report.ok, report
    t = trace_report(report)
    assert t.formula("grad_W1") == "Xᵀ grad_Z1 + λ W1"
    assert t.formula("y_hat") == "H1 W2"
    for name in t.names[1:]:
        if t.sources(name, (0,) * t[name].ndim) is not None:
            for at in np.ndindex(t[name].shape):
                expression, value = t.line(name, at)
                assert evaluate(expression) == pytest.approx(float(value.replace("−", "-")), rel=6e-4, abs=1e-9), (
                    name,
                    at,
                )


def test_a_layer_has_a_trace_too(rng):
    class Transposed(Linear):
        def backward(self, grad_Y, *, input_grad=True):
            grad_X = super().backward(grad_Y)
            self.b.grad = self.b.grad / len(grad_Y)
            return grad_X

    t = trace_report(check_layer(Transposed(3, 4, rng=rng, dtype=np.float64), rng.normal(size=(6, 3))))
    assert t.wrong("grad_b") == [(j,) for j in range(4)]
    assert not t.wrong("grad_W")
    assert not t.wrong("grad_X")


def test_what_has_no_known_pass_is_refused(rng):
    def cubic(params, X, y):
        error = (X @ params["M"]) ** 3 - y
        return (error**2).mean(), {"M": X.T @ (2 * error * 3 * (X @ params["M"]) ** 2) / error.size}

    report = check_model(
        cubic, {"M": rng.normal(size=(2, 3, 1))[:, :, 0]}, rng.normal(size=(4, 2)), rng.normal(size=(4, 3))
    )
    if report.evidence is None:
        with pytest.raises(ValueError, match=r"^trace_report: report must be about a known model"):
            trace_report(report)
    with pytest.raises(TypeError, match=r"^trace_report: report must be a Report"):
        trace_report("a report")


def test_the_page_of_a_report_marks_what_is_wrong(given, tmp_path):
    params, X, y = given
    t = trace_report(check_model(no_mask, params, X, y))
    assert set(t.described()["right"]) == {"grad_Z1", "grad_W1", "grad_b1"}
    t.page(tmp_path / "mine.html")
    assert (tmp_path / "mine.html").stat().st_size > 100_000
    big = models.mlp(30, 3, 2, rng=np.random.default_rng(0), dtype=np.float64)
    t = trace(big, example("mlp").loss, np.ones((2, 30)), np.array([0, 1]))
    with pytest.raises(ValueError, match="at most 64 entries"):
        t.page(tmp_path / "big.html")
