"""Lesson 5: layers and an optimizer, objects that hold the parameters and remember what the backward pass needs.

A Parameter p holds an array, p.data, and the gradient of the loss with respect to it, p.grad. forward(X) returns the
output of a layer and keeps what backward will need. backward(grad_Y) sets the grad of the layer's parameters (it does
not add to it), and returns the gradient with respect to the layer's input.

When everything is right, run this file: it is the network of lesson 4, in four objects.
"""

import numpy as np

from numpynet import Parameter
from numpynet.functional import linear, linear_backward, relu, relu_backward


class Linear:
    """Y = X W + b."""

    def __init__(self, num_inputs, num_outputs, *, rng):
        self.W = Parameter(rng.normal(0, 0.01, (num_inputs, num_outputs)))
        self.b = Parameter(np.zeros(num_outputs))

    def parameters(self):
        return [self.W, self.b]

    def forward(self, X):
        # Keep X. Return Y: linear, applied to X and the data of W and b.
        ### BEGIN SOLUTION
        self.X = X
        return linear(X, self.W.data, self.b.data)
        ### END SOLUTION

    def backward(self, grad_Y):
        # linear_backward, applied to grad_Y, the X that forward kept and the data of W, returns three gradients. Store
        # that of W as the grad of W and that of b as the grad of b. Return that of X.
        ### BEGIN SOLUTION
        grad_X, grad_W, grad_b = linear_backward(grad_Y, self.X, self.W.data)
        self.W.grad = grad_W
        self.b.grad = grad_b
        return grad_X
        ### END SOLUTION


class ReLU:
    """Y = max(X, 0)."""

    def parameters(self):
        return []

    def forward(self, X):
        # Y: relu, applied to X. Keep Y and return it.
        ### BEGIN SOLUTION
        self.Y = relu(X)
        return self.Y
        ### END SOLUTION

    def backward(self, grad_Y):
        # Return relu_backward, applied to grad_Y and the Y that forward kept.
        ### BEGIN SOLUTION
        grad_X = relu_backward(grad_Y, self.Y)
        return grad_X
        ### END SOLUTION


class Sequential:
    """Several layers in a row, used as one layer."""

    def __init__(self, *layers):
        self.layers = layers

    def parameters(self):
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def forward(self, X):
        # Through the layers from first to last: the output of each is the input of the next.
        ### BEGIN SOLUTION
        for layer in self.layers:
            X = layer.forward(X)
        return X
        ### END SOLUTION

    def backward(self, grad_Y):
        # Through the layers from last to first: the gradient that each returns is passed to the layer before it.
        ### BEGIN SOLUTION
        for layer in reversed(self.layers):
            grad_Y = layer.backward(grad_Y)
        return grad_Y
        ### END SOLUTION


class SGD:
    """Stochastic gradient descent over a list of parameters."""

    def __init__(self, parameters, lr):
        self.parameters = parameters
        self.lr = lr

    def step(self):
        # Change the data of each parameter in place: subtract lr times its grad. Leave grad unchanged.
        ### BEGIN SOLUTION
        for parameter in self.parameters:
            parameter.data -= self.lr * parameter.grad
        ### END SOLUTION


def main():
    """Train on pictures of shapes that numpynet draws."""
    from numpynet import CrossEntropyLoss, accuracy, make_shapes, minibatches
    from numpynet.functional import flatten

    rng = np.random.default_rng(0)
    train, test, class_names = make_shapes(10000, 2000, rng=rng)
    net = Sequential(Linear(784, 64, rng=rng), ReLU(), Linear(64, 10, rng=rng))
    loss, optimizer = CrossEntropyLoss(), SGD(net.parameters(), lr=0.1)
    for epoch in range(1, 6):
        total = 0.0
        for X_batch, y_batch in minibatches(train.X, train.y, batch_size=32, rng=rng):
            value = loss.forward(net.forward(flatten(X_batch)), y_batch)
            net.backward(loss.backward())
            optimizer.step()
            total += value * len(X_batch)
        test_accuracy = accuracy(net.forward(flatten(test.X) / 255), test.y)
        print(f"epoch {epoch}: mean loss {total / len(train.X):.3f}, test accuracy {test_accuracy:.3f}")


if __name__ == "__main__":
    main()
