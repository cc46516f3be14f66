"""Lesson 6: do you understand it? Shapes to predict, a network to work out by hand, gradients entry by entry, and five
programs with one mistake each, to find and fix. You need a pencil more than a computer.
"""

import numpy as np


def shapes():
    """The shapes in one step of an MLP: 32 examples with 784 inputs, 100 hidden units, 10 classes.

    Z = X W1 + b1      H = max(Z, 0)      O = H W2 + b2      P = softmax(O)
    """
    # Each shape as a tuple: (32, 784), (100,), or () for a single number.
    ### BEGIN SOLUTION
    return {
        "X": (32, 784),
        "W1": (784, 100),
        "b1": (100,),
        "Z": (32, 100),
        "H": (32, 100),
        "W2": (100, 10),
        "b2": (10,),
        "O": (32, 10),
        "y": (32,),
        "loss": (),
        "grad_O": (32, 10),
        "grad_W2": (100, 10),
        "grad_b2": (10,),
        "grad_H": (32, 100),
        "grad_Z": (32, 100),
        "grad_W1": (784, 100),
        "grad_b1": (100,),
    }
    ### END SOLUTION
    ### GIVEN
    # return {
    #     "X": None,
    #     "W1": None,
    #     "b1": None,
    #     "Z": None,
    #     "H": None,
    #     "W2": None,
    #     "b2": None,
    #     "O": None,
    #     "y": None,
    #     "loss": None,
    #     "grad_O": None,
    #     "grad_W2": None,
    #     "grad_b2": None,
    #     "grad_H": None,
    #     "grad_Z": None,
    #     "grad_W1": None,
    #     "grad_b1": None,
    # }
    ### END GIVEN


def by_hand():
    """A network with two inputs, two hidden units and two outputs, on two examples, worked out by hand.

        X = [[1,  2],     W1 = [[1, -1],     b1 = [0, 1]     W2 = [[ 1, 0],     b2 = [-1, 1]     y = [[0, 6],
             [3, -1]]           [2,  1]]                           [-1, 2]]                           [1, 3]]

    Z = X W1 + b1      H = max(Z, 0)      y_hat = H W2 + b2      loss = the mean over all entries of (y_hat − y)² / 2
    """
    # The numbers, as lists of rows such as [[5, 2], [1, -3]]. Go on from your own numbers: each is marked by itself.
    ### BEGIN SOLUTION
    return {
        "Z": [[5, 2], [1, -3]],
        "H": [[5, 2], [1, 0]],
        "y_hat": [[2, 5], [0, 1]],
        "loss": 1.25,
        "grad_y_hat": [[0.5, -0.25], [-0.25, -0.5]],
        "grad_W2": [[2.25, -1.75], [1, -0.5]],
        "grad_b2": [0.25, -0.75],
        "grad_H": [[0.5, -1], [-0.25, -0.75]],
        "grad_Z": [[0.5, -1], [-0.25, 0]],
        "grad_W1": [[-0.25, -1], [1.25, -2]],
        "grad_b1": [0.25, -1],
    }
    ### END SOLUTION
    ### GIVEN
    # return {
    #     "Z": None,
    #     "H": None,
    #     "y_hat": None,
    #     "loss": None,
    #     "grad_y_hat": None,
    #     "grad_W2": None,
    #     "grad_b2": None,
    #     "grad_H": None,
    #     "grad_Z": None,
    #     "grad_W1": None,
    #     "grad_b1": None,
    # }
    ### END GIVEN


def grad_W_entry(X, grad_Y, k, j):
    """∂L/∂W_kj for Y = X W + b: one number, as a sum over the examples.  X (n, d), grad_Y (n, m)."""
    # W_kj is in Y_ij for every example i, multiplied by X_ik. Write the sum as a loop, or with sum; no matrix product.
    ### BEGIN SOLUTION
    return sum(X[i, k] * grad_Y[i, j] for i in range(len(X)))
    ### END SOLUTION


def grad_X_entry(grad_Y, W, i, k):
    """∂L/∂X_ik for Y = X W + b: one number.  grad_Y (n, m), W (d, m)."""
    # In which entries of Y is X_ik, and what is it multiplied by there?
    ### BEGIN SOLUTION
    return sum(grad_Y[i, j] * W[k, j] for j in range(W.shape[1]))
    ### END SOLUTION


def grad_O_entry(P, y, i, j):
    """∂L/∂O_ij for the mean cross-entropy: one number.  P (n, q) the probabilities, y (n,) the right classes."""
    # The right class of example i is y[i]; the loss is a mean over n examples.
    ### BEGIN SOLUTION
    return (P[i, j] - (1 if j == y[i] else 0)) / len(y)
    ### END SOLUTION


def fix_linear(grad_Y, X, W):
    """The gradients through Y = X W + b.  grad_Y (n, m), X (n, d), W (d, m) -> grad_X, grad_W, grad_b."""
    # One line has a mistake. Find it and fix it.
    ### BEGIN SOLUTION
    grad_X = grad_Y @ W.T
    grad_W = X.T @ grad_Y
    grad_b = grad_Y.sum(axis=0)
    return grad_X, grad_W, grad_b
    ### END SOLUTION
    ### GIVEN
    # grad_X = grad_Y @ W.T
    # grad_W = X.T @ grad_Y
    # grad_b = grad_Y.mean(axis=0)
    # return grad_X, grad_W, grad_b
    ### END GIVEN


def fix_cross_entropy(P, y):
    """The gradient of the mean cross-entropy with respect to the logits.  P (n, q), y (n,) -> grad_O (n, q)."""
    # It returns the right numbers, and yet something is wrong: what does the caller find afterwards?
    ### BEGIN SOLUTION
    grad_O = P.copy()
    grad_O[np.arange(len(y)), y] -= 1
    return grad_O / len(y)
    ### END SOLUTION
    ### GIVEN
    # grad_O = P
    # grad_O[np.arange(len(y)), y] -= 1
    # return grad_O / len(y)
    ### END GIVEN


def fix_mlp(params, X, y):
    """The loss of an MLP for regression, (y_hat − y)² / 2 on average over all entries, and its gradients by name."""
    # One line of the backward pass has a mistake.
    ### BEGIN SOLUTION
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    Z = X @ W1 + b1
    H = np.maximum(Z, 0)
    y_hat = H @ W2 + b2
    loss = np.mean((y_hat - y) ** 2) / 2
    grad_y_hat = (y_hat - y) / y.size
    grad_H = grad_y_hat @ W2.T
    grad_Z = grad_H * (Z > 0)
    return loss, {
        "W1": X.T @ grad_Z,
        "b1": grad_Z.sum(axis=0),
        "W2": H.T @ grad_y_hat,
        "b2": grad_y_hat.sum(axis=0),
    }
    ### END SOLUTION
    ### GIVEN
    # W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    # Z = X @ W1 + b1
    # H = np.maximum(Z, 0)
    # y_hat = H @ W2 + b2
    # loss = np.mean((y_hat - y) ** 2) / 2
    # grad_y_hat = (y_hat - y) / y.size
    # grad_H = grad_y_hat @ W2.T
    # grad_Z = grad_H * (grad_H > 0)
    # return loss, {
    #     "W1": X.T @ grad_Z,
    #     "b1": grad_Z.sum(axis=0),
    #     "W2": H.T @ grad_y_hat,
    #     "b2": grad_y_hat.sum(axis=0),
    # }
    ### END GIVEN


def fix_step(params, grad_O, H, X, lr):
    """One step of gradient descent on an MLP, from grad_O on: it changes the arrays of params in place.  Returns None.

    H = max(X W1 + b1, 0) and O = H W2 + b2 were computed with these params.
    """
    # Every formula is right. Is every number that they use?
    ### BEGIN SOLUTION
    grad_W2, grad_b2 = H.T @ grad_O, grad_O.sum(axis=0)
    grad_Z = grad_O @ params["W2"].T * (H > 0)
    params["W2"] -= lr * grad_W2
    params["b2"] -= lr * grad_b2
    params["W1"] -= lr * (X.T @ grad_Z)
    params["b1"] -= lr * grad_Z.sum(axis=0)
    ### END SOLUTION
    ### GIVEN
    # grad_W2, grad_b2 = H.T @ grad_O, grad_O.sum(axis=0)
    # params["W2"] -= lr * grad_W2
    # params["b2"] -= lr * grad_b2
    # grad_Z = grad_O @ params["W2"].T * (H > 0)
    # params["W1"] -= lr * (X.T @ grad_Z)
    # params["b1"] -= lr * grad_Z.sum(axis=0)
    ### END GIVEN


def fix_softmax(O):
    """P: each row of the logits O turned into probabilities.  O (n, q) -> P (n, q)."""
    # It is right for some rows and wrong for others.
    ### BEGIN SOLUTION
    exp_O = np.exp(O - O.max(axis=1, keepdims=True))
    return exp_O / exp_O.sum(axis=1, keepdims=True)
    ### END SOLUTION
    ### GIVEN
    # exp_O = np.exp(O - O.max())
    # return exp_O / exp_O.sum(axis=1, keepdims=True)
    ### END GIVEN
