"""The pictures: what is drawn is what was passed in, nothing leaks into pyplot, and misuse is refused in words."""

from __future__ import annotations

import io
import subprocess
import sys
from itertools import pairwise
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from matplotlib import colormaps, pyplot
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

from numpynet import models, optim
from numpynet.losses import SquaredLoss
from numpynet.plotting import (
    LivePlot,
    confusion_matrix,
    first_layer_weights,
    images,
    learning_curves,
    parameter_path,
    regression_fit,
)
from numpynet.training import History, State, train

PNG = b"\x89PNG\r\n\x1a\n"
NAMES = ("shirt", "coat", "bag")


@pytest.fixture(autouse=True)
def figures_stay_out_of_pyplot(monkeypatch):
    """pyplot.show would open a window, and a figure in pyplot's list lives until somebody closes it."""
    monkeypatch.setattr(pyplot, "show", lambda *args, **kwargs: pytest.fail("pyplot.show was called"))
    yield
    assert pyplot.get_fignums() == []


def drawn(figure):
    """The figure, after it was really drawn: warnings, such as for a glyph that the font lacks, come only then."""
    assert isinstance(figure, Figure)
    figure.savefig(io.BytesIO(), format="png", dpi=50)
    return figure


def classifier_history(epochs):
    falling = [1 / (epoch + 2) for epoch in range(epochs)]
    return History(falling, [1 - x for x in falling], [0.9 - x for x in falling], [1.0] * epochs)


def example_images(n=4):
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28), np.uint8)


# learning curves


@pytest.mark.parametrize("epochs", [1, 3, 10, 50])
def test_learning_curves_draw_every_figure_of_the_history_at_its_epoch_counted_from_1(epochs):
    history = classifier_history(epochs)
    loss, accuracy = drawn(learning_curves(history)).axes
    for line, values in zip(
        [*loss.lines, *accuracy.lines],
        [history.train_loss, history.train_accuracy, history.test_accuracy],
        strict=True,
    ):
        np.testing.assert_array_equal(line.get_xdata(), range(1, epochs + 1))
        np.testing.assert_array_equal(line.get_ydata(), values)


@pytest.mark.parametrize("epochs", [1, 3, 10, 50])
def test_learning_curves_have_every_point_within_the_axes_and_only_whole_epochs_on_the_ticks(epochs):
    for axes in drawn(learning_curves(classifier_history(epochs))).axes:
        low, high = axes.get_ylim()
        for line in axes.lines:
            assert line.get_marker() not in ("", "None")  # one epoch is a point: without a marker, nothing
            assert low <= min(line.get_ydata()) <= max(line.get_ydata()) <= high
        left, right = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if left <= tick <= right]
        assert ticks
        assert all(tick == int(tick) >= 1 for tick in ticks)


def test_learning_curves_tell_train_from_test_by_more_than_colour():
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
def test_learning_curves_say_so_where_the_loss_is_on_a_logarithmic_scale(last, scale):
    (axes,) = drawn(learning_curves(History([0.9, last]))).axes
    assert axes.get_yscale() == scale
    assert ("logarithmic" in axes.get_title()) == (scale == "log")


def test_learning_curves_show_no_accuracy_above_1():
    assert drawn(learning_curves(History([0.5, 0.4], [0.9, 1.0], [1.0, 1.0]))).axes[1].get_ylim()[1] == 1


def test_learning_curves_refuse_what_is_no_history():
    with pytest.raises(TypeError, match=r"learning_curves: history must be what train returns, got list"):
        learning_curves([0.5, 0.4])
    with pytest.raises(ValueError, match=r"learning_curves: history must have at least one epoch, got none"):
        learning_curves(History())


# images


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


def test_right_and_wrong_predictions_differ_in_mark_frame_and_colour():
    right, wrong = drawn(images(example_images(2), np.array([0, 0]), NAMES, np.array([0, 1]))).axes
    assert right.get_title() == "shirt\n✓ shirt"
    assert wrong.get_title() == "shirt\n✗ coat"
    assert wrong.spines["top"].get_linewidth() > right.spines["top"].get_linewidth()
    assert to_hex(wrong.title.get_color()) != to_hex(right.title.get_color())


def test_the_marks_are_in_the_font_that_comes_with_matplotlib():
    glyphs = get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap()
    assert {ord(mark) for mark in "✓✗₀₁₂₉ŷ−"} <= set(glyphs)


@pytest.mark.parametrize(("n", "num_images", "shown"), [(1, 20, 1), (7, 20, 7), (40, 20, 20), (40, 35, 35)])
def test_images_shows_as_many_as_asked_or_as_there_are_and_no_empty_frames(n, num_images, shown):
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


# first-layer weights


def test_named_weights_are_each_column_as_an_image_under_its_name():
    W = np.random.default_rng(0).normal(size=(784, 3))
    figure = drawn(first_layer_weights(W, class_names=NAMES))
    *tiles, _colorbar = figure.axes
    assert [axes.get_title() for axes in tiles] == list(NAMES)
    for j, axes in enumerate(tiles):
        np.testing.assert_array_equal(axes.images[0].get_array(), W[:, j].reshape(28, 28))


def test_256_hidden_units_stand_row_by_row_in_a_16_by_16_grid():
    W = np.random.default_rng(0).normal(size=(784, 256)).astype(np.float32)
    figure = drawn(first_layer_weights(W))
    grid = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    assert grid.shape == (16 * 29 - 1, 16 * 29 - 1)
    for unit in (0, 15, 16, 255):
        row, column = divmod(unit, 16)
        shown = grid[29 * row : 29 * row + 28, 29 * column : 29 * column + 28]
        np.testing.assert_array_equal(shown, W[:, unit].reshape(28, 28))
    assert "256 units" in figure.get_suptitle()


def test_units_that_do_not_fill_the_grid_leave_its_end_empty():
    W = np.arange(1.0, 21).reshape(4, 5)  # five units of 2 × 2 pixels: 3 + 2
    grid = np.ma.filled(drawn(first_layer_weights(W, image_shape=(2, 2))).axes[0].images[0].get_array(), np.nan)
    assert grid.shape == (5, 8)
    np.testing.assert_array_equal(grid[3:, 3:5], W[:, 4].reshape(2, 2))
    assert np.isnan(grid[3:, 6:]).all()
    assert np.isnan(grid[2]).all()


@pytest.mark.parametrize("class_names", [None, NAMES])
def test_weights_share_one_scale_with_white_at_0(class_names):
    W = np.random.default_rng(0).normal(0.3, 0.1, (784, 3))
    W[0, 0] = 1000  # must not turn the others pale
    figure = drawn(first_layer_weights(W, class_names=class_names))
    scales = {axes.images[0].get_clim() for axes in figure.axes if axes.images}
    assert len(scales) == 1
    ((low, high),) = scales
    assert low == -high
    assert 0.4 < high < 1
    red, _, blue, _ = colormaps[figure.axes[0].images[0].get_cmap().name](1.0)
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


# confusion matrix


def test_confusion_matrix_counts_true_classes_in_rows_and_predictions_in_columns():
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


def test_confusion_matrix_writes_white_on_dark_and_black_on_light():
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


# linear regression


def regression(*w, b=4.25):
    W = np.array(w).reshape(-1, 1)
    X = np.random.default_rng(0).normal(size=(50, len(W)))
    return W, np.array([b]), X, X @ W + b + 0.5


def test_one_input_gives_the_data_and_the_line():
    W, b, X, y = regression(-2.0)
    (axes,) = drawn(regression_fit(W, b, X, y)).axes
    data, line = axes.lines
    np.testing.assert_array_equal(data.get_xydata(), np.hstack([X, y]))
    np.testing.assert_allclose(line.get_ydata(), -2 * line.get_xdata() + 4.25)
    assert line.get_xdata().tolist() == [X.min(), X.max()]
    assert line.get_label() == "ŷ = −2.00 x + 4.25"


@pytest.mark.parametrize(
    ("w", "formula"),
    [((2.0, -3.4), "ŷ = 2.00 x₁ − 3.40 x₂ + 4.25"), ((0.0, 0.0), "ŷ = 0.00 x₁ + 0.00 x₂ + 4.25")],
)
def test_two_inputs_give_the_data_the_plane_and_predicted_against_true(w, formula):
    W, b, X, y = regression(*w)
    plane, against = drawn(regression_fit(W, b, X, y)).axes
    np.testing.assert_array_equal(np.transpose(plane.lines[0].get_data_3d()), np.hstack([X, y]))
    corners = np.concatenate([np.asarray(segment) for segment in plane.collections[0]._segments3d])
    np.testing.assert_allclose(corners[:, 2], corners[:, :2] @ W[:, 0] + 4.25)
    assert formula in plane.get_title()
    np.testing.assert_allclose(against.lines[0].get_xydata(), np.hstack([y, y - 0.5]))


@pytest.mark.parametrize("degrees", range(0, 360, 15))
def test_the_plane_is_never_seen_edge_on(degrees):
    angle = np.radians(degrees)
    W, b, X, y = regression(3 * np.cos(angle), 3 * np.sin(angle))
    plane = regression_fit(W, b, X, y).axes[0]
    away = (plane.azim - (degrees + 180) + 180) % 360 - 180  # from looking at it from its downhill side
    assert 40 <= abs(away) <= 95  # 180 would be from uphill


def test_more_inputs_give_predicted_against_true_on_equal_axes():
    W, b, X, y = regression(1.0, 2.0, 3.0)
    (axes,) = drawn(regression_fit(W, b, X, y)).axes
    data, diagonal = axes.lines
    np.testing.assert_allclose(data.get_xydata(), np.hstack([y, y - 0.5]))
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert axes.get_aspect() == 1


def test_regression_fit_refuses_shapes_that_would_broadcast():
    W, b, X, y = regression(1.0, 2.0)
    with pytest.raises(
        ValueError, match=r"regression_fit: y_hat and y must have the same shape, got \(50, 1\) and \(50,"
    ):
        regression_fit(W, b, X, y[:, 0])
    with pytest.raises(ValueError, match=r"regression_fit: W must have shape \(d, 1\) and b \(1,\), got \(2, 3\)"):
        regression_fit(np.zeros((2, 3)), b, X, y)
    with pytest.raises(ValueError, match=r"regression_fit: X must have shape \(n, 2\) to fit W"):
        regression_fit(W, b, X[:, :1], y)
    with pytest.raises(TypeError, match=r"regression_fit: y must be an array of floats"):
        regression_fit(W, b, X, y.astype(int))


def example_path(d, steps=30):
    truth = np.arange(1.0, d + 2)
    return truth * (1 - 0.8 ** np.arange(steps + 1.0))[:, None], truth


@pytest.mark.parametrize("d", [1, 2, 3, 12])
def test_parameter_path_draws_each_parameter_with_its_true_value_and_name(d):
    path, truth = example_path(d)
    axes = drawn(parameter_path(path, truth[:d].reshape(d, 1), truth[d])).axes[0]
    for j in range(d + 1):
        way, dashed = axes.lines[2 * j : 2 * j + 2]
        np.testing.assert_array_equal(way.get_ydata(), path[:, j])
        assert way.get_xdata()[0] == 0  # row 0 is before training
        assert set(dashed.get_ydata()) == {truth[j]}
        assert dashed.get_linestyle() == "--"
    subscripts = ["₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉", "₁₀", "₁₁", "₁₂"][:d]
    assert [text.get_text() for text in axes.texts] == [*("w" + subscript for subscript in subscripts), "b"]


def test_names_of_parameters_with_equal_true_values_do_not_lie_on_each_other():
    path = np.zeros((5, 4)) + np.linspace(0, 1, 5)[:, None]
    figure = drawn(parameter_path(path, np.ones(3), 1.0))
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    for below, above in pairwise(boxes):
        assert above.y0 >= below.y0 + 0.6 * below.height


def test_two_weights_are_also_drawn_in_their_plane_from_start_to_truth():
    path, truth = example_path(2)
    _, plane = drawn(parameter_path(path, truth[:2], truth[2:])).axes
    way, start, end = plane.lines
    np.testing.assert_array_equal(way.get_xydata(), path[:, :2])
    assert (start.get_label(), start.get_xydata().tolist()) == ("start", [[0, 0]])
    assert (end.get_label(), end.get_xydata().tolist()) == ("truth", [[1, 2]])
    assert start.get_marker() != end.get_marker()
    assert plane.get_aspect() == 1


def test_parameter_path_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"parameter_path: path must have shape \(steps \+ 1, 3\) .* got \(5, 2\)"):
        parameter_path(np.zeros((5, 2)), np.zeros(2), 1.0)
    with pytest.raises(TypeError, match=r"parameter_path: path must be an array of floats, got list"):
        parameter_path([[0.0, 0.0]], np.zeros(1), 1.0)


# the live plot


def test_live_plot_writes_a_whole_png_after_every_epoch_of_a_script(tmp_path):
    live, history, written = LivePlot(tmp_path / "curves.png"), History(), []
    for epoch in range(1, 4):
        history.train_loss.append(1 / epoch)
        live.after_step(State(history, epoch))
        live.after_epoch(State(history, epoch))
        written.append((tmp_path / "curves.png").read_bytes())
    assert all(png.startswith(PNG) and b"IEND" in png[-12:] for png in written)
    assert len(set(written)) == 3  # each epoch's is another picture
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_live_plot_never_writes_into_the_file_that_a_viewer_is_reading(tmp_path):
    live = LivePlot(tmp_path / "curves.png")
    live.after_epoch(State(History([1.0])))
    before = (tmp_path / "curves.png").read_bytes()
    with (tmp_path / "curves.png").open("rb") as viewer:
        start = viewer.read(100)
        live.after_epoch(State(History([1.0, 0.5])))
        assert start + viewer.read() == before


def test_live_plot_keeps_the_old_file_where_writing_fails(tmp_path, monkeypatch):
    live = LivePlot(tmp_path / "curves.png")
    live.after_epoch(State(History([1.0])))
    before = (tmp_path / "curves.png").read_bytes()

    def fails_half_way(figure, file, **kwargs):
        file.write(PNG)
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", fails_half_way)
    with pytest.raises(OSError, match="disk full"):
        live.after_epoch(State(History([1.0, 0.5])))
    assert (tmp_path / "curves.png").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_live_plot_is_a_callback_of_train(tmp_path):
    rng = np.random.default_rng(0)
    net = models.linear_regression(2, rng=rng)
    X, y = rng.normal(size=(20, 2)).astype(np.float32), np.ones((20, 1), np.float32)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    live = LivePlot(tmp_path / "curves.png")
    train(net, SquaredLoss(), optimizer, (X, y), num_epochs=2, batch_size=10, rng=rng, callbacks=[live], progress=False)
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)


def pretend_notebook(monkeypatch, shell):
    """A fake IPython, and the list of what it was asked to show: ("display" or "update", figure)."""
    shown = []

    def display(figure, *, display_id):
        assert display_id is True
        shown.append(("display", figure))
        return SimpleNamespace(update=lambda figure: shown.append(("update", figure)))

    ipython, module = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: shell
    ipython.display, module.display = module, display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return shown


def test_live_plot_changes_one_figure_in_place_in_a_notebook_and_starts_another_for_another_run(tmp_path, monkeypatch):
    shown = pretend_notebook(monkeypatch, SimpleNamespace(kernel="a kernel"))
    live, first, second = LivePlot(tmp_path / "curves.png"), History(), History([1.0])
    for loss in (1.0, 0.5, 0.25):
        first.train_loss.append(loss)
        live.after_epoch(State(first))
    live.after_epoch(State(second))
    assert [what for what, _ in shown] == ["display", "update", "update", "display"]
    assert [len(figure.axes[0].lines[0].get_ydata()) for _, figure in shown] == [1, 2, 3, 1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_live_plot_writes_the_file_where_ipython_has_no_kernel(tmp_path, monkeypatch, shell):
    shown = pretend_notebook(monkeypatch, shell)
    LivePlot(tmp_path / "curves.png").after_epoch(State(History([1.0])))
    assert (tmp_path / "curves.png").exists()
    assert shown == []


def test_a_notebook_gets_every_figure_as_a_picture():
    assert learning_curves(History([1.0]))._repr_png_().startswith(PNG)


def test_live_plot_refuses_a_path_it_cannot_write_before_training(tmp_path):
    with pytest.raises(ValueError, match=r"LivePlot: path must end in .png, got 'curves.pdf'"):
        LivePlot("curves.pdf")
    with pytest.raises(FileNotFoundError, match=r"LivePlot: path must be in a folder that exists, got .*nowhere"):
        LivePlot(tmp_path / "nowhere" / "curves.png")


# matplotlib, which may be missing


@pytest.mark.parametrize(
    "call",
    [
        lambda: learning_curves(History([1.0])),
        lambda: images(example_images(1), np.array([0]), NAMES),
        lambda: first_layer_weights(np.zeros((784, 2))),
        lambda: first_layer_weights(np.zeros((784, 3)), class_names=NAMES),
        lambda: confusion_matrix(np.array([0]), np.array([0]), NAMES),
        lambda: regression_fit(*regression(1.0)),
        lambda: parameter_path(np.zeros((2, 2)), np.zeros(1), 0.0),
        lambda: LivePlot(),
    ],
)
def test_without_matplotlib_the_error_says_what_to_install(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        ImportError, match='^plotting needs matplotlib, the extra "plot": python3 -m pip install matplotlib$'
    ):
        call()


def test_importing_plotting_imports_neither_matplotlib_nor_ipython_and_drawing_no_pyplot():
    code = """
import sys
import numpynet.plotting as plotting
from types import SimpleNamespace
assert not {"matplotlib", "IPython"} & set(sys.modules)
plotting.learning_curves(SimpleNamespace(train_loss=[1.0], train_accuracy=[], test_accuracy=[]))
assert not {"matplotlib.pyplot", "IPython"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
