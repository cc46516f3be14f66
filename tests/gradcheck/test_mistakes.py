"""The gradient checker names every mistake in every model, and right programs raise no alarm."""

import itertools

import numpy as np
import pytest

from numpynet.gradcheck import GradientError, check_model
from numpynet.gradcheck.backward_rules import RIGHT
from numpynet.gradcheck.mistakes import FORMULAS, MISTAKES, NEVER_TOGETHER
from tests.helpers.learners import OBLONG, PRODUCTS, case, learner, mistakes_in, outside
from tests.helpers.programs import PROGRAMS, program
from tests.helpers.slow import slow_after, slow_where

MODELS = ["linear", "softmax", "mlp", "deep"]
MORE = ["regression", "sigmoid", "tanh", "binary", "decay"]
DEEP = ["mlp", "deep", "sigmoid", "tanh", "binary", "decay"]
STYLES = list(PRODUCTS)
RAISES = ["weight_gradient_not_transposed"]  # unless all sizes are equal


def beyond_linear(position, case):
    return case[0] != "linear"


def layer_for(mistake, model, rng):
    """A layer in which this mistake can be made, counted from 1."""
    depth = 3 if model == "deep" else 2
    if (
        mistake.startswith(
            ("relu_mask", "relu_output", "relu_arguments", "no_", "another", "slope_of", "incomplete", "upstream")
        )
        and "logits" not in mistake
    ):
        return int(rng.integers(1, depth))
    if mistake in ("weight_gradient_from_preactivation", "weight_not_transposed", "weights_updated_before_backward"):
        return int(rng.integers(2, depth + 1))
    return int(rng.integers(1, depth + 1))


@pytest.mark.parametrize(
    ("model", "mistake"),
    slow_where(beyond_linear, [(model, mistake) for model in [*MODELS, *MORE] for mistake in mistakes_in(model)]),
)
def test_every_mistake_is_named_in_every_model_on_any_shapes(model, mistake):
    for seed in range(20 if model != "deep" else 8):
        rng = np.random.default_rng(seed)
        layer = layer_for(mistake, model, rng) if model in DEEP and seed % 4 > 1 else None
        style = STYLES[seed % 7 % 3]
        made = learner(mistake, style=style, layer=layer, model=model)
        report = check_model(made, *case(model, rng, square=seed % 2 == 1))
        assert not report.ok, seed
        assert report.mistakes == (mistake,), seed
        assert mistake in str(report)


@pytest.mark.parametrize("model", slow_after(2, [*MODELS, "regression", "tanh"]))
def test_mistakes_in_float32_are_named_too(model):
    for seed, mistake in enumerate(mistakes_in(model)):
        rng = np.random.default_rng(seed % 6)
        report = check_model(learner(mistake, dtype=np.float32, model=model), *case(model, rng, square=seed % 2 == 1))
        assert not report.ok, mistake
        assert report.mistakes[:1] == (mistake,), seed


def test_every_known_mistake_is_planted_and_has_its_formula():
    names = {mistake.name for mistake in MISTAKES}
    planted = {mistake for model in [*MODELS, *MORE] for mistake in mistakes_in(model)} | {*OBLONG, *RAISES}
    assert names | {"gradient_accumulated", "argument_changed"} == planted
    assert len(names) == len(MISTAKES)
    assert RIGHT.keys() == FORMULAS.keys()
    assert set.union(*map(set, NEVER_TOGETHER)) <= names


@pytest.mark.parametrize("model", ["softmax", "mlp"])
def test_a_reshape_for_a_transpose_is_named(model):
    for seed in range(6):
        params, X, y = case(model, np.random.default_rng(seed))
        oblong = all(params[name].shape[0] != params[name].shape[1] for name in params if name[0] == "W")
        if oblong:
            assert check_model(learner("reshaped_not_transposed"), params, X, y).mistakes == (
                "reshaped_not_transposed",
            )


@pytest.mark.parametrize("product", [lambda H, G: H @ G, lambda H, G: G @ H])
def test_a_product_without_transposes_is_named_though_it_raises(product):
    def mine(params, X, y):
        P = np.exp(X @ params["W"] + params["b"])
        P /= P.sum(axis=1, keepdims=True)
        loss = -np.log(P[np.arange(len(y)), y]).mean()
        P[np.arange(len(y)), y] -= 1
        G = P / len(y)
        return loss, {"W": product(X, G), "b": G.sum(axis=0)}

    report = check_model(mine, *case("softmax", np.random.default_rng(0), n=7))
    assert report.mistakes == ("weight_gradient_not_transposed",)
    assert "ValueError" in str(report)


@pytest.mark.parametrize("model", ["sigmoid", "tanh", "binary", "decay"])
def test_right_programs_with_other_activations_are_right(model):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        report = check_model(learner(model=model), *case(model, rng, square=seed % 2 == 1))
        assert report.ok, (seed, report)
        assert report.mistakes == ()


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


@pytest.mark.parametrize("start", slow_after(1, range(0, 2000, 100)))
def test_right_programs_raise_no_alarm(start):
    for seed in range(start, start + 100):
        function, arguments, dtype = right_run(seed)
        report = check_model(function, *arguments)
        assert report.ok, seed
        assert report.mistakes == (() if dtype is None else ("precision_only",)), seed
        report.raise_if_wrong()


@pytest.mark.parametrize(
    ("model", "mistake"),
    slow_where(beyond_linear, [(model, mistake) for model in MODELS for mistake in outside(model)]),
)
def test_mistakes_outside_the_catalogue_are_not_misnamed(model, mistake):
    for seed in range(1 if model == "deep" else 2):
        rng = np.random.default_rng(seed)
        report = check_model(learner(mistake), *case(model, rng, square=seed % 2 == 1))
        assert not report.ok
        assert report.mistakes == ()
        with pytest.raises(GradientError, match="wrong"):
            report.raise_if_wrong()


@pytest.mark.parametrize("mistake", slow_after(2, [mistake.name for mistake in MISTAKES]))
def test_without_its_entry_a_mistake_stays_unnamed(mistake):
    others = tuple(entry for entry in MISTAKES if entry.name != mistake)
    for model in ["regression", "softmax", "mlp", "sigmoid", "binary", "decay"]:
        if mistake in mistakes_in(model):
            report = check_model(
                learner(mistake, model=model), *case(model, np.random.default_rng(3)), catalogue=others
            )
            assert not report.ok
            assert report.mistakes == ()


# A learner cannot make both: one takes the other's place in the same line, or undoes it.
LINES = [
    {"sum_not_mean", "divided_by_n_twice", "fixed_batch_size", "divided_by_elements_not_examples"},
    {"factor_two", "factor_half"},
    {"bias_mean_not_sum", "bias_first_example_only", "bias_over_wrong_axis", "bias_not_summed"},
    {"bias_first_example_only", "weight_one_example_only"},  # a fact says which examples are left out
    {"no_relu_mask", "relu_mask_from_gradient", "relu_mask_reversed", "relu_output_as_mask", "another_activations_slope",
     "upstream_gradient_dropped", "relu_arguments_swapped"}, {"stale_forward", "weight_one_example_only"},
    {"weight_gradient_transposed", "weight_one_example_only"}, {"weight_gradient_from_preactivation", "weight_one_example_only"},
    {"missing_onehot", "missing_probabilities", "missing_target", "missing_prediction", "plus_not_minus", "softmax_slope_twice",
     "softmax_slope_missing", "softmax_slope_of_one_class_only", "onehot_broadcast"},
    {"onehot_broadcast", "labels_shifted"}, {"stale_forward", "weight_not_transposed"},  # it raises before anything is kept
    {"softmax_over_examples", "softmax_twice", "softmax_missing"},
    {"stale_forward", "weight_gradient_from_preactivation"},
    {"fixed_batch_size", "factor_two"}, {"fixed_batch_size", "factor_half"},  # another c
    {"sum_not_mean", "bias_mean_not_sum"},  # grad_b is right again
]  # fmt: skip
HIDES = [
    ("stale_forward", {"gradient_accumulated"}),
    (
        "stale_forward",
        {"another_activations_slope", "relu_output_as_mask", "relu_arguments_swapped"},
    ),  # both in one slope
    ("missing_probabilities", {"softmax_over_examples", "softmax_twice", "softmax_missing"}),
    ("missing_prediction", {"weight_decay_in_gradient"}),
    ("missing_onehot", {"labels_shifted"}),
    ("upstream_gradient_dropped", {"weights_updated_before_backward", "weight_not_transposed"}),
    ("relu_arguments_swapped", {"weights_updated_before_backward", "weight_not_transposed"}),  # only signs are left
    ("missing_target", {"labels_shifted"}),
]


def can_be_made_together(one, other):
    in_one_line = any({one, other} <= line for line in LINES)
    return not in_one_line and not any({one, other} <= {hider, *hidden} for hider, hidden in HIDES)


@pytest.mark.parametrize("model", slow_after(1, ["linear", "softmax", "mlp"]))
def test_two_mistakes_at_once_are_both_named(model):
    pairs = [pair for pair in itertools.combinations(mistakes_in(model), 2) if can_be_made_together(*pair)]
    np.random.default_rng(0).shuffle(pairs)
    for seed, pair in enumerate(pairs[:40]):
        report = check_model(learner(*pair), *case(model, np.random.default_rng(seed)))
        assert not report.ok
        assert set(report.mistakes) == set(pair), pair


@pytest.mark.parametrize("name", slow_after(1, PROGRAMS))
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
        "grad_Z1 is the first one that is wrong",
        "exactly where Z1 <= 0",
        "yours:  grad_Z1 = grad_H1",
        "right:  grad_Z1 = grad_H1 ∘ (Z1 > 0)",
        "so grad_Z1 should be 0; yours is",
    ]:
        assert part in " ".join(text.split()).replace("yours: ", "yours:  ").replace("right: ", "right:  "), part
    text = str(check_model(learner("weights_updated_before_backward", lr=0.25), params, X, y))
    assert "lr = 0.25" in text
