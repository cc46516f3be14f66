"""check_model: its report, unusual models and results, and what it refuses."""

import numpy as np
import pytest

from numpynet import functional as F
from numpynet import scratch
from numpynet.gradcheck import check_layer, check_model, check_pair
from tests.helpers.learners import case, learner

ANSWERS = {
    "nothing": (lambda loss, grads: None, "it must return a pair (loss, grads), got None; the return statement seems to be missing"),
    "a list": (lambda loss, grads: (loss, list(grads.values())), "grads must be a dict with the names"),
    "one missing": (lambda loss, grads: (loss, {k: grads[k] for k in list(grads)[1:]}), "grads lacks W1; it has b1, W2, b2"),
    "None": (lambda loss, grads: (loss, {**grads, "b1": None}), "grad_b1 is None"),
    "NaN": (lambda loss, grads: (loss, {**grads, "b1": grads["b1"] * np.nan}), "grad_b1 is NaN, first at (0,)"),
    "a string": (lambda loss, grads: (loss, {**grads, "b1": "b1"}), "grad_b1 must be an array of floats, got str"),
    "a row": (lambda loss, grads: (loss, {**grads, "b1": grads["b1"][None]}), "grad_b1 must have shape"),
    "rows of different lengths": (lambda loss, grads: (loss, {**grads, "b1": [[1.0], [2.0, 3.0]]}), "grad_b1 must be an array of floats, got list"),
    "no loss": (lambda loss, grads: (None, grads), "the loss must be one number, got None"),
    "losses": (lambda loss, grads: (np.array([loss, loss]), grads), "the loss must be one number, got shape (2,)"),
    "no number": (lambda loss, grads: (np.nan, grads), "the loss is nan"),
    "an exception": (lambda loss, grads: grads["W3"], "it raised KeyError: 'W3'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ANSWERS)
def test_whatever_comes_back_is_a_finding_and_no_traceback(kind):
    change, words = ANSWERS[kind]
    report = check_model(lambda *arguments: change(*learner()(*arguments)), *case("mlp", np.random.default_rng(0)))
    assert not report.ok
    assert words in " ".join(str(report).split())


def softplus_net(factor=1.0, dtype=np.float64, single=()):
    """Loss and gradients of a network that the check does not know; some of the gradients may be float32."""

    def function(params, X, y):
        A, B = params["A"].astype(dtype), params["B"].astype(dtype)
        H = np.log1p(np.exp(X.astype(dtype) @ A))
        loss, P = F.softmax_cross_entropy(H @ B, y)
        grad_O = F.softmax_cross_entropy_backward(P, y)
        grad_Z = grad_O @ B.T * (1 - np.exp(-H))
        grads = {"A": factor * X.astype(dtype).T @ grad_Z, "B": H.T @ grad_O}
        return loss, {name: g.astype(np.float32) if name in single else g for name, g in grads.items()}

    rng = np.random.default_rng(0)
    return (
        function,
        {"A": rng.normal(size=(4, 3)), "B": rng.normal(size=(3, 5))},
        rng.normal(size=(6, 4)),
        rng.integers(0, 5, 6),
    )


def test_a_float32_gradient_does_not_excuse_another_wrong_one():
    assert check_model(*softplus_net(single=("B",))).ok
    report = check_model(*softplus_net(1.005, single=("B",)))
    assert not report.ok
    assert report.mistakes == ()
    assert not check_model(*softplus_net(1.005, single=("A", "B"))).ok


def test_a_loss_in_float32_is_said_to_tell_little():
    report = check_model(*softplus_net(dtype=np.float32))
    assert report.ok
    assert "is right as far as a float32 loss can show" in str(report)
    assert not check_model(*softplus_net(1.1, dtype=np.float32)).ok


def test_the_callers_own_arrays_are_never_changed():
    params, X, y = case("mlp", np.random.default_rng(0))
    before = [array.copy() for array in (*params.values(), X, y)]
    assert check_model(learner("argument_changed"), params, X, y).mistakes == ("argument_changed",)
    for array, old in zip((*params.values(), X, y), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_other_shapes_of_the_same_models_are_understood():
    rng = np.random.default_rng(0)

    def vector(params, X, y, factor=2):
        e = X @ params["w"] + params["b"] - y
        return (e**2).mean(), {"w": factor * X.T @ e / len(X), "b": 2 * e.mean()}

    params, X, y = {"w": rng.normal(size=3), "b": 0.5}, rng.normal(size=(8, 3)), rng.normal(size=8)
    assert check_model(vector, params, X, y).ok
    assert check_model(lambda *a: vector(*a, factor=1), params, X, y).mistakes == ("factor_half",)
    params, X, y = case("mlp", rng)
    Y = np.eye(params["b2"].size)[y]
    assert check_model(lambda p, X, Y: learner()(p, X, Y.argmax(axis=1)), params, X, Y).ok
    one_hot = learner("missing_onehot")
    assert check_model(lambda p, X, Y: one_hot(p, X, Y.argmax(axis=1)), params, X, Y).mistakes == ("missing_onehot",)


def test_unknown_architectures_are_judged_by_differences_alone():
    rng = np.random.default_rng(0)
    params = {"A": rng.normal(size=(3, 5)), "B": rng.normal(size=(5, 4))}
    X, y = rng.normal(size=(6, 3)), rng.integers(0, 4, 6)

    def softplus_network(params, X, y, slope=lambda H: 1 - np.exp(-H), factor=1.0):
        H = np.log1p(np.exp(X @ params["A"]))
        loss, P = F.softmax_cross_entropy(H @ params["B"], y)
        G = F.softmax_cross_entropy_backward(P, y)
        return loss, {"A": factor * X.T @ (G @ params["B"].T * slope(H)), "B": H.T @ G}

    report = check_model(softplus_network, params, X, y)
    assert report.ok
    assert max(report.errors.values()) < 1e-8
    for wrong in [{"slope": lambda H: 1}, {"factor": 1 + 1e-7}]:
        report = check_model(lambda *a, wrong=wrong: softplus_network(*a, **wrong), params, X, y)
        assert not report.ok
        assert report.mistakes == ()


def test_a_loss_that_sums_decays_or_shifts_labels_is_reported():
    params, X, y = case("mlp", np.random.default_rng(1))

    def changed(change, *mistakes, **options):
        return check_model(lambda p, X, y: change(p, len(X), *learner(*mistakes, **options)(p, X, y)), params, X, y)

    report = changed(lambda p, n, loss, grads: (n * loss, {k: n * g for k, g in grads.items()}))
    assert report.ok
    assert any("not a mean" in fact for fact in report.facts)
    report = changed(lambda p, n, loss, grads: (n * loss, grads))
    assert not report.ok
    assert any("those of a mean" in fact for fact in report.facts)
    decay = lambda p, n, loss, grads: (loss + 0.15 * sum((p[k] ** 2).sum() for k in ("W1", "W2")), grads)  # noqa: E731
    report = changed(decay, "weight_decay_in_gradient", decay=0.3)
    assert report.ok
    assert any("λ = 0.3" in fact for fact in report.facts)
    report = check_model(lambda p, X, y: learner()(p, X, y - 1), params, X, y)
    assert report.mistakes == ("labels_shifted",)


def test_pre_activations_at_the_kink_are_moved_and_that_is_said():
    params, X, y = case("mlp", np.random.default_rng(0))
    params = {name: 0 * array for name, array in params.items()}
    report = check_model(learner(), params, X, y)
    assert report.ok
    assert "the check moved b1 by up to" in str(report)


def test_random_directions_check_a_large_model():
    rng = np.random.default_rng(0)
    params = scratch.mlp.init_parameters(100, 60, 10, rng=rng)
    X, y = rng.random((32, 100)), rng.integers(0, 10, 32)
    report = check_model(scratch.mlp.loss_and_gradients, params, X, y)
    assert report.ok
    assert max(report.errors.values()) < 1e-6
    assert "random directions" in str(report)
    assert check_model(learner("no_relu_mask"), params, X, y, directions=4).mistakes == ("no_relu_mask",)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: check_model(None, {"W": np.ones((1, 1))}, np.ones((1, 1)), np.ones(1)), TypeError,
         "check_model: loss_and_gradients must be a function, got None"),
        (lambda: check_model(print, [], np.ones((1, 1)), np.ones(1)), TypeError, "check_model: params must be a dict of arrays, got []"),
        (lambda: check_model(print, {"W": np.ones(1)}, np.ones((2, 1)), np.ones(1)), ValueError,
         "check_model: X and y must have one row for each example, got (2, 1) and (1,)"),
        (lambda: check_model(print, {"W": np.ones(1)}, "X", np.ones(1)), TypeError, "check_model: X must be an array, got str"),
        (lambda: check_layer(3, np.ones((1, 1))), TypeError, "check_layer: layer must have a method forward, got 3"),
        (lambda: check_pair(F.relu, 3, np.ones((1, 1))), TypeError, "check_pair: backward must be a function, got 3"),
        (lambda: check_pair(F.relu, F.relu_backward), TypeError, "check_pair: the first input must be a non-empty array of floats"),
    ],
)  # fmt: skip
def test_misuse_is_refused_in_words(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
