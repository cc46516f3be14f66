"""Pictures of linear regression: the fit, and the path of the parameters."""

from itertools import pairwise

import numpy as np
import pytest

from numpynet.functional import squared_loss
from numpynet.plotting import parameter_path, regression_fit
from tests.helpers.figures import drawn, regression


def uneven(*w):
    """Data with 20 points above the fit, 30 below and 10 on it, and by how much."""
    W, b, X, _ = regression(*w)
    X = np.concatenate([X, X[:10] / 2])
    residuals = np.repeat([0.5, -0.25, 0.0], [20, 30, 10])[:, None]
    y_hat = X @ W + b
    return (W, b, X, y_hat + residuals), y_hat, residuals


def points(axes):
    """The points of each mark, without the lines."""
    return {line.get_marker(): line for line in axes.lines if line.get_marker() not in ("", "None")}


def test_one_input_gives_the_data_and_the_line():
    data, y_hat, residuals = uneven(-2.0)
    _, _, X, y = data
    axes = drawn(regression_fit(*data)).axes[0]
    for mark, side in {"^": residuals > 0, "v": residuals < 0, "o": residuals == 0}.items():
        np.testing.assert_array_equal(points(axes)[mark].get_xydata(), np.hstack([X, y])[side[:, 0]])
    line = axes.lines[-1]
    np.testing.assert_allclose(line.get_ydata(), -2 * line.get_xdata() + 4.25)
    assert line.get_xdata().tolist() == [X.min(), X.max()]
    assert "ŷ = −2.00 x + 4.25" in axes.get_title()
    segments = np.array([segment for collection in axes.collections for segment in collection.get_segments()])
    expected = np.stack([np.hstack([X, y_hat]), np.hstack([X, y])], axis=1)
    np.testing.assert_allclose(np.sort(segments, axis=0), np.sort(expected, axis=0))


@pytest.mark.parametrize(
    ("w", "formula"),
    [((2.0, -3.4), "ŷ = 2.00 x₁ − 3.40 x₂ + 4.25"), ((0.0, 0.0), "ŷ = 0.00 x₁ + 0.00 x₂ + 4.25")],
)
def test_two_inputs_give_the_data_and_the_plane(w, formula):
    data, _, residuals = uneven(*w)
    W, _, X, y = data
    plane = drawn(regression_fit(*data)).axes[0]
    for mark, side in {"^": residuals > 0, "v": residuals < 0, "o": residuals == 0}.items():
        shown = np.transpose(points(plane)[mark].get_data_3d())
        np.testing.assert_array_equal(shown, np.hstack([X, y])[side[:, 0]])
    corners = np.concatenate([np.asarray(segment) for segment in plane.collections[0]._segments3d])
    np.testing.assert_allclose(corners[:, 2], corners[:, :2] @ W[:, 0] + 4.25)
    assert formula in plane.get_title()


def test_in_the_3d_picture_the_plane_hides_what_is_below_it():
    data, *_ = uneven(2.0, -3.4)
    plane = drawn(regression_fit(*data)).axes[0]
    assert not plane.computed_zorder
    assert points(plane)["v"].zorder < plane.collections[0].zorder < points(plane)["^"].zorder


def test_in_the_3d_picture_each_point_is_joined_to_the_plane():
    data, y_hat, residuals = uneven(2.0, -3.4)
    _, _, X, y = data
    plane = drawn(regression_fit(*data)).axes[0]
    lines = [np.transpose(line.get_data_3d()) for line in plane.lines if line.get_marker() == "None"]
    ends = np.concatenate(lines).reshape(-1, 3, 3)  # from, to, gap
    assert np.isnan(ends[:, 2]).all()
    order = np.concatenate([np.flatnonzero(side) for side in (residuals < 0, residuals == 0, residuals > 0)])
    np.testing.assert_allclose(ends[:, 0], np.hstack([X, y_hat])[order])
    np.testing.assert_allclose(ends[:, 1], np.hstack([X, y])[order])


@pytest.mark.parametrize("w", [(2.0,), (2.0, -3.4), (2.0, -3.4, 1.0)])
def test_residuals_are_counted_on_each_side(w):
    data, y_hat, residuals = uneven(*w)
    axes = drawn(regression_fit(*data)).axes[1]
    labels = {mark: line.get_label() for mark, line in points(axes).items()}
    assert labels == {"^": "20 above", "v": "30 below", "o": "10 on it"}
    for mark, side in {"^": residuals > 0, "v": residuals < 0, "o": residuals == 0}.items():
        np.testing.assert_allclose(points(axes)[mark].get_xydata(), np.hstack([y_hat, residuals])[side[:, 0]])
    assert f"root mean square {np.sqrt(np.mean(residuals**2)):.3g}" in axes.get_title()


def test_small_residuals_fill_their_panel():
    W, b, X, y = regression(2.0, -3.4)
    axes = drawn(regression_fit(W, b, X, y - 0.5 + 0.01 * np.sin(X[:, :1]))).axes[1]
    assert 0.01 < axes.get_ylim()[1] < 0.015
    colours = {line.get_color() for line in points(axes).values()}
    assert len(colours) == len(points(axes)) == 2


def test_a_perfect_fit_is_drawn_too():
    W, b, X, _ = regression(2.0)
    axes = drawn(regression_fit(W, b, X, X @ W + b)).axes[1]
    assert points(axes)["o"].get_label() == "50 on it"
    assert axes.get_ylim() == (-1, 1)


@pytest.mark.parametrize("degrees", range(0, 360, 15))
def test_the_plane_is_never_seen_edge_on(degrees):
    angle = np.radians(degrees)
    W, b, X, y = regression(3 * np.cos(angle), 3 * np.sin(angle))
    plane = regression_fit(W, b, X, y).axes[0]
    away = (plane.azim - (degrees + 180) + 180) % 360 - 180  # from looking at it from its downhill side
    assert 40 <= abs(away) <= 95  # 180 would be from uphill


def test_more_inputs_give_true_against_predicted_on_equal_axes():
    data, y_hat, _ = uneven(1.0, 2.0, 3.0)
    axes = drawn(regression_fit(*data)).axes[0]
    np.testing.assert_allclose(points(axes)["^"].get_xydata(), np.hstack([y_hat, y_hat + 0.5])[:20])
    diagonal = axes.lines[-1]
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
def test_parameter_path_draws_each_parameter_and_its_true_value(d):
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


def test_names_at_equal_true_values_do_not_overlap():
    path = np.zeros((5, 4)) + np.linspace(0, 1, 5)[:, None]
    figure = drawn(parameter_path(path, np.ones(3), 1.0))
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    for below, above in pairwise(boxes):
        assert above.y0 >= below.y0 + 0.6 * below.height


def test_two_weights_are_also_drawn_in_their_plane():
    path, truth = example_path(2)
    _, plane = drawn(parameter_path(path, truth[:2], truth[2:])).axes
    way, start, end = plane.lines
    np.testing.assert_array_equal(way.get_xydata(), path[:, :2])
    assert (start.get_label(), start.get_xydata().tolist()) == ("start", [[0, 0]])
    assert (end.get_label(), end.get_xydata().tolist()) == ("truth", [[1, 2]])
    assert start.get_marker() != end.get_marker()
    assert plane.get_aspect() == 1


def test_one_weight_is_drawn_in_the_plane_of_w_and_b():
    path, truth = example_path(1)
    _, plane = drawn(parameter_path(path, truth[:1], truth[1])).axes
    np.testing.assert_array_equal(plane.lines[0].get_xydata(), path)
    assert (plane.get_xlabel(), plane.get_ylabel()) == ("w₁", "b")


@pytest.mark.parametrize("d", [1, 2])
def test_contours_are_those_of_the_squared_loss(d):
    """Where the line of a level runs, the loss is that level. Between the points of its grid, matplotlib interpolates."""
    path, truth = example_path(d)
    rng = np.random.default_rng(0)
    X = rng.normal(1, 1, (100, d)).astype(np.float32)
    y = (X @ truth[:d, None] + truth[d] + rng.normal(size=(100, 1))).astype(np.float32)
    plane = drawn(parameter_path(path, truth[:d], truth[d], data=(X, y))).axes[1]
    (contours,) = (collection for collection in plane.collections if hasattr(collection, "levels"))
    assert len(contours.levels) > 5
    for level, line in zip(contours.levels, contours.get_paths(), strict=True):
        assert len(line.vertices) > 10
        for point in line.vertices[::10]:
            parameters = [*point, *truth[2:]]  # if d = 2, b is held at its true value
            loss = squared_loss(X @ np.array(parameters)[:d, None] + parameters[d], y.astype(np.float64))
            np.testing.assert_allclose(loss, level, rtol=0.01)
    low, high = np.transpose([plane.get_xlim(), plane.get_ylim()])
    assert (np.concatenate([line.vertices for line in contours.get_paths()]).min(axis=0) >= low).all()
    assert (low < path[:, :2].min(axis=0)).all()
    assert (high > truth[:2]).all()
    assert ("b = " in plane.get_title()) == (d == 2)


def test_contours_reach_the_edges_of_the_panel():
    path, truth = example_path(2)
    X = np.random.default_rng(0).normal(size=(100, 2))
    plane = drawn(parameter_path(path, truth[:2], truth[2], data=(X, X @ truth[:2, None] + truth[2]))).axes[1]
    (contours,) = (collection for collection in plane.collections if hasattr(collection, "levels"))
    vertices = np.concatenate([line.vertices for line in contours.get_paths()])
    for reached, limits in zip(vertices.T, (plane.get_xlim(), plane.get_ylim()), strict=True):
        np.testing.assert_allclose([reached.min(), reached.max()], limits)


def test_parameter_path_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"parameter_path: path must have shape \(steps \+ 1, 3\) .* got \(5, 2\)"):
        parameter_path(np.zeros((5, 2)), np.zeros(2), 1.0)
    with pytest.raises(TypeError, match=r"parameter_path: path must be an array of floats, got list"):
        parameter_path([[0.0, 0.0]], np.zeros(1), 1.0)
    path = np.zeros((5, 3))
    with pytest.raises(ValueError, match=r"parameter_path: X must have shape \(n, 2\) to fit W \(2, 1\), got \(5, 3\)"):
        parameter_path(path, np.zeros(2), 1.0, data=(np.zeros((5, 3)), np.zeros((5, 1))))
    with pytest.raises(ValueError, match=r"parameter_path: y must have shape \(5, 1\), n at least 1, got \(5,\)"):
        parameter_path(path, np.zeros(2), 1.0, data=(np.zeros((5, 2)), np.zeros(5)))
    with pytest.raises(TypeError, match=r"parameter_path: y must be an array of floats, got an array of int64"):
        parameter_path(path, np.zeros(2), 1.0, data=(np.zeros((5, 2)), np.zeros((5, 1), np.int64)))
