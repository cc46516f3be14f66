"""What learners write in the gaps that are no backward pass: lines to plant in the solutions, each with the mistake's
name, "" where it has none. Each line replaces the one that is right.
"""

from __future__ import annotations

from numpynet.exercises.slips import Line, Place

LINEAR: list[Line] = [
    ("bias_missing", "return {X} @ {W}"),
    ("bias_missing", "return np.dot({X}, {W})"),
    ("bias_subtracted", "return {X} @ {W} - {b}"),
    ("bias_doubled", "return {X} @ {W} + {b} + {b}"),
    ("bias_added_to_weights", "return {X} @ ({W} + {b})"),
    ("relu_not_asked", "return np.maximum({X} @ {W} + {b}, 0)"),
    ("wrong_sign", "return -({X} @ {W} + {b})"),
    ("", "return {X} @ {W} + 1"),
    ("", "return {X} * {W} + {b}"),
    ("", "return ({X} @ {W} + {b})[:2]"),
    ("", "return ({X} @ {W} + {b},)"),
    ("", "({X} @ {W} + {b})"),
    ("argument_changed", "X = {X}; X += 1; return X @ {W} + {b}"),
]
SEVERAL_OUTPUTS: list[Line] = [
    ("bias_first_entry_only", "return {X} @ {W} + {b}[0]"),
    ("bias_as_column", "return {X} @ {W} + {b}[:, None]"),
    ("bias_as_column", "return {X} @ {W} + {b}.reshape(-1, 1)"),
    ("", "return {X} @ {W} + {b}.mean()"),
]
SQUARE: list[Line] = [
    ("weights_transposed", "return {X} @ {W}.T + {b}"),
]
PROBABILITIES: list[Line] = [
    ("probabilities_not_logits", "O = {X} @ {W} + {b}; P = np.exp(O); return P / P.sum(1, keepdims=True)"),
]
RELU: list[Line] = [
    ("absolute_value", "{Y} = np.abs(X)"),
    ("minimum_not_maximum", "{Y} = np.minimum(X, 0)"),
    ("mask_only", "{Y} = X > 0"),
    ("mask_only", "{Y} = np.where(X > 0, 1, 0)"),
    ("capped_at_one", "{Y} = np.clip(X, 0, 1)"),
    ("sigmoid_not_relu", "{Y} = 1 / (1 + np.exp(-X))"),
    ("wrong_sign", "{Y} = -np.maximum(X, 0)"),
    ("returned_unchanged", "{Y} = X"),
    ("returned_unchanged", "{Y} = np.where(X != 0, X, 0)"),
    ("", "{Y} = np.max(X)"),
    ("", "{Y} = np.maximum(X, 0.01 * X)"),
    ("", "{Y} = X[X > 0]"),
    ("", "{Y} = np.clip(X, 0, 6)"),
    ("argument_changed", "X[X < 0] = 0; {Y} = X"),
]
SGD: list[Line] = [
    ("wrong_sign", "{W} += {lr} * {grad}"),
    ("lr_missing", "{W} -= {grad}"),
    ("update_doubled", "{W} -= {lr} * {grad}; {W} -= {lr} * {grad}"),
    ("update_doubled", "{W} -= 2 * {lr} * {grad}"),
    ("not_in_place", "{W} = {W} - {lr} * {grad}"),
    ("not_in_place", "{W} - {lr} * {grad}"),
    ("only_first_parameter", "{W} -= {lr} * {grad}; break"),
    ("", "{W} -= 0.1 * {grad}"),
    ("", "{W} *= 1 - {lr}"),
    ("", "{W} -= {lr} * {grad}.mean()"),
    ("", "{W} -= {lr} * np.sign({grad})"),
    ("", "{W}[0] -= {lr} * {grad}[0]"),
    ("argument_changed", "{W} -= {lr} * {grad}; {grad} *= 0"),
    ("argument_changed", "{grad} *= {lr}; {W} -= {grad}"),
]
SQUARED_LOSS: list[Line] = [
    ("sum_not_mean", "return np.sum((y_hat - y) ** 2) / 2"),
    ("sum_not_mean", "return 0.5 * ((y - y_hat) ** 2).sum()"),
    ("half_missing", "return np.mean((y_hat - y) ** 2)"),
    ("halved_twice", "return np.mean((y_hat - y) ** 2 / 2) / 2"),
    ("mean_over_examples_only", "return np.sum((y_hat - y) ** 2) / (2 * len(y))"),
    ("not_averaged", "return (y_hat - y) ** 2 / 2"),
    ("not_squared", "return np.mean(y_hat - y) / 2"),
    ("absolute_not_square", "return np.mean(np.abs(y_hat - y)) / 2"),
    ("plus_not_minus", "return np.mean((y_hat + y) ** 2) / 2"),
    ("square_of_mean", "return np.mean(y_hat - y) ** 2 / 2"),
    ("root_taken", "return np.sqrt(np.mean((y_hat - y) ** 2))"),
    ("wrong_sign", "return -np.mean((y_hat - y) ** 2) / 2"),
    ("", "return np.mean((y_hat - y) ** 2, axis=0) / 2"),
    ("", "return np.mean((y_hat - y) ^ 2) / 2"),
    ("", "return np.mean((y_hat - y) * 2) / 2"),
    ("", "return np.max((y_hat - y) ** 2) / 2"),
    ("", "np.mean((y_hat - y) ** 2) / 2"),
    ("argument_changed", "y_hat -= y; return np.mean(y_hat ** 2) / 2"),
]
SOFTMAX: list[Line] = [
    ("exp_overflows", "exp_O = np.exp(O); return exp_O / exp_O.sum(axis=1, keepdims=True)"),
    ("shift_by_largest_of_all", "exp_O = np.exp(O - O.max()); return exp_O / exp_O.sum(axis=1, keepdims=True)"),
    ("softmax_over_examples", "exp_O = np.exp(O - O.max(axis=0)); return exp_O / exp_O.sum(axis=0)"),
    ("softmax_over_everything", "exp_O = np.exp(O - O.max()); return exp_O / exp_O.sum()"),
    ("not_normalized", "return np.exp(O - O.max(axis=1, keepdims=True))"),
    ("one_hot_of_largest", "return np.eye(O.shape[1])[O.argmax(axis=1)]"),
    ("log_probabilities", "M = O - O.max(1, keepdims=True); return M - np.log(np.exp(M).sum(1, keepdims=True))"),
    ("wrong_sign", "M = O.min(1, keepdims=True) - O; return np.exp(M) / np.exp(M).sum(1, keepdims=True)"),
    ("returned_unchanged", "return O"),
    ("", "exp_O = np.exp(O - O.max(axis=1)); return exp_O / exp_O.sum(axis=1, keepdims=True)"),
    ("", "exp_O = np.exp(O - O.mean(axis=1, keepdims=True)); return exp_O / exp_O.sum(axis=1, keepdims=True)"),
    ("", "exp_O = np.exp(O - max(O.max(), 0)); return exp_O / exp_O.sum(axis=1, keepdims=True)"),
    ("", "exp_O = np.exp(np.clip(O, -50, 50)); return exp_O / exp_O.sum(axis=1, keepdims=True)"),
    ("", "exp_O = np.exp(O - O.max(axis=1, keepdims=True)); return exp_O / (exp_O.sum(axis=1, keepdims=True) + 1e-6)"),
    ("", "exp_O = np.exp(O - O.max(axis=1, keepdims=True)); return exp_O / exp_O.sum(axis=1)"),
    ("", "exp_O = np.exp(O - O.max(axis=1, keepdims=True)); return exp_O / exp_O.mean(axis=1, keepdims=True)"),
    ("", "return O / O.sum(axis=1, keepdims=True)"),
    ("", "return 1 / (1 + np.exp(-O))"),
    ("", "M = 2.0 ** (O - O.max(axis=1, keepdims=True)); return M / M.sum(axis=1, keepdims=True)"),
    ("argument_changed", "O -= O.max(1, keepdims=True); return np.exp(O) / np.exp(O).sum(1, keepdims=True)"),
]
CROSS_ENTROPY: list[Line] = [
    ("log_of_zero", "L = -np.mean(np.log(P[np.arange(len(y)), y]))"),
    ("sum_not_mean", "L = np.sum(np.log(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), y])"),
    ("not_averaged", "L = np.log(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), y]"),
    ("mean_over_all_entries", "L = np.sum(np.log(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), y]) / O.size"),
    ("wrong_sign", "L = np.mean(O[np.arange(len(y)), y] - np.log(np.exp(O).sum(axis=1)))"),
    ("class_of_largest_logit", "L = np.mean(np.log(np.exp(O).sum(axis=1)) - O.max(axis=1))"),
    ("", "L = np.mean(np.log(np.exp(O).sum(1)) - O[np.arange(len(y)), y]); P = softmax(O.T).T"),
    ("not_normalized", "L = np.mean(np.log(np.exp(O).sum(1)) - O[np.arange(len(y)), y]); P = np.exp(O)"),
    ("", "L = np.mean(np.log(np.exp(O).sum(axis=0)) - O[np.arange(len(y)), y])"),
    ("", "L = np.mean(np.log(np.exp(O).sum()) - O[np.arange(len(y)), y])"),
    ("", "L = np.mean(np.log(np.exp(O).sum(axis=1)) - O[:, y])"),
    ("", "L = np.mean(np.log(np.exp(O).sum(axis=1)) + O[np.arange(len(y)), y])"),
    ("", "L = np.mean(np.log2(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), y])"),
    ("", "L = np.mean(np.log(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), 0])"),
    ("", "L = np.mean(np.log(np.exp(O).sum(1)) - O[np.arange(len(y)), y]); return L"),
    ("", "L = np.mean(np.log(np.exp(O).sum(1)) - O[np.arange(len(y)), y]); return P, L"),
    ("", "L = np.mean(np.log(np.exp(O).sum(1)) - O[np.arange(len(y)), y]); P = P.argmax(axis=1)"),
    ("argument_changed", "L = np.mean(np.log(np.exp(O).sum(1)) - O[np.arange(len(y)), y]); y += 1"),
]
UNSHIFTED: list[Line] = [
    ("exp_overflows", "pass"),
    ("logits_not_probabilities", "return -np.mean(O[np.arange(len(y)), y]), softmax(O)"),
]
FIRST, SECOND = 'X @ params["W1"] + params["b1"]', 'params["W2"] + params["b2"]'
MLP: list[Line] = [
    ("relu_missing", f"return ({FIRST}) @ {SECOND}"),
    ("hidden_bias_missing", f'return np.maximum(X @ params["W1"], 0) @ {SECOND}'),
    ("output_bias_missing", f'return np.maximum({FIRST}, 0) @ params["W2"]'),
    ("absolute_value", f"return np.abs({FIRST}) @ {SECOND}"),
    ("sigmoid_not_relu", f"return 1 / (1 + np.exp(-({FIRST}))) @ {SECOND}"),
    ("mask_only", f"return ({FIRST} > 0) @ {SECOND}"),
    ("minimum_not_maximum", f"return np.minimum({FIRST}, 0) @ {SECOND}"),
    ("relu_not_asked", f"return np.maximum(np.maximum({FIRST}, 0) @ {SECOND}, 0)"),
    ("bias_subtracted", f'return np.maximum({FIRST}, 0) @ params["W2"] - params["b2"]'),
    ("wrong_sign", f"return -(np.maximum({FIRST}, 0) @ {SECOND})"),
    (
        "probabilities_not_logits",
        f"O = np.maximum({FIRST}, 0) @ {SECOND}; O -= O.max(1, keepdims=True); "
        "return np.exp(O) / np.exp(O).sum(1, keepdims=True)",
    ),
    ("", f"return np.tanh({FIRST}) @ {SECOND}"),
    ("", f"return np.maximum({FIRST}, 0)"),
    ("", 'return X @ params["W1"] @ params["W2"] + params["b2"]'),
    ("", f'return np.maximum(X, 0) @ params["W1"] @ {SECOND}'),
    ("", f"return (np.maximum({FIRST}, 0) @ {SECOND}).argmax(axis=1)"),
    ("", f'return np.maximum({FIRST}, 0) @ params["W2"].T + params["b2"]'),
    ("", f"return np.maximum({FIRST}, 0.1) @ {SECOND}"),
    ("argument_changed", f'X += params["b1"][0]; return np.maximum({FIRST}, 0) @ {SECOND}'),
    ("argument_changed", f'params["W1"] *= 2; return np.maximum({FIRST}, 0) @ {SECOND}'),
]
SEQUENTIAL: list[Line] = [
    ("layer_skipped", "if layer is not self.layers[-1]: X = layer.forward(X)"),
    ("", "layer.forward(X)"),
    ("", "Y = layer.forward(X); X = X if Y.shape != X.shape else Y"),
    ("", "return layer.forward(X)"),
    ("", "X = layer(X)"),
    ("", "X = layer.forward(X) + 1"),
    ("", "X = -layer.forward(X)"),
    ("", "X = layer.forward(X); X = X[:1]"),
]
BACK: list[Line] = [
    ("layers_in_forward_order", "for layer in self.layers:"),
    ("layer_skipped", "for layer in reversed(self.layers[1:]):"),
    ("layer_skipped", "for layer in reversed(self.layers[:-1]):"),
    ("returned_unchanged", "for layer in ():"),
    ("", "for layer in self.layers[::-2]:"),
    ("", "for layer in (self.layers[-1],):"),
]
PASS_ON: list[Line] = [
    ("returned_unchanged", "layer.backward(grad_Y)"),
    ("", "return layer.backward(grad_Y)"),
    ("", "grad_Y = layer.backward(grad_Y) * 2"),
    ("", "grad_Y = -layer.backward(grad_Y)"),
]
KEEP: list[Line] = [
    ("", "pass"),
    ("", "type(self).X = X"),
    ("", "global kept; kept = X"),
    ("", "self.X = X.copy() + 1"),
    ("", "self.X = None"),
]


ROW_SUMS: list[Line] = [
    ("column_sums", "return X.sum(axis=0)"),
    ("axis_not_kept", "return X.sum(axis=1)"),
    ("sum_of_everything", "return X.sum()"),
    ("mean_not_sum", "return X.mean(axis=1, keepdims=True)"),
    ("", "return np.cumsum(X, axis=1)"),
    ("argument_changed", "X[0] = 0; return X.sum(axis=1, keepdims=True)"),
]
CENTER: list[Line] = [
    ("row_means", "return X - X.mean(axis=1, keepdims=True)"),
    ("mean_of_everything", "return X - X.mean()"),
    ("added_not_subtracted", "return X + X.mean(axis=0)"),
    ("only_the_means", "return X.mean(axis=0)"),
    ("", "return X - X.sum(axis=0)"),
    ("argument_changed", "X -= X.mean(axis=0); return X"),
]
PICK: list[Line] = [
    ("whole_columns", "return O[:, y]"),
    ("whole_rows", "return O[y]"),
    ("largest_of_row", "return O.max(axis=1)"),
    ("one_column_only", "return O[:, y[0]]"),
    ("", "return O[range(2), y]"),
    ("", "return O[y, np.arange(len(y))]"),
    ("", "return y"),
]
ONE_HOT: list[Line] = [
    ("columns_not_rows", "return np.eye(q)[:, y]"),
    ("whole_columns", "T = np.zeros((len(y), q)); T[:, y] = 1; return T"),
    ("", "return np.eye(3)[y]"),
    ("", "T = np.zeros((len(y), q)); T[0, y] = 1; return T"),
    ("", "return np.eye(len(y))[y]"),
    ("", "return np.eye(y.max() + 1)[y]"),
    (
        "",
        "T = vars(one_hot).setdefault(str((len(y), q)), np.zeros((len(y), q))); T[np.arange(len(y)), y] = 1; return T",
    ),
]
KEEP_POSITIVE: list[Line] = [
    ("mask_only", "return X > 0"),
    ("only_the_positive", "return X[X > 0]"),
    ("absolute_value", "return np.abs(X)"),
    ("returned_unchanged", "return X"),
    ("argument_changed", "X[X < 0] = 0; return X"),
]
HALVE: list[Line] = [
    ("not_in_place", "X = X * 0.5"),
    ("not_in_place", "return X / 2"),
    ("", "X *= 2"),
    ("", "X[0] *= 0.5"),
]
OUTER: list[Line] = [
    ("inner_product", "return x @ y"),
    ("outer_transposed", "return y[:, None] * x"),
    ("sums_not_products", "return x[:, None] + y"),
    ("entry_by_entry", "return x * y"),
    ("", "return x[:, None] @ y"),
]
ENTRY_W: list[Line] = [
    ("", "return sum(X[i, k] * grad_Y[i, j] for i in range(len(X))) / len(X)"),
    ("", "return X[0, k] * grad_Y[0, j]"),
    ("", "return sum(X[i, j] * grad_Y[i, k] for i in range(len(X)))"),
    ("", "return sum(X[i, k] for i in range(len(X))) * grad_Y[0, j]"),
    ("", "return X.T @ grad_Y"),
]
ENTRY_X: list[Line] = [
    ("", "return sum(grad_Y[i, j] * W[j, k] for j in range(len(W)))"),
    ("", "return grad_Y[i, 0] * W[k, 0]"),
    ("", "return sum(grad_Y[n, 0] * W[k, 0] for n in range(len(grad_Y)))"),
    ("", "return sum(W[k, j] for j in range(W.shape[1]))"),
]
ENTRY_O: list[Line] = [
    ("", "return P[i, j] - (1 if j == y[i] else 0)"),
    ("", "return P[i, j] / len(y)"),
    ("", "return (P[i, j] - 1) / len(y)"),
    ("", "return (P[i, j] - (1 if i == y[j] else 0)) / len(y)"),
    ("", "return (P[i, j] - (1 if j == y[i] else 0)) / P.shape[1]"),
]


def _planted(exercise: str, right: str, letters: str, *lines: list[Line]) -> tuple[Place, list[Line]]:
    return Place(exercise, right, "", letters, replaces=True), [line for part in lines for line in part]


ONE, TWO, THREE, FOUR, FIVE = (
    "lesson1_functions",
    "lesson2_linear_regression",
    "lesson3_softmax_regression",
    "lesson4_mlp",
    "lesson5_layers",
)
ZERO, SIX = "lesson0_numpy", "lesson6_understanding"
PREDICT = 'return linear(X, params["W"], params["b"])'
FORWARD_SLIPS: list[tuple[Place, list[Line]]] = [
    _planted(f"{ZERO}.row_sums", "return X.sum(axis=1, keepdims=True)", "", ROW_SUMS),
    _planted(f"{ZERO}.center", "return X - X.mean(axis=0)", "", CENTER),
    _planted(f"{ZERO}.pick", "return O[np.arange(len(y)), y]", "", PICK),
    _planted(f"{ZERO}.one_hot", "return np.eye(q)[y]", "", ONE_HOT),
    _planted(f"{ZERO}.keep_positive", "return X * (X > 0)", "", KEEP_POSITIVE),
    _planted(f"{ZERO}.halve", "X *= 0.5", "", HALVE),
    _planted(f"{ZERO}.outer", "return x[:, None] * y", "", OUTER),
    _planted(f"{ONE}.linear", "return X @ W + b", "X=X W=W b=b", LINEAR, SEVERAL_OUTPUTS, SQUARE, PROBABILITIES),
    _planted(f"{ONE}.squared_loss", "return np.mean((y_hat - y) ** 2) / 2", "", SQUARED_LOSS),
    _planted(f"{ONE}.sgd", "params[name] -= lr * grads[name]", "W=params[name] lr=lr grad=grads[name]", SGD),
    _planted(f"{ONE}.softmax", "exp_O = np.exp(O - O.max(axis=1, keepdims=True))", "", SOFTMAX),
    _planted(
        f"{ONE}.softmax_cross_entropy",
        "L = np.mean(np.log(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), y])",
        "",
        CROSS_ENTROPY,
    ),
    _planted(f"{ONE}.softmax_cross_entropy", "O = O - O.max(axis=1, keepdims=True)", "", UNSHIFTED),
    _planted(f"{ONE}.relu", "return np.maximum(X, 0)", "Y=Y", [(name, f"{line}; return Y") for name, line in RELU]),
    _planted(
        f"{TWO}.predict",
        PREDICT,
        'X=X W=params["W"] b=params["b"]',
        LINEAR,
    ),
    _planted(
        f"{THREE}.predict", PREDICT, 'X=X W=params["W"] b=params["b"]', LINEAR, SEVERAL_OUTPUTS, SQUARE, PROBABILITIES
    ),
    _planted(f"{FOUR}.predict", 'H = relu(linear(X, params["W1"], params["b1"]))', "", MLP),
    _planted(
        f"{FIVE}.Linear.forward",
        "return linear(X, self.W.data, self.b.data)",
        "X=X W=self.W.data b=self.b.data",
        LINEAR,
        SEVERAL_OUTPUTS,
    ),
    _planted(f"{FIVE}.Linear.forward", "self.X = X", "", KEEP),
    _planted(f"{FIVE}.ReLU.forward", "self.Y = relu(X)", "Y=self.Y", RELU),
    _planted(f"{FIVE}.Sequential.forward", "X = layer.forward(X)", "", SEQUENTIAL),
    _planted(f"{FIVE}.Sequential.backward", "for layer in reversed(self.layers):", "", BACK),
    _planted(f"{FIVE}.Sequential.backward", "grad_Y = layer.backward(grad_Y)", "", PASS_ON),
    _planted(
        f"{FIVE}.SGD.step",
        "parameter.data -= self.lr * parameter.grad",
        "W=parameter.data lr=self.lr grad=parameter.grad",
        SGD,
    ),
    _planted(f"{SIX}.shapes", '"W1": (784, 100)', "", [("", '"W1": (100, 784)')]),
    _planted(f"{SIX}.shapes", '"b1": (100,)', "", [("", '"b1": (1, 100)'), ("", '"b1": 100'), ("", '"b1": None')]),
    _planted(f"{SIX}.shapes", '"loss": ()', "", [("", '"loss": (1,)'), ("", '"loss": (32,)')]),
    _planted(f"{SIX}.by_hand", '"loss": 1.25', "", [("", '"loss": 5'), ("", '"loss": 2.5'), ("", '"loss": "1.2"')]),
    _planted(
        f"{SIX}.by_hand", '"grad_Z": [[0.5, -1], [-0.25, 0]]', "", [("", '"grad_Z": [[0.5, -1], [-0.25, -0.75]]')]
    ),
    _planted(f"{SIX}.grad_W_entry", "return sum(X[i, k] * grad_Y[i, j] for i in range(len(X)))", "", ENTRY_W),
    _planted(f"{SIX}.grad_X_entry", "return sum(grad_Y[i, j] * W[k, j] for j in range(W.shape[1]))", "", ENTRY_X),
    _planted(f"{SIX}.grad_O_entry", "return (P[i, j] - (1 if j == y[i] else 0)) / len(y)", "", ENTRY_O),
    _planted(
        f"{SIX}.fix_linear",
        "grad_b = grad_Y.sum(axis=0)",
        "",
        [("", f"grad_b = grad_Y.{what}") for what in ("mean(axis=0)", "sum(axis=1)", "sum()")],
    ),
    _planted(f"{SIX}.fix_cross_entropy", "grad_O = P.copy()", "", [("", "grad_O = P"), ("", "grad_O = P * 2")]),
    _planted(
        f"{SIX}.fix_mlp",
        "grad_Z = grad_H * (Z > 0)",
        "",
        [("", f"grad_Z = grad_H * {mask}") for mask in ("(grad_H > 0)", "1", "(Z < 0)", "H")],
    ),
    _planted(
        f"{SIX}.fix_step",
        'grad_Z = grad_O @ params["W2"].T * (H > 0)',
        "",
        [("", f'grad_Z = grad_O @ params["W2"].T{mask}') for mask in ("", " * H", " * (H < 0)")],
    ),
    _planted(f"{SIX}.fix_step", 'params["b2"] -= lr * grad_b2', "", [("", "pass"), ("", "grad_O *= 2")]),
    _planted(
        f"{SIX}.fix_softmax",
        "exp_O = np.exp(O - O.max(axis=1, keepdims=True))",
        "",
        [("", f"exp_O = np.exp(O{shift})") for shift in (" - O.max()", "", " - O.max(axis=0)")],
    ),
]
