"""The report as a text: how numbers are printed, what is noted, and how a notebook shows it."""

import html

import numpy as np
import pytest

from numpynet import Linear, ReLU, Sequential
from numpynet import functional as F
from numpynet.gradcheck import check_layer, check_model, check_pair
from numpynet.gradcheck.facts import facts_about
from numpynet.gradcheck.report import format_apart, format_number
from tests.helpers.learners import case, learner


def test_a_report_is_text_at_the_prompt_and_in_notebooks():
    report = check_pair(F.relu, lambda grad_Y, Y: grad_Y, np.array([[1.0, -2.0]]))
    assert repr(report) == str(report)
    shown = report._repr_html_()
    assert shown.startswith("<pre>&lt;lambda&gt; is wrong: no_relu_mask.")
    assert html.unescape(shown.removeprefix("<pre>").removesuffix("</pre>")) == str(report)


def test_numbers_have_a_minus_sign_and_enough_digits_to_differ():
    assert [format_number(x) for x in (-2.0, -0.0, 1e-7, -1.5e-20)] == ["−2", "0", "1e-07", "−1.5e-20"]
    assert format_apart(0.5, 0.25) == ("0.5", "0.25")
    assert format_apart(0.38471234, 0.38471235) == ("0.38471234", "0.38471235")
    assert format_apart(1.0, 1.0) == ("1", "1")
    text = str(check_model(learner("wrong by 1e-7"), *case("linear", np.random.default_rng(0))))
    assert "1.64744, should be 1.6474398" in text


def test_a_shift_from_the_kink_is_noted_only_where_it_matters():
    X, y = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]]), np.array([0, 1, 1])
    params = {"W1": np.eye(2), "b1": np.zeros(2), "W2": np.array([[1.0, -1.0], [0.5, 2.0]]), "b2": np.zeros(2)}
    near = params | {"b1": np.array([-0.5 + 0.002, 0.0])}  # one pre-activation is 0.002; the margin is 0.003
    at = params | {"b1": np.array([-0.5, 0.0])}
    for mistake in [(), ("no_relu_mask",)]:
        assert "kink" not in str(check_model(learner(*mistake), near, X, y))
        assert "the check moved b1 by up to 0.003, to stay clear of" in " ".join(
            str(check_model(learner(*mistake), at, X, y)).split()
        )
    assert "kink" not in str(check_model(lambda *arguments: None, at, X, y))


@pytest.mark.parametrize(
    ("found", "fact"),
    [
        (lambda n, G: G / n, "every entry of grad_W is 1/n times what it should be, where n is the number of examples"),
        (lambda n, G: G * n / (n - 1), "every entry of grad_W is n/(n − 1) times what it should be"),
        (lambda n, G: -3 * G, "every entry of grad_W is −3 times what it should be"),
        (lambda n, G: G * (1 - 1e-7), "every entry of grad_W is (1 − 1.0e-07) times what it should be"),
        (lambda n, G: 0 * G, "grad_W is 0 everywhere"),
        (lambda n, G: G.T, "grad_W is the transpose of what it should be"),
        (lambda n, G: G + np.array([1, 0, 0]), "grad_W is wrong only in column 0 (unit 0)"),
        (lambda n, G: G + np.array([1, 0, 1]), "grad_W is wrong only in columns 0, 2 (units 0, 2)"),
        (lambda n, G: G + np.array([[0], [1], [0]]), "grad_W is wrong only in row 1 (input 1)"),
    ],
)
def test_facts_about_a_wrong_gradient(found, fact):
    rng, sizes = np.random.default_rng(0), [5, 5, 8]
    rights = [rng.normal(size=(3, 3)) for _ in sizes]
    comparisons = [({"W": found(n, right)}, {"W": right}) for n, right in zip(sizes, rights, strict=True)]
    facts = facts_about(comparisons, sizes)
    assert len(facts) == 1
    assert facts[0].startswith(fact)


@pytest.mark.parametrize(
    ("weights", "fact"),
    [
        (lambda n: np.arange(n) < n - 1, "the last example is left out"),
        (lambda n: np.arange(n) > 0, "the first example is left out"),
        (lambda n: np.arange(n) == 0, "only the first example is counted"),
        (lambda n: 1 + (np.arange(n) == n - 1), "the last example is counted 2 times, the others 1 time"),
    ],
)
def test_examples_that_are_left_out_or_counted_twice_are_a_fact(weights, fact):
    def function(params, X, y):
        loss, _ = learner()(params, X, y)
        O = X @ params["W"] + params["b"]
        grad_O = F.softmax_cross_entropy_backward(F.softmax(O), y) * weights(len(y))[:, None]
        return loss, {"W": X.T @ grad_O, "b": grad_O.sum(axis=0)}

    report = check_model(function, *case("softmax", np.random.default_rng(0)))
    assert report.facts == (fact,)


def test_gradients_that_are_rounded_are_a_fact():
    def function(params, X, y):
        loss, grads = learner()(params, X, y)
        return loss, grads | {"W": grads["W"] * 10 // 1}

    facts = check_model(function, *case("softmax", np.random.default_rng(0))).facts
    assert [fact for fact in facts if "//" in fact] == [
        "every entry of grad_W is a whole number: is there a //, which rounds down, or an array of integers?"
    ]


def test_a_backward_from_the_first_layer_to_the_last_is_a_fact():
    class Forwards(Sequential):
        def backward(self, grad_Y):
            for layer in self.layers:
                grad_Y = layer.backward(grad_Y)
            return grad_Y

    rng = np.random.default_rng(0)
    net = Forwards(Linear(4, 4, rng=rng), ReLU(), Linear(4, 4, rng=rng))
    report = check_layer(net, rng.normal(size=(5, 4)))
    assert "the gradient goes through the layers from the last to the first" in report.facts


def test_a_wrong_shape_is_said_once():
    text = str(check_model(learner("bias_not_summed"), *case("softmax", np.random.default_rng(0))))
    assert text.count("shape") == 1
    assert "wrong: its shape is (10, 4)" in text
