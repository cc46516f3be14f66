"""Generated pictures of ten geometric shapes, to train on without Fashion-MNIST.

A shape is a function that returns the distance of a point (x, y) from the edge of the shape: negative inside, 0 on the
edge, positive outside. One renderer turns any such function into pictures: it places the shape, computes the distance
of every pixel, and lets the ink fade into the background over the one pixel around the edge, which makes it smooth.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.data.dataset import ImageDataset, Split

SIDE = 28  # pixels
NEGATIVES = 0.25  # the share of pictures X that are replaced by 1 - X
AT_ONCE = 200  # pictures drawn together: few enough for their pixels to stay in the processor's cache


def make_shapes(num_train: int = 12_000, num_test: int = 2_000, *, rng: np.random.Generator) -> ImageDataset:
    """Pictures of ten shapes, each with a random position, size, angle and contrast, and with a little noise.

    In most pictures X the values are high (0.7 to 1) in the shape and low (0 to 0.15) in the background, as in
    Fashion-MNIST; one picture in four is a negative, 1 - X. `plotting.images` draws high values dark, so that most
    pictures show a dark shape on a light background.

    Why: an MLP can learn these and softmax regression cannot. A linear model's logits Oₖ = Σᵢ X_i W_ik + bₖ for a
    picture and for its negative add up to cₖ = Σᵢ W_ik + 2bₖ, whatever the picture. To recognise class k in both, Oₖ
    must be the largest logit in both, so cₖ must be the largest of these sums: that is possible for one class only. In
    the other nine, the model gets a picture or its negative wrong, so at best it is right on 0.1 + 0.9 · 3/4 = 77.5 %
    of all pictures. A hidden ReLU can be 0 for a picture but not for its negative, so an MLP has no such bound. With
    the book's settings (batch 256, lr 0.1, 10 epochs) softmax regression gets about two test pictures in three right,
    the MLP nearly nine in ten.

    Shapes: X (num_train, 28, 28), y (num_train,) for training; (num_test, 28, 28), (num_test,) for the test.
    Both are in random order; the numbers of pictures of any two classes differ by at most one.
    dtype: uint8. Cost: about half a second for the 14,000 pictures.
    Raises: TypeError or ValueError unless both numbers are whole and at least 1; TypeError for any other kind of rng.
    Source: ours.

    >>> data = make_shapes(20, 10, rng=np.random.default_rng(0))
    >>> data.train.X.shape, data.test.X.shape, data.class_names[:3]
    ((20, 28, 28), (10, 28, 28), ('disc', 'ring', 'square'))
    """
    arguments.check_size("make_shapes", "num_train", num_train)
    arguments.check_size("make_shapes", "num_test", num_test)
    arguments.check_rng("make_shapes", rng)
    return ImageDataset(_split(num_train, rng), _split(num_test, rng), tuple(SHAPES))


def _split(n: int, rng: np.random.Generator) -> Split:
    y = rng.permutation(np.arange(n) % len(SHAPES)).astype(np.uint8)
    X = np.empty((n, SIDE, SIDE), np.uint8)
    for k, distance in enumerate(SHAPES.values()):
        of_class_k = np.flatnonzero(y == k)
        for start in range(0, len(of_class_k), AT_ONCE):
            rows = of_class_k[start : start + AT_ONCE]
            X[rows] = _draw(distance, len(rows), rng)
    return Split(X, y)


def _draw(distance: Callable[[Array, Array], Array], n: int, rng: np.random.Generator) -> Array:
    """n pictures of one shape, uint8 (n, 28, 28)."""

    def between(low: float, high: float) -> Array:
        """A random number for each picture, in a shape that broadcasts over its pixels."""
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    # The position of each pixel relative to the shape's centre: in pixels, x to the right and y up ...
    pixel = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    right, up = pixel - between(-2, 2), -pixel[:, None] - between(-2, 2)
    # ... then rotated with the shape and in units of its size.
    size, angle = between(8, 11), between(-math.pi / 9, math.pi / 9)
    cos, sin = np.cos(angle) / size, np.sin(angle) / size
    x, y = cos * right + sin * up, cos * up - sin * right

    ink = np.clip(0.5 - size * distance(x, y), 0, 1)  # 1 inside, 0 outside, in between near the edge
    low, high = between(0, 0.15), between(0.7, 1)
    image = low + (high - low) * ink + 0.05 * rng.standard_normal(ink.shape, np.float32)
    image = np.where(rng.random((n, 1, 1)) < NEGATIVES, 1 - image, image)
    grey: Array = np.rint(255 * np.clip(image, 0, 1))
    return grey.astype(np.uint8)


# The shapes: upright, centred at (0, 0), with a radius of about 1. Shapes can be combined: max(a, b) is negative where
# both are, so it is their intersection; min(a, b) is their union, -a the outside of a, |a| - r a band along its edge.


def _disc(x: Array, y: Array) -> Array:
    return np.hypot(x, y) - 0.85


def _ring(x: Array, y: Array) -> Array:
    return np.abs(np.hypot(x, y) - 0.72) - 0.18  # within 0.18 of a circle


def _square(x: Array, y: Array) -> Array:
    return np.maximum(np.abs(x), np.abs(y)) - 0.75


def _frame(x: Array, y: Array) -> Array:
    return np.abs(np.maximum(np.abs(x), np.abs(y)) - 0.65) - 0.15  # within 0.15 of a square's outline


def _triangle(x: Array, y: Array) -> Array:
    return np.maximum(math.sqrt(3) / 2 * np.abs(x) + y / 2, -y) - 0.5  # two sloping sides and a base


def _plus(x: Array, y: Array) -> Array:
    x, y = np.abs(x), np.abs(y)
    return np.maximum(np.maximum(x, y) - 0.95, np.minimum(x, y) - 0.27)  # in a square, and near an axis


def _star(x: Array, y: Array) -> Array:
    """The points outside at most one of the five sides of a pentagon, so the second largest distance is negative."""
    turns = [2 * math.pi * k / 5 for k in range(5)]
    sides = np.stack([math.sin(turn) * x + math.cos(turn) * y for turn in turns])
    second_largest: Array = np.sort(sides, axis=0)[-2]
    return second_largest - 0.33


def _heart(x: Array, y: Array) -> Array:
    x, y = np.abs(x), y + 0.1
    diamond, disc = (x + np.abs(y) - 0.8) * math.sqrt(0.5), np.hypot(x - 0.4, y - 0.4) - 0.8 * math.sqrt(0.5)
    return np.minimum(diamond, disc)  # a square standing on its corner, and discs on its two upper sides


def _moon(x: Array, y: Array) -> Array:
    return np.maximum(np.hypot(x - 0.2, y) - 0.95, 0.75 - np.hypot(x - 0.65, y))  # inside one disc and outside another


def _bar(x: Array, y: Array) -> Array:
    return np.maximum(np.abs(x) - 0.95, np.abs(y) - 0.3)


SHAPES = {  # in the order of the classes
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "frame": _frame,
    "triangle": _triangle,
    "plus": _plus,
    "star": _star,
    "heart": _heart,
    "moon": _moon,
    "bar": _bar,
}
