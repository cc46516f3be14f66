"""Lesson 3: softmax regression from scratch. One linear layer computes a logit for each class, softmax turns the logits
into probabilities, and the loss is the cross-entropy.

When everything is right, run this file: it learns to tell ten kinds of pictures apart, as well as a linear model can.
"""

import numpy as np

from numpynet.functional import flatten, linear, linear_backward, softmax_cross_entropy, softmax_cross_entropy_backward


def predict(params, X):
    """The logits O.  params: "W" (d, q) and "b" (q,); X (n, d) -> O (n, q)."""
    # O: linear, applied to X, W and b. (No softmax: the largest logit already gives the class.)
    ### BEGIN SOLUTION
    return linear(X, params["W"], params["b"])
    ### END SOLUTION


def loss_and_gradients(params, X, y):
    """The loss, and a dict with its gradient with respect to "W" and "b".  X (n, d), y (n,) integer classes."""
    # Forward: the logits, then their cross-entropy with y and the probabilities P.
    # Backward: the gradient of the loss with respect to the logits; then, through the linear layer, the gradients with
    # respect to W and b.
    ### BEGIN SOLUTION
    W, b = params["W"], params["b"]
    O = linear(X, W, b)
    loss, P = softmax_cross_entropy(O, y)
    grad_O = softmax_cross_entropy_backward(P, y)
    grad_X, grad_W, grad_b = linear_backward(grad_O, X, W)
    return loss, {"W": grad_W, "b": grad_b}
    ### END SOLUTION


def main():
    """Train on pictures of shapes that numpynet draws."""
    from numpynet import accuracy, make_shapes, minibatches, sgd

    rng = np.random.default_rng(0)
    train, test, class_names = make_shapes(10000, 2000, rng=rng)
    X_test = flatten(test.X) / 255
    params = {"W": rng.normal(0, 0.01, (784, 10)), "b": np.zeros(10)}
    for epoch in range(1, 6):
        total = 0.0
        for X_batch, y_batch in minibatches(train.X, train.y, batch_size=256, rng=rng):
            loss, grads = loss_and_gradients(params, flatten(X_batch), y_batch)
            sgd(params, grads, lr=0.1)
            total += loss * len(X_batch)
        test_accuracy = accuracy(predict(params, X_test), test.y)
        print(f"epoch {epoch}: mean loss {total / len(train.X):.3f}, test accuracy {test_accuracy:.3f}")


if __name__ == "__main__":
    main()
