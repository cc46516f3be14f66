"""Right programs that train, or that take their parameters, in ways of their own, each with slips and their names."""

TRAINING_STYLES = {
    "a function that trains": (
        """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def train(X, y, n_hidden=8, lr=0.5, n_iter=1000, seed=0):
    rng = np.random.RandomState(seed)
    W1, b1 = rng.randn(X.shape[1], n_hidden) * 0.5, np.zeros(n_hidden)
    W2, b2 = rng.randn(n_hidden, 1) * 0.5, np.zeros(1)
    for _ in range(n_iter):
        h = sigmoid(X @ W1 + b1)
        out = sigmoid(h @ W2 + b2)
        d_out = (out - y) / len(X)
        d_h = d_out @ W2.T * h * (1 - h)
        W1 -= lr * X.T @ d_h
        b1 -= lr * d_h.sum(0)
        W2 -= lr * h.T @ d_out
        b2 -= lr * d_out.sum(0)
    return W1, b1, W2, b2
""",
        [("* h * (1 - h)", "* 1", "no_activation_slope"), ("d_h.sum(0)", "d_h.mean(0)", "bias_mean_not_sum")],
    ),
    "a script": (
        """
import numpy as np
np.random.seed(1)
X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
y = np.array([[0], [1], [1], [0]])
syn0 = 2 * np.random.random((3, 4)) - 1
syn1 = 2 * np.random.random((4, 1)) - 1
for step in range(2000):
    l1 = np.tanh(X @ syn0)
    l2 = 1 / (1 + np.exp(-(l1 @ syn1)))
    delta2 = (y - l2) * l2 * (1 - l2)
    delta1 = delta2 @ syn1.T * (1 - l1 ** 2)
    syn1 += l1.T @ delta2
    syn0 += X.T @ delta1
""",
        [
            ("* (1 - l1 ** 2)", "* 1", "no_activation_slope"),
            (
                "    delta1 = delta2 @ syn1.T * (1 - l1 ** 2)\n    syn1 += l1.T @ delta2\n",
                "    syn1 += l1.T @ delta2\n    delta1 = delta2 @ syn1.T * (1 - l1 ** 2)\n",
                "weights_updated_before_backward",
            ),
        ],
    ),
    "a script of functions that share names": (
        """
import numpy as np
learning_rate = 0.05
x = np.linspace(-3, 3, 40).reshape(40, 1)
target = np.sin(x)
w1, b1 = np.random.randn(1, 6), np.zeros((1, 6))
w2, b2 = np.random.randn(6, 1), np.zeros((1, 1))
def forward():
    global h, out
    h = np.tanh(x @ w1 + b1)
    out = h @ w2 + b2
def backward():
    global gw1, gb1, gw2, gb2
    d_out = 2 * (out - target) / len(x)
    gw2, gb2 = h.T @ d_out, d_out.sum(0, keepdims=True)
    d_h = d_out @ w2.T * (1 - h * h)
    gw1, gb1 = x.T @ d_h, d_h.sum(0, keepdims=True)
def step():
    global w1, b1, w2, b2
    w1 = w1 - learning_rate * gw1
    b1 = b1 - learning_rate * gb1
    w2 = w2 - learning_rate * gw2
    b2 = b2 - learning_rate * gb2
if __name__ == "__main__":
    for i in range(500):
        forward()
        backward()
        step()
""",
        [
            ("* (1 - h * h)", "* (1 - h)", "incomplete_slope"),
            ("x.T @ d_h, d_h.sum", "x.T @ d_h, d_h.mean", "bias_mean_not_sum"),
        ],
    ),
    "Chinese names": (
        """
import numpy as np
class 两层网络:
    def __init__(self, 输入, 隐藏, 输出):
        self.参数 = {"W1": np.random.randn(输入, 隐藏), "b1": np.zeros(隐藏),
                     "W2": np.random.randn(隐藏, 输出), "b2": np.zeros(输出)}
    def 前向(self, x):
        self.z1 = x @ self.参数["W1"] + self.参数["b1"]
        self.a1 = np.maximum(0, self.z1)
        分数 = np.exp(self.a1 @ self.参数["W2"] + self.参数["b2"])
        return 分数 / 分数.sum(axis=1, keepdims=True)
    def 损失(self, x, t):
        return -np.sum(t * np.log(self.前向(x))) / len(x)
    def 梯度(self, x, t):
        dy = (self.前向(x) - t) / len(x)
        dz1 = dy @ self.参数["W2"].T * (self.z1 > 0)
        return {"W1": x.T @ dz1, "b1": dz1.sum(axis=0), "W2": self.a1.T @ dy, "b2": dy.sum(axis=0)}
""",
        [
            ("* (self.z1 > 0)", "* 1", "no_relu_mask"),
            ("- t) / len(x)\n        dz1", ") / len(x)\n        dz1", "missing_onehot"),
        ],
    ),
    "a column of ones": (
        """
import numpy as np
def add_ones(A):
    return np.hstack([A, np.ones((len(A), 1))])
def backprop(X, Y, Theta1, Theta2):
    m = len(Y)
    Xb = add_ones(X)
    H = 1 / (1 + np.exp(-(Xb @ Theta1)))
    Hb = add_ones(H)
    Yhat = 1 / (1 + np.exp(-(Hb @ Theta2)))
    cost = -np.sum(Y * np.log(Yhat) + (1 - Y) * np.log(1 - Yhat)) / m
    D2 = Yhat - Y
    D1 = D2 @ Theta2[:-1].T * H * (1 - H)
    return cost, Xb.T @ D1 / m, Hb.T @ D2 / m
""",
        [("* H * (1 - H)", "* 1", "no_activation_slope"), ("Xb.T @ D1 / m", "Xb.T @ D1", "sum_not_mean")],
    ),
    "an activation by name": (
        """
import numpy as np
def step_forward(A_prev, W, b, activation):
    Z = W @ A_prev + b
    A = np.maximum(0, Z) if activation == "relu" else 1 / (1 + np.exp(-Z))
    return A, (A_prev, W, Z)
def step_backward(dA, cache, activation):
    A_prev, W, Z = cache
    s = 1 / (1 + np.exp(-Z))
    dZ = dA * (Z > 0) if activation == "relu" else dA * s * (1 - s)
    return W.T @ dZ, dZ @ A_prev.T, dZ.sum(axis=1, keepdims=True)
""",
        [("W.T @ dZ, dZ @ A_prev.T", "W.T @ dZ, -dZ @ A_prev.T", "wrong_sign")],
    ),
    "gradients that are added up and zeroed": (
        """
import numpy as np
class Linear:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)
        self.zero_grad()
    def zero_grad(self):
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, grad):
        self.dW += self.x.T @ grad
        self.db += grad.sum(axis=0)
        return grad @ self.W.T
""",
        [("grad.sum(axis=0)", "grad.mean(axis=0)", "bias_mean_not_sum")],
    ),
}
