"""The gradient checker on every known loss: a sum as well as a mean, with and without the square's 2."""

import numpy as np
import pytest

from numpynet.functional import softmax, softmax_cross_entropy_backward
from numpynet.gradcheck import check_model
from numpynet.gradcheck.examination import SCALES
from numpynet.gradcheck.mistakes import MISTAKES
from tests.helpers.learners import case, learner, mistakes_in
from tests.helpers.slow import slow_where

MEANINGLESS = {"argument_changed", "gradient_accumulated"}


def scaled(scale, mistake):
    """A learner's function whose loss and gradients are both multiplied by the scale of another loss."""
    function = learner(mistake)

    def loss_and_gradients(params, X, y):
        loss, grads = function(params, X, y)
        s = scale(len(X), y.size)
        return s * loss, {name: s * gradient for name, gradient in grads.items()}

    return loss_and_gradients


ROWS = [(model, row) for model, kind in [("softmax", "cross_entropy"), ("mlp", "cross_entropy"), ("regression", "squared_loss")]
        for row in SCALES[kind]]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "row"),
    slow_where(lambda _, case: case[0] == "mlp", ROWS),
    ids=[f"{model}: {row[0]}" for model, row in ROWS],
)
def test_reports_have_the_factors_of_the_loss_in_use(model, row):
    _, (two, over_n), scale = row
    for mistake in sorted(set(mistakes_in(model)) - MEANINGLESS):
        report = check_model(scaled(scale, mistake), *case(model, np.random.default_rng(3)))
        assert not report.ok, mistake
        if mistake in ("missing_target", "missing_onehot") and mistake in report.mistakes:
            P = "y_hat" if model == "regression" else "P"
            T = "y" if model == "regression" else "onehot(y)"
            lines = [line.strip() for line in str(report).splitlines()]
            name = "y_hat" if model == "regression" else "O"
            assert f"yours:  grad_{name} = {two}{P}{over_n}" in lines
            assert f"right:  grad_{name} = {two}({P} − {T}){over_n}" in lines


def multiplied(change, *mistakes):
    """A function whose loss and gradients are changed together."""

    def loss_and_gradients(params, X, y):
        return change(params, *learner(*mistakes)(params, X, y))

    return loss_and_gradients


def half(params, loss, grads):
    return 0.5 * loss, {name: 0.5 * gradient for name, gradient in grads.items()}


def decayed(params, loss, grads):
    loss = loss + 0.15 * sum(np.sum(params[name] ** 2) for name in ("W1", "W2"))
    return loss, {name: grads[name] + 0.3 * params[name] * (name[0] == "W") for name in grads}


def test_a_loss_and_gradients_multiplied_alike_are_right():
    report = check_model(multiplied(half), *case("mlp", np.random.default_rng(1)))
    assert report.ok
    assert report.mistakes == ()
    assert any("so the two match" in fact for fact in report.facts)


def test_a_decay_in_the_loss_is_not_reported_as_missing():
    report = check_model(multiplied(decayed, "no_relu_mask"), *case("mlp", np.random.default_rng(1)))
    assert not report.ok
    assert "weight_decay_in_gradient" not in report.mistakes
    assert "that the loss does not have" not in " ".join(str(report).split())


@pytest.mark.parametrize(
    ("change", "yours"),
    [
        (lambda G, H, p: {"b2": G[0]}, "grad_b2 = (grad_O)₀, the first row"),
        (lambda G, H, p: {"b2": G[-1]}, "grad_b2 = the last row of grad_O"),
        (lambda G, H, p: {"W2": H.T @ G + 0.1 * p["W2"]}, "grad_W2 = H1ᵀ grad_O + λ · W2 (λ = 0.1)"),
        (lambda G, H, p: {"b2": G.sum(axis=0) + 0.1 * p["b2"]}, "grad_b2 = Σᵢ (grad_O)ᵢ, the sum over the examples + λ · b2"),
    ],
)  # fmt: skip
def test_yours_is_the_formula_of_the_mistake_that_was_made(change, yours):
    def function(params, X, y):
        loss, grads = learner()(params, X, y)
        H = np.maximum(X @ params["W1"] + params["b1"], 0)
        O = H @ params["W2"] + params["b2"]
        return loss, grads | change(softmax_cross_entropy_backward(softmax(O), y), H, params)

    report = check_model(function, *case("mlp", np.random.default_rng(1)))
    assert f"yours:  {yours}" in " ".join(str(report).split()).replace("yours: ", "yours:  ")


def test_every_way_of_a_mistake_has_its_text():
    for mistake in MISTAKES:
        if isinstance(mistake.did, tuple):
            assert len(mistake.did) == len(mistake.instead) + len(mistake.then), mistake.name
