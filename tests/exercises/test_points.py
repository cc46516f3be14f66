"""Points for wrong answers that once passed, for right ones written unusually, and for parts."""

import pytest

from numpynet.exercises.marking import mark_lesson
from tests.helpers.exercises import replaced, results_of
from tests.helpers.slow import slow_after

ONE, FIVE, SIX = "lesson1_functions", "lesson5_layers", "lesson6_understanding"
WRONG = [
    (ONE, "softmax_cross_entropy_backward", "return grad_O", "g = P.copy(); g[range(5), y] -= 1; return g / 5", "IndexError"),
    (ONE, "softmax_cross_entropy_backward", "T = np.eye(q)[y]", "T = np.eye(3)[y]", "IndexError"),
    (ONE, "squared_loss_backward", "/ y.size", "/ (y.shape[0] * 4)", "squared_loss_backward is wrong."),
    (ONE, "relu_backward", "(Y > 0)", "(Y[:5] > 0)", "ValueError"),
    (ONE, "sgd", "for name in params:", "for name in ('W', 'b'):", "it raised KeyError: 'W'"),
    (ONE, "sgd", "for name in params:", "for name in list(params)[:2]:", "sgd is wrong"),
    (FIVE, "Linear.forward", "self.X = X", "type(self).X = X", "Keep it in self"),
    (FIVE, "Linear.forward", "self.X = X", "global kept; kept = X", "does not keep what backward needs"),
    (FIVE, "Linear.forward", "self.X = X", "pass", "does not keep what backward needs"),
    (FIVE, "ReLU.forward", "self.Y = relu(X)\n        return self.Y", "return relu(X)", "does not keep what backward needs"),
    (FIVE, "ReLU.backward", "self.Y)", "type(self).Y)", "AttributeError"),
    (FIVE, "Sequential.forward", "X = layer.forward(X)", "X = layer(X)", "It must call the forward of each layer"),
    (FIVE, "Sequential.backward", "reversed(self.layers)", "(self.layers[2], self.layers[1], self.layers[0])", "IndexError"),
    (FIVE, "SGD.step", "parameter.data -= self.lr * parameter.grad", "parameter.data = parameter.data - self.lr * parameter.grad", "not_in_place"),
    (FIVE, "SGD.step", "parameter.data -= self.lr * parameter.grad", "parameter.data -= self.lr * parameter.grad; parameter.grad = 0", "modified the gradients"),
    ("lesson3_softmax_regression", "loss_and_gradients", "loss, P = softmax_cross_entropy(O, y)",
     "E = np.exp(O); P = E / E.sum(1, keepdims=True); loss = -np.mean(np.log(P[np.arange(len(y)), y]))", "1000 times as large"),
    ("lesson4_mlp", "loss_and_gradients", "grad_O = softmax_cross_entropy_backward(P, y)", "grad_O = softmax_cross_entropy_backward(P, y).squeeze()", "batch of one"),
]  # fmt: skip


@pytest.mark.parametrize(("lesson", "name", "right", "wrong", "words"), slow_after(6, WRONG))
def test_a_wrong_answer_gets_no_point(lesson, name, right, wrong, words, solved):
    result = results_of(replaced(solved, lesson, right, wrong))[name]
    assert not result.ok
    assert words in " ".join(result.text.split()), result.text


RIGHT = [
    (FIVE, "self.X = X", "self.cache = (X, len(X)); self.X = self.cache[0]"),
    (FIVE, "self.X = X\n        return linear(X, self.W.data, self.b.data)",
     "self.stack = [X]; self.X = X; return np.einsum('nd,dm->nm', X, self.W.data) + self.b.data"),
    (FIVE, "self.Y = relu(X)\n        return self.Y", "self.Y = (X > 0) * 1.0; return X * self.Y"),
    (FIVE, "grad_X = relu_backward(grad_Y, self.Y)", "grad_X = np.where(self.Y > 0, grad_Y, 0.0)"),
    (FIVE, "for layer in reversed(self.layers):", "for layer in self.layers[::-1]:"),
    (FIVE, "parameter.data -= self.lr * parameter.grad", "parameter.data[...] = parameter.data - self.lr * parameter.grad"),
    (FIVE, "parameter.data -= self.lr * parameter.grad", "np.subtract(parameter.data, self.lr * parameter.grad, out=parameter.data)"),
    (ONE, "params[name] -= lr * grads[name]", "p = params[name]; p += -lr * grads[name]"),
    (ONE, "return X @ W + b", "return np.array([[sum(x * w for x, w in zip(r, c)) + v for c, v in zip(W.T, b)] for r in X])"),
    (ONE, "L = np.mean(np.log(np.exp(O).sum(axis=1)) - O[np.arange(len(y)), y])",
     "L = sum(np.log(np.exp(o).sum()) - o[t] for o, t in zip(O, y)) / len(y)"),
    (ONE, "return np.maximum(X, 0)", "return X * (X > 0)"),
    (ONE, "return grad_X, grad_W, grad_b", "return [grad_X, grad_W, grad_b]"),
    ("lesson4_mlp", "H = relu(linear(X, params", "hidden = H = relu(linear(X, params"),
]  # fmt: skip


@pytest.mark.parametrize(("lesson", "right", "unusual"), slow_after(6, RIGHT))
def test_a_right_answer_written_unusually_keeps_its_points(lesson, right, unusual, solved):
    results = results_of(replaced(solved, lesson, right, unusual))
    assert all(result.ok for result in results.values()), results


def points_of(path):
    return {each.exercise.name: each.points for each in mark_lesson(path).marks}


def test_each_gradient_that_is_right_has_its_point(solved):
    path = replaced(solved, ONE, "grad_W = X.T @ grad_Y", "grad_W = X.T @ grad_Y * 2")
    assert points_of(path)["linear_backward"] == 2
    replaced(solved, ONE, "grad_b = grad_Y.sum(axis=0)", "grad_b = grad_Y.sum()")
    assert points_of(path)["linear_backward"] == 1
    replaced(solved, ONE, "grad_W = X.T", "X *= 1.5; grad_W = X.T")
    assert points_of(path)["linear_backward"] == 0  # it changes what it was given
    path = replaced(solved, "lesson4_mlp", "grad_Z = relu_backward(grad_H, H)", "grad_Z = grad_H")
    assert points_of(path)["loss_and_gradients"] == 2  # W2 and b2
    path = replaced(solved, "lesson2_linear_regression", "return loss,", "return 2 * loss,")
    assert points_of(path)["loss_and_gradients"] == 0


def test_numbers_that_are_filled_in_are_marked_one_by_one(solved):
    path = replaced(solved, SIX, '"loss": 1.25', '"loss": 1.5')
    assert points_of(path)["by_hand"] == 10
    assert "by_hand is not right yet; wrong: loss." in results_of(path)["by_hand"].text
    replaced(solved, SIX, '"grad_b1": [0.25, -1]', '"grad_b1": None')
    assert points_of(path)["by_hand"] == 9
    assert "wrong: loss; not filled in: grad_b1." in results_of(path)["by_hand"].text
    replaced(solved, SIX, '"Z": (32, 100)', '"Z": (100, 32)')
    assert points_of(path)["shapes"] == 2
    replaced(solved, SIX, '"Z": [[5, 2], [1, -3]]', '"Z": [[5, 2], [1]]')
    assert points_of(path)["by_hand"] == 8


def test_a_gap_that_uses_a_wrong_one_waits_for_it(solved):
    path = replaced(solved, ONE, "exp_O.sum(axis=1, keepdims=True)", "exp_O.sum(axis=0)")
    results = results_of(path)
    assert results["softmax"].mistakes == ("softmax_over_examples",) or not results["softmax"].ok
    assert (
        results["softmax_cross_entropy"].text == "softmax_cross_entropy waits for softmax, which must be right first."
    )
    replaced(solved, ONE, "    P = softmax(O)\n", "    P = np.exp(O) / np.exp(O).sum(axis=1, keepdims=True)\n")
    assert results_of(path)["softmax_cross_entropy"].ok
