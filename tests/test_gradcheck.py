"""The gradient checker: every mistake named in every model, right programs left alone, strangers not misnamed."""

import itertools

import numpy as np
import pytest

from numpynet import Flatten, Linear, ReLU, Sequential, models, scratch
from numpynet import functional as F
from numpynet.gradcheck import GradientError, check_layer, check_model, check_pair, verdict
from numpynet.gradcheck.backward_rules import RIGHT
from numpynet.gradcheck.mistakes import FORMULAS, MISTAKES, NEVER_TOGETHER
from tests.learners import PRODUCTS, case, learner, mistakes_in, outside
from tests.programs import PROGRAMS, program

MODELS = ["linear", "softmax", "mlp", "deep"]
STYLES = list(PRODUCTS)


def layer_for(mistake, model, rng):
    """A layer in which this mistake can be made, counted from 1."""
    depth = {"mlp": 2, "deep": 3}[model]
    if mistake.startswith(("relu_mask", "relu_output", "no_relu", "another")) and "logits" not in mistake:
        return int(rng.integers(1, depth))
    if mistake in ("weight_gradient_from_preactivation", "weight_not_transposed", "weights_updated_before_backward"):
        return int(rng.integers(2, depth + 1))
    return int(rng.integers(1, depth + 1))


@pytest.mark.parametrize(
    ("model", "mistake"), [(model, mistake) for model in [*MODELS, "regression"] for mistake in mistakes_in(model)]
)
def test_every_mistake_is_named_in_every_model_on_any_shapes(model, mistake):
    for seed in range(20 if model != "deep" else 8):
        rng = np.random.default_rng(seed)
        layer = layer_for(mistake, model, rng) if model in ("mlp", "deep") and seed % 4 > 1 else None
        style = STYLES[seed % 7 % 3]
        report = check_model(learner(mistake, style=style, layer=layer), *case(model, rng, square=seed % 2 == 1))
        assert not report.ok, seed
        assert report.mistakes == (mistake,), seed
        assert mistake in str(report)


@pytest.mark.parametrize("model", [*MODELS, "regression"])
def test_mistakes_in_float32_are_named_too(model):
    for seed, mistake in enumerate(mistakes_in(model)):
        rng = np.random.default_rng(seed % 6)
        report = check_model(learner(mistake, dtype=np.float32), *case(model, rng, square=seed % 2 == 1))
        assert not report.ok, mistake
        assert report.mistakes[:1] == (mistake,), seed


def test_the_learners_plant_the_whole_dictionary_and_every_rule_has_its_formula():
    names = {mistake.name for mistake in MISTAKES}
    assert names | {"gradient_accumulated", "argument_changed"} == set(mistakes_in("mlp") + mistakes_in("regression"))
    assert len(names) == len(MISTAKES)
    assert RIGHT.keys() == FORMULAS.keys()
    assert set.union(*map(set, NEVER_TOGETHER)) <= names


def right_run(seed):
    """A right program and a case for it; some in float32, some with pre-activations exactly 0, tiny weights, large X."""
    rng = np.random.default_rng(seed)
    model = MODELS[seed % 4]
    params, X, y = case(model, rng, square=seed % 8 > 3)
    if seed % 5 == 1:
        params = {name: array * (rng.random(array.shape) < (0.5 if seed % 2 else 0)) for name, array in params.items()}
        X[0] = 0
    if seed % 5 == 2:
        params = {name: 0.01 * array for name, array in params.items()}
    if seed % 7 == 3:
        params, X = {name: array.astype(np.float32) for name, array in params.items()}, X.astype(np.float32)
    if seed % 11 == 3:
        X = 10 * X
    dtype = np.float32 if seed % 3 == 2 else None
    return learner(style=STYLES[seed % 13 % 3] if seed % 3 else "matmul", dtype=dtype), (params, X, y), dtype


@pytest.mark.parametrize("start", range(0, 2000, 100))
def test_right_programs_raise_no_alarm(start):
    for seed in range(start, start + 100):
        function, arguments, dtype = right_run(seed)
        report = check_model(function, *arguments)
        assert report.ok, seed
        assert report.mistakes == (() if dtype is None else ("precision_only",)), seed
        report.raise_if_wrong()


@pytest.mark.parametrize(("model", "mistake"), [(model, mistake) for model in MODELS for mistake in outside(model)])
def test_mistakes_that_are_not_in_the_dictionary_are_found_and_not_misnamed(model, mistake):
    for seed in range(1 if model == "deep" else 2):
        rng = np.random.default_rng(seed)
        report = check_model(learner(mistake), *case(model, rng, square=seed % 2 == 1))
        assert not report.ok
        assert report.mistakes == ()
        with pytest.raises(GradientError, match="wrong"):
            report.raise_if_wrong()


@pytest.mark.parametrize("mistake", [mistake.name for mistake in MISTAKES])
def test_without_its_entry_a_mistake_stays_unnamed(mistake, monkeypatch):
    monkeypatch.setattr(verdict, "MISTAKES", tuple(entry for entry in MISTAKES if entry.name != mistake))
    for model in ["regression", "softmax", "mlp"]:
        if mistake in mistakes_in(model):
            report = check_model(learner(mistake), *case(model, np.random.default_rng(3)))
            assert not report.ok
            assert report.mistakes == ()


# A learner cannot make both: one takes the other's place in the same line, or undoes it.
LINES = [
    {"sum_not_mean", "divided_by_n_twice", "fixed_batch_size", "divided_by_elements_not_examples"},
    {"factor_two", "factor_half"},
    {"bias_mean_not_sum", "bias_first_example_only", "bias_over_wrong_axis", "bias_not_summed"},
    {"no_relu_mask", "relu_mask_from_gradient", "relu_mask_reversed", "relu_output_as_mask", "another_activations_slope"},
    {"missing_onehot", "missing_probabilities", "missing_target", "missing_prediction", "plus_not_minus", "softmax_slope_twice",
     "softmax_slope_missing", "softmax_slope_of_one_class_only"},
    {"softmax_over_examples", "softmax_twice", "softmax_missing"},
    {"stale_forward", "weight_gradient_from_preactivation"},
    {"fixed_batch_size", "factor_two"}, {"fixed_batch_size", "factor_half"},  # another c
    {"sum_not_mean", "bias_mean_not_sum"},  # grad_b is right again
]  # fmt: skip
HIDES = [
    ("stale_forward", {"gradient_accumulated"}),
    ("missing_probabilities", {"softmax_over_examples", "softmax_twice", "softmax_missing"}),
    ("missing_prediction", {"weight_decay_in_gradient"}),
    ("missing_onehot", {"labels_shifted"}),
    ("missing_target", {"labels_shifted"}),
]


def can_be_made_together(one, other):
    in_one_line = any({one, other} <= line for line in LINES)
    return not in_one_line and not any({one, other} <= {hider, *hidden} for hider, hidden in HIDES)


@pytest.mark.parametrize("model", ["linear", "softmax", "mlp"])
def test_two_mistakes_at_once_are_both_named(model):
    pairs = [pair for pair in itertools.combinations(mistakes_in(model), 2) if can_be_made_together(*pair)]
    np.random.default_rng(0).shuffle(pairs)
    for seed, pair in enumerate(pairs[:40]):
        report = check_model(learner(*pair), *case(model, np.random.default_rng(seed)))
        assert not report.ok
        assert set(report.mistakes) == set(pair), pair


@pytest.mark.parametrize("name", PROGRAMS)
def test_slips_in_programs_of_other_styles_are_named(name):
    model, source, slips = PROGRAMS[name]
    for seed in range(2):
        arguments = case(model, np.random.default_rng(seed), square=seed == 1)
        assert check_model(program(source), *arguments).ok
        for old, new, wanted in slips:
            assert source.count(old) == 1
            report = check_model(program(source.replace(old, new)), *arguments)
            assert report.ok == (wanted == "right all the same"), new
            if not report.ok:
                assert report.mistakes[:1] == (() if wanted is None else (wanted,)), new


def test_the_report_leads_a_learner_to_the_line():
    params, X, y = case("mlp", np.random.default_rng(5))
    text = str(check_model(learner("no_relu_mask"), params, X, y))
    for part in [
        "loss_and_gradients is wrong: no_relu_mask.",
        "grad_W2 and grad_b2 and grad_H1 are right".replace(" and grad_b2", ", grad_b2", 1),
        "grad_Z1 is the first wrong",
        "exactly where Z1 <= 0",
        "yours:  grad_Z1 = grad_H1",
        "right:  grad_Z1 = grad_H1 ∘ (Z1 > 0)",
        "so grad_Z1 should be 0; yours is",
    ]:
        assert part in " ".join(text.split()).replace("yours: ", "yours:  ").replace("right: ", "right:  "), part
    text = str(check_model(learner("weights_updated_before_backward", lr=0.25), params, X, y))
    assert "lr = 0.25" in text


ANSWERS = {
    "nothing": (lambda loss, grads: None, "it must return a pair (loss, grads), got nothing; the return seems to be missing"),
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


def tanh_net(factor=1.0, dtype=np.float64, single=()):
    """Loss and gradients of a network that the check does not know; some of the gradients may be float32."""

    def function(params, X, y):
        A, B = params["A"].astype(dtype), params["B"].astype(dtype)
        H = np.tanh(X.astype(dtype) @ A)
        loss, P = F.softmax_cross_entropy(H @ B, y)
        grad_O = F.softmax_cross_entropy_backward(P, y)
        grad_Z = grad_O @ B.T * (1 - H**2)
        grads = {"A": factor * X.astype(dtype).T @ grad_Z, "B": H.T @ grad_O}
        return loss, {name: g.astype(np.float32) if name in single else g for name, g in grads.items()}

    rng = np.random.default_rng(0)
    return (
        function,
        {"A": rng.normal(size=(4, 3)), "B": rng.normal(size=(3, 5))},
        rng.normal(size=(6, 4)),
        rng.integers(0, 5, 6),
    )


def test_a_float32_gradient_does_not_excuse_a_wrong_one_beside_it():
    assert check_model(*tanh_net(single=("B",))).ok
    report = check_model(*tanh_net(1.005, single=("B",)))
    assert not report.ok
    assert report.mistakes == ()
    assert not check_model(*tanh_net(1.005, single=("A", "B"))).ok


def test_a_loss_in_float32_is_said_to_tell_little():
    report = check_model(*tanh_net(dtype=np.float32))
    assert report.ok
    assert "as far as its loss, computed in float32, can tell" in str(report)
    assert not check_model(*tanh_net(1.1, dtype=np.float32)).ok


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


def test_an_unknown_architecture_is_judged_by_central_differences_alone():
    rng = np.random.default_rng(0)
    params = {"A": rng.normal(size=(3, 5)), "B": rng.normal(size=(5, 4))}
    X, y = rng.normal(size=(6, 3)), rng.integers(0, 4, 6)

    def tanh_network(params, X, y, slope=lambda H: 1 - H**2, factor=1.0):
        H = np.tanh(X @ params["A"])
        loss, P = F.softmax_cross_entropy(H @ params["B"], y)
        G = F.softmax_cross_entropy_backward(P, y)
        return loss, {"A": factor * X.T @ (G @ params["B"].T * slope(H)), "B": H.T @ G}

    report = check_model(tanh_network, params, X, y)
    assert report.ok
    assert max(report.errors.values()) < 1e-8
    for wrong in [{"slope": lambda H: 1}, {"factor": 1 + 1e-7}]:
        report = check_model(lambda *a, wrong=wrong: tanh_network(*a, **wrong), params, X, y)
        assert not report.ok
        assert report.mistakes == ()


def test_a_loss_that_is_a_sum_or_decays_or_shifts_its_labels_is_told():
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


def test_pre_activations_at_the_bend_are_moved_and_that_is_said():
    params, X, y = case("mlp", np.random.default_rng(0))
    params = {name: 0 * array for name, array in params.items()}
    report = check_model(learner(), params, X, y)
    assert report.ok
    assert "b1 was moved by up to" in str(report)


def test_random_directions_check_a_large_model():
    rng = np.random.default_rng(0)
    params = scratch.mlp.init_parameters(100, 60, 10, rng=rng)
    X, y = rng.random((32, 100)), rng.integers(0, 10, 32)
    report = check_model(scratch.mlp.loss_and_gradients, params, X, y)
    assert report.ok
    assert max(report.errors.values()) < 1e-6
    assert "random directions" in str(report)
    assert check_model(learner("no_relu_mask"), params, X, y, directions=4).mistakes == ("no_relu_mask",)


class Slipped(Linear):
    """A linear layer with a slip in its backward."""

    def __init__(self, slip):
        super().__init__(3, 4, rng=np.random.default_rng(0))
        self.slip = slip

    def backward(self, grad_Y, *, input_grad=True):
        X = self._take()
        return self.slip(self, grad_Y, X)


def slip(grad_W=lambda G, X: X.T @ G, grad_b=lambda G: G.sum(axis=0), grad_X=lambda G, W: G @ W.T):
    def backward(layer, G, X):
        layer.W.grad, layer.b.grad = grad_W(G, X), grad_b(G)
        return grad_X(G, layer.W.data)

    return backward


def added(layer, G, X):
    grad_X, grad_W, grad_b = F.linear_backward(G, X, layer.W.data)
    layer.W.grad = grad_W if layer.W.grad is None else layer.W.grad + grad_W
    layer.b.grad = grad_b if layer.b.grad is None else layer.b.grad + grad_b
    return grad_X


def test_layers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5, 3))
    mlp = models.mlp(3, [4, 5], 2, rng=rng)
    for layer in [Linear(3, 4, rng=rng), ReLU(), Flatten(), mlp, Sequential(Linear(3, 4, rng=rng), ReLU())]:
        check_layer(layer, X).raise_if_wrong()
    assert check_layer(Flatten(), rng.normal(size=(2, 3, 4))).ok
    assert all(parameter.grad is None for parameter in mlp.parameters())  # it was a copy that was asked
    for mistake, change in {
        "bias_mean_not_sum": slip(grad_b=lambda G: G.mean(axis=0)),
        "divided_by_n_twice": slip(grad_W=lambda G, X: X.T @ G / len(G)),
        "weight_not_transposed": slip(grad_X=lambda G, W: G @ W),
        "weight_gradient_transposed": slip(grad_W=lambda G, X: G.T @ X),
        "gradient_accumulated": added,
    }.items():
        assert check_layer(Slipped(change), X).mistakes == (mistake,)


def test_layers_of_other_kinds():
    class Sigmoid:
        def __init__(self, right=True):
            self.right = right

        def forward(self, X):
            self.Y = 1 / (1 + np.exp(-X))
            return self.Y

        def backward(self, G):
            return G * self.Y * (1 - self.Y if self.right else 1)

    X = np.random.default_rng(0).normal(size=(4, 3))
    assert check_layer(Sigmoid(), X).ok
    report = check_layer(Sigmoid(right=False), X)
    assert not report.ok
    assert report.mistakes == ()


def test_pairs():
    rng = np.random.default_rng(0)
    X, W, b, y = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3), rng.integers(0, 4, 5)
    target = rng.normal(size=(5, 4))
    for forward, backward, inputs in [
        (F.linear, F.linear_backward, (X, W, b)),
        (F.relu, F.relu_backward, (X,)),
        (F.softmax_cross_entropy, F.softmax_cross_entropy_backward, (X, y)),
        (F.squared_loss, F.squared_loss_backward, (X, target)),
        (F.mse_loss, F.mse_loss_backward, (X, target)),
        (np.tanh, lambda G, Y: G * (1 - Y**2), (X,)),
    ]:
        check_pair(forward, backward, *inputs).raise_if_wrong()
    for mistake, forward, backward, inputs in [
        ("no_relu_mask", F.relu, lambda G, Y: G, (X,)),
        ("relu_mask_from_gradient", F.relu, lambda dout, x: dout * (dout > 0), (X,)),
        ("weight_not_transposed", F.linear, lambda G, X, W: (G @ W, X.T @ G, G.sum(axis=0)), (X, W, b)),
        ("sum_not_mean", F.softmax_cross_entropy, lambda P, y: P - np.eye(4)[y], (X, y)),
        ("factor_half", F.mse_loss, F.squared_loss_backward, (X, target)),
        ("divided_by_examples_not_elements", F.squared_loss, lambda y_hat, y: (y_hat - y) / len(y), (X, target)),
    ]:
        assert check_pair(forward, backward, *inputs).mistakes == (mistake,)
    report = check_pair(F.linear, lambda G, X, W: (G @ W.T, X.T @ G), X, W, b)
    assert "it must return a gradient for each of X, W, b" in str(report)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: check_model(None, {"W": np.ones((1, 1))}, np.ones((1, 1)), np.ones(1)), TypeError, "check_model: loss_and_gradients must be a function, got None"),
        (lambda: check_model(print, [], np.ones((1, 1)), np.ones(1)), TypeError, "check_model: params must be a dict of arrays, got []"),
        (lambda: check_model(print, {"W": np.ones(1)}, np.ones((2, 1)), np.ones(1)), ValueError, "check_model: X and y must have one row for each example, got (2, 1) and (1,)"),
        (lambda: check_model(print, {"W": np.ones(1)}, "X", np.ones(1)), TypeError, "check_model: X must be an array, got str"),
        (lambda: check_layer(3, np.ones((1, 1))), TypeError, "check_layer: layer must have a method forward, got 3"),
        (lambda: check_pair(F.relu, 3, np.ones((1, 1))), TypeError, "check_pair: backward must be a function, got 3"),
        (lambda: check_pair(F.relu, F.relu_backward), TypeError, "check_pair: inputs must begin with an array of floats"),
    ],
)  # fmt: skip
def test_misuse_is_refused_in_words(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
