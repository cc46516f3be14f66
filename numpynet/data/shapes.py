"""Ten geometric shapes, drawn by formula: pictures to train on where Fashion-MNIST is not at hand.

A shape is a function that says how far a point (x, y) is from the shape's edge: negative inside, 0 on the edge,
positive outside. One renderer turns any such function into pictures: it puts the shape somewhere, looks up the distance
of every pixel, and lets ink fade into background over the one pixel around the edge, which makes the edge smooth.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.data.dataset import ImageDataset, Split

SIDE = 28  # pixels
NEGATIVES = 0.25  # the share of pictures that are dark on light
AT_ONCE = 200  # pictures drawn together: few enough for their pixels to stay in the processor's cache


def make_shapes(num_train: int = 12_000, num_test: int = 2_000, *, rng: np.random.Generator) -> ImageDataset:
    """Pictures of ten shapes, each at its own place, size, angle and contrast, with a little noise.

    Why: an MLP can learn these and softmax regression cannot. Most pictures are light on dark, but one in four is a
    negative, 1 - X. A linear model's logits Oₖ = Σᵢ X_i W_ik + bₖ for a picture and for its negative add up to
    cₖ = Σᵢ W_ik + 2bₖ, whatever the picture. To find class k in both, Oₖ must be the largest logit twice, so cₖ must be
    the largest sum: that can be had for one class only. In the other nine, of a picture and its negative one is lost,
    and the best that a linear model can do is 0.1 + 0.9 · 3/4 = 77.5 % right. A hidden ReLU can be 0 for a picture and
    not for its negative, so an MLP has no such bound. With the book's settings (batch 256, lr 0.1, 10 epochs) softmax
    regression gets about two test pictures in three right, the MLP nearly nine in ten.

    Shapes: X (num_train, 28, 28), y (num_train,) for training; (num_test, 28, 28), (num_test,) for the test.
    Both are in random order, and have as many pictures of each class as of any other, give or take one.
    dtype: uint8. Cost: about half a second for the 14,000 pictures.
    Raises: TypeError or ValueError unless both numbers are whole and at least 1; TypeError for another kind of rng.
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
        """A number for each picture, shaped to go with all of its pixels."""
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    # Where each pixel is, seen from the shape's centre: in pixels, x to the right and y up ...
    pixel = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    right, up = pixel - between(-2, 2), -pixel[:, None] - between(-2, 2)
    # ... then turned with the shape and measured in its size.
    size, angle = between(8, 11), between(-math.pi / 9, math.pi / 9)
    cos, sin = np.cos(angle) / size, np.sin(angle) / size
    x, y = cos * right + sin * up, cos * up - sin * right

    ink = np.clip(0.5 - size * distance(x, y), 0, 1)  # 1 inside, 0 outside, between within half a pixel of the edge
    dark, light = between(0, 0.15), between(0.7, 1)
    image = dark + (light - dark) * ink + 0.05 * rng.standard_normal(ink.shape, np.float32)
    image = np.where(rng.random((n, 1, 1)) < NEGATIVES, 1 - image, image)
    grey: Array = np.rint(255 * np.clip(image, 0, 1))
    return grey.astype(np.uint8)


# The shapes, upright, around (0, 0), reaching about 1 from there. Shapes make shapes: max(a, b) is negative where both
# are, so it is what two shapes share; min(a, b) is the two together; -a is a inside out; |a| - r a band along a's edge.


def _disc(x: Array, y: Array) -> Array:
    return np.hypot(x, y) - 0.85


def _ring(x: Array, y: Array) -> Array:
    return np.abs(np.hypot(x, y) - 0.72) - 0.18  # within 0.18 of a circle


def _square(x: Array, y: Array) -> Array:
    return np.maximum(np.abs(x), np.abs(y)) - 0.75


def _frame(x: Array, y: Array) -> Array:
    return np.abs(np.maximum(np.abs(x), np.abs(y)) - 0.65) - 0.15  # within 0.15 of a square's outline


def _triangle(x: Array, y: Array) -> Array:
    return np.maximum(math.sqrt(3) / 2 * np.abs(x) + y / 2, -y) - 0.5  # two slopes and the ground


def _plus(x: Array, y: Array) -> Array:
    x, y = np.abs(x), np.abs(y)
    return np.maximum(np.maximum(x, y) - 0.95, np.minimum(x, y) - 0.27)  # in a square, and close to an axis


def _star(x: Array, y: Array) -> Array:
    """Inside all five sides of a pentagon, or outside one of them only: the second largest distance decides."""
    turns = [2 * math.pi * k / 5 for k in range(5)]
    sides = np.stack([math.sin(turn) * x + math.cos(turn) * y for turn in turns])
    second_largest: Array = np.sort(sides, axis=0)[-2]
    return second_largest - 0.33


def _heart(x: Array, y: Array) -> Array:
    x, y = np.abs(x), y + 0.1
    diamond, disc = (x + np.abs(y) - 0.8) * math.sqrt(0.5), np.hypot(x - 0.4, y - 0.4) - 0.8 * math.sqrt(0.5)
    return np.minimum(diamond, disc)  # a square on its tip, and discs on its two upper sides


def _moon(x: Array, y: Array) -> Array:
    return np.maximum(np.hypot(x - 0.2, y) - 0.95, 0.75 - np.hypot(x - 0.65, y))  # in one disc, not in the other


def _bar(x: Array, y: Array) -> Array:
    return np.maximum(np.abs(x) - 0.95, np.abs(y) - 0.3)


SHAPES = {  # the place in this table is the class
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
