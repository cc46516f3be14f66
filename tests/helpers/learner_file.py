"""A learner's file with one function that is right and one that is wrong."""

MINE = """
import numpy as np

print("a line of the learner's own")

def relu_backward(grad_Y, Y):
    return grad_Y

def linear_backward(grad_Y, X, W):
    return grad_Y @ W.T, X.T @ grad_Y, grad_Y.sum(axis=0)

def squared_loss_backward(y_hat, y):
    return 2 * (y_hat - y) / y.size

class Scale:
    def forward(self, X):
        return 3 * X
    def backward(self, grad_Y):
        return 3 * grad_Y

def loss_and_gradients(params, X, y):
    W, b = params["W"], params["b"]
    e = X @ W + b - y
    return np.mean(e ** 2) / 2, {"W": X.T @ e / len(X), "b": e.mean(axis=0, keepdims=False) / len(X)}
"""
