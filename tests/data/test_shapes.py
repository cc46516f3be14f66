"""The drawn shapes: right pictures under the right labels, and hard enough that an MLP is needed to read them."""

import itertools

import numpy as np
import pytest

from numpynet import losses, models, optim
from numpynet.data.batches import as_floats, minibatches
from numpynet.data.shapes import SHAPES, make_shapes

SEED = 3


@pytest.fixture(scope="module")
def data():
    return make_shapes(2000, 500, rng=np.random.default_rng(SEED))


def border(X):
    """The outermost pixels, (n, 108): background in every picture."""
    return np.concatenate([X[:, 0], X[:, -1], X[:, 1:-1, 0], X[:, 1:-1, -1]], axis=1).astype(int)


def grid(half_width, points):
    """x, y of a square of points around (0, 0), y up as in the formulas."""
    x = np.linspace(-half_width, half_width, points)
    return x[None, :], -x[:, None]


def test_both_parts_have_an_image_data_sets_shapes_and_dtypes(data):
    for (X, y), n in [(data.train, 2000), (data.test, 500)]:
        assert X.shape == (n, 28, 28)
        assert X.dtype == np.uint8
        assert y.shape == (n,)
        assert y.dtype == np.uint8
    assert data.class_names == tuple(SHAPES)
    assert len(set(data.class_names)) == 10


@pytest.mark.parametrize("n", [1, 7, 10, 1003])
def test_classes_are_as_equal_as_n_allows(n):
    data = make_shapes(n, n, rng=np.random.default_rng(SEED))
    for _, y in data[:2]:
        assert np.ptp(np.bincount(y, minlength=10)) == (n % 10 != 0)


def test_classes_come_in_random_order(data):
    for _, y in data[:2]:
        assert 0.05 < np.mean(y[1:] == y[:-1]) < 0.15  # 1 in 10 where order is random; 1 if sorted, 0 if dealt in turn


def test_same_rng_same_pictures(data):
    again = make_shapes(2000, 500, rng=np.random.default_rng(SEED))
    for part, same in zip(data[:2], again[:2], strict=True):
        np.testing.assert_array_equal(part.X, same.X)
        np.testing.assert_array_equal(part.y, same.y)


def test_another_rng_other_pictures(data):
    other = make_shapes(2000, 500, rng=np.random.default_rng(SEED + 1))
    assert np.mean(data.train.y != other.train.y) > 0.8
    assert not {X.tobytes() for X in data.train.X} & {X.tobytes() for X in other.train.X}


def test_no_picture_appears_twice_within_or_across_the_parts(data):
    pictures = [X.tobytes() for part in data[:2] for X in part.X]
    assert len(set(pictures)) == 2500


def test_train_and_test_are_drawn_alike():
    train, test, _ = make_shapes(2000, 2000, rng=np.random.default_rng(SEED))
    assert abs(train.X.mean() - test.X.mean()) < 8  # its standard deviation is 1.9
    assert np.ptp(train.X.mean(axis=0) - test.X.mean(axis=0)) < 25


def test_pictures_use_all_of_0_to_255_and_nothing_wraps_around(data):
    X = data.train.X
    assert X.min() == 0
    assert X.max() == 255
    # Noise carries many a background past black or white; had it wrapped, one background would hold both.
    assert np.mean((border(X).min(axis=1) == 0) | (border(X).max(axis=1) == 255)) > 0.3
    assert np.ptp(border(X), axis=1).max() < 200


def test_edges_are_smooth(data):
    between = (data.train.X > 0.40 * 255) & (data.train.X < 0.46 * 255)  # dark and light, noise and all, stay outside
    assert between.mean() > 0.002
    assert between.any(axis=(1, 2)).mean() > 0.9


def test_shapes_lie_in_the_picture_nothing_is_cut_off(data):
    X = data.train.X.astype(int)
    off_background = np.abs(border(X) - np.median(border(X), axis=1, keepdims=True))
    touched = (off_background > 80).sum(axis=1)  # noise reaches 5 · 0.05 · 255 = 64; ink differs by 140 and more
    assert touched.max() <= 1  # the point of a star, at most ...
    assert touched.mean() < 0.005  # ... and seldom


def test_one_picture_in_four_of_each_class_is_a_negative(data):
    X, y = data.train
    negative = np.median(border(X), axis=1) > 127
    for k in range(10):
        assert 0.15 < negative[y == k].mean() < 0.35


def test_shapes_move_turn_and_change_size(data):
    X, y = data.train
    light = np.where(np.median(border(X), axis=1)[:, None, None] > 127, 255 - X, X) > 102
    ink = light.sum(axis=(1, 2))
    column = (light * np.arange(28)).sum(axis=(1, 2)) / ink
    row = (light * np.arange(28)[:, None]).sum(axis=(1, 2)) / ink
    bars = np.flatnonzero(y == list(SHAPES).index("bar"))
    tilts = [np.polyfit(*np.nonzero(light[i].T), 1)[0] for i in bars]  # the slope of the bar, in pixels
    for k in range(10):
        assert np.ptp(column[y == k]) > 3.5
        assert np.ptp(row[y == k]) > 3.5
        assert np.percentile(ink[y == k], 95) > 1.5 * np.percentile(ink[y == k], 5)
    assert min(tilts) < -0.25
    assert max(tilts) > 0.25


def test_labels_name_the_shape_and_all_classes_can_be_told_apart(data):
    """Lay every shape, in many places, sizes and angles, on every picture: the best fit is the picture's class."""
    shifts, sizes, angles = [-2, -1, 0, 1, 2], [8, 9, 10, 11], [-0.3, -0.1, 0.1, 0.3]
    right, up, size, angle = np.array(list(itertools.product(shifts, shifts, sizes, angles))).T[:, :, None, None]
    column, row = grid(13.5, 28)
    x = (np.cos(angle) * (column - right) + np.sin(angle) * (row - up)) / size
    y = (np.cos(angle) * (row - up) - np.sin(angle) * (column - right)) / size

    def standard(pictures):
        pictures = pictures.reshape(len(pictures), -1).astype(np.float32)
        pictures -= pictures.mean(axis=1, keepdims=True)
        return pictures / np.linalg.norm(pictures, axis=1, keepdims=True)

    pictures = standard(data.test.X)
    fits = [np.abs(pictures @ standard(distance(x, y) < 0).T).max(axis=1) for distance in SHAPES.values()]
    assert np.mean(np.argmax(fits, axis=0) == data.test.y) > 0.98  # |...| because a negative fits as well as a picture


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_a_signed_distance_near_its_edge(name):
    points = 401
    d = SHAPES[name](*grid(1.5, points))
    inside = d < 0
    assert 0.05 < inside.mean() < 0.4
    assert not inside[[0, -1]].any()
    assert not inside[:, [0, -1]].any()
    slope = np.hypot(*np.gradient(d, 3 / (points - 1)))[np.abs(d) < 0.03]
    assert np.mean(np.abs(slope - 1) < 0.01) > 0.9  # all but the corners


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_computes_in_the_dtype_that_comes_in(name):
    x, y = grid(1, 5)
    assert SHAPES[name](x.astype(np.float32), y.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("disc", [(0, 0), (0.59, 0.59)], [(0.65, 0.65), (0, 0.9)]),
        ("ring", [(0.7, 0), (0.5, 0.5)], [(0, 0), (0.7, 0.7)]),
        ("square", [(0, 0), (0.7, 0.7)], [(0, 0.8), (-0.8, 0)]),
        ("frame", [(0.65, 0), (0.65, 0.65)], [(0, 0), (0.4, 0.4)]),
        ("triangle", [(0, 0.9), (0.8, -0.45), (-0.8, -0.45)], [(0, -0.6), (0.5, 0.5), (-0.5, 0.5)]),
        ("plus", [(0, 0.9), (0.9, 0)], [(0.4, 0.4), (-0.4, 0.4)]),
        ("star", [(0, 0.95), (0.55, -0.76), (-0.55, -0.76)], [(0, -0.5), (0.5, 0.7), (-0.5, 0.7)]),
        ("heart", [(0, -0.8), (0.5, 0.7), (-0.5, 0.7)], [(0, 0.8), (0.6, -0.6), (-0.6, -0.6)]),
        ("moon", [(-0.5, 0), (0.2, 0.8), (0.2, -0.8)], [(0.2, 0), (0.9, 0)]),
        ("bar", [(0.9, 0), (-0.9, 0)], [(0, 0.4), (0, -0.4)]),
    ],
)
def test_a_shape_is_what_its_name_says(name, inside, outside):
    assert all(SHAPES[name](*np.array(point)) < 0 for point in inside)
    assert all(SHAPES[name](*np.array(point)) > 0 for point in outside)


def test_any_two_shapes_cover_different_places():
    masks = [distance(*grid(1.5, 101)) < 0 for distance in SHAPES.values()]
    for i, a in enumerate(masks):
        for b in masks[:i]:
            assert (a & b).sum() < 0.85 * (a | b).sum()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_train": 0}, ValueError, "make_shapes: num_train must be at least 1, got 0"),
        ({"num_test": -5}, ValueError, "make_shapes: num_test must be at least 1, got -5"),
        ({"num_train": 100.0}, TypeError, "make_shapes: num_train must be a whole number, got 100.0"),
        ({"num_test": "100"}, TypeError, "make_shapes: num_test must be a whole number, got '100'"),
        ({"num_train": True}, TypeError, "make_shapes: num_train must be a whole number, got True"),
        ({"rng": 0}, TypeError, "make_shapes: rng must be a generator"),
        ({"rng": np.random.RandomState(0)}, TypeError, "make_shapes: rng must be a generator"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        make_shapes(**{"num_train": 10, "num_test": 10, "rng": np.random.default_rng(0), **arguments})


def test_rng_must_be_given_by_name():
    with pytest.raises(TypeError, match="rng"):
        make_shapes(10, 10)


@pytest.mark.slow
def test_the_mlp_beats_softmax_regression_on_the_shapes():
    data = make_shapes(rng=np.random.default_rng(SEED))
    found = {}
    for model in (models.softmax_regression, models.mlp):
        rng = np.random.default_rng(SEED)
        net, loss = model(rng=rng), losses.CrossEntropyLoss()
        optimizer = optim.SGD(net.parameters(), 0.1)
        for _ in range(10):
            for X, y in minibatches(*data.train, 256, rng=rng):
                loss.forward(net.forward(X), y)
                net.backward(loss.backward())
                optimizer.step()
        right = net(as_floats(data.test.X)).argmax(axis=1) == data.test.y
        found[model] = np.array([right[data.test.y == k].mean() for k in range(10)])  # class by class

    softmax, mlp = found[models.softmax_regression], found[models.mlp]
    assert mlp.mean() > 0.8
    assert mlp.min() > 0.4
    assert softmax.mean() > 0.5
    assert softmax.mean() < 0.775 + 0.03  # the bound of the docstring, and three standard deviations of 2,000 pictures
    assert mlp.mean() - softmax.mean() >= 0.10
