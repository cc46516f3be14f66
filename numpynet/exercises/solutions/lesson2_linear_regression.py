"""Lesson 2: linear regression from scratch. The model is one linear layer, the loss half the mean squared error.

The functions of lesson 1 are imported from numpynet, so that you can do this lesson first; they take the same arguments
and return the same results. To train with your own: from lesson1_functions import linear, linear_backward, ...
When everything is right, run this file: it recovers the parameters from which the data were generated.
"""

import numpy as np

from numpynet.functional import linear, linear_backward, squared_loss, squared_loss_backward


def predict(params, X):
    """The predictions y_hat.  params: "W" (d, 1) and "b" (1,); X (n, d) -> y_hat (n, 1)."""
    # y_hat: linear, applied to X, W and b.
    ### BEGIN SOLUTION
    return linear(X, params["W"], params["b"])
    ### END SOLUTION


def loss_and_gradients(params, X, y):
    """The loss, and a dict with its gradient with respect to "W" and "b".  X (n, d), y (n, 1)."""
    # Forward: the predictions, then their squared loss.
    # Backward: the gradient of the loss with respect to the predictions; then, through the linear layer, the gradients
    # with respect to W and b. (X is data: its gradient is not needed.)
    ### BEGIN SOLUTION
    W, b = params["W"], params["b"]
    y_hat = linear(X, W, b)
    loss = squared_loss(y_hat, y)
    grad_y_hat = squared_loss_backward(y_hat, y)
    grad_X, grad_W, grad_b = linear_backward(grad_y_hat, X, W)
    return loss, {"W": grad_W, "b": grad_b}
    ### END SOLUTION


def main():
    """Train on data generated with W = (2, −3.4) and b = 4.2, plus noise."""
    from numpynet import minibatches, sgd, synthetic_regression

    rng = np.random.default_rng(0)
    X, y = synthetic_regression((2.0, -3.4), 4.2, 1000, rng=rng)
    params = {"W": rng.normal(0, 0.01, (2, 1)), "b": np.zeros(1)}
    for epoch in range(1, 4):
        total = 0.0
        for X_batch, y_batch in minibatches(X, y, batch_size=10, rng=rng):
            loss, grads = loss_and_gradients(params, X_batch, y_batch)
            sgd(params, grads, lr=0.03)
            total += loss * len(X_batch)
        print(f"epoch {epoch}: mean loss {total / len(X):.6f}")
    print("W", params["W"][:, 0], "b", params["b"])


if __name__ == "__main__":
    main()
