"""More right programs with their slips: parameters in objects of the file's own making."""

MORE_OBJECT_STYLES = {
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
