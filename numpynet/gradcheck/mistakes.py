"""The catalogue of mistakes that learners make in a backward pass. Each entry changes one or a few of its rules.

An entry says what the learner's program computes (`did`), why that is wrong (`sentence`), and how to make the same
mistake: `instead` replaces rules, `then` changes their results. Where a mistake can be made in several ways, there is
a dict for each way, and a `did` for each if their formulas differ. The right formulas are in FORMULAS. In the texts,
{grad_Z} and the like stand for the learner's own names, {it} for the quantity that is wrong and {right} for its right
formula. {times} and {over} are the factors that the loss puts before and after {P} − {T}, such as " / n" for a mean;
{n} is the number of terms in that mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.functional import softmax
from numpynet.gradcheck.backward_rules import ACTIVATIONS, SLOPES, Rule, Twist

FORMULAS = {
    "P": "{prediction}",
    "T": "with row i for example i, column j for class j",
    "grad_O": "{times}({P} − {T}){over}",
    "grad_W": "{H}ᵀ {grad_Y}",
    "grad_b": "Σᵢ ({grad_Y})ᵢ, the sum over the examples",
    "grad_H": "{grad_Y} {W}ᵀ",
    "grad_Z": "{grad_H} ∘ {slope}",
}
SLOPE_FORMULAS = {"relu": "({Z} > 0)", "sigmoid": "{H} ∘ (1 − {H})", "tanh": "(1 − {H}²)"}
PREDICTION_FORMULAS = {"cross_entropy": "softmax({O})", "binary_cross_entropy": "sigmoid({O})"}


@dataclass(frozen=True)
class Mistake:
    """One entry of the catalogue.

    did: one text, one for each way to make the mistake, or one for each rule that it replaces. unknown names a free
    number, such as a learning rate; it is solved for from the wrong gradients, and `possible` says whether the solution
    makes sense. only: the kinds of loss for which the mistake can be made; activations: those for which it
    can. needs_decay: whether the loss must, or must not, include weight decay.
    """

    name: str
    did: str | tuple[str, ...] | Mapping[str, str]
    sentence: str
    instead: Sequence[dict[str, Rule]] = ()
    then: Sequence[dict[str, Twist]] = ()
    only: tuple[str, ...] = ()
    activations: tuple[str, ...] = ()
    unknown: str = ""
    possible: Callable[[float], bool] = bool
    needs_earlier_call: bool = False
    needs_decay: bool | None = None


def anywhere(twist: Twist, but: str = "") -> list[dict[str, Twist]]:
    """The same change to any single quantity, or to W and b of a layer together."""
    rules = ("grad_O", "grad_H", "grad_Z", "grad_W", "grad_b")
    return [{rule: twist} for rule in rules if rule != but] + [{"grad_W": twist, "grad_b": twist}]


def one_sum_for_all(q: Any) -> Array:
    """The sum of all entries for every unit; after a softmax that is 0, which could be anything."""
    if abs(q.grad_Y.sum()) < 1e-12 * np.abs(q.grad_Y).max() and q.H is q.Z:
        raise ValueError("0 for every unit")
    return np.full(q.b.shape, q.grad_Y.sum())


def reshape_only(G: Array) -> Array:
    """The transpose of G reshaped to G's shape; for a square G that would be the transpose itself, another mistake."""
    if G.shape[0] == G.shape[1]:
        raise ValueError("square")
    return G.T.reshape(G.shape)


def slope_at(q: Any, H: Array) -> Array:
    """The derivative of the activation, from H in place of its output."""
    return H * (1 - H) if q.activation == "sigmoid" else 1 - H**2


STALE: dict[str, Rule] = {
    "P": lambda q: q.before.P,
    "T": lambda q: q.before.T,
    "grad_W": lambda q: q.before.H.T @ q.grad_Y + q.decay_W * q.W,
    "grad_H": lambda q: q.grad_Y @ q.before.W.T,
    "grad_Z": lambda q: q.grad_H * SLOPES[q.activation](q.before),
}


STALE_FORMULAS = {
    "P": "{P} from an earlier call",
    "T": "{T} from an earlier call",
    "grad_W": "{grad_W} = {H}ᵀ(earlier call) {grad_Y}",
    "grad_H": "{grad_H} = {grad_Y} {W}ᵀ(earlier call)",
    "grad_Z": "{grad_Z} = {grad_H} ∘ {slope}, of an earlier call",
}


def use_stale(*rules: str) -> dict[str, Rule]:
    """These rules, using arrays from an earlier call."""
    return {rule: STALE[rule] for rule in rules}


MISTAKES = (
    # the sign and the size of any gradient
    Mistake(
        "wrong_sign",
        "{it} = −[ {right} ]",
        "The sign is flipped. The gradient points uphill; the minus sign belongs in the update, W −= lr · grad_W.",
        then=anywhere(lambda q, G: -G),
    ),
    Mistake(
        "sum_not_mean",
        "{it} = {n} · [ {right} ]",
        "The 1/{n} is missing. The loss is a mean over {n} terms, so its gradient is a mean over {n} terms too.",
        then=anywhere(lambda q, G: G * q.averaged),
    ),
    Mistake(
        "divided_by_n_twice",
        "{it} = [ {right} ] / {n}",
        "There is one 1/{n} too many. The mean is taken once, in the loss; earlier layers only pass that 1/{n} on.",
        then=anywhere(lambda q, G: G / q.averaged, but="grad_b"),
    ),
    Mistake(
        "factor_two",
        "{it} = 2 · [ {right} ]",
        "{it} is twice what it should be. Where the loss has a ½, it cancels the 2 from the derivative of the square.",
        then=anywhere(lambda q, G: 2 * G),
    ),
    Mistake(
        "factor_half",
        "{it} = ½ · [ {right} ]",
        "{it} is half of what it should be. Where the loss has no ½, the 2 from the derivative of the square stays.",
        then=anywhere(lambda q, G: G / 2),
    ),
    Mistake(
        "divided_by_examples_not_elements",
        "{it} = {times}({P} − {T}) / n, with n the number of examples",
        "The mean is over all N elements, not only over the n examples: with several outputs, N = n · outputs.",
        then=[{"grad_O": lambda q, G: G * q.O[0].size}],
        only=("squared_loss",),
    ),
    Mistake(
        "divided_by_elements_not_examples",
        "{it} = {times}({P} − {T}) / (n · number of classes)",
        "The mean is over the examples only: a row of {P} is one example, with one loss.",
        then=[{"grad_O": lambda q, G: G / q.O.shape[1]}],
        only=("cross_entropy",),
    ),
    # the bias
    Mistake(
        "bias_mean_not_sum",
        "{grad_b} = mean over the examples of {grad_Y}",
        "The gradient of the bias is averaged over the examples, but it must be summed: {b} is added to every example, "
        "and the 1/{n} of the loss is already in {grad_Y}.",
        instead=[{"grad_b": lambda q: q.grad_Y.mean(axis=0)}],
    ),
    Mistake(
        "bias_first_example_only",
        ("{grad_b} = ({grad_Y})₀, the first row", "{grad_b} = the last row of {grad_Y}"),
        "The gradient of the bias uses only one example, but {b} is added to every example: sum over all of them.",
        instead=[{"grad_b": lambda q: q.grad_Y[0]}, {"grad_b": lambda q: q.grad_Y[-1]}],
    ),
    Mistake(
        "bias_over_wrong_axis",
        (
            "{grad_b} = the sum of each row of {grad_Y}",
            "{grad_b} = the sum of all entries of {grad_Y}",
            "{grad_b} = the sum of all entries of {grad_Y}, the same for every unit",
        ),
        "The gradient of the bias is summed over the wrong axis. {b} has one entry for each column of {grad_Y}: sum "
        "over the rows, axis=0.",
        instead=[
            {"grad_b": lambda q: q.grad_Y.sum(axis=1)},
            {"grad_b": lambda q: q.grad_Y.sum()},
            {"grad_b": lambda q: one_sum_for_all(q)},
        ],
    ),
    Mistake(
        "bias_not_summed",
        "{grad_b} = {grad_Y}",
        "The gradient of the bias still has one row per example. {b} is added to every row: sum over the rows, axis=0.",
        instead=[{"grad_b": lambda q: q.grad_Y}],
    ),
    # the ReLU
    Mistake(
        "no_relu_mask",
        "{grad_Z} = {grad_H}",
        "The gradient passes through the ReLU unchanged. Where {Z} <= 0 the output is 0 whatever {Z} is, so no "
        "gradient passes there. (The mask {H} >= 0 changes nothing: {H} is never negative.)",
        instead=[{"grad_Z": lambda q: q.grad_H}],
        activations=("relu",),
    ),
    Mistake(
        "upstream_gradient_dropped",
        "{grad_Z} = {slope}",
        "Only the derivative of the activation is there. The chain rule multiplies it by the gradient that comes in, "
        "{grad_H}.",
        instead=[{"grad_Z": lambda q: np.asarray(SLOPES[q.activation](q), float)}],
    ),
    Mistake(
        "relu_mask_from_gradient",
        "{grad_Z} = {grad_H} ∘ ({grad_H} > 0)",
        "The mask is made from the gradient. Where a ReLU lets the gradient pass depends on the forward values, {Z} or "
        "{H}, not on the sign of the gradient.",
        instead=[{"grad_Z": lambda q: q.grad_H * (q.grad_H > 0)}],
        activations=("relu",),
    ),
    Mistake(
        "relu_mask_reversed",
        "{grad_Z} = {grad_H} ∘ ({Z} < 0)",
        "The mask is inverted: the gradient must pass where {Z} > 0, because there the output equals {Z}.",
        instead=[{"grad_Z": lambda q: q.grad_H * (q.Z < 0)}],
        activations=("relu",),
    ),
    Mistake(
        "relu_arguments_swapped",
        ("{grad_Z} = {H} ∘ ({grad_H} > 0)", "{grad_Z} = {Z} ∘ ({grad_H} > 0)"),
        "The gradient and the forward value have changed places: the gradient {grad_H} is what passes, and {Z} says "
        "where. Is a function called with its arguments in another order?",
        instead=[{"grad_Z": lambda q: q.H * (q.grad_H > 0)}, {"grad_Z": lambda q: q.Z * (q.grad_H > 0)}],
        activations=("relu",),
    ),
    Mistake(
        "relu_output_as_mask",
        "{grad_Z} = {grad_H} ∘ {H}",
        "The gradient is multiplied by the output of the ReLU, not by its derivative, which is 1 wherever {Z} > 0.",
        instead=[{"grad_Z": lambda q: q.grad_H * q.H}, {"grad_Z": lambda q: q.grad_H * q.Z}],
        activations=("relu",),
    ),
    Mistake(
        "another_activations_slope",
        (
            "{grad_Z} = {grad_H} ∘ {H} ∘ (1 − {H})",
            "{grad_Z} = {grad_H} ∘ (1 − {H}²)",
            "{grad_Z} = {grad_H} ∘ ({Z} > 0)",
        ),
        "That is the derivative of another activation. Of the one in this network it is {slope}.",
        instead=[
            {"grad_Z": lambda q: q.grad_H * q.H * (1 - q.H)},
            {"grad_Z": lambda q: q.grad_H * (1 - q.H**2)},
            {"grad_Z": lambda q: q.grad_H * (q.Z > 0)},
        ],
    ),
    Mistake(
        "relu_mask_on_logits",
        "grad_{O} = {right} ∘ ({O} > 0)",
        "A ReLU mask is applied to the gradient of {O}, but no ReLU follows {O}.",
        then=[{"grad_O": lambda q, G: G * (q.O > 0)}],
    ),
    # other activations
    Mistake(
        "no_activation_slope",
        "{grad_Z} = {grad_H}",
        "The gradient passes through the activation unchanged. It must be multiplied by the derivative, {slope}.",
        instead=[{"grad_Z": lambda q: q.grad_H}],
        activations=("sigmoid", "tanh"),
    ),
    Mistake(
        "slope_of_the_wrong_value",
        ("{grad_Z} = {grad_H} ∘ f′ with {Z} for {H}", "{grad_Z} = {grad_H} ∘ f′ with f({H}) for {H}"),
        "The derivative is {slope}, where {H} is the output of the activation. It is computed from another value here.",
        instead=[
            {"grad_Z": lambda q: q.grad_H * slope_at(q, q.Z)},
            {"grad_Z": lambda q: q.grad_H * slope_at(q, ACTIVATIONS[q.activation](q.H))},
        ],
        activations=("sigmoid", "tanh"),
    ),
    Mistake(
        "incomplete_slope",
        (
            "{grad_Z} = {grad_H} ∘ {H}",
            "{grad_Z} = {grad_H} ∘ (1 − {H})",
            "{grad_Z} = {grad_H} ∘ {H} ∘ (1 + {H})",
            "{grad_Z} = {grad_H} ∘ {H}²",
            "{grad_Z} = {grad_H} ∘ (1 + {H}²)",
        ),
        "A part of the derivative is missing or has the wrong sign. It is {slope}.",
        instead=[
            {"grad_Z": lambda q: q.grad_H * q.H},
            {"grad_Z": lambda q: q.grad_H * (1 - q.H)},
            {"grad_Z": lambda q: q.grad_H * q.H * (1 + q.H)},
            {"grad_Z": lambda q: q.grad_H * q.H**2},
            {"grad_Z": lambda q: q.grad_H * (1 + q.H**2)},
        ],
        activations=("sigmoid", "tanh"),
    ),
    # the weights
    Mistake(
        "weight_gradient_from_preactivation",
        "{grad_W} = {Z}ᵀ {grad_Y}",
        "The input of the layer is {H}, the output of the ReLU. {Z}, its input, is never multiplied by {W}.",
        instead=[{"grad_W": lambda q: q.Z.T @ q.grad_Y + q.decay_W * q.W}],
    ),
    Mistake(
        "weight_one_example_only",
        (
            "{grad_W} = the product for the last example alone",
            "{grad_W} = the product for the first example alone",
        ),
        "The gradient of the weight comes from one example, but every example uses {W}: add their products up. In a "
        "loop that takes += and not =, and a return after the loop.",
        instead=[
            {"grad_W": lambda q: np.outer(q.H[-1], q.grad_Y[-1]) + q.decay_W * q.W},
            {"grad_W": lambda q: np.outer(q.H[0], q.grad_Y[0]) + q.decay_W * q.W},
        ],
    ),
    Mistake(
        "weight_not_transposed",
        "{grad_H} = {grad_Y} {W}",
        "{W} must be transposed in the backward pass: forward, entry (k, j) leads from input k to output j; backward, "
        "from output j to input k.",
        instead=[{"grad_H": lambda q: q.grad_Y @ q.W}],
    ),
    Mistake(
        "weight_gradient_not_transposed",
        ("{grad_W} = {H} {grad_Y}", "{grad_W} = {grad_Y} {H}"),
        "{H} must be transposed: entry (k, j) of {grad_W} is the sum over the examples of {H} for input k times "
        "{grad_Y} for output j, which is {H}ᵀ {grad_Y}.",
        instead=[{"grad_W": lambda q: q.H @ q.grad_Y}, {"grad_W": lambda q: q.grad_Y @ q.H}],
    ),
    Mistake(
        "reshaped_not_transposed",
        "{grad_W} = ({grad_Y})ᵀ {H}, reshaped",
        "reshape changes the shape, but leaves the numbers in their order: it is no transpose.",
        then=[{"grad_W": lambda q, G: reshape_only(G)}],
    ),
    Mistake(
        "weight_gradient_transposed",
        "{grad_W} = ({grad_Y})ᵀ {H}",
        "The gradient of the weight is transposed. {grad_W} has the shape of {W}: one row per input, one column per "
        "output.",
        then=[{"grad_W": lambda q, G: G.T}],
    ),
    Mistake(
        "weights_updated_before_backward",
        "{grad_H} = {grad_Y} ({W} − lr · {grad_W})ᵀ",
        "{W} was updated before its old value was used for {grad_H}. Compute all the gradients first, then update.",
        instead=[{"grad_H": lambda q: q.grad_Y @ (q.W - q.number * q.grad_W).T}],
        unknown="lr",
    ),
    Mistake(
        "weight_decay_in_gradient",
        (
            "{grad_W} = {right} + λ · {W}",
            "{it} = {right} + λ times the parameter",
            "{grad_W} = {right} + λ/n · {W}",
            "{grad_b} = {right} + λ · {b}",
        ),
        "The gradient includes weight decay, but the loss does not. Add λ/2 Σ {W}² to the loss, or leave weight "
        "decay to the optimizer.",
        then=[
            {"grad_W": lambda q, G: G + q.number * q.W},
            {"grad_W": lambda q, G: G + q.number * q.W, "grad_b": lambda q, G: G + q.number * q.b},
            {"grad_W": lambda q, G: G + q.number / q.n * q.W},
            {"grad_b": lambda q, G: G + q.number * q.b},
        ],
        unknown="λ",
        needs_decay=False,
    ),
    Mistake(
        "weight_decay_missing",
        "{grad_W} = {H}ᵀ {grad_Y}",
        "The loss includes weight decay, but the gradient does not: λ {W} must be added.",
        then=[{"grad_W": lambda q, G: G - q.decay_W * q.W}],
        needs_decay=True,
    ),
    Mistake(
        "weight_decay_factor",
        (
            "{grad_W} = {H}ᵀ {grad_Y} + 2 λ {W}",
            "{grad_W} = {H}ᵀ {grad_Y} + λ/2 {W}",
            "{grad_W} = {H}ᵀ {grad_Y} + λ/n {W}",
        ),
        "The weight decay in the gradient has another factor than that in the loss. The derivative of λ/2 {W}² is "
        "λ {W}, and that of λ {W}² is 2 λ {W}.",
        then=[
            {"grad_W": lambda q, G: G + q.decay_W * q.W},
            {"grad_W": lambda q, G: G - q.decay_W / 2 * q.W},
            {"grad_W": lambda q, G: G - q.decay_W * (1 - 1 / q.n) * q.W},
        ],
        needs_decay=True,
    ),
    # the loss
    Mistake(
        "missing_onehot",
        "grad_{O} = {times}{P}{over}",
        "− {T} is missing: at the right class, the gradient is the probability minus 1.",
        instead=[{"grad_O": lambda q: q.scale * q.P / q.n}],
        only=("cross_entropy",),
    ),
    Mistake(
        "onehot_broadcast",
        (
            "every column of a class in {T} is subtracted from every example",
            "grad_{O} = ({P} − y){over}, with y as a column",
            "grad_{O} = {P} − {T}{over}",
        ),
        "Only the entry of each example's own class gets − 1, before the division: {times}({P} − {T}){over}.",
        instead=[
            {"grad_O": lambda q: q.scale * (q.P - np.isin(np.arange(q.P.shape[1]), q.y)) / q.n},
            {"grad_O": lambda q: q.scale * (q.P - q.y[:, None]) / q.n},
            {"grad_O": lambda q: q.scale * (q.P - q.T / q.n)},
        ],
        only=("cross_entropy",),
    ),
    Mistake(
        "missing_probabilities",
        "grad_{O} = −{times}{T}{over}",
        "{P} is missing: the logits of the wrong classes have a gradient too, their probability.",
        instead=[{"grad_O": lambda q: -q.scale * q.T / q.n}],
        only=("cross_entropy",),
    ),
    Mistake(
        "missing_target",
        "grad_{O} = {times}{P}{over}",
        "The target {T} is missing: the gradient is proportional to the error of the prediction, {P} − {T}.",
        instead=[{"grad_O": lambda q: q.scale * q.P / q.n}],
        only=("squared_loss", "binary_cross_entropy"),
    ),
    Mistake(
        "missing_prediction",
        "grad_{O} = −{times}{T}{over}",
        "The prediction {P} is missing: the gradient is proportional to its error, {P} − {T}.",
        instead=[{"grad_O": lambda q: -q.scale * q.T / q.n}],
        only=("squared_loss", "binary_cross_entropy"),
    ),
    Mistake(
        "plus_not_minus",
        "grad_{O} = {times}({P} + {T}){over}",
        "There is a plus where a minus belongs: the gradient is proportional to the difference {P} − {T}.",
        instead=[{"grad_O": lambda q: q.scale * (q.P + q.T) / q.n}],
    ),
    Mistake(
        "softmax_over_examples",
        "P = softmax of each column of {O}",
        "The softmax is taken over the examples. Take it over the classes, axis=1: the probabilities of an example add "
        "up to 1.",
        instead=[{"P": lambda q: softmax(q.O.T).T}],
        only=("cross_entropy",),
    ),
    Mistake(
        "softmax_twice",
        "P = softmax(softmax({O}))",
        "The softmax is taken twice. A function that takes logits applies it itself: pass it {O}, not probabilities.",
        then=[{"P": lambda q, P: softmax(P)}],
        only=("cross_entropy",),
    ),
    Mistake(
        "softmax_missing",
        "P = {O}",
        "The logits are used where their softmax belongs.",
        instead=[{"P": lambda q: q.O}],
        only=("cross_entropy",),
    ),
    Mistake(
        "softmax_slope_twice",
        "grad_{O} = {right} ∘ {P} ∘ (1 − {P})",
        "{times}({P} − {T}){over} is the gradient with respect to the logits: it already includes the softmax "
        "derivative.",
        then=[{"grad_O": lambda q, G: G * q.P * (1 - q.P)}],
        only=("cross_entropy",),
    ),
    Mistake(
        "sigmoid_slope_twice",
        "grad_{O} = {right} ∘ {P} ∘ (1 − {P})",
        "{times}({P} − {T}){over} is the gradient with respect to the logits: it already includes the derivative of "
        "the sigmoid.",
        then=[{"grad_O": lambda q, G: G * q.P * (1 - q.P)}],
        only=("binary_cross_entropy",),
    ),
    Mistake(
        "softmax_slope_missing",
        "grad_{O} = −{times}{T} / {P}{over}",
        "That is the gradient with respect to {P}, not {O}. In a softmax every logit changes every probability: "
        "differentiate the softmax and the loss together.",
        instead=[{"grad_O": lambda q: -q.scale * q.T / q.P / q.n}],
        only=("cross_entropy",),
    ),
    Mistake(
        "softmax_slope_of_one_class_only",
        "grad_{O} = −{times}{T} ∘ (1 − {P}){over}",
        "The softmax derivative is applied only to the right class. Every logit changes every probability, through the "
        "common denominator.",
        instead=[{"grad_O": lambda q: -q.scale * q.T * (1 - q.P) / q.n}],
        only=("cross_entropy",),
    ),
    Mistake(
        "labels_shifted",
        (
            "{T} with all columns shifted one to the right",
            "{T} with all columns shifted one to the left",
            "{T} with all rows shifted one down, to the next example",
            "{T} with all rows shifted one up, to the previous example",
        ),
        "The labels are off by one: row i of {T} belongs to example i, and classes are counted from 0.",
        then=[
            {"T": lambda q, T: np.roll(T, 1, axis=1)},
            {"T": lambda q, T: np.roll(T, -1, axis=1)},
            {"T": lambda q, T: np.roll(T, 1, axis=0)},
            {"T": lambda q, T: np.roll(T, -1, axis=0)},
        ],
    ),
    Mistake(
        "fixed_batch_size",
        "{it} = {n} · [ {right} ] / c",
        "The sum is divided by a constant c, not by {n}: a shorter last batch gets the wrong gradient.",
        then=[{"grad_O": lambda q, G: G * q.n * q.number}],
        unknown="1/c",
        possible=lambda number: number > 0 and 1 / number > 2.5 and abs(1 / number - round(1 / number)) < 1e-6 / number,
    ),
    # arrays left from an earlier call
    Mistake(
        "stale_forward",
        STALE_FORMULAS,
        "The backward pass uses arrays from an earlier call. Compute or store every quantity again in each call.",
        instead=[
            use_stale("grad_W"),
            use_stale("grad_Z"),
            use_stale("grad_H"),
            use_stale("P"),
            use_stale("T"),
            use_stale("P", "T"),
            use_stale("grad_W", "grad_Z"),
            use_stale("P", "grad_W", "grad_Z"),
            use_stale("P", "T", "grad_W", "grad_Z"),
            use_stale("P", "T", "grad_W", "grad_Z", "grad_H"),
        ],
        needs_earlier_call=True,
    ),
)

# One undoes the other, or the two together amount to a third mistake: nobody makes both.
NEVER_TOGETHER = (
    {"sum_not_mean", "divided_by_n_twice"},
    {"factor_two", "factor_half"},
    {"weight_one_example_only", "bias_first_example_only"},
    {"no_activation_slope", "incomplete_slope"},
    {"missing_onehot", "missing_probabilities"},
    {"missing_target", "missing_prediction"},
    {"softmax_slope_twice", "softmax_slope_missing"},
    {"sum_not_mean", "divided_by_examples_not_elements"},
    {"sum_not_mean", "divided_by_elements_not_examples"},
    *({"fixed_batch_size", size} for size in ("sum_not_mean", "divided_by_n_twice", "factor_two", "factor_half")),
    *({"fixed_batch_size", f"divided_by_{size}"} for size in ("examples_not_elements", "elements_not_examples")),
)
