"""The dictionary of mistakes: what learners do to a backward pass, each as the one rule that it changes.

An entry says what the learner's program computes (`did`), why that is wrong (`sentence`), and how to make the same
mistake: `instead` of the right rule another one, or the right rule, and `then` a twist to its result. Where a mistake
can be made in several ways, there is a dict for each, and a `did` where they read differently. The right formulas are
in FORMULAS. In the texts {grad_Z} and the like stand for the learner's own names, {it} for the quantity that goes
wrong and {right} for its right formula. {times} and {over} are what the loss puts before and after {P} − {T}: " / n"
if it is a mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from numpynet.functional import softmax
from numpynet.gradcheck.backward_rules import Rule, Twist

FORMULAS = {
    "P": "softmax({O})",
    "T": "{T}, row i for example i, column j for class j",
    "grad_O": "{times}({P} − {T}){over}",
    "grad_W": "{H}ᵀ {grad_Y}",
    "grad_b": "Σᵢ ({grad_Y})ᵢ, the sum over the examples",
    "grad_H": "{grad_Y} {W}ᵀ",
    "grad_Z": "{grad_H} ∘ ({Z} > 0)",
}


@dataclass(frozen=True)
class Mistake:
    """One entry of the dictionary.

    unknown names a number that the mistake leaves open, such as a learning rate; it is found from the wrong gradients,
    and `possible` says whether what was found makes sense. only: the kind of loss that it can be made with.
    """

    name: str
    did: str | tuple[str, ...]
    sentence: str
    instead: Sequence[dict[str, Rule]] = ()
    then: Sequence[dict[str, Twist]] = ()
    only: str = ""
    unknown: str = ""
    possible: Callable[[float], bool] = bool
    needs_earlier_call: bool = False


def anywhere(twist: Twist, but: str = "") -> list[dict[str, Twist]]:
    """The same twist at any one quantity, or at W and b of a layer together."""
    rules = ("grad_O", "grad_H", "grad_Z", "grad_W", "grad_b")
    return [{rule: twist} for rule in rules if rule != but] + [{"grad_W": twist, "grad_b": twist}]


STALE: dict[str, Rule] = {
    "P": lambda q: q.before.P,
    "T": lambda q: q.before.T,
    "grad_W": lambda q: q.before.H.T @ q.grad_Y,
    "grad_H": lambda q: q.grad_Y @ q.before.W.T,
    "grad_Z": lambda q: q.grad_H * (q.before.Z > 0),
}


def stale(*rules: str) -> dict[str, Rule]:
    """These rules with arrays of an earlier call."""
    return {rule: STALE[rule] for rule in rules}


MISTAKES = (
    # the size and the sign of everything
    Mistake(
        "wrong_sign",
        "{it} = −[ {right} ]",
        "The sign is turned round. The gradient points uphill; going downhill is the update's part, W −= lr · grad_W.",
        then=anywhere(lambda q, G: -G),
    ),
    Mistake(
        "sum_not_mean",
        "{it} = n · [ {right} ]",
        "The 1/n is missing. The loss is a mean over n terms, so each of them counts for 1/n in the gradient too.",
        then=anywhere(lambda q, G: G * q.n),
    ),
    Mistake(
        "divided_by_n_twice",
        "{it} = [ {right} ] / n",
        "There is a 1/n too many. The mean is taken once, in the loss; everything before it only passes that 1/n on.",
        then=anywhere(lambda q, G: G / q.n, but="grad_b"),
    ),
    Mistake(
        "factor_two",
        "{it} = 2 · [ {right} ]",
        "It is twice what it should be. If a loss has its ½, that cancels the 2 of the square's derivative.",
        then=anywhere(lambda q, G: 2 * G),
    ),
    Mistake(
        "factor_half",
        "{it} = ½ · [ {right} ]",
        "It is half of what it should be. If a loss has no ½, the 2 of the square's derivative stays.",
        then=anywhere(lambda q, G: G / 2),
    ),
    Mistake(
        "divided_by_examples_not_elements",
        "{it} = {times}({P} − {T}) / n, with n the number of examples",
        "The mean is over all elements: with several outputs that is examples times outputs, not examples alone.",
        then=[{"grad_O": lambda q, G: G * q.O[0].size}],
        only="squared_loss",
    ),
    Mistake(
        "divided_by_elements_not_examples",
        "{it} = {times}({P} − {T}) / (n · number of classes)",
        "The mean is over the examples alone: a row of {P} is one example, with one loss.",
        then=[{"grad_O": lambda q, G: G / q.O.shape[1]}],
        only="cross_entropy",
    ),
    # the bias
    Mistake(
        "bias_mean_not_sum",
        "{grad_b} = mean over the examples of {grad_Y}",
        "The bias's gradient is averaged, but it adds up over the examples: {b} moves every one of them, and the 1/n "
        "of the loss is already in {grad_Y}.",
        instead=[{"grad_b": lambda q: q.grad_Y.mean(axis=0)}],
    ),
    Mistake(
        "bias_first_example_only",
        ("{grad_b} = ({grad_Y})₀, the first row", "{grad_b} = the last row of {grad_Y}"),
        "The bias's gradient takes one example only, but {b} is added to every example, and all of them count.",
        instead=[{"grad_b": lambda q: q.grad_Y[0]}, {"grad_b": lambda q: q.grad_Y[-1]}],
    ),
    Mistake(
        "bias_over_wrong_axis",
        ("{grad_b} = {grad_Y} summed along each row", "{grad_b} = all entries of {grad_Y} added up"),
        "The bias's gradient adds up the wrong axis. {b} has one entry for each column of {grad_Y}: sum over the rows, "
        "axis=0.",
        instead=[{"grad_b": lambda q: q.grad_Y.sum(axis=1)}, {"grad_b": lambda q: q.grad_Y.sum()}],
    ),
    Mistake(
        "bias_not_summed",
        "{grad_b} = {grad_Y}",
        "The bias's gradient has a row for each example still. {b} is added to all of them: sum over the rows, axis=0.",
        instead=[{"grad_b": lambda q: q.grad_Y}],
    ),
    # the ReLU
    Mistake(
        "no_relu_mask",
        "{grad_Z} = {grad_H}",
        "The gradient comes back through the ReLU unchanged. Where {Z} ≤ 0 the output is 0 whatever {Z} is, so nothing "
        "may come back there.",
        instead=[{"grad_Z": lambda q: q.grad_H}],
    ),
    Mistake(
        "relu_mask_from_gradient",
        "{grad_Z} = {grad_H} ∘ ({grad_H} > 0)",
        "The mask is made from the gradient. What a ReLU lets back depends on what came forward, on {Z} or {H}, and "
        "not on the sign of the gradient.",
        instead=[{"grad_Z": lambda q: q.grad_H * (q.grad_H > 0)}],
    ),
    Mistake(
        "relu_mask_reversed",
        "{grad_Z} = {grad_H} ∘ ({Z} < 0)",
        "The mask is turned round: the gradient belongs where {Z} > 0, where the output follows {Z}.",
        instead=[{"grad_Z": lambda q: q.grad_H * (q.Z < 0)}],
    ),
    Mistake(
        "relu_output_as_mask",
        "{grad_Z} = {grad_H} ∘ {H}",
        "The gradient is multiplied by the ReLU's output in place of its slope, which is 1 where {Z} > 0, whatever "
        "{Z} is there.",
        instead=[{"grad_Z": lambda q: q.grad_H * q.H}, {"grad_Z": lambda q: q.grad_H * q.Z}],
    ),
    Mistake(
        "another_activations_slope",
        ("{grad_Z} = {grad_H} ∘ {H} ∘ (1 − {H})", "{grad_Z} = {grad_H} ∘ (1 − {H}²)"),
        "That is the slope of a sigmoid or of tanh. This network's activation is the ReLU.",
        instead=[
            {"grad_Z": lambda q: q.grad_H * q.H * (1 - q.H)},
            {"grad_Z": lambda q: q.grad_H * (1 - q.H**2)},
        ],
    ),
    Mistake(
        "relu_mask_on_logits",
        "grad_{O} = {right} ∘ ({O} > 0)",
        "There is a ReLU's mask at the output, where there is no ReLU.",
        then=[{"grad_O": lambda q, G: G * (q.O > 0)}],
    ),
    # the weights
    Mistake(
        "weight_gradient_from_preactivation",
        "{grad_W} = {Z}ᵀ {grad_Y}",
        "The layer's input is {H}, after the ReLU; {Z}, before it, never reached {W}.",
        instead=[{"grad_W": lambda q: q.Z.T @ q.grad_Y}],
    ),
    Mistake(
        "weight_not_transposed",
        "{grad_H} = {grad_Y} {W}",
        "{W} must be transposed on the way back: forward, entry (k, j) leads from input k to output j; backward, from "
        "output j to input k.",
        instead=[{"grad_H": lambda q: q.grad_Y @ q.W}],
    ),
    Mistake(
        "weight_gradient_transposed",
        "{grad_W} = ({grad_Y})ᵀ {H}",
        "The weight's gradient is transposed. {grad_W} has the shape of {W}: a row for each input, a column for each "
        "output.",
        then=[{"grad_W": lambda q, G: G.T}],
    ),
    Mistake(
        "weights_updated_before_backward",
        "{grad_H} = {grad_Y} ({W} − lr · {grad_W})ᵀ",
        "{W} was updated before its old value had been used for {grad_H}. First all the gradients, then all the "
        "updates.",
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
        "The gradient has a weight decay that the loss does not have. Add λ/2 Σ {W}² to the loss, or leave the decay "
        "to the update.",
        then=[
            {"grad_W": lambda q, G: G + q.number * q.W},
            {"grad_W": lambda q, G: G + q.number * q.W, "grad_b": lambda q, G: G + q.number * q.b},
            {"grad_W": lambda q, G: G + q.number / q.n * q.W},
            {"grad_b": lambda q, G: G + q.number * q.b},
        ],
        unknown="λ",
    ),
    # the loss
    Mistake(
        "missing_onehot",
        "grad_{O} = {times}{P}{over}",
        "The {T} is missing: where the class is right, the gradient is the probability less 1.",
        instead=[{"grad_O": lambda q: q.scale * q.P / q.n}],
        only="cross_entropy",
    ),
    Mistake(
        "missing_probabilities",
        "grad_{O} = −{times}{T}{over}",
        "The {P} is missing: the logits of the wrong classes have a gradient too, their probability.",
        instead=[{"grad_O": lambda q: -q.scale * q.T / q.n}],
        only="cross_entropy",
    ),
    Mistake(
        "missing_target",
        "grad_{O} = {times}{P}{over}",
        "The target {T} is missing: the gradient is proportional to how far the prediction is off, {P} − {T}.",
        instead=[{"grad_O": lambda q: q.scale * q.P / q.n}],
        only="squared_loss",
    ),
    Mistake(
        "missing_prediction",
        "grad_{O} = −{times}{T}{over}",
        "The prediction {P} is missing: the gradient is proportional to how far it is off, {P} − {T}.",
        instead=[{"grad_O": lambda q: -q.scale * q.T / q.n}],
        only="squared_loss",
    ),
    Mistake(
        "plus_not_minus",
        "grad_{O} = {times}({P} + {T}){over}",
        "There is a plus where a minus belongs: the gradient is how far {P} is from {T}.",
        instead=[{"grad_O": lambda q: q.scale * (q.P + q.T) / q.n}],
    ),
    Mistake(
        "softmax_over_examples",
        "P = softmax of each column of {O}",
        "The softmax runs over the examples. Each example's probabilities add to 1: over the classes, axis=1.",
        instead=[{"P": lambda q: softmax(q.O.T).T}],
        only="cross_entropy",
    ),
    Mistake(
        "softmax_twice",
        "P = softmax(softmax({O}))",
        "The softmax is taken twice. A function that takes logits applies it itself: give it {O}, not probabilities.",
        then=[{"P": lambda q, P: softmax(P)}],
        only="cross_entropy",
    ),
    Mistake(
        "softmax_missing",
        "grad_{O} = {times}({O} − {T}){over}",
        "The logits stand where their softmax belongs.",
        instead=[{"P": lambda q: q.O}],
        only="cross_entropy",
    ),
    Mistake(
        "softmax_slope_twice",
        "grad_{O} = {right} ∘ {P} ∘ (1 − {P})",
        "{times}({P} − {T}){over} is already the gradient with respect to the logits: the softmax's slope is in it.",
        then=[{"grad_O": lambda q, G: G * q.P * (1 - q.P)}],
        only="cross_entropy",
    ),
    Mistake(
        "softmax_slope_missing",
        "grad_{O} = −{times}{T} / {P}{over}",
        "That is the gradient with respect to {P}. Through the softmax, every logit changes every probability: take "
        "both steps at once.",
        instead=[{"grad_O": lambda q: -q.scale * q.T / q.P / q.n}],
        only="cross_entropy",
    ),
    Mistake(
        "softmax_slope_of_one_class_only",
        "grad_{O} = −{times}{T} ∘ (1 − {P}){over}",
        "The softmax's slope is taken for the right class alone. Every logit changes every probability, by the common "
        "denominator.",
        instead=[{"grad_O": lambda q: -q.scale * q.T * (1 - q.P) / q.n}],
        only="cross_entropy",
    ),
    Mistake(
        "labels_shifted",
        (
            "{T} with every class moved one up",
            "{T} with every class moved one down",
            "{T} with every row moved one down, to the next example",
            "{T} with every row moved one up, to the example before",
        ),
        "The labels are off by one. Classes count from 0, and row i of {T} belongs to example i.",
        then=[
            {"T": lambda q, T: np.roll(T, 1, axis=1)},
            {"T": lambda q, T: np.roll(T, -1, axis=1)},
            {"T": lambda q, T: np.roll(T, 1, axis=0)},
            {"T": lambda q, T: np.roll(T, -1, axis=0)},
        ],
    ),
    Mistake(
        "fixed_batch_size",
        "{it} = n · [ {right} ] / c",
        "The sum is divided by a fixed number c and not by n, the number of examples there are: a last, shorter batch "
        "gets the wrong gradient.",
        then=[{"grad_O": lambda q, G: G * q.n * q.number}],
        unknown="1/c",
        possible=lambda number: number > 0 and 1 / number > 2.5 and abs(1 / number - round(1 / number)) < 1e-6 / number,
    ),
    # what is left from an earlier call
    Mistake(
        "stale_forward",
        "arrays of an earlier call in the backward pass of this one",
        "The backward pass uses what an earlier forward pass left behind. Compute, or store, every quantity anew in "
        "each call.",
        instead=[
            stale("grad_W"),
            stale("grad_Z"),
            stale("grad_H"),
            stale("P"),
            stale("T"),
            stale("P", "T"),
            stale("grad_W", "grad_Z"),
            stale("P", "grad_W", "grad_Z"),
            stale("P", "T", "grad_W", "grad_Z"),
            stale("P", "T", "grad_W", "grad_Z", "grad_H"),
        ],
        needs_earlier_call=True,
    ),
)

# One undoes the other, or the two are another way to write a third: nobody makes both.
NEVER_TOGETHER = (
    {"sum_not_mean", "divided_by_n_twice"},
    {"factor_two", "factor_half"},
    {"missing_onehot", "missing_probabilities"},
    {"missing_target", "missing_prediction"},
    {"softmax_slope_twice", "softmax_slope_missing"},
    {"sum_not_mean", "divided_by_examples_not_elements"},
    {"sum_not_mean", "divided_by_elements_not_examples"},
    *({"fixed_batch_size", size} for size in ("sum_not_mean", "divided_by_n_twice", "factor_two", "factor_half")),
    *({"fixed_batch_size", f"divided_by_{size}"} for size in ("examples_not_elements", "elements_not_examples")),
)
