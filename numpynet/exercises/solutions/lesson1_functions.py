"""Lesson 1: the functions that networks are made of, and their gradients.

L is the loss, the number that training minimizes. For any array T, grad_T is ∂L/∂T: how L changes with each entry
of T, in the shape of T. A backward function takes the gradient with respect to the output of its function, then the
arrays that it needs; it returns the gradient with respect to each input. A loss comes last, so its backward comes
first and takes no gradient. Each row of X, and of the arrays computed from it, is one example.

Do not modify any argument, except in sgd. You need nothing but NumPy.
"""

import numpy as np


def linear(X, W, b):
    """Y: the outputs of a linear layer.  X (n, d), W (d, m), b (m,) -> Y (n, m)."""
    # Y: the matrix product of X and W, with b added to every row.
    ### BEGIN SOLUTION
    return X @ W + b
    ### END SOLUTION


def linear_backward(grad_Y, X, W):
    """The gradients of linear.  grad_Y (n, m), X (n, d), W (d, m) -> grad_X (n, d), grad_W (d, m), grad_b (m,)."""
    # grad_X, grad_W, grad_b: how L changes with each entry of X, of W and of b, in the shape of each. grad_Y says how L
    # changes with each entry of Y. (Which entries of Y does an entry of W change, and by how much?)
    ### BEGIN SOLUTION
    grad_X = grad_Y @ W.T
    grad_W = X.T @ grad_Y
    grad_b = grad_Y.sum(axis=0)
    return grad_X, grad_W, grad_b
    ### END SOLUTION


def squared_loss(y_hat, y):
    """L, one number: how far the predictions y_hat are from the targets y.  y_hat and y have the same shape."""
    # L: the mean over all entries of half the square of the difference between y_hat and y.
    ### BEGIN SOLUTION
    return np.mean((y_hat - y) ** 2) / 2
    ### END SOLUTION


def squared_loss_backward(y_hat, y):
    """The gradient of squared_loss.  y_hat and y have the same shape -> grad_y_hat, the same shape."""
    # grad_y_hat: how L changes with each entry of y_hat. (The derivative of one term of the mean; how many are there?)
    ### BEGIN SOLUTION
    grad_y_hat = (y_hat - y) / y.size
    return grad_y_hat
    ### END SOLUTION


def sgd(params, grads, lr):
    """Take one step of gradient descent with each array in the dict params; grads has the same names.  Returns None."""
    # Change each array of params in place: subtract lr times the array of the same name in grads.
    ### BEGIN SOLUTION
    for name in params:
        params[name] -= lr * grads[name]
    ### END SOLUTION


def softmax(O):
    """P: each row of the scores O, called logits, turned into probabilities.  O (n, q) -> P (n, q)."""
    # P: exp of every logit, divided by the sum of exp over its row. First subtract the row's largest logit from every
    # logit in the row: the result is the same, and exp never overflows.
    ### BEGIN SOLUTION
    exp_O = np.exp(O - O.max(axis=1, keepdims=True))
    return exp_O / exp_O.sum(axis=1, keepdims=True)
    ### END SOLUTION


def softmax_cross_entropy(O, y):
    """L and P: the loss of the logits O, given the right classes y, and P = softmax(O).  O (n, q), y (n,) integers."""
    # L: for each example, the log of the sum of exp over its row of O, minus the logit of its right class; then the
    # mean over the examples. Here too, first subtract the row's largest logit from every logit in the row. (L is the
    # mean of −log of the right class's probability, but computed this way there is never a log of 0.)
    ### BEGIN SOLUTION
    O = O - O.max(axis=1, keepdims=True)
    P = softmax(O)
    L = np.mean(np.log(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), y])
    return L, P
    ### END SOLUTION


def softmax_cross_entropy_backward(P, y):
    """The gradient of softmax_cross_entropy with respect to the logits.  P (n, q), y (n,) integers -> grad_O (n, q)."""
    # grad_O: how L changes with each logit. It is short: P has most of it; the right class of each example differs.
    ### BEGIN SOLUTION
    n, q = P.shape
    T = np.eye(q)[y]
    grad_O = (P - T) / n
    return grad_O
    ### END SOLUTION


def relu(X):
    """Y: X where it is positive, else 0.  Any shape."""
    # Y: for each entry of X, the larger of that entry and 0.
    ### BEGIN SOLUTION
    return np.maximum(X, 0)
    ### END SOLUTION


def relu_backward(grad_Y, Y):
    """The gradient of relu, from its output Y.  grad_Y and Y have the same shape -> grad_X, the same shape."""
    # grad_X: how L changes with each entry of X. (Where does X pass unchanged to Y, and where does Y not depend on it?)
    ### BEGIN SOLUTION
    grad_X = grad_Y * (Y > 0)
    return grad_X
    ### END SOLUTION
