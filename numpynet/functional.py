"""Every formula of the library, once: each function, and below it the gradient of that function worked out by hand.

L is the loss, the number that training minimizes. For any array T, grad_T is ∂L/∂T: how L changes with each entry of T.
It has T's shape. A backward function is one step of the chain rule. Its first argument is the gradient of the loss with
respect to its function's output; the others are the arrays of the forward pass that it needs, under the names they have
there. It returns the gradient with respect to each input. The chain starts at the loss, whose backward takes no such
gradient because ∂L/∂L = 1, and ends at the data. These steps are all there is to backpropagation.

The functions are pure: they remember nothing and modify no argument. Arrays hold floats, one example in each row. The
output has the dtype of the inputs; float32 with float64 gives float64, as everywhere in NumPy. Cost is given in flops
(single multiplications or additions) or in passes (reading or writing a whole array once). Sections of the book "Dive
into Deep Learning" (D2L) are numbered as in its release 0.17.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from numpynet import arguments
from numpynet.arguments import Array


def linear(X: Array, W: Array, b: Array) -> Array:
    """Y = X W + b, that is Y_ij = Σₖ X_ik W_kj + b_j.

    Why: row i of Y holds the outputs for example i. Output j is a weighted sum of the example's inputs, plus b_j; its
    weights are in column j of W.

    Shapes: X (n, d), W (d, m), b (m,) -> Y (n, m).
    dtype: that of the inputs. Cost: 2ndm flops.
    Raises: TypeError unless X, W and b are float arrays; ValueError unless their shapes fit.
    Source: D2L 3.1; torch.nn.functional.linear, whose weight is Wᵀ.

    >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([5.0]))  # 1·3 + 2·4 + 5
    array([[16.]])
    """
    arguments.check_linear("linear", X, W, b)
    return X @ W + b


def linear_backward(grad_Y: Array, X: Array, W: Array, *, input_grad: bool = True) -> tuple[Any, Array, Array]:
    """Gradients of the loss through Y = X W + b.

        ∂L/∂X = ∂L/∂Y Wᵀ        ∂L/∂W = Xᵀ ∂L/∂Y        ∂L/∂b = Σᵢ (∂L/∂Y)ᵢ

    Why: Y_ij = Σₖ X_ik W_kj + b_j, so W_kj affects only column j of Y, and ∂Y_ij/∂W_kj = X_ik. The chain rule sums
    over all the Y_ij that W_kj affects: ∂L/∂W_kj = Σᵢ X_ik ∂L/∂Y_ij, which is entry (k, j) of Xᵀ ∂L/∂Y. Likewise X_ik
    affects only row i, and ∂Y_ij/∂X_ik = W_kj, so ∂L/∂X_ik = Σⱼ ∂L/∂Y_ij W_kj. And b_j affects only column j, with
    derivative 1, so ∂L/∂b_j = Σᵢ ∂L/∂Y_ij.

    Shapes: grad_Y (n, m), X (n, d), W (d, m) -> grad_X (n, d), grad_W (d, m), grad_b (m,).
    With input_grad=False, grad_X is not computed, and None is returned in its place: data need no gradient.
    dtype: that of the inputs. Cost: two products of 2ndm flops; one if input_grad is False.
    Raises: TypeError unless all are float arrays; ValueError unless their shapes fit.
    Source: D2L 4.7; what torch.autograd does for torch.nn.functional.linear.

    >>> X, W = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 7.0, 9.0], [6.0, 8.0, 0.0]])
    >>> grad_Y = np.array([[10.0, 0.0, 1.0], [1.0, 2.0, 0.0]])
    >>> grad_X, grad_W, grad_b = linear_backward(grad_Y, X, W)
    >>> print(grad_X, grad_W, grad_b)  # grad_W[0, 0] = 1·10 + 3·1: column 0 of X dot column 0 of grad_Y
    [[59. 60.]
     [19. 22.]] [[13.  6.  1.]
     [24.  8.  2.]] [11.  2.  1.]
    """
    arguments.check_linear_backward("linear_backward", grad_Y, X, W)
    grad_X = grad_Y @ W.T if input_grad else None
    return grad_X, X.T @ grad_Y, grad_Y.sum(axis=0)


def relu(X: Array) -> Array:
    """Y = max(X, 0), entry by entry.

    Why: two linear layers in a row amount to one, (X W₁ + b₁) W₂ + b₂ = X (W₁W₂) + (b₁W₂ + b₂). Something nonlinear
    must come between them, and a function with a kink at 0 is the simplest choice.

    Shapes: any; Y has X's shape.
    dtype: that of X. Cost: one pass over X.
    Raises: TypeError unless X is a float array.
    Source: D2L 4.1; torch.relu.

    >>> relu(np.array([-1.5, 0.0, 2.5]))
    array([0. , 0. , 2.5])
    """
    arguments.check_floats("relu", "X", X)
    return np.maximum(X, 0)


def relu_backward(grad_Y: Array, Y: Array) -> Array:
    """Gradient of the loss through Y = max(X, 0), from the output: ∂L/∂X = ∂L/∂Y where Y > 0, else 0.

    Why: where X > 0, Y = X, so the derivative is 1 and the gradient passes through unchanged. Where X < 0, Y = 0
    whatever X is, so the derivative is 0. Y > 0 exactly where X > 0, so the output is enough to tell. At the kink,
    X = 0, there is no derivative; we choose 0, as torch does.

    Shapes: grad_Y and Y of equal shape -> grad_X of that shape.
    dtype: that of grad_Y. Cost: two passes over Y. (An infinite gradient where Y = 0 gives NaN, since ∞ · 0 is none; a
    np.where would give 0, and take ten times as long.)
    Raises: TypeError unless both are float arrays; ValueError unless their shapes are equal.
    Source: D2L 4.1; what torch.autograd does for torch.relu.

    >>> relu_backward(np.array([10.0, 10.0, 10.0]), relu(np.array([-1.5, 0.0, 2.5])))
    array([ 0.,  0., 10.])
    """
    arguments.check_alike("relu_backward", "grad_Y Y", grad_Y, Y, may_be_empty=True)
    return grad_Y * (Y > 0)


def flatten(X: Array) -> Array:
    """Y = X with each example laid out as one row: images (n, 28, 28) become (n, 784).

    Shapes: X (n, ...) -> Y (n, product of the rest). dtype: that of X. Cost: none if X is contiguous, else a copy.
    Raises: TypeError unless X is an array of numbers; ValueError if it has no axis.
    Source: D2L 3.6; torch.nn.Flatten.

    >>> flatten(np.zeros((5, 28, 28))).shape
    (5, 784)
    """
    arguments.check_kind("flatten", "X", X, "fiu", "an array of numbers")
    if X.ndim == 0:
        raise ValueError("flatten: X must have shape (n, ...), got ()")
    return X.reshape(len(X), math.prod(X.shape[1:]))


def softmax(O: Array) -> Array:
    """P_ij = exp(O_ij) / Σₖ exp(O_ik): each row of logits as probabilities, positive and adding to 1.

    Why: exp makes any number positive, and dividing by the row's sum makes the row add up to 1. Subtracting c from a
    row's logits divides numerator and denominator by exp(c), so P stays the same; with the row's largest logit as c, no
    exp overflows. There is no softmax_backward, because the gradient of softmax and cross-entropy together is simpler
    than the gradient of each alone.

    Shapes: O (n, q) -> P (n, q).
    dtype: that of O. Cost: five passes over O.
    Raises: TypeError unless O is a float array; ValueError unless it has two axes and at least one column.
    Source: D2L 3.4, 3.7; torch.softmax(O, dim=1).

    >>> softmax(np.array([[1000.0, 1000.0, 1000.0, 1000.0]]))
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    arguments.check_logits("softmax", "O", O)
    exp_O = np.exp(O - O.max(axis=1, keepdims=True))
    P: Array = exp_O / exp_O.sum(axis=1, keepdims=True)
    return P


def softmax_cross_entropy(O: Array, y: Array) -> tuple[Any, Array]:
    """L = mean over the n examples of −log P_iy, where P = softmax(O) and y is short for yᵢ, the true class of row i.

    Why: a model that gives the true class probability p has the loss −log p, its surprise: 0 for p = 1, and larger and
    larger as p → 0. Written out, −log P_iy = log Σₖ exp(O_ik) − O_iy. This form is the one computed here, after
    subtracting the row's largest logit as in softmax. So no exp overflows and no log of 0 is taken: a true class whose
    logit is 10⁴ below the largest has the loss 10⁴, not inf.

    Shapes: O (n, q), y (n,) integer classes 0 ... q−1 -> L a scalar, P (n, q), kept for the backward pass.
    dtype: L and P that of O; y any integer type. Cost: five passes over O, as softmax.
    Raises: TypeError unless O is a float array and y an integer array; ValueError for any other shape of y, a class
    outside 0 ... q−1, or no examples.
    Source: D2L 3.4, 3.7; torch.nn.functional.cross_entropy.

    >>> loss, P = softmax_cross_entropy(np.zeros((1, 4)), np.array([2]))  # four equal probabilities: log 4
    >>> print(f"{loss:.4f}", P)
    1.3863 [[0.25 0.25 0.25 0.25]]
    """
    arguments.check_labels("softmax_cross_entropy", "O", O, y)
    O = O - O.max(axis=1, keepdims=True)  # the largest logit of each row is now 0
    exp_O = np.exp(O)
    sums = exp_O.sum(axis=1, keepdims=True)
    losses = np.log(sums[:, 0]) - O[np.arange(len(y)), y]
    return losses.sum() / len(y), exp_O / sums


def softmax_cross_entropy_backward(P: Array, y: Array) -> Array:
    """Gradient of softmax_cross_entropy with respect to the logits: ∂L/∂O = (P − onehot(y)) / n.

    Why: one example's loss is log Σₖ exp(O_k) − O_y. With respect to O_j, the first term has the derivative
    exp(O_j) / Σₖ exp(O_k) = P_j, and the second has −1 if j = y, else 0. Together: P − onehot(y), predicted minus true
    probability, where row i of onehot(y) has a 1 in column yᵢ and 0s elsewhere. L is a mean over n examples, hence 1/n.

    Shapes: P (n, q), y (n,) -> grad_O (n, q).
    dtype: that of P. Cost: two passes over P.
    Raises: as softmax_cross_entropy.
    Source: D2L 3.4; what torch.autograd does for torch.nn.functional.cross_entropy.

    >>> P = np.array([[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]])
    >>> softmax_cross_entropy_backward(P, np.array([2, 0]))  # minus 1 in columns 2 and 0; then halved, because n = 2
    array([[ 0.125,  0.125, -0.25 ],
           [-0.25 ,  0.125,  0.125]])
    """
    arguments.check_labels("softmax_cross_entropy_backward", "P", P, y)
    grad_O = P.copy()
    grad_O[np.arange(len(y)), y] -= 1
    return grad_O / len(y)


def squared_loss(y_hat: Array, y: Array) -> Any:
    """L = mean over all elements of (y_hat − y)² / 2, with the book's ½, which cancels the 2 from the derivative.

    Shapes: y_hat and y of equal shape -> a scalar.
    dtype: that of the inputs. Cost: three passes over y.
    Raises: TypeError unless both are float arrays; ValueError unless their shapes are equal and not empty.
    Source: D2L 3.1; half of torch.nn.functional.mse_loss.

    >>> print(squared_loss(np.array([1.0, 5.0]), np.array([1.0, 3.0])))  # (0 + 4) / 2 elements / 2
    1.0
    """
    arguments.check_alike("squared_loss", "y_hat y", y_hat, y)
    return ((y_hat - y) ** 2).sum() / y.size / 2


def squared_loss_backward(y_hat: Array, y: Array) -> Array:
    """Gradient of squared_loss: ∂L/∂y_hat = (y_hat − y) / N, where N is the number of elements.

    Why: (y_hat − y)² / 2 has the derivative y_hat − y, and the mean multiplies it by 1/N.

    Shapes: y_hat and y of equal shape -> grad_y_hat of that shape.
    dtype, Raises, Source: as squared_loss. Cost: two passes over y.

    >>> squared_loss_backward(np.array([1.0, 5.0]), np.array([1.0, 3.0]))
    array([0., 1.])
    """
    arguments.check_alike("squared_loss_backward", "y_hat y", y_hat, y)
    return (y_hat - y) / y.size


def mse_loss(y_hat: Array, y: Array) -> Any:
    """L = mean over all elements of (y_hat − y)²: squared_loss without the ½, as in torch.

    Shapes, dtype, Cost, Raises: as squared_loss.
    Source: D2L 3.3; torch.nn.functional.mse_loss.

    >>> print(mse_loss(np.array([1.0, 5.0]), np.array([1.0, 3.0])))
    2.0
    """
    arguments.check_alike("mse_loss", "y_hat y", y_hat, y)
    return ((y_hat - y) ** 2).sum() / y.size


def mse_loss_backward(y_hat: Array, y: Array) -> Array:
    """Gradient of mse_loss: ∂L/∂y_hat = 2 (y_hat − y) / N, twice that of squared_loss.

    Shapes, dtype, Raises: as squared_loss_backward. Cost: three passes over y. Source: as mse_loss.

    >>> mse_loss_backward(np.array([1.0, 5.0]), np.array([1.0, 3.0]))
    array([0., 2.])
    """
    arguments.check_alike("mse_loss_backward", "y_hat y", y_hat, y)
    return 2 * (y_hat - y) / y.size


def normal_weights(
    num_inputs: int, num_outputs: int, *, rng: np.random.Generator, sigma: float = 0.01, dtype: DTypeLike = np.float32
) -> Array:
    """W_kj ~ N(0, sigma²), drawn independently: the weights that training starts from.

    Why at random: hidden units that start with equal weights compute the same outputs, get the same gradients and stay
    equal forever, so many of them do no more than one. (Without a hidden layer, W = 0 would do.)

    Shapes: W (num_inputs, num_outputs). dtype: as given. Cost: one draw per entry.
    Raises: TypeError or ValueError for sizes that are not whole numbers of at least 1, and for a sigma, dtype or rng
    that does not fit; MemoryError if this machine has too little memory for W.
    Source: D2L 3.6, 4.2; torch.nn.init.normal_.

    >>> normal_weights(784, 256, rng=np.random.default_rng(0)).shape
    (784, 256)
    """
    arguments.check_size("normal_weights", "num_inputs", num_inputs)
    arguments.check_size("normal_weights", "num_outputs", num_outputs)
    arguments.check_number("normal_weights", "sigma", sigma)
    arguments.check_float_dtype("normal_weights", dtype)
    arguments.check_rng("normal_weights", rng)
    arguments.check_memory("normal_weights", f"W {(num_inputs, num_outputs)}", 8 * num_inputs * num_outputs)
    return rng.normal(0, sigma, (num_inputs, num_outputs)).astype(dtype)
