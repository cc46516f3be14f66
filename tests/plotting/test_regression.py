"""Pictures of linear regression: the fit, and the path of the parameters."""

from itertools import pairwise

import numpy as np
import pytest

from numpynet.plotting import parameter_path, regression_fit
from tests.helpers.figures import drawn, regression


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
def test_two_inputs_give_the_plane_and_predicted_against_true(w, formula):
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


def test_parameter_path_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"parameter_path: path must have shape \(steps \+ 1, 3\) .* got \(5, 2\)"):
        parameter_path(np.zeros((5, 2)), np.zeros(2), 1.0)
    with pytest.raises(TypeError, match=r"parameter_path: path must be an array of floats, got list"):
        parameter_path([[0.0, 0.0]], np.zeros(1), 1.0)
