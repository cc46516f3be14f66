"""What a gradient check finds is said in Chinese too, and without words."""

import re

import numpy as np
import pytest

from numpynet import functional as F
from numpynet.gradcheck import check_layer, check_model
from numpynet.gradcheck.examination import SCALES
from numpynet.gradcheck.report import loss_in_language
from numpynet.layers import Linear
from numpynet.scratch import linear_regression, softmax_regression
from numpynet.wording import speaking

ENGLISH = re.compile(r"\b(the|is|of|and|are|its|but|only|with|that|times)\b")


@pytest.fixture
def given():
    rng = np.random.default_rng(0)
    params = {"W": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}
    return params, rng.normal(size=(5, 4)), rng.integers(3, size=5)


def changed(change, module=softmax_regression):
    """A right function whose loss and gradients are then changed."""

    def function(params, X, y):
        loss, grads = module.loss_and_gradients(params, X, y)
        return change(loss, grads, len(X))

    return function


FOUND = {
    "every_entry": lambda loss, grads, n: (loss, grads | {"W": -3 * grads["W"]}),
    "every_gradient": lambda loss, grads, n: (loss, {name: grad * n**2 for name, grad in grads.items()}),
    "zero": lambda loss, grads, n: (loss, grads | {"W": 0 * grads["W"]}),
    "only_columns": lambda loss, grads, n: (loss, grads | {"W": grads["W"] + np.array([1.5, 0, 2.5])}),
    "only_row": lambda loss, grads, n: (loss, grads | {"W": grads["W"] + np.array([[0], [0], [2.5], [0]])}),
    "whole_numbers": lambda loss, grads, n: (loss, grads | {"W": 10 * grads["W"] // 1}),
    "grad_none": lambda loss, grads, n: (loss, grads | {"W": None}),
    "grad_shape": lambda loss, grads, n: (loss, grads | {"W": grads["W"].T}),
    "grad_nan": lambda loss, grads, n: (loss, grads | {"W": grads["W"] * np.nan}),
    "grads_lack": lambda loss, grads, n: (loss, {"b": grads["b"]}),
    "loss_not_finite": lambda loss, grads, n: (np.inf, grads),
    "no_pair": lambda loss, grads, n: [loss, grads, n],
    "a_sum_not_a_mean": lambda loss, grads, n: (loss * n, {name: grad * n for name, grad in grads.items()}),
    "gradients_of_a_mean": lambda loss, grads, n: (loss * n, grads),
    "same_factor": lambda loss, grads, n: (3 * loss, {name: 3 * grad for name, grad in grads.items()}),
    "unknown_loss": lambda loss, grads, n: (loss**2, grads),
}


@pytest.mark.parametrize("key", FOUND)
def test_what_is_found_is_said_in_chinese(given, key):
    function = changed(FOUND[key])
    english = check_model(function, *given)
    with speaking("zh"):
        report = check_model(function, *given)
    assert key in [finding.key for finding in report.findings]
    assert [finding[:2] for finding in report.findings] == [finding[:2] for finding in english.findings]
    assert (report.ok, report.wrong, report.mistakes) == (english.ok, english.wrong, english.mistakes)
    assert not ENGLISH.search(str(report)), str(report)
    assert len(report.facts) == len(english.facts)


def test_exceptions_and_notes_are_said_in_chinese(given):
    params, X, y = given

    def square_only(params, X, y):
        if params["W"].shape[0] != params["W"].shape[1]:
            raise ValueError("7 != 8")
        loss, grads = softmax_regression.loss_and_gradients(params, X, y)
        return loss, grads | {"W": grads["W"] @ params["W"]}

    class Writes(Linear):
        def backward(self, grad_Y, **options):
            grad_X = super().backward(grad_Y, **options)
            grad_Y *= 2
            return grad_X

    with speaking("zh"):
        raised, one = check_model(square_only, params, X, y), check_model(square_only, params, X[:1], y[:1])
        layer = check_layer(Writes(4, 3, rng=np.random.default_rng(1)), X)
    for report in (raised, one, layer):
        assert not ENGLISH.search(str(report)), str(report)
    assert "it_raised" in [finding.key for finding in raised.findings]
    assert "writes_into_gradient" in [finding.key for finding in layer.findings]


def test_every_description_of_a_loss_is_chinese():
    rng = np.random.default_rng(0)
    params, X, y = (
        {"W": rng.normal(size=(4, 2)), "b": rng.normal(size=2)},
        rng.normal(size=(5, 4)),
        rng.normal(size=(5, 2)),
    )

    def decayed(params, X, y):
        loss, grads = linear_regression.loss_and_gradients(params, X, y)
        return loss + 0.15 * sum(np.sum(p**2) for p in params.values()), {
            k: g + 0.3 * params[k] for k, g in grads.items()
        }

    with speaking("zh"):
        words = [loss_in_language(words) for options in SCALES.values() for words, *_ in options]
        assert "权重衰减" in str(check_model(decayed, params, X, y))
    assert not [each for each in words if ENGLISH.search(each.replace(" y)", ""))]
    assert words[1] == "平均交叉熵"


def test_a_mistake_is_a_finding_with_its_step_and_number(given):
    params, X, y = given

    def mine(params, X, y):
        P = F.softmax(F.linear(X, params["W"], params["b"]))
        grad_O = F.softmax_cross_entropy_backward(P, y) * len(y) / 7
        _, grad_W, grad_b = F.linear_backward(grad_O, X, params["W"])
        return F.softmax_cross_entropy(F.linear(X, params["W"], params["b"]), y)[0], {"W": grad_W, "b": grad_b}

    report = check_model(mine, params, X, y)
    assert report.mistakes == ("fixed_batch_size",)
    assert report.findings[0][:2] == ("mistake", "fixed_batch_size")
    assert report.findings[0].data["number"] == pytest.approx(1 / 7)
