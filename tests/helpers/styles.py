"""Small networks as different people write them, each right, with slips to plant in it.

Each entry: the source, and slips as (old, new, the mistake's name; "" for one that is only caught).
"""

FUNCTIONS_IN_COLUMNS = """
import numpy as np
def forward_prop(W1, b1, W2, b2, X):
    Z1 = W1 @ X + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    E = np.exp(Z2 - Z2.max(axis=0))
    return Z1, A1, Z2, E / E.sum(axis=0)
def backward_prop(Z1, A1, Z2, A2, W1, W2, X, Y):
    m = Y.size
    dZ2 = (A2 - np.eye(A2.shape[0])[Y].T) / m
    dZ1 = W2.T @ dZ2 * (Z1 > 0)
    return dZ1 @ X.T, dZ1.sum(1, keepdims=True), dZ2 @ A1.T, dZ2.sum(1, keepdims=True)
"""
PARAMETERS_IN_A_DICT = """
import numpy as np
def initialize(n_x, n_h, n_y):
    return {"W1": np.random.randn(n_h, n_x) * 0.01, "b1": np.zeros((n_h, 1)),
            "W2": np.random.randn(n_y, n_h) * 0.01, "b2": np.zeros((n_y, 1))}
def forward(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
    return A2, {"A1": A1, "A2": A2}
def compute_cost(A2, Y):
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]
def backward(parameters, cache, X, Y):
    m = X.shape[1]
    dZ2 = cache["A2"] - Y
    dZ1 = parameters["W2"].T @ dZ2 * (1 - cache["A1"] ** 2)
    return {"dW1": dZ1 @ X.T / m, "db1": dZ1.sum(1, keepdims=True) / m,
            "dW2": dZ2 @ cache["A1"].T / m, "db2": dZ2.sum(1, keepdims=True) / m}
"""
LISTS_ONE_EXAMPLE = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
class Network:
    def __init__(self, sizes):
        self.biases = [np.random.randn(m, 1) for m in sizes[1:]]
        self.weights = [np.random.randn(m, n) for n, m in zip(sizes[:-1], sizes[1:])]
    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(w @ a + b)
        return a
    def backprop(self, x, y):
        acts = [x]
        for b, w in zip(self.biases, self.weights):
            acts.append(sigmoid(w @ acts[-1] + b))
        delta = (acts[-1] - y) * acts[-1] * (1 - acts[-1])
        nabla_b, nabla_w = [delta], [delta @ acts[-2].T]
        for l in range(2, len(acts)):
            delta = self.weights[-l + 1].T @ delta * acts[-l] * (1 - acts[-l])
            nabla_b.insert(0, delta)
            nabla_w.insert(0, delta @ acts[-l - 1].T)
        return nabla_b, nabla_w
"""
LAYERS_WITH_ATTRIBUTES = """
import numpy as np
class Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.01 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases
    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T
"""
LAYER_THAT_UPDATES = """
import numpy as np
class FullyConnected:
    def __init__(self, input_size, output_size):
        self.weights = np.random.rand(output_size, input_size) - 0.5
        self.bias = np.zeros((output_size, 1))
    def forward_propagation(self, x):
        self.x = x
        return self.weights @ x + self.bias
    def backward_propagation(self, error, learning_rate):
        back = self.weights.T @ error
        self.weights -= learning_rate * error @ self.x.T
        self.bias -= learning_rate * error
        return back
"""
PAIR_WITH_A_CACHE = """
import numpy as np
def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)
def affine_backward(dout, cache):
    x, w, b = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)
"""
LOSS_METHOD = """
import numpy as np
class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size):
        r = np.random.randn
        self.params = {"W1": r(input_size, hidden_size), "b1": np.zeros(hidden_size),
                       "W2": r(hidden_size, output_size), "b2": np.zeros(output_size)}
    def loss(self, X, y=None, reg=0.0):
        W1, b1, W2, b2 = (self.params[k] for k in ("W1", "b1", "W2", "b2"))
        a = np.maximum(0, X @ W1 + b1)
        s = a @ W2 + b2
        if y is None:
            return s
        p = np.exp(s - s.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        n = len(X)
        loss = -np.log(p[np.arange(n), y]).mean() + reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        p[np.arange(n), y] -= 1
        p /= n
        h = p @ W2.T * (a > 0)
        return loss, {"W1": X.T @ h + 2 * reg * W1, "b1": h.sum(0), "W2": a.T @ p + 2 * reg * W2, "b2": p.sum(0)}
"""
LOSS_CLASS = """
import numpy as np
class MeanSquaredError:
    def forward(self, y_pred, y_true):
        return np.mean((y_pred - y_true) ** 2)
    def backward(self, y_pred, y_true):
        return 2 * (y_pred - y_true) / y_true.size
"""
LOSS_PAIR = """
import numpy as np
def binary_cross_entropy(y_true, y_pred):
    return np.mean(-y_true * np.log(y_pred) - (1 - y_true) * np.log(1 - y_pred))
def binary_cross_entropy_prime(y_true, y_pred):
    return ((1 - y_true) / (1 - y_pred) - y_true / y_pred) / np.size(y_true)
"""
STEP_ONLY = """
import numpy as np
class Net:
    def __init__(self, d, h, k):
        self.W1, self.b1 = np.random.randn(d, h), np.zeros(h)
        self.W2, self.b2 = np.random.randn(h, k), np.zeros(k)
    def forward(self, X):
        self.a = np.maximum(0, X @ self.W1 + self.b1)
        e = np.exp(self.a @ self.W2 + self.b2)
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p
    def train_step(self, X, y, lr):
        d = self.forward(X).copy()
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        h = (d @ self.W2.T) * (self.a > 0)
        self.W2 -= lr * self.a.T @ d
        self.b2 -= lr * d.sum(axis=0)
        self.W1 -= lr * X.T @ h
        self.b1 -= lr * h.sum(axis=0)
"""
FITTED = """
import numpy as np
class LogisticRegression:
    def __init__(self, learning_rate=0.001, n_iters=1000):
        self.lr, self.n_iters = learning_rate, n_iters
    def fit(self, X, y):
        n_samples, n_features = X.shape
        self.weights, self.bias = np.zeros(n_features), 0
        for _ in range(self.n_iters):
            p = 1 / (1 + np.exp(-(X @ self.weights + self.bias)))
            dw = X.T @ (p - y) / n_samples
            db = np.sum(p - y) / n_samples
            self.weights -= self.lr * dw
            self.bias -= self.lr * db
"""
DATA_IN_THE_OBJECT = """
import numpy as np
class NeuralNetwork:
    def __init__(self, x, y):
        self.input = x
        self.weights1 = np.random.rand(self.input.shape[1], 7)
        self.weights2 = np.random.rand(7, 1)
        self.y = y
        self.output = np.zeros(y.shape)
    def feedforward(self):
        self.layer1 = 1 / (1 + np.exp(-self.input @ self.weights1))
        self.output = 1 / (1 + np.exp(-self.layer1 @ self.weights2))
    def backprop(self):
        d = 2 * (self.y - self.output) * self.output * (1 - self.output)
        d_weights1 = self.input.T @ (d @ self.weights2.T * self.layer1 * (1 - self.layer1))
        self.weights2 += self.layer1.T @ d
        self.weights1 += d_weights1
"""
DERIVATIVE_ALONE = """
import numpy as np
class Sigmoid:
    def __call__(self, x):
        return 1 / (1 + np.exp(-x))
    def gradient(self, x):
        return self(x) * (1 - self(x))
"""

STYLES = {
    "functions in columns": (
        FUNCTIONS_IN_COLUMNS,
        [("* (Z1 > 0)", "* 1", "no_relu_mask"), ("W2.T @ dZ2 * (Z1", "W2.T @ dZ2 * (-Z1", "relu_mask_reversed"),
         ("dZ1.sum(1, keepdims=True)", "dZ1.mean(1, keepdims=True)", "bias_mean_not_sum")],
    ),
    "parameters in a dict": (
        PARAMETERS_IN_A_DICT,
        [(" * (1 - cache[\"A1\"] ** 2)", "", "no_activation_slope"), ("dZ2 = cache[\"A2\"] - Y", "dZ2 = cache[\"A2\"]", "missing_target"),
         ("    m = X.shape[1]\n    dZ2", "    m = 1\n    dZ2", "sum_not_mean")],
    ),
    "lists, one example": (
        LISTS_ONE_EXAMPLE,
        [(" @ delta * acts[-l] * (1 - acts[-l])", " @ delta", "no_activation_slope"),
         ("(acts[-1] - y) * acts[-1] * (1 - acts[-1])", "acts[-1] * acts[-1] * (1 - acts[-1])", "")],
    ),
    "layers with attributes": (
        LAYERS_WITH_ATTRIBUTES,
        [("dvalues.sum(", "dvalues.mean(", "bias_mean_not_sum"), ("dvalues @ self.weights.T", "2 * dvalues @ self.weights.T", "factor_two")],
    ),
    "layer that updates": (
        LAYER_THAT_UPDATES, [("error @ self.x.T", "-error @ self.x.T", "wrong_sign"), ("back = self.weights.T @ error", "back = 3 * self.weights.T @ error", "")],
    ),
    "pair with a cache": (
        PAIR_WITH_A_CACHE, [("dout.sum(axis=0)", "dout.mean(axis=0)", "bias_mean_not_sum"), ("x.T @ dout", "x.T @ dout / len(x)", "divided_by_n_twice")],
    ),
    "net.loss": (LOSS_METHOD, [("        p /= n\n", "", "sum_not_mean"), (" * (a > 0)", "", "no_relu_mask"), ("-= 1\n", "+= 1\n", "plus_not_minus")]),
    "loss class": (LOSS_CLASS, [("2 * (y_pred", "(y_pred", "factor_half"), (" / y_true.size", "", "sum_not_mean")]),
    "loss pair": (LOSS_PAIR, [(" / np.size(y_true)", "", "")]),
    "step only": (STEP_ONLY, [(" * (self.a > 0)", "", "no_relu_mask"), ("d[np.arange(len(y)), y] -= 1\n        ", "", "missing_onehot")]),
    "fitted": (FITTED, [("np.sum(p - y) / n_samples", "np.sum(p - y) / n_samples**2", "bias_mean_not_sum")]),
    "data in the object": (DATA_IN_THE_OBJECT, [(" * self.layer1 * (1 - self.layer1)", "", "no_activation_slope")]),
    "derivative alone": (DERIVATIVE_ALONE, [("self(x) * (1 - self(x))", "x * (1 - x)", "slope_of_the_wrong_value")]),
}  # fmt: skip
