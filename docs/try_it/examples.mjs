// Programs to begin with: each computes gradients in another style, and has a mistake in it.

export const examples = {
  "backward": `import numpy as np


def relu_backward(grad_Y, Y):
    return grad_Y * (Y >= 0)
`,
  "loss_and_gradients": `import numpy as np


def loss_and_gradients(params, X, y):
    W, b = params["W"], params["b"]
    O = X @ W + b
    P = np.exp(O - O.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    n = len(y)
    loss = -np.log(P[np.arange(n), y]).mean()
    grad_O = P.copy()
    grad_O[np.arange(n), y] -= 1
    return loss, {"W": X.T @ grad_O, "b": grad_O.sum(axis=0)}
`,
  "class": `import numpy as np


class Network:
    def __init__(self, d, h, q):
        self.W1, self.b1 = 0.1 * np.random.randn(d, h), np.zeros(h)
        self.W2, self.b2 = 0.1 * np.random.randn(h, q), np.zeros(q)

    def forward(self, X):
        self.X = X
        self.Z = X @ self.W1 + self.b1
        self.H = np.maximum(self.Z, 0)
        return self.H @ self.W2 + self.b2

    def loss(self, y_hat, y):
        return ((y_hat - y) ** 2).sum() / y.size / 2

    def backward(self, y_hat, y):
        grad = (y_hat - y) / y.size
        self.dW2, self.db2 = self.H.T @ grad, grad.sum(axis=0)
        grad = grad @ self.W2.T
        self.dW1, self.db1 = self.X.T @ grad, grad.sum(axis=0)
`,
};
