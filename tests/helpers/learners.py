"""Programs as learners write them, right ones and wrong ones, for the gradient checker to judge.

`learner` makes a loss_and_gradients for any of the three models, and for deeper MLPs, in one of three styles. It is
written without the checker's own backward pass; each mistake is planted where a learner would make it.
"""

import numpy as np


def matmul(A, B):
    return A @ B


def einsum(A, B):
    return np.einsum("ik,kj->ij", A, B)


def loops(A, B):
    C = np.zeros((A.shape[0], B.shape[1]), np.result_type(A, B))
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            C[i, j] = sum(A[i, k] * B[k, j] for k in range(A.shape[1]))
    return C


PRODUCTS = {"matmul": matmul, "einsum": einsum, "loops": loops}
EVERYWHERE = ["wrong_sign", "sum_not_mean", "divided_by_n_twice", "factor_two", "factor_half", "bias_mean_not_sum",
              "bias_first_example_only", "bias_over_wrong_axis", "bias_not_summed", "relu_mask_on_logits", "weight_gradient_transposed",
              "weight_decay_in_gradient", "plus_not_minus", "labels_shifted", "fixed_batch_size", "gradient_accumulated",
              "stale_forward", "argument_changed", "weight_one_example_only"]  # fmt: skip
OBLONG = ["reshaped_not_transposed"]  # needs a weight that is not square
IN_A_DECAY = ["weight_decay_missing", "weight_decay_factor"]
CLASSES = ["missing_onehot", "missing_probabilities", "softmax_over_examples", "softmax_twice", "softmax_missing",
           "softmax_slope_twice", "softmax_slope_missing", "softmax_slope_of_one_class_only", "onehot_broadcast", "divided_by_elements_not_examples"]  # fmt: skip
NUMBERS = ["missing_target", "missing_prediction"]
NEEDS_LOGITS = ["softmax_missing", "softmax_over_examples", "relu_mask_on_logits"]
HIDDEN = ["no_relu_mask", "relu_mask_from_gradient", "relu_mask_reversed", "relu_arguments_swapped", "relu_output_as_mask", "another_activations_slope",
          "weight_gradient_from_preactivation", "weight_not_transposed", "weights_updated_before_backward", "upstream_gradient_dropped"]  # fmt: skip
SMOOTH = ["no_activation_slope", "slope_of_the_wrong_value", "incomplete_slope", "another_activations_slope", "upstream_gradient_dropped",
          "weight_gradient_from_preactivation", "weight_not_transposed"]  # fmt: skip
# Mistakes that are not in the catalogue: to be found, and not to be called by a name that is not theirs.
OUTSIDE_AT_THE_LOSS = {
    "three times": lambda G, P, T, n: 3 * G,
    "root of n": lambda G, P, T, n: G * np.sqrt(n),
    "n less one": lambda G, P, T, n: G * n / (n - 1),
    "last example left out": lambda G, P, T, n: G * (np.arange(n) < n - 1)[:, None],
    "clipped": lambda G, P, T, n: np.clip(G, -0.5 / n, 0.5 / n),
    "smoothed labels": lambda G, P, T, n: G + 0.1 * (T - 1 / T.shape[1]) / n,
    "signs alone": lambda G, P, T, n: np.sign(G) / n,
    "squared": lambda G, P, T, n: G**2,
    "log to base 2": lambda G, P, T, n: G / np.log(2),
    "normalised": lambda G, P, T, n: G / np.linalg.norm(G),
    "wrong by 1e-7": lambda G, P, T, n: G * (1 + 1e-7),
    "centred": lambda G, P, T, n: G - G.mean(axis=0),
}
OUTSIDE_IN_THE_RELU = {
    "leaks": lambda Z, G: np.where(Z > 0, 1, 0.01),
    "mask at 0.5": lambda Z, G: Z > 0.5,
    "one unit without mask": lambda Z, G: (Z > 0) | (np.arange(Z.shape[1]) == 0),
    "softplus": lambda Z, G: 1 / (1 + np.exp(-Z)),
    "mask of the first example": lambda Z, G: Z[:1] > 0,
}
OUTSIDE_IN_THE_GRADIENTS = {
    "bias forgotten": lambda G, name, params: 0 * G if name[0] == "b" else G,
    "one entry": lambda G, name, params: G + 1e-3 * (np.arange(G.size) == 0).reshape(G.shape) if name[0] == "W" else G,
    "reversed units": lambda G, name, params: G[::-1] if name[0] == "b" and G.size > 1 else 1.5 * G,
    "weights themselves": lambda G, name, params: params[name] if name[0] == "W" else G,
    "decay of 1": lambda G, name, params: G + 0.01 * np.sign(params[name]) if name[0] == "W" else G,
}


def outside(model):
    """Mistakes that are not in the catalogue, for this model."""
    return [*OUTSIDE_AT_THE_LOSS, *OUTSIDE_IN_THE_GRADIENTS, *(OUTSIDE_IN_THE_RELU if model in ("mlp", "deep") else [])]


def mistakes_in(model):
    """The mistakes that can be made in this model; regression is linear regression with several outputs."""
    if model == "regression":
        return [*EVERYWHERE, *NUMBERS, "divided_by_examples_not_elements"]
    if model in ("sigmoid", "tanh"):
        return [mistake for mistake in EVERYWHERE if mistake != "relu_mask_on_logits"] + CLASSES + SMOOTH
    if model == "binary":
        return ["sigmoid_slope_twice", *NUMBERS, *EVERYWHERE[:6], "plus_not_minus", "no_activation_slope"]
    if model == "decay":
        return [*IN_A_DECAY, *EVERYWHERE[:10], *CLASSES]
    return EVERYWHERE + (NUMBERS if model == "linear" else CLASSES) + (HIDDEN if model in ("mlp", "deep") else [])


def case(model, rng, *, square=False, n=None, dtype=np.float64):
    """params, X and y for a model, the shapes at random; square: all layers equally wide."""
    depth = {
        "linear": 1,
        "regression": 1,
        "softmax": 1,
        "mlp": 2,
        "deep": 3,
        "sigmoid": 2,
        "tanh": 2,
        "binary": 2,
        "decay": 2,
    }[model]
    n = n or int(rng.integers(3, 12))
    widths = [int(rng.integers(2, 6))] * (depth + 1) if square else [int(w) for w in rng.integers(2, 7, depth + 1)]
    if model == "linear":
        widths[-1] = 1
    if model not in ("linear", "binary") and widths[-1] == 2:  # half of it, or divided by two outputs: the same
        widths = [width + 1 for width in widths]
    names = [("W", "b")] if depth == 1 else [(f"W{k}", f"b{k}") for k in range(1, depth + 1)]
    params = {}
    for (W, b), d, m in zip(names, widths[:-1], widths[1:], strict=True):
        params |= {W: rng.normal(size=(d, m)).astype(dtype), b: rng.normal(size=m).astype(dtype)}
    X = rng.normal(size=(n, widths[0])).astype(dtype)
    numbers = model in ("linear", "regression")
    y = rng.normal(size=(n, widths[-1])).astype(dtype) if numbers else rng.integers(0, widths[-1], n)
    if model == "binary":
        y = (rng.random((n, widths[-1])) < 0.5).astype(dtype)
    return params, X, y


FORWARD = {"relu": lambda Z: np.where(Z > 0, Z, 0), "sigmoid": lambda Z: 1 / (1 + np.exp(-Z)), "tanh": np.tanh}


def learner(*mistakes, style="matmul", dtype=None, layer=None, lr=0.1, decay=0.01, model=""):
    """A loss_and_gradients with these mistakes; layer: only in this layer, counted from 1 (None: in all).

    dtype: the program casts everything to it first. model: for the activation, and for a loss with weight decay.
    """
    activation = {"sigmoid": "sigmoid", "binary": "sigmoid", "tanh": "tanh"}.get(model, "relu")
    dot, memory = PRODUCTS[style], {}

    def made(mistake, k=None):
        return mistake in mistakes and (layer is None or k is None or k == layer)

    def loss_and_gradients(params, X, y):
        weights = [name for name in params if name.startswith("W")]
        biases = [name for name in params if name.startswith("b")]
        given = params
        if dtype is not None:
            params = {name: array.astype(dtype) for name, array in params.items()}
            X = X.astype(dtype)
        n, depth, classes = len(X), len(weights), y.dtype.kind in "iu"
        terms = n if classes or made("divided_by_examples_not_elements") else y.size
        H, Z = [X], []
        for k, (W, b) in enumerate(zip(weights, biases, strict=True)):
            Z.append(dot(H[-1], params[W]) + params[b])
            if k < depth - 1:
                H.append(FORWARD[activation](Z[-1]))
        O = Z[-1]
        if classes:
            O = O - O.max(axis=1, keepdims=True) if not any(made(m) for m in NEEDS_LOGITS) else O
            P = np.exp(O)
            loss = (np.log(P.sum(axis=1)) - O[np.arange(n), y]).sum() / n
            P /= P.sum(axis=1, keepdims=True)
            T = np.eye(O.shape[1], dtype=O.dtype)[y - 1 if made("labels_shifted") else y]
            if made("softmax_over_examples"):
                P = np.exp(O) / np.exp(O).sum(axis=0)
            if made("softmax_twice"):
                P = np.exp(P) / np.exp(P).sum(axis=1, keepdims=True)
            if made("softmax_missing"):
                P = O
        elif model == "binary":
            P, T = FORWARD["sigmoid"](O), y
            loss = -(y * np.log(P) + (1 - y) * np.log(1 - P)).mean()
        else:
            P, T = O, np.roll(y, 1, axis=0) if made("labels_shifted") else y.astype(O.dtype)
            loss = 0.5 * np.mean((P - y) ** 2)
        if model == "decay":
            loss = loss + 0.15 * sum(np.sum(params[W] ** 2) for W in weights)
        if made("stale_forward"):
            memory.setdefault("H", list(H))
            H = memory["H"]
        G = P - T
        if made("missing_onehot") or made("missing_target"):
            G = P
        if made("missing_probabilities") or made("missing_prediction"):
            G = -T
        if made("plus_not_minus"):
            G = P + T
        if made("softmax_slope_twice") or made("sigmoid_slope_twice"):
            G = G * P * (1 - P)
        if made("softmax_slope_missing"):
            G = -T / P
        if made("softmax_slope_of_one_class_only"):
            G = -T * (1 - P)
        if made("onehot_broadcast"):
            G = P.copy()
            G[:, y] -= 1
        if made("wrong_sign"):
            G = -G
        if made("factor_two"):
            G = 2 * G
        if made("factor_half"):
            G = 0.5 * G
        if made("fixed_batch_size"):
            G = G / 32
        elif made("divided_by_n_twice"):
            G = G / terms**2
        elif made("divided_by_elements_not_examples"):
            G = G / G.size
        elif not made("sum_not_mean"):
            G = G / terms
        if made("relu_mask_on_logits"):
            G = G * (O > 0)
        for mistake, twist in OUTSIDE_AT_THE_LOSS.items():
            if made(mistake):
                G = twist(G, P, T, n)
        grads = {}
        for k in reversed(range(depth)):
            number, W = k + 1, params[weights[k]]
            used = Z[k - 1] if made("weight_gradient_from_preactivation", number) and k > 0 else H[k]
            dW = dot(used.T, G)
            if made("weight_one_example_only", number):
                dW = np.outer(used[-1], G[-1])
            if made("weight_gradient_transposed", number):
                dW = dot(G.T, used)
            if made("reshaped_not_transposed", number):
                dW = dot(G.T, used).reshape(W.shape)
            if model == "decay" and not made("weight_decay_missing", number):
                dW = dW + (0.15 if made("weight_decay_factor", number) else 0.3) * W
            if made("weight_decay_in_gradient", number):
                dW = dW + decay * W
            db = G.sum(axis=0)
            if made("bias_mean_not_sum", number):
                db = G.mean(axis=0)
            if made("bias_first_example_only", number):
                db = G[0]
            if made("bias_over_wrong_axis", number):
                db = G.sum(axis=1)
            if made("bias_not_summed", number):
                db = G
            grads |= {weights[k]: dW, biases[k]: db}
            if k == 0:
                break
            if made("weights_updated_before_backward", number):
                W = W - lr * dW
            G = dot(G, W if made("weight_not_transposed", number) else W.T)
            slope = {"relu": Z[k - 1] > 0, "sigmoid": H[k] * (1 - H[k]), "tanh": 1 - H[k] ** 2}[activation]
            if made("slope_of_the_wrong_value", k):
                slope = Z[k - 1] * (1 - Z[k - 1]) if activation == "sigmoid" else 1 - Z[k - 1] ** 2
            if made("incomplete_slope", k):
                slope = 1 - H[k]
            if made("no_relu_mask", k) or made("no_activation_slope", k):
                slope = 1
            if made("relu_mask_from_gradient", k):
                slope = G > 0
            if made("relu_mask_reversed", k):
                slope = Z[k - 1] < 0
            if made("relu_arguments_swapped", k):
                slope, G = G > 0, H[k]
            if made("relu_output_as_mask", k):
                slope = H[k]
            if made("another_activations_slope", k):
                slope = Z[k - 1] > 0 if activation == "sigmoid" else H[k] * (1 - H[k])
            if made("upstream_gradient_dropped", k):
                G = np.ones_like(G)
            for mistake, other in OUTSIDE_IN_THE_RELU.items():
                if made(mistake, k):
                    slope = other(Z[k - 1], G)
            G = G * slope
        if made("gradient_accumulated"):
            for name in grads:
                memory[name] = memory.get(name, 0) + grads[name]
            grads = {name: memory[name] for name in grads}
        for mistake, twist in OUTSIDE_IN_THE_GRADIENTS.items():
            if made(mistake):
                grads = {name: twist(grads[name].copy(), name, params) for name in grads}
        if made("argument_changed"):
            given[weights[0]] *= 0.9
        return loss, {name: grads[name] for name in params}

    return loss_and_gradients
