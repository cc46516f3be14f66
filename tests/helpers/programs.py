"""Whole programs in styles of their own, and what a slip in one of their lines is called (None: no name for it).

Each slip replaces one piece of the source text by another. The programs were written from textbooks' habits: sums over
examples in loops, examples in columns, einsum, one-hot matrices, float32, classes that keep what forward computed.
"""

import numpy as np

LINEAR_BY_LOOPS = """
def loss_and_gradients(params, X, y):
    W, b = params["W"], params["b"]
    n, d = X.shape
    loss, dW, db = 0.0, np.zeros_like(W), np.zeros_like(b)
    for i in range(n):
        prediction = b[0]
        for j in range(d):
            prediction += X[i, j] * W[j, 0]
        residual = prediction - y[i, 0]
        loss += residual ** 2 / 2 / n
        for j in range(d):
            dW[j, 0] += residual * X[i, j] / n
        db[0] += residual / n
    return loss, {"W": dW, "b": db}
"""
SOFTMAX_BY_EINSUM = """
def loss_and_gradients(params, X, y):
    W, b = params["W"], params["b"]
    logits = np.einsum("nd,dk->nk", X, W) + b
    shifted = logits - logits.max(axis=-1)[:, None]
    log_p = shifted - np.log(np.einsum("nk->n", np.exp(shifted)))[:, None]
    target = np.zeros_like(log_p)
    target[np.arange(y.size), y] = 1.0
    loss = -np.einsum("nk,nk->", target, log_p) / y.size
    delta = (np.exp(log_p) - target) / y.size
    return loss, {"W": np.einsum("nd,nk->dk", X, delta), "b": np.einsum("nk->k", delta)}
"""
MLP_IN_COLUMNS = """
def loss_and_gradients(params, X, y):
    A0, m = X.T, X.shape[0]
    W1, b1, W2, b2 = params["W1"].T, params["b1"][:, None], params["W2"].T, params["b2"][:, None]
    Z1 = W1 @ A0 + b1
    A1 = np.maximum(Z1, 0.0)
    Z2 = W2 @ A1 + b2
    E = np.exp(Z2 - Z2.max(axis=0, keepdims=True))
    A2 = E / E.sum(axis=0, keepdims=True)
    Y = np.eye(A2.shape[0])[:, y]
    cost = -(Y * np.log(A2)).sum() / m
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = dZ2.sum(axis=1) / m
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (Z1 > 0)
    dW1 = dZ1 @ A0.T / m
    db1 = dZ1.sum(axis=1) / m
    return cost, {"W1": dW1.T, "b1": db1, "W2": dW2.T, "b2": db2}
"""
MLP_BY_EXAMPLES_IN_FLOAT32 = """
def loss_and_gradients(params, X, y):
    p = {k: v.astype(np.float32) for k, v in params.items()}
    X = X.astype(np.float32)
    grads = {k: np.zeros_like(v) for k, v in p.items()}
    total = np.float32(0)
    for x, label in zip(X, y):
        z = x @ p["W1"] + p["b1"]
        h = np.where(z > 0, z, np.float32(0))
        o = h @ p["W2"] + p["b2"]
        e = np.exp(o - o.max())
        q = e / e.sum()
        total += -np.log(q[label]) / len(X)
        g = q.copy()
        g[label] -= 1
        g /= len(X)
        grads["W2"] += np.outer(h, g)
        grads["b2"] += g
        back = p["W2"] @ g
        back[z <= 0] = 0
        grads["W1"] += np.outer(x, back)
        grads["b1"] += back
    return total, grads
"""
MLP_OF_OBJECTS = """
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
    def forward(self, x):
        self.x = x
        return x.dot(self.W) + self.b
    def backward(self, dout):
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx

class Relu:
    def forward(self, x):
        self.mask = (x <= 0)
        out = x.copy()
        out[self.mask] = 0
        return out
    def backward(self, dout):
        dout = dout.copy()
        dout[self.mask] = 0
        return dout

class SoftmaxWithLoss:
    def forward(self, x, t):
        self.t = t
        x = x - np.max(x, axis=1, keepdims=True)
        self.y = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)
        return -np.sum(np.log(self.y[np.arange(len(t)), t])) / len(t)
    def backward(self):
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        dx = dx / len(self.t)
        return dx

def loss_and_gradients(params, X, y):
    first, relu, second, last = Affine(params["W1"], params["b1"]), Relu(), Affine(params["W2"], params["b2"]), SoftmaxWithLoss()
    loss = last.forward(second.forward(relu.forward(first.forward(X))), y)
    dout = last.backward()
    dout = second.backward(dout)
    dout = relu.backward(dout)
    first.backward(dout)
    return loss, {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}
"""
RIGHT = "right all the same"
PROGRAMS = {
    "linear by loops": ("linear", LINEAR_BY_LOOPS, [
        ("residual * X[i, j] / n", "residual * X[i, j]", "sum_not_mean"),
        ("db[0] += residual / n", "db[0] += residual / n / n", "bias_mean_not_sum"),
        ("db[0] += residual / n", "db[0] += residual", "sum_not_mean"),
        ("prediction - y[i, 0]\n", "y[i, 0] - prediction\n", "wrong_sign"),
        ("residual ** 2 / 2 / n", "residual ** 2 / n", "factor_half"),
        ("db[0] += residual / n", "db[0] = residual / n", "bias_first_example_only"),
        ("dW[j, 0] += residual * X[i, j] / n", "dW[j, 0] += prediction * X[i, j] / n", None),
        ("db[0] += residual / n", "db[0] += 2 * residual / n", "factor_two"),
        ("prediction - y[i, 0]\n", "prediction - y[i, 0]\n        X[i] *= 1.0 + 1e-9\n", "argument_changed"),
        ("residual * X[i, j] / n", "residual * X[i, j] / (n - 1)", None),
        ("residual * X[i, j] / n", "residual * X[i, 0] / n", None),
        ("for j in range(d):\n            dW", "for j in range(d - 1):\n            dW", None),
        ("residual * X[i, j] / n", "np.sign(residual) * X[i, j] / n", None),
    ]),
    "softmax by einsum": ("softmax", SOFTMAX_BY_EINSUM, [
        ("(np.exp(log_p) - target) / y.size", "np.exp(log_p) - target", "sum_not_mean"),
        ("(np.exp(log_p) - target)", "(target - np.exp(log_p))", "wrong_sign"),
        ("(np.exp(log_p) - target) / y.size", "np.exp(log_p) / y.size", "missing_onehot"),
        ("(np.exp(log_p) - target) / y.size", "-target / y.size", "missing_probabilities"),
        ("(np.exp(log_p) - target)", "(np.exp(log_p) + target)", "plus_not_minus"),
        ("(np.exp(log_p) - target)", "(logits - target)", "softmax_missing"),
        ("(np.exp(log_p) - target)", "(shifted - target)", None),
        ("(np.exp(log_p) - target)", "(log_p - target)", None),
        ('"nk->k", delta)', '"nk->k", delta) / y.size', "bias_mean_not_sum"),
        ('"nk->k", delta)', '"nk->n", delta)', "bias_over_wrong_axis"),
        ('np.einsum("nk->k", delta)', "delta[0]", "bias_first_example_only"),
        ('np.einsum("nk->k", delta)', "delta", "bias_not_summed"),
        ('"nd,nk->dk", X, delta)', '"nd,nk->kd", X, delta)', "weight_gradient_transposed"),
        ('"nd,nk->dk", X, delta)', '"nd,nk->dk", X, delta) + 1e-4 * W', "weight_decay_in_gradient"),
        ("/ y.size\n    return", "/ 64\n    return", "fixed_batch_size"),
        ("np.exp(log_p) - target", "np.exp(log_p) * (1 - np.exp(log_p)) * (np.exp(log_p) - target)", "softmax_slope_twice"),
        ("target[np.arange(y.size), y] = 1.0", "target[np.arange(y.size), y] = 0.9", None),
        ("    target = ", "    y = y - 1\n    target = ", "labels_shifted"),
        ("delta = (", "delta = (1 + 1e-7) * (", None),
        ("delta = (", "delta = 0.5 * (", "factor_half"),
        ("/ y.size\n    return", "/ y.size * (y > 0)[:, None]\n    return", None),
    ]),
    "mlp in columns": ("mlp", MLP_IN_COLUMNS, [
        ("dA1 * (Z1 > 0)", "dA1", "no_relu_mask"),
        ("dA1 * (Z1 > 0)", "dA1 * (dA1 > 0)", "relu_mask_from_gradient"),
        ("dA1 * (Z1 > 0)", "dA1 * A1", "relu_output_as_mask"),
        ("dA1 * (Z1 > 0)", "dA1 * (Z1 < 0)", "relu_mask_reversed"),
        ("dA1 * (Z1 > 0)", "dA1 * A1 * (1 - A1)", "another_activations_slope"),
        ("dA1 * (Z1 > 0)", "dA1 * (1 - A1 ** 2)", "another_activations_slope"),
        ("dA1 * (Z1 > 0)", "dA1 * np.where(Z1 > 0, 1, 0.1)", None),
        ("dA1 * (Z1 > 0)", "dA1 * (Z1 > 0.1)", None),
        ("W2.T @ dZ2", "(W2 - 0.01 * dW2).T @ dZ2", "weights_updated_before_backward"),
        ("W2.T @ dZ2", "W2.T @ (dZ2 / m)", "divided_by_n_twice"),
        ("W2.T @ dZ2", "W2.T @ -dZ2", "wrong_sign"),
        ("dZ2 @ A1.T", "dZ2 @ Z1.T", "weight_gradient_from_preactivation"),
        ("dW1 = dZ1 @ A0.T / m", "dW1 = dZ1 @ A0.T", "sum_not_mean"),
        ("db1 = dZ1.sum(axis=1) / m", "db1 = dZ1.mean(axis=1) / m", "bias_mean_not_sum"),
        ("db2 = dZ2.sum(axis=1) / m", "db2 = dZ2.sum(axis=0) / m", "bias_over_wrong_axis"),
        ("db1 = dZ1.sum(axis=1) / m", "db1 = dZ1[:, 0] / m", "bias_first_example_only"),
        ("dZ2 = A2 - Y", "dZ2 = (A2 - Y) * (Z2 > 0)", "relu_mask_on_logits"),
        ("dZ2 = A2 - Y", "dZ2 = (A2 - Y) / m", "divided_by_n_twice"),
        ("dZ2 = A2 - Y", "dZ2 = A2 - np.roll(Y, 1, axis=0)", "labels_shifted"),
        ("dZ2 = A2 - Y", "dZ2 = -Y / A2", "softmax_slope_missing"),
        ("dZ2 = A2 - Y", "S = np.exp(A2) / np.exp(A2).sum(axis=0)\n    dZ2 = S - Y", "softmax_twice"),
        ("dZ2 = A2 - Y", "S = np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True)\n    dZ2 = S - Y", "softmax_over_examples"),
        ("dA1 = W2.T @ dZ2", "dA1 = np.tanh(W2.T @ dZ2)", None),
        ("dW2 = dZ2 @ A1.T / m", "dW2 = dZ2 @ A1.T / m + 0.5 * np.sign(W2)", None),
        ("dW2 = dZ2 @ A1.T / m", "dW2 = dZ2 @ A1.T / m + 0.1 * W2", "weight_decay_in_gradient"),
        ('"W2": dW2.T', '"W2": dW2', "weight_gradient_transposed"),
    ]),
    "mlp by examples, float32": ("mlp", MLP_BY_EXAMPLES_IN_FLOAT32, [
        ("back[z <= 0] = 0", "back[z <= -100] = 0", "no_relu_mask"),
        ("back[z <= 0] = 0", "back[back <= 0] = 0", "relu_mask_from_gradient"),
        ("back[z <= 0] = 0", "back[z <= 0] *= np.float32(0.01)", None),
        ("np.outer(h, g)", "np.outer(z, g)", "weight_gradient_from_preactivation"),
        ("        g /= len(X)\n", "", "sum_not_mean"),
        ("        g /= len(X)\n", "        g /= np.float32(len(X) ** 2)\n", "divided_by_n_twice"),
        ("        g[label] -= 1\n", "", "missing_onehot"),
        ("g[label] -= 1", "g[label - 1] -= 1", "labels_shifted"),
        ("g[label] -= 1", "g[label] += 1", "plus_not_minus"),
        ('grads["b1"] += back', 'grads["b1"] += back / len(X)', "bias_mean_not_sum"),
        ('grads["b1"] += back', 'grads["b1"] = back', "bias_first_example_only"),
        ('grads["b2"] += g', 'grads["b2"] -= g', "wrong_sign"),
        ("        g /= len(X)\n", "        g /= len(X) + 1\n", None),
        ('back = p["W2"] @ g', 'back = 2 * p["W2"] @ g', "factor_two"),
        ('back = p["W2"] @ g', 'back = p["W2"] @ q', None),
    ]),
    "mlp of objects": ("mlp", MLP_OF_OBJECTS, [
        ("dout[self.mask] = 0", "pass", "no_relu_mask"),
        ("dout[self.mask] = 0", "dout[dout < 0] = 0", "relu_mask_from_gradient"),
        ("dout[self.mask] = 0", "dout[~self.mask] = 0", "relu_mask_reversed"),
        ("self.db = np.sum(dout, axis=0)", "self.db = np.mean(dout, axis=0)", "bias_mean_not_sum"),
        ("self.db = np.sum(dout, axis=0)", "self.db = np.sum(dout, axis=1)", "bias_over_wrong_axis"),
        ("np.dot(dout, self.W.T)", "np.dot(dout, self.W)", "weight_not_transposed"),
        ("dx = dx / len(self.t)", "dx = dx / dx.size", "divided_by_elements_not_examples"),
        ("dx = dx / len(self.t)", "dx = dx / dx.size ** 2", None),
        ("dx = dx / len(self.t)", "dx = dx / 100", "fixed_batch_size"),
        ("np.dot(self.x.T, dout)", "np.dot(self.x.T, dout) / len(dout)", "divided_by_n_twice"),
        ("np.dot(self.x.T, dout)", "np.dot(dout.T, self.x)", "weight_gradient_transposed"),
        ("self.mask = (x <= 0)\n        out = x.copy()\n        out[self.mask] = 0",
         'out = np.maximum(x, 0)\n        self.mask = MEMORY.setdefault("mask", x <= 0)', "stale_forward"),
        ('"W1": first.dW', '"W1": MEMORY.setdefault("W1", np.zeros_like(first.dW)).__iadd__(first.dW)', "gradient_accumulated"),
        ("dx = self.y.copy()", "dx = self.y", RIGHT),
        ("        dx = np.dot(dout, self.W.T)\n", "        dx = np.dot(dout, self.W.T)\n        self.W -= 0.1 * np.dot(self.x.T, dout)\n", "argument_changed"),
        ("        self.dW = np.dot", "        self.W = self.W - 0.1\n        self.dW = np.dot", RIGHT),
        ("        dx = np.dot(dout, self.W.T)\n",
         "        self.W = self.W - 0.1 * np.dot(self.x.T, dout)\n        dx = np.dot(dout, self.W.T)\n",
         "weights_updated_before_backward"),
    ]),
}  # fmt: skip


def program(source):
    """The loss_and_gradients of this source text."""
    space = {"np": np, "MEMORY": {}}
    exec(source, space)
    return space["loss_and_gradients"]
