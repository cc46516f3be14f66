"""Learning curves."""

import numpy as np
import pytest

from numpynet.plotting import learning_curves
from numpynet.training import History
from tests.helpers.figures import classifier_history, drawn


@pytest.mark.parametrize("epochs", [1, 3, 10, 50])
def test_learning_curves_draw_every_figure_at_its_epoch_from_1(epochs):
    history = classifier_history(epochs)
    loss, accuracy = drawn(learning_curves(history)).axes
    for line, values in zip(
        [*loss.lines, *accuracy.lines],
        [history.train_loss, history.test_loss, history.train_accuracy, history.test_accuracy],
        strict=True,
    ):
        np.testing.assert_array_equal(line.get_xdata(), range(1, epochs + 1))
        np.testing.assert_array_equal(line.get_ydata(), values)


@pytest.mark.parametrize("epochs", [1, 3, 10, 50])
def test_learning_curves_fit_their_axes_and_tick_whole_epochs(epochs):
    for axes in drawn(learning_curves(classifier_history(epochs))).axes:
        low, high = axes.get_ylim()
        for line in axes.lines:
            assert line.get_marker() not in ("", "None")  # one epoch is a point: without a marker, nothing
            assert low <= min(line.get_ydata()) <= max(line.get_ydata()) <= high
        left, right = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if left <= tick <= right]
        assert ticks
        assert all(tick == int(tick) >= 1 for tick in ticks)


def test_learning_curves_differ_in_more_than_colour():
    train_line, test_line = learning_curves(classifier_history(3)).axes[1].lines
    assert train_line.get_linestyle() != test_line.get_linestyle()
    assert train_line.get_marker() != test_line.get_marker()
    assert train_line.get_label() == "train, last 0.750"
    assert test_line.get_label() == "test, last 0.650"


def test_learning_curves_of_a_regression_are_the_loss_alone():
    (axes,) = drawn(learning_curves(History([0.5, 0.4], seconds=[1.0, 1.0]))).axes
    assert axes.get_title() == "Loss"
    assert len(axes.lines) == 1


def test_learning_curves_without_a_test_set_have_one_accuracy():
    history = History([0.5, 0.4], [0.8, 0.9])
    assert [line.get_label() for line in drawn(learning_curves(history)).axes[1].lines] == ["train, last 0.900"]


@pytest.mark.parametrize(("last", "scale"), [(0.02, "linear"), (0.01, "log"), (0.0, "linear")])
def test_learning_curves_say_so_where_the_scale_is_logarithmic(last, scale):
    (axes,) = drawn(learning_curves(History([0.9, last]))).axes
    assert axes.get_yscale() == scale
    assert ("logarithmic" in axes.get_title()) == (scale == "log")


def test_learning_curves_show_no_accuracy_above_1():
    assert drawn(learning_curves(History([0.5, 0.4], [0.9, 1.0], [1.0, 1.0]))).axes[1].get_ylim()[1] == 1


def test_learning_curves_show_the_test_loss_where_it_is_known():
    loss = drawn(learning_curves(classifier_history(3))).axes[0]
    assert [line.get_label() for line in loss.lines] == ["train, last 0.250", "test, last 0.350"]
    (without,) = drawn(learning_curves(History([0.5, 0.25]))).axes
    assert [line.get_label() for line in without.lines] == ["train, last 0.250"]


def test_a_small_test_loss_asks_for_a_logarithmic_scale_too():
    assert learning_curves(History([0.9, 0.5], test_loss=[0.9, 0.01])).axes[0].get_yscale() == "log"


@pytest.mark.parametrize("figures", [[0.5], [0.882, 0.897], [0.01, 0.02], [0.99, 1.0], [1.0]])
def test_small_changes_of_the_accuracy_look_small(figures):
    axes = drawn(learning_curves(History([0.5] * len(figures), figures))).axes[1]
    low, high = axes.get_ylim()
    assert high - low >= 0.1 - 1e-9
    assert 0 <= low <= min(figures) <= max(figures) <= high <= 1


@pytest.mark.parametrize("losses", [[0.5], [0.5, 0.49], [2.0, 2.0], [0.1, 0.01]])
def test_small_changes_of_the_loss_look_small(losses):
    (axes,) = drawn(learning_curves(History(losses))).axes
    low, high = axes.get_ylim()
    assert high - low >= 0.2 * max(losses) - 1e-9
    assert 0 <= low <= min(losses) <= max(losses) <= high


def test_large_changes_keep_a_scale_that_fits_them():
    low, high = drawn(learning_curves(History([2.0, 1.0], [0.2, 0.8]))).axes[1].get_ylim()
    assert low == pytest.approx(0.17)
    assert high == pytest.approx(0.83)


def test_learning_curves_refuse_what_is_no_history():
    with pytest.raises(TypeError, match=r"learning_curves: history must be what train returns, got list"):
        learning_curves([0.5, 0.4])
    with pytest.raises(ValueError, match=r"learning_curves: history must have at least one epoch, got none"):
        learning_curves(History())
