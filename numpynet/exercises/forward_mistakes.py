"""The mistakes that are made in what is no backward pass: each with a sentence, and as the formula that somebody wrote.

A result that is wrong is compared with what these give on the same numbers; the one that gives the same is the mistake.
(`numpynet.gradcheck.mistakes` has those of backward passes.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.exercises import chinese_hints
from numpynet.functional import linear, relu, softmax
from numpynet.wording import language

Wrongs = Mapping[str, Callable[[], Any]]  # what each mistake gives, by its name

SENTENCES: Mapping[str, str] = {
    "absolute_not_square": "The absolute value is taken in place of the square.",
    "absolute_value": "Negative entries become positive; they should become 0.",
    "added_not_subtracted": "The means are added; they must be subtracted.",
    "axis_not_kept": "The sums are right, but have shape (n,). keepdims=True gives (n, 1).",
    "bias_added_to_weights": "The bias is added to W; it belongs to the product X W, to each row of it.",
    "bias_as_column": "The bias is added to every column; each of its entries belongs to a column of X W.",
    "bias_doubled": "The bias is added twice.",
    "bias_first_entry_only": "Only the first entry of the bias is used; each column of X W has its own.",
    "bias_missing": "The bias is not added.",
    "bias_subtracted": "The bias is subtracted; it must be added.",
    "capped_at_one": "Large entries are cut off at 1; a ReLU changes only what is below 0.",
    "class_of_largest_logit": "The class with the largest logit is used in place of the right one, y.",
    "column_sums": "These are the sums of the columns (axis 0); those of the rows were asked for (axis 1).",
    "columns_not_rows": "The result is transposed: the examples should be its rows.",
    "entry_by_entry": "The vectors are multiplied entry by entry; every entry of x belongs with every entry of y.",
    "exp_overflows": "exp of a large logit is infinite. Subtract the row's largest logit from the row first.",
    "half_missing": "The ½ is missing.",
    "halved_twice": "It is divided by 2 once too often.",
    "hidden_bias_missing": "The bias of the hidden layer, b1, is not added.",
    "inner_product": "This is the inner product, one number; every product x[k] y[j] was asked for.",
    "largest_of_row": "This is the largest entry of each row; the entry in column y[i] was asked for.",
    "layer_skipped": "One of the layers is left out.",
    "layers_in_forward_order": "It goes through the layers in the wrong order.",
    "log_of_zero": "A probability can round to 0, and its log is infinite. Use the logits, as the hint says.",
    "log_probabilities": "These are the logarithms of the probabilities.",
    "logits_not_probabilities": "The logit of the right class is used, without the log of the sum of exp over the row.",
    "lr_missing": "The gradient is not multiplied by lr.",
    "mask_only": "This is 1 where the entry is positive; it should be the entry itself.",
    "mean_not_sum": "It is a mean; a sum was asked for.",
    "mean_of_everything": "The mean of all entries is subtracted; every column has its own (axis 0).",
    "mean_over_all_entries": "It is divided by the number of all logits; the mean is over the examples.",
    "mean_over_examples_only": "The sum is divided by the number of examples; a mean over all entries was asked for.",
    "minimum_not_maximum": "The smaller of the entry and 0 is taken; it should be the larger.",
    "not_averaged": "There is one loss for each example, or for each entry; their mean was asked for.",
    "not_in_place": "The arrays are not changed. W -= ... changes an array; W = W - ... makes a new one.",
    "not_normalized": "The entries of a row do not add up to 1: divide by the sum of the row.",
    "not_squared": "The difference is not squared.",
    "one_column_only": "Every row has a column of its own: y[i] for row i.",
    "one_hot_of_largest": "The largest entry becomes 1 and the others 0; each should become a probability.",
    "only_first_parameter": "Only the first array is changed.",
    "only_the_means": "These are the means; they have to be subtracted from X.",
    "only_the_positive": "This leaves the other entries out; they should become 0, in their places.",
    "outer_transposed": "The result is transposed: entry (k, j) is x[k] times y[j].",
    "output_bias_missing": "The bias of the output layer, b2, is not added.",
    "plus_not_minus": "Predictions and targets are added; their difference was asked for.",
    "probabilities_not_logits": "These are probabilities; the logits were asked for, without softmax.",
    "relu_missing": "There is no ReLU between the two layers.",
    "relu_not_asked": "A ReLU is applied to the output; it should not be.",
    "returned_unchanged": "It is returned as it came.",
    "root_taken": "The square root is taken; it should not be.",
    "row_means": "The means of the rows are subtracted (axis 1); those of the columns were asked for (axis 0).",
    "shift_by_largest_of_all": "The largest logit of all is subtracted: in another row, every exp may then be 0.",
    "sigmoid_not_relu": "This is a sigmoid; it should be a ReLU.",
    "softmax_over_everything": "The sum is over the whole array; every row has its own (axis 1).",
    "softmax_over_examples": "The sum is over the examples (axis 0); it must be over each example's classes (axis 1).",
    "square_of_mean": "The mean is squared; it should be the mean of the squares.",
    "sum_not_mean": "It is a sum; a mean was asked for.",
    "sum_of_everything": "This is the sum of all entries; one sum for each row was asked for (axis 1).",
    "sums_not_products": "The entries are added; they have to be multiplied.",
    "update_doubled": "The step is taken twice.",
    "weights_transposed": "W is transposed.",
    "whole_columns": "Whole columns are taken; from row i, only one entry is asked for, the one in column y[i].",
    "whole_rows": "Whole rows are taken; from row i, only one entry is asked for, the one in column y[i].",
    "wrong_sign": "It has the wrong sign.",
}


def sentence(mistake: str) -> str:
    """What is wrong with a mistake, in the language that is spoken."""
    return chinese_hints.SENTENCES[mistake] if language() == "zh" else SENTENCES[mistake]


def wrong_linear(X: Array, W: Array, b: Array) -> Wrongs:
    """What mistakes give for X W + b."""
    return {
        "bias_missing": lambda: X @ W,
        "bias_subtracted": lambda: X @ W - b,
        "bias_doubled": lambda: X @ W + 2 * b,
        "bias_first_entry_only": lambda: X @ W + b[0],
        "bias_as_column": lambda: X @ W + b[:, None],
        "bias_added_to_weights": lambda: X @ (W + b),
        "weights_transposed": lambda: X @ W.T + b,
        "relu_not_asked": lambda: relu(linear(X, W, b)),
        "probabilities_not_logits": lambda: softmax(linear(X, W, b)),
        "wrong_sign": lambda: -linear(X, W, b),
    }


def wrong_squared_loss(y_hat: Array, y: Array) -> Wrongs:
    """What mistakes give for the mean of (y_hat − y)² / 2."""
    error = y_hat - y
    return {
        "sum_not_mean": lambda: np.sum(error**2) / 2,
        "half_missing": lambda: np.mean(error**2),
        "halved_twice": lambda: np.mean(error**2) / 4,
        "mean_over_examples_only": lambda: np.sum(error**2) / 2 / len(y),
        "not_averaged": lambda: error**2 / 2,
        "not_squared": lambda: np.mean(error) / 2,
        "absolute_not_square": lambda: np.mean(np.abs(error)) / 2,
        "plus_not_minus": lambda: np.mean((y_hat + y) ** 2) / 2,
        "square_of_mean": lambda: np.mean(error) ** 2 / 2,
        "root_taken": lambda: np.sqrt(np.mean(error**2)),
        "wrong_sign": lambda: -np.mean(error**2) / 2,
    }


def _exp(O: Array) -> Array:
    return np.asarray(np.exp(O - O.max(axis=1, keepdims=True)))


def wrong_softmax(O: Array) -> Wrongs:
    """What mistakes give for the softmax of each row."""
    exp_O = np.exp(O)
    return {
        "exp_overflows": lambda: exp_O / exp_O.sum(axis=1, keepdims=True),
        "shift_by_largest_of_all": lambda: np.exp(O - O.max()) / np.exp(O - O.max()).sum(axis=1, keepdims=True),
        "softmax_over_examples": lambda: softmax(O.T).T,
        "softmax_over_everything": lambda: np.exp(O - O.max()) / np.exp(O - O.max()).sum(),
        "not_normalized": lambda: _exp(O),
        "log_probabilities": lambda: O - O.max(axis=1, keepdims=True) - np.log(_exp(O).sum(axis=1, keepdims=True)),
        "one_hot_of_largest": lambda: np.eye(O.shape[1])[O.argmax(axis=1)],
        "wrong_sign": lambda: softmax(-O),
        "returned_unchanged": lambda: O,
    }


def wrong_softmax_cross_entropy(O: Array, y: Array) -> Wrongs:
    """What mistakes give for the mean cross-entropy, and the probabilities."""
    P, rows = softmax(O), np.arange(len(y))
    top = O.max(axis=1)
    losses = np.log(_exp(O).sum(axis=1)) + top - O[rows, y]
    exp_O = np.exp(O)
    return {
        "log_of_zero": lambda: (-np.mean(np.log(P[rows, y])), P),
        "exp_overflows": lambda: (np.mean(np.log(exp_O.sum(axis=1)) - O[rows, y]), P),
        "sum_not_mean": lambda: (losses.sum(), P),
        "not_averaged": lambda: (losses, P),
        "mean_over_all_entries": lambda: (losses.sum() / O.size, P),
        "wrong_sign": lambda: (-losses.mean(), P),
        "class_of_largest_logit": lambda: (np.mean(np.log(_exp(O).sum(axis=1))), P),
        "logits_not_probabilities": lambda: (-np.mean(O[rows, y]), P),
        "softmax_over_examples": lambda: (losses.mean(), softmax(O.T).T),
        "not_normalized": lambda: (losses.mean(), _exp(O)),
    }


def wrong_relu(X: Array) -> Wrongs:
    """What mistakes give for the larger of each entry and 0."""
    return {
        "absolute_value": lambda: np.abs(X),
        "minimum_not_maximum": lambda: np.minimum(X, 0),
        "mask_only": lambda: (X > 0) * 1.0,
        "capped_at_one": lambda: np.clip(X, 0, 1),
        "sigmoid_not_relu": lambda: 1 / (1 + np.exp(-X)),
        "wrong_sign": lambda: -relu(X),
        "returned_unchanged": lambda: X,
    }


def wrong_predict(params: Mapping[str, Array], X: Array) -> Wrongs:
    """What mistakes give for the output of one linear layer."""
    return wrong_linear(X, params["W"], params["b"])


def wrong_mlp(params: Mapping[str, Array], X: Array) -> Wrongs:
    """What mistakes give for the output of two linear layers with a ReLU between them."""
    W1, b1, W2, b2 = params.values()
    Z = X @ W1 + b1
    O = linear(relu(Z), W2, b2)
    return {
        "relu_missing": lambda: linear(Z, W2, b2),
        "hidden_bias_missing": lambda: linear(relu(X @ W1), W2, b2),
        "output_bias_missing": lambda: relu(Z) @ W2,
        "absolute_value": lambda: linear(np.abs(Z), W2, b2),
        "sigmoid_not_relu": lambda: linear(1 / (1 + np.exp(-Z)), W2, b2),
        "mask_only": lambda: linear((Z > 0) * 1.0, W2, b2),
        "minimum_not_maximum": lambda: linear(np.minimum(Z, 0), W2, b2),
        "relu_not_asked": lambda: relu(O),
        "probabilities_not_logits": lambda: softmax(O),
        "bias_subtracted": lambda: relu(Z) @ W2 - b2,
        "wrong_sign": lambda: -O,
    }


def wrong_sgd(params: Mapping[str, Array], grads: Mapping[str, Array], lr: float) -> Wrongs:
    """What mistakes make of params in place of params − lr grads."""

    def changed(step: Callable[[Array, Array], Any]) -> Callable[[], Any]:
        return lambda: tuple(step(params[name], grads[name]) for name in params)

    first = next(iter(params))
    others = {name: array for name, array in params.items() if name != first}
    return {
        "not_in_place": lambda: tuple(params.values()),
        "wrong_sign": changed(lambda W, grad_W: W + lr * grad_W),
        "lr_missing": changed(lambda W, grad_W: W - grad_W),
        "update_doubled": changed(lambda W, grad_W: W - 2 * lr * grad_W),
        "only_first_parameter": lambda: (params[first] - lr * grads[first], *others.values()),
    }
