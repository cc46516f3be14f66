"""Lesson 4: a multilayer perceptron from scratch, with backpropagation in full: every forward step has its backward
step, in reverse order.

    Z = X W1 + b1        H = max(Z, 0)        O = H W2 + b2        P = softmax(O)

When everything is right, run this file: the hidden layer makes a difference on the pictures of lesson 3.
"""

import numpy as np

from numpynet.functional import (
    flatten,
    linear,
    linear_backward,
    relu,
    relu_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)


def predict(params, X):
    """The logits O.  params: "W1" (d, h), "b1" (h,), "W2" (h, q) and "b2" (q,); X (n, d) -> O (n, q)."""
    # Z: linear, applied to X, W1 and b1.  H: relu, applied to Z.  O: linear, applied to H, W2 and b2.
    ### BEGIN SOLUTION
    H = relu(linear(X, params["W1"], params["b1"]))
    return linear(H, params["W2"], params["b2"])
    ### END SOLUTION


def loss_and_gradients(params, X, y):
    """The loss, and a dict with its gradient with respect to "W1", "b1", "W2" and "b2".  X (n, d), y (n,) classes."""
    # Forward: Z, H and O as in predict, then the cross-entropy of O with y and the probabilities P.
    # Backward: grad_O from the loss. Through the second layer, whose input was H: grad_H and the gradients of W2 and
    # b2. Through the ReLU: grad_Z. Through the first layer, whose input was X: the gradients of W1 and b1.
    ### BEGIN SOLUTION
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    Z = linear(X, W1, b1)
    H = relu(Z)
    O = linear(H, W2, b2)
    loss, P = softmax_cross_entropy(O, y)
    grad_O = softmax_cross_entropy_backward(P, y)
    grad_H, grad_W2, grad_b2 = linear_backward(grad_O, H, W2)
    grad_Z = relu_backward(grad_H, H)
    grad_X, grad_W1, grad_b1 = linear_backward(grad_Z, X, W1)
    return loss, {"W1": grad_W1, "b1": grad_b1, "W2": grad_W2, "b2": grad_b2}
    ### END SOLUTION


def main():
    """Train on pictures of shapes that numpynet draws."""
    from numpynet import accuracy, make_shapes, minibatches, sgd

    rng = np.random.default_rng(0)
    train, test, class_names = make_shapes(10000, 2000, rng=rng)
    X_test = flatten(test.X) / 255
    params = {
        "W1": rng.normal(0, 0.01, (784, 64)),
        "b1": np.zeros(64),
        "W2": rng.normal(0, 0.01, (64, 10)),
        "b2": np.zeros(10),
    }
    for epoch in range(1, 6):
        total = 0.0
        for X_batch, y_batch in minibatches(train.X, train.y, batch_size=32, rng=rng):
            loss, grads = loss_and_gradients(params, flatten(X_batch), y_batch)
            sgd(params, grads, lr=0.1)
            total += loss * len(X_batch)
        test_accuracy = accuracy(predict(params, X_test), test.y)
        print(f"epoch {epoch}: mean loss {total / len(train.X):.3f}, test accuracy {test_accuracy:.3f}")


if __name__ == "__main__":
    main()
