"""Pictures of a classifier: images, first-layer weights, the confusion matrix."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.font_manager import FontProperties, findfont, get_font

from numpynet.plotting import confusion_matrix, first_layer_weights, images
from tests.helpers.figures import NAMES, drawn, example_images


def test_images_are_shown_as_they_are_under_their_true_class():
    X = example_images()
    figure = drawn(images(X, np.array([0, 1, 2, 1], np.uint8), NAMES))
    assert [axes.get_title() for axes in figure.axes] == ["shirt", "coat", "bag", "coat"]
    for axes, image in zip(figure.axes, X, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), image)
        assert axes.images[0].get_clim() == (0, 255)  # not each image's own darkest and lightest


def test_images_of_floats_are_shown_from_0_to_1():
    figure = drawn(images(np.full((1, 8, 8), 0.5, np.float32), np.array([0]), NAMES))
    assert figure.axes[0].images[0].get_clim() == (0, 1)


def test_right_and_wrong_predictions_look_different():
    right, wrong = drawn(images(example_images(2), np.array([0, 0]), NAMES, np.array([0, 1]))).axes
    assert right.get_title() == "shirt\n✓ shirt"
    assert wrong.get_title() == "shirt\n✗ coat"
    assert wrong.spines["top"].get_linewidth() > right.spines["top"].get_linewidth()
    assert to_hex(wrong.title.get_color()) != to_hex(right.title.get_color())


def test_the_marks_are_in_the_font_that_comes_with_matplotlib():
    glyphs = get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap()
    assert {ord(mark) for mark in "✓✗₀₁₂₉ŷ−"} <= set(glyphs)


@pytest.mark.parametrize(("n", "num_images", "shown"), [(1, 20, 1), (7, 20, 7), (40, 20, 20), (40, 35, 35)])
def test_images_shows_as_many_as_asked_and_no_empty_frames(n, num_images, shown):
    assert len(images(example_images(n), np.zeros(n, int), NAMES, num_images=num_images).axes) == shown


@pytest.mark.parametrize(
    ("X", "y", "predictions", "error", "message"),
    [
        (example_images().reshape(4, 784), [0, 0, 0, 0], None, ValueError, r"X must have shape \(n, height, width\)"),
        (example_images().tolist(), [0, 0, 0, 0], None, TypeError, r"X must be an array of uint8 or floats, got list"),
        (example_images(0), [], None, ValueError, r"y must have shape \(n,\), n at least 1, got \(0,\)"),
        (example_images(), [0, 0, 0], None, ValueError, r"y must have shape \(4,\), n at least 1, got \(3,\)"),
        (example_images(), [0, 0, 0, -1], None, ValueError, r"y must be in 0 ... 2, got y\[3\] = -1"),
        (
            example_images(),
            [0, 0, 0, 0],
            [0, 3, 0, 0],
            ValueError,
            r"predictions must be in 0 ... 2, got predictions\[1",
        ),
        (example_images(), [0, 0, 0, 0], [0.0] * 4, TypeError, r"predictions must be an array of integer classes"),
    ],
)
def test_images_refuses_what_it_would_show_wrongly(X, y, predictions, error, message):
    y = np.array(y, int)
    predictions = None if predictions is None else np.array(predictions)
    with pytest.raises(error, match="images: " + message):
        images(X, y, NAMES, predictions)


def weight_images(figure):
    """The images in the picture of weights, with their names and the boxes (left, right, bottom, top) they fill."""
    axes = figure.axes[0]
    names = [text.get_text() for text in axes.texts]
    return [(name, image.get_array(), image.get_extent()) for name, image in zip(names, axes.images, strict=True)]


def test_named_weights_show_each_column_as_an_image():
    W = np.random.default_rng(0).normal(size=(784, 3))
    shown = weight_images(drawn(first_layer_weights(W, class_names=NAMES)))
    assert [name for name, _, _ in shown] == list(NAMES)
    for j, (_, image, _) in enumerate(shown):
        np.testing.assert_array_equal(image, W[:, j].reshape(28, 28))


def test_of_256_units_the_64_strongest_are_shown_strongest_first():
    W = np.random.default_rng(0).normal(size=(784, 256)).astype(np.float32)
    strength = np.random.default_rng(1).permutation(256) + 1
    figure = drawn(first_layer_weights(W / np.linalg.norm(W, axis=0) * strength.astype(np.float32)))
    shown = weight_images(figure)
    units = [int(name.removeprefix("unit ")) for name, _, _ in shown]
    assert strength[units].tolist() == list(range(256, 192, -1))
    for unit, (_, image, _) in zip(units, shown, strict=True):
        np.testing.assert_allclose(np.linalg.norm(image), strength[unit], rtol=1e-5)
    assert "the 64 strongest of 256 units" in figure.get_suptitle()


@pytest.mark.parametrize("m", [1, 3, 10, 64])
def test_up_to_64_units_are_all_shown_in_their_order(m):
    W = np.random.default_rng(0).normal(size=(784, m))
    figure = drawn(first_layer_weights(W))
    for j, (name, image, _) in enumerate(weight_images(figure)):
        assert name == f"unit {j}"
        np.testing.assert_array_equal(image, W[:, j].reshape(28, 28))
    assert len(weight_images(figure)) == m
    assert "strongest" not in figure.get_suptitle()


@pytest.mark.parametrize(("m", "columns"), [(3, 3), (7, 5), (64, 8)])
def test_weights_stand_row_by_row_and_none_covers_another(m, columns):
    boxes = [box for _, _, box in weight_images(first_layer_weights(np.ones((4, m)), image_shape=(2, 2)))]
    corners = [(left, top) for left, _, _, top in boxes]
    assert len({left for left, _ in corners}) == columns
    assert corners == sorted(corners, key=lambda corner: (corner[1], corner[0]))  # y grows downwards
    for (left, right, bottom, top), (next_left, _, _, next_top) in pairwise(boxes):
        assert next_left > right or (next_top > bottom and next_left < left)
        assert (right - left, bottom - top) == pytest.approx((2, 2))


@pytest.mark.parametrize("class_names", [None, NAMES])
def test_weights_share_one_scale_with_white_at_0(class_names):
    W = np.random.default_rng(0).normal(0.3, 0.1, (784, 3))
    W[0, 0] = 1000  # must not turn the others pale
    images = drawn(first_layer_weights(W, class_names=class_names)).axes[0].images
    ((low, high),) = {image.get_clim() for image in images}
    assert low == -high
    assert 0.4 < high < 1
    red, _, blue, _ = colormaps[images[0].get_cmap().name](1.0)
    assert red > blue  # as the colour bar says: red raises


def test_weights_that_are_all_0_are_drawn_too():
    assert drawn(first_layer_weights(np.zeros((784, 2)))).axes[0].images[0].get_clim() == (-1, 1)


def test_first_layer_weights_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"first_layer_weights: W must have shape \(784, m\) .* got \(10, 784\)"):
        first_layer_weights(np.zeros((10, 784)))
    with pytest.raises(ValueError, match=r"class_names must have 2 names to fit W, got 3"):
        first_layer_weights(np.zeros((784, 2)), class_names=NAMES)
    with pytest.raises(TypeError, match=r"first_layer_weights: W must be an array of floats, got an array of int64"):
        first_layer_weights(np.zeros((784, 2), np.int64))


def test_confusion_matrix_has_true_classes_in_rows():
    y = np.array([0, 0, 0, 0, 1, 1], np.uint8)
    predictions = np.array([0, 0, 0, 1, 1, 2])
    axes = drawn(confusion_matrix(predictions, y, NAMES)).axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}  # (column, row)
    assert cells == {(0, 0): "3", (1, 0): "1", (1, 1): "1", (2, 1): "1"}
    np.testing.assert_array_equal(axes.images[0].get_array(), [[0.75, 0.25, 0], [0, 0.5, 0.5], [0, 0, 0]])
    assert axes.get_xlabel() == "predicted"
    assert axes.get_ylabel() == "true"
    assert [label.get_text() for label in axes.get_xticklabels()] == list(NAMES)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(NAMES)
    assert axes.get_title() == "4 of 6 right: accuracy 0.667"


def test_confusion_matrix_text_is_white_on_dark_black_on_light():
    axes = confusion_matrix(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]), NAMES).axes[0]
    assert {text.get_text(): text.get_color() for text in axes.texts} == {"3": "white", "1": "black"}


@pytest.mark.parametrize(
    ("predictions", "y", "error", "message"),
    [
        (
            np.zeros((2, 3)),
            np.array([0, 1]),
            TypeError,
            r"predictions must be an array of integer classes, got .*float64",
        ),
        (np.array([0, 1, 1]), np.array([0, 1]), ValueError, r"predictions must have shape \(2,\), .* got \(3,\)"),
        (np.array([0, 1]), np.array([[0], [1]]), ValueError, r"y must have shape \(2,\), .* got \(2, 1\)"),
        (np.array([0, 1]), np.array([0, 3]), ValueError, r"y must be in 0 ... 2, got y\[1\] = 3"),
        (np.array([-1, 1]), np.array([0, 1]), ValueError, r"predictions must be in 0 ... 2, got predictions\[0\] = -1"),
        (np.array([], int), np.array([], int), ValueError, r"y must have shape \(n,\), n at least 1, got \(0,\)"),
        (np.array([0]), np.array(0), ValueError, r"y must have shape \(1,\), n at least 1, got \(\)"),
        ([0], [0], TypeError, r"y must be an array of integer classes, got list"),
    ],
)
def test_confusion_matrix_refuses_what_it_would_miscount(predictions, y, error, message):
    with pytest.raises(error, match="confusion_matrix: " + message):
        confusion_matrix(predictions, y, NAMES)


def test_names_with_dollars_are_no_mathematics():
    names = ["US$ and CA$", r"$\frac$"]
    y = np.array([0, 1, 1])
    for figure in (confusion_matrix(y, y, names), images(np.zeros((3, 4, 4), np.uint8), y, names)):
        drawn(figure)
    assert not confusion_matrix(y, y, names).axes[0].get_xticklabels()[0].get_parse_math()


def test_a_confusion_matrix_of_many_classes_has_a_bounded_size():
    y = np.arange(300)
    figure = confusion_matrix(y, y, [str(i) for i in y])
    assert max(figure.get_size_inches()) < 40
    assert not figure.axes[0].texts
