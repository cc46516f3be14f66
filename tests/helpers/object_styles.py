"""Right programs whose parameters are in closures, dicts, named tuples, lists of layers or one vector, each with slips."""

OBJECT_STYLES = {
    "layers as closures": (
        """
import numpy as np
def dense(n_in, n_out):
    W = np.random.randn(n_in, n_out) * 0.1
    b = np.zeros(n_out)
    saved = {}
    def forward(x):
        saved["x"] = x
        return x @ W + b
    def backward(grad):
        return grad @ W.T, saved["x"].T @ grad, grad.sum(axis=0)
    return forward, backward
def relu():
    mask = None
    def forward(x):
        nonlocal mask
        mask = x > 0
        return x * mask
    def backward(grad):
        return grad * mask
    return forward, backward
""",
        [
            ('saved["x"].T @ grad', 'saved["x"].T @ grad / len(grad)', "divided_by_n_twice"),
            ("grad.sum(axis=0)", "grad.mean(axis=0)", "bias_mean_not_sum"),
            ("return grad * mask", "return grad", "no_relu_mask"),
        ],
    ),
    "functions that return their backward": (
        """
import numpy as np
def linear(x, W, b):
    y = x @ W + b
    def back(g):
        return g @ W.T, x.T @ g, g.sum(axis=0)
    return y, back
def relu(x):
    y = np.maximum(x, 0)
    def back(g):
        return g * (x > 0)
    return y, back
""",
        [
            ("g.sum(axis=0)", "g.sum(axis=1)[: len(b)]", ""),
            ("return g * (x > 0)", "return g * (g > 0)", "relu_mask_from_gradient"),
            ("g @ W.T, x.T @ g", "g @ W.T, -x.T @ g", "wrong_sign"),
        ],
    ),
    "a network as closures": (
        """
import numpy as np
def make_network(d, h, k):
    params = {"W1": np.random.randn(d, h), "b1": np.zeros(h), "W2": np.random.randn(h, k), "b2": np.zeros(k)}
    def forward(X):
        Z = X @ params["W1"] + params["b1"]
        H = np.maximum(Z, 0)
        O = H @ params["W2"] + params["b2"]
        E = np.exp(O - O.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True), H
    def gradients(X, y):
        P, H = forward(X)
        G = P.copy()
        G[np.arange(len(y)), y] -= 1
        G /= len(y)
        back = G @ params["W2"].T * (H > 0)
        return {"W1": X.T @ back, "b1": back.sum(0), "W2": H.T @ G, "b2": G.sum(0)}
    return params, forward, gradients
def relu(x):
    return np.maximum(x, 0)
def relu_grad(x):
    return (x > 0) * 1.0
""",
        [
            (" * (H > 0)", "", "no_relu_mask"),
            ("G[np.arange(len(y)), y] -= 1", "G[np.arange(len(y)), y] += 1", "plus_not_minus"),
            ("back.sum(0)", "back.mean(0)", "bias_mean_not_sum"),
        ],
    ),
    "made by a class method": (
        """
import numpy as np
class MLP:
    def __init__(self, W1, b1, W2, b2):
        self.W1, self.b1, self.W2, self.b2 = W1, b1, W2, b2
    @classmethod
    def create(cls, n_in, n_hidden, n_out, seed=0):
        rng = np.random.default_rng(seed)
        return cls(rng.normal(size=(n_in, n_hidden)), np.zeros(n_hidden), rng.normal(size=(n_hidden, n_out)), np.zeros(n_out))
    def forward(self, X):
        self.X = X
        self.H = np.tanh(X @ self.W1 + self.b1)
        return self.H @ self.W2 + self.b2
    def loss(self, X, Y):
        return np.mean((self.forward(X) - Y) ** 2)
    def backward(self, X, Y):
        G = 2 * (self.forward(X) - Y) / Y.size
        back = (G @ self.W2.T) * (1 - self.H ** 2)
        return X.T @ back, back.sum(0), self.H.T @ G, G.sum(0)
""",
        [
            (" * (1 - self.H ** 2)", "", "no_activation_slope"),
            ("G = 2 * (self", "G = (self", "factor_half"),
            ("back.sum(0)", "back[0]", ""),
        ],
    ),
    "made from arrays, in columns": (
        """
import numpy as np
class Net:
    def __init__(self, W1, b1, W2, b2):
        self.W1, self.b1, self.W2, self.b2 = W1, b1, W2, b2
    def forward(self, X):
        self.X, self.h = X, np.maximum(self.W1 @ X + self.b1, 0)
        return self.W2 @ self.h + self.b2
    def loss(self, X, Y):
        return np.mean((self.forward(X) - Y) ** 2)
    def backward(self, X, Y):
        d = 2 * (self.forward(X) - Y) / Y.size
        dh = self.W2.T @ d * (self.h > 0)
        return dh @ X.T, dh.sum(1, keepdims=True), d @ self.h.T, d.sum(1, keepdims=True)
""",
        [
            (" * (self.h > 0)", "", "no_relu_mask"),
            (" / Y.size", "", "sum_not_mean"),
            ("dh.sum(1, keepdims=True)", "dh.mean(1, keepdims=True)", "bias_mean_not_sum"),
        ],
    ),
    "named tuples": (
        """
from collections import namedtuple
import numpy as np
Params = namedtuple("Params", "W1 b1 W2 b2")
def init(d, h, k):
    return Params(np.random.randn(d, h), np.zeros(h), np.random.randn(h, k), np.zeros(k))
def forward(p, X):
    H = 1 / (1 + np.exp(-(X @ p.W1 + p.b1)))
    return H, H @ p.W2 + p.b2
def loss_fn(p, X, Y):
    return 0.5 * np.mean((forward(p, X)[1] - Y) ** 2)
def grad(p, X, Y):
    H, out = forward(p, X)
    d = (out - Y) / Y.size
    dh = d @ p.W2.T * H * (1 - H)
    return Params(X.T @ dh, dh.sum(0), H.T @ d, d.sum(0))
""",
        [
            (" * H * (1 - H)", "", "no_activation_slope"),
            ("(out - Y) / Y.size", "(Y - out) / Y.size", "wrong_sign"),
            (" / Y.size\n    dh", "\n    dh", "sum_not_mean"),
        ],
    ),
    "a list of named tuples": (
        """
from typing import NamedTuple
import numpy as np
class Layer(NamedTuple):
    W: np.ndarray
    b: np.ndarray
def predict(layers, x):
    a = [x]
    for layer in layers[:-1]:
        a.append(np.maximum(0, a[-1] @ layer.W + layer.b))
    a.append(a[-1] @ layers[-1].W + layers[-1].b)
    return a
def init_layers(sizes):
    return [Layer(np.random.randn(m, n), np.zeros(n)) for m, n in zip(sizes[:-1], sizes[1:])]
def backprop(layers, x, y):
    a = predict(layers, x)
    d = 2 * (a[-1] - y) / y.size
    grads = []
    for i in reversed(range(len(layers))):
        grads.append(Layer(a[i].T @ d, d.sum(axis=0)))
        if i:
            d = (d @ layers[i].W.T) * (a[i] > 0)
    return grads[::-1]
""",
        [
            (" * (a[i] > 0)", "", "no_relu_mask"),
            ("d.sum(axis=0)", "d.mean(axis=0)", "bias_mean_not_sum"),
        ],
    ),
    "a layer in a dict that is written into": (
        """
import numpy as np
def make_layer(n_in, n_out):
    return {"W": np.random.randn(n_in, n_out) * 0.1, "b": np.zeros(n_out)}
def forward(layer, X):
    layer["X"] = X
    layer["Z"] = X @ layer["W"] + layer["b"]
    layer["A"] = np.maximum(0, layer["Z"])
    return layer["A"]
def backward(layer, grad):
    grad = grad * (layer["Z"] > 0)
    layer["dW"] = layer["X"].T @ grad
    layer["db"] = grad.sum(axis=0)
    return grad @ layer["W"].T
""",
        [
            ('    grad = grad * (layer["Z"] > 0)\n', "", "no_relu_mask"),
            ('layer["db"] = grad.sum(axis=0)', 'layer["db"] = grad.mean(axis=0)', "bias_mean_not_sum"),
        ],
    ),
    "a list of dicts that are written into": (
        """
import numpy as np
def init_network(n_inputs, n_hidden, n_outputs):
    network = [{"W": np.random.randn(n_hidden, n_inputs), "b": np.zeros((n_hidden, 1))},
               {"W": np.random.randn(n_outputs, n_hidden), "b": np.zeros((n_outputs, 1))}]
    return network
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def forward_propagate(network, X):
    inputs = X
    for layer in network:
        layer["input"] = inputs
        layer["output"] = sigmoid(layer["W"] @ inputs + layer["b"])
        inputs = layer["output"]
    return inputs
def backward_propagate_error(network, Y):
    error = (network[-1]["output"] - Y) / Y.shape[1]
    for layer in reversed(network):
        delta = error * layer["output"] * (1 - layer["output"])
        layer["dW"] = delta @ layer["input"].T
        layer["db"] = delta.sum(axis=1, keepdims=True)
        error = layer["W"].T @ delta
""",
        [
            (' * layer["output"] * (1 - layer["output"])', "", ""),
            ("delta.sum(axis=1, keepdims=True)", "delta.mean(axis=1, keepdims=True)", "bias_mean_not_sum"),
        ],
    ),
    "a model in a dict that is written into": (
        """
import numpy as np
def create_model(d, h, k):
    rng = np.random.default_rng(1)
    return {"W1": rng.normal(size=(d, h)), "b1": np.zeros(h), "W2": rng.normal(size=(h, k)), "b2": np.zeros(k)}
def forward(model, X):
    model["X"] = X
    model["Z1"] = X @ model["W1"] + model["b1"]
    model["H"] = np.maximum(model["Z1"], 0)
    scores = model["H"] @ model["W2"] + model["b2"]
    e = np.exp(scores - scores.max(1, keepdims=True))
    model["P"] = e / e.sum(1, keepdims=True)
    return model["P"]
def loss(model, y):
    return -np.log(model["P"][np.arange(len(y)), y]).mean()
def backward(model, y):
    d = model["P"].copy()
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    model["dW2"] = model["H"].T @ d
    model["db2"] = d.sum(0)
    d = d @ model["W2"].T * (model["Z1"] > 0)
    model["dW1"] = model["X"].T @ d
    model["db1"] = d.sum(0)
""",
        [
            (' * (model["Z1"] > 0)', "", "no_relu_mask"),
            ("    d /= len(y)\n", "", "sum_not_mean"),
            ('(model["Z1"] > 0)', '(model["W1"][0, 0] > 0)', ""),
        ],
    ),
    "unpacked into other names": (
        """
import numpy as np
def predict(weights, X):
    W, b, V, c = weights
    H = np.maximum(0, X @ W + b)
    return H, H @ V + c
def loss(weights, X, y):
    return np.mean((predict(weights, X)[1] - y) ** 2)
def gradient(weights, X, y):
    W, b, V, c = weights
    H, out = predict(weights, X)
    d = 2 * (out - y) / out.size
    dH = d @ V.T * (H > 0)
    return [X.T @ dH, dH.sum(axis=0), H.T @ d, d.sum(axis=0)]
""",
        [
            (" * (H > 0)", "", "no_relu_mask"),
            ("d = 2 * (out", "d = (out", "factor_half"),
        ],
    ),
    "two lists among the global names": (
        """
import numpy as np
sizes = [4, 6, 3]
W1, W2 = np.random.randn(4, 6), np.random.randn(6, 3)
b1, b2 = np.zeros(6), np.zeros(3)
weights = [W1, W2]
biases = [b1, b2]
def forward(X):
    a = [X]
    for i, (W, b) in enumerate(zip(weights, biases)):
        z = a[-1] @ W + b
        a.append(np.tanh(z) if i < len(weights) - 1 else z)
    return a
def backward(X, Y):
    a = forward(X)
    delta = (a[-1] - Y) / Y.size
    dW, db = [None] * len(weights), [None] * len(weights)
    for i in reversed(range(len(weights))):
        dW[i] = a[i].T @ delta
        db[i] = delta.sum(0)
        if i > 0:
            delta = delta @ weights[i].T * (1 - a[i] ** 2)
    return dW, db
""",
        [
            (" * (1 - a[i] ** 2)", "", "no_activation_slope"),
            ("delta.sum(0)", "delta.mean(0)", "bias_mean_not_sum"),
        ],
    ),
    "two lists as arguments": (
        """
import numpy as np
def forward(weights, biases, X):
    acts = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        acts.append(np.maximum(acts[-1] @ W + b, 0))
    acts.append(acts[-1] @ weights[-1] + biases[-1])
    return acts
def mse(out, Y):
    return ((out - Y) ** 2).mean()
def backprop(weights, biases, X, Y):
    acts = forward(weights, biases, X)
    delta = 2 * (acts[-1] - Y) / Y.size
    gw, gb = [], []
    for i in range(len(weights) - 1, -1, -1):
        gw.insert(0, acts[i].T @ delta)
        gb.insert(0, delta.sum(axis=0))
        delta = (delta @ weights[i].T) * (acts[i] > 0)
    return gw, gb
""",
        [
            (" * (acts[i] > 0)", "", "no_relu_mask"),
            ("delta.sum(axis=0)", "delta.mean(axis=0)", "bias_mean_not_sum"),
        ],
    ),
    "a list of layers as tuples": (
        """
import numpy as np
def build(sizes):
    layers = []
    for i in range(len(sizes) - 1):
        kind = "relu" if i < len(sizes) - 2 else "linear"
        layers.append((np.random.randn(sizes[i], sizes[i + 1]), np.zeros(sizes[i + 1]), kind))
    return layers
def act(z, kind):
    return np.maximum(z, 0) if kind == "relu" else z
def run(layers, X):
    hs = [X]
    for W, b, kind in layers:
        hs.append(act(hs[-1] @ W + b, kind))
    return hs
def backward(layers, X, Y):
    hs = run(layers, X)
    g = (hs[-1] - Y) / Y.size
    grads = []
    for (W, b, kind), h_in, h_out in zip(layers[::-1], hs[-2::-1], hs[::-1]):
        if kind == "relu":
            g = g * (h_out > 0)
        grads.append((h_in.T @ g, g.sum(0)))
        g = g @ W.T
    return grads[::-1]
""",
        [
            ('        if kind == "relu":\n            g = g * (h_out > 0)\n', "", "no_relu_mask"),
            ("(h_in.T @ g, g.sum(0))", "(h_in.T @ g, -g.sum(0))", ""),
        ],
    ),
    "a global list of layers as tuples": (
        """
import numpy as np
rng = np.random.default_rng(0)
layers = [(rng.normal(size=(4, 6)), np.zeros(6), "relu"), (rng.normal(size=(6, 3)), np.zeros(3), "none")]
def forward(layers, X):
    cache = []
    for W, b, name in layers:
        Z = X @ W + b
        cache.append((X, Z))
        X = np.maximum(Z, 0) if name == "relu" else Z
    return X, cache
def backward(layers, X, Y):
    out, cache = forward(layers, X)
    G = 2 * (out - Y) / Y.size
    grads = []
    for (W, b, name), (inp, Z) in zip(reversed(layers), reversed(cache)):
        if name == "relu":
            G = G * (Z > 0)
        grads.insert(0, (inp.T @ G, G.sum(axis=0)))
        G = G @ W.T
    return grads
""",
        [
            ("G = G * (Z > 0)", "G = G * (G > 0)", ""),
            ("G.sum(axis=0)", "G.mean(axis=0)", "bias_mean_not_sum"),
        ],
    ),
    "unrolled, with a column for the bias": (
        """
import numpy as np
input_size, hidden_size, num_labels = 4, 5, 3
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def unroll(theta):
    k = hidden_size * (input_size + 1)
    return theta[:k].reshape(hidden_size, input_size + 1), theta[k:].reshape(num_labels, hidden_size + 1)
def cost(theta, X, y, lam):
    m = X.shape[0]
    Theta1, Theta2 = unroll(theta)
    a1 = np.hstack([np.ones((m, 1)), X])
    a2 = np.hstack([np.ones((m, 1)), sigmoid(a1 @ Theta1.T)])
    h = sigmoid(a2 @ Theta2.T)
    Y = np.eye(num_labels)[y]
    J = -np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h)) / m
    J += lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    d3 = h - Y
    d2 = (d3 @ Theta2)[:, 1:] * a2[:, 1:] * (1 - a2[:, 1:])
    g1 = d2.T @ a1 / m
    g2 = d3.T @ a2 / m
    g1[:, 1:] += lam / m * Theta1[:, 1:]
    g2[:, 1:] += lam / m * Theta2[:, 1:]
    return J, np.concatenate([g1.ravel(), g2.ravel()])
""",
        [
            ("g2 = d3.T @ a2 / m", "g2 = d3.T @ a2", ""),
            (" * a2[:, 1:] * (1 - a2[:, 1:])", "", ""),
            ("    g2[:, 1:] += lam / m * Theta2[:, 1:]\n", "", ""),
        ],
    ),
    "unrolled, sizes as arguments": (
        """
import numpy as np
def unpack(theta, d, h, k):
    i = 0
    W1 = theta[i:i + d * h].reshape(d, h); i += d * h
    b1 = theta[i:i + h]; i += h
    W2 = theta[i:i + h * k].reshape(h, k); i += h * k
    return W1, b1, W2, theta[i:i + k]
def loss_and_grad(theta, X, y, d, h, k):
    W1, b1, W2, b2 = unpack(theta, d, h, k)
    H = np.tanh(X @ W1 + b1)
    S = H @ W2 + b2
    S = S - S.max(axis=1, keepdims=True)
    P = np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)
    n = len(X)
    loss = -np.mean(np.log(P[np.arange(n), y]))
    P[np.arange(n), y] -= 1
    P /= n
    dH = P @ W2.T * (1 - H * H)
    grad = np.concatenate([(X.T @ dH).ravel(), dH.sum(0), (H.T @ P).ravel(), P.sum(0)])
    return loss, grad
""",
        [
            (" * (1 - H * H)", "", "no_activation_slope"),
            ("    P /= n\n", "", "sum_not_mean"),
        ],
    ),
    "unrolled, in an object": (
        """
import numpy as np
D, H, K = 4, 6, 3
class Net:
    def __init__(self):
        self.theta = np.random.randn(D * H + H + H * K + K) * 0.1
    def split(self):
        t, s = self.theta, [D * H, D * H + H, D * H + H + H * K]
        return t[:s[0]].reshape(D, H), t[s[0]:s[1]], t[s[1]:s[2]].reshape(H, K), t[s[2]:]
    def loss(self, X, Y):
        W1, b1, W2, b2 = self.split()
        return ((np.maximum(X @ W1 + b1, 0) @ W2 + b2 - Y) ** 2).mean()
    def gradient(self, X, Y):
        W1, b1, W2, b2 = self.split()
        a = np.maximum(X @ W1 + b1, 0)
        d = 2 * (a @ W2 + b2 - Y) / Y.size
        da = d @ W2.T * (a > 0)
        return np.concatenate([(X.T @ da).ravel(), da.sum(0), (a.T @ d).ravel(), d.sum(0)])
""",
        [
            (" * (a > 0)", "", "no_relu_mask"),
            ("d = 2 * (a", "d = (a", "factor_half"),
        ],
    ),
    "weights of either orientation": (
        """
import numpy as np
def loss_and_grads(W1, b1, W2, b2, X, y):
    h = np.maximum(X @ W1 + b1, 0)
    out = h @ W2.T + b2
    loss = np.mean((out - y) ** 2)
    d = 2 * (out - y) / y.size
    dh = d @ W2 * (h > 0)
    return loss, X.T @ dh, dh.sum(0), d.T @ h, d.sum(0)
""",
        [
            (" * (h > 0)", "", "no_relu_mask"),
            ("d.T @ h", "d.T @ h / len(X)", ""),
        ],
    ),
}
