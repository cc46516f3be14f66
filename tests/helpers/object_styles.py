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
}
