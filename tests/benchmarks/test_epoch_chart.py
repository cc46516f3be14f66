"""The table and the chart of the epoch suite show the same figures, and the chart can be read."""

import itertools

import pytest

pytest.importorskip("threadpoolctl", reason="needs threadpoolctl: pip install threadpoolctl")
from benchmarks import problems, report
from benchmarks.race import Result

MACHINE = {"cpu": "a processor with a long name (family 25, model 17)", "threads": 2}
SECONDS = {  # the paired ratios of "other" to numpynet are 2, 2 and 4/3: their median is not the ratio of the medians
    "numpynet": [1.0, 10.0, 3.0],
    "other": [2.0, 20.0, 4.0],
    "matrix products": [0.5, 0.25, 0.3],
    "torchvision + DataLoader": [90.0, 100.0, 95.0],
}


def test_multiples_are_ratios_of_the_medians():
    result = Result("problem", 10, SECONDS)
    assert result.multiple("other") == 4 / 3
    assert result.spread("numpynet") == 3.0
    rows = [line.split() for line in report.epoch_table(result).splitlines()[1:]]
    assert rows == [
        ["matrix", "products", "300", "ms", "0.10×", "250", "ms", "500", "ms"],
        ["numpynet", "3", "s", "1", "s", "10", "s"],
        ["other", "4", "s", "1.3×", "2", "s", "20", "s"],
        ["torchvision", "+", "DataLoader", "95", "s", "32×", "90", "s", "100", "s"],
    ]


@pytest.fixture
def figure():
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install matplotlib")
    results = [Result(problem.name, 10, SECONDS) for problem in problems.PROBLEMS.values()]
    figure = report.draw_epochs(results, MACHINE)
    figure.draw_without_rendering()
    return figure


def test_the_chart_has_the_figures_of_the_table(figure):
    for panel in figure.axes:
        names = [label.get_text() for label in panel.get_yticklabels()]
        cells = [text.get_text() for text in panel.texts]
        assert list(zip(names, cells[::2], cells[1::2], strict=True))[::-1] == [
            ("matrix products", "300 ms", "0.10×"),
            ("numpynet", "3 s", ""),
            ("other", "4 s", "1.3×"),
            ("torchvision + DataLoader", "95 s", "32×"),
        ]


def test_no_text_of_the_chart_touches_other_text_or_the_frame(figure):
    texts = [figure._supxlabel]
    for panel in figure.axes:
        texts += [panel._left_title, *panel.texts, *panel.get_xticklabels(), *panel.get_yticklabels()]
    boxes = [text.get_window_extent().padded(1) for text in texts if text.get_text()]
    assert len(boxes) > 30
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)
    width, height = figure.bbox.size
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height
    for panel in figure.axes:
        assert all(text.get_window_extent().x0 > panel.bbox.x1 for text in panel.texts if text.get_text())


def test_a_title_names_the_widths_of_all_layers():
    assert [problem.name for problem in problems.PROBLEMS.values()] == [
        "linear regression 2-1, batch size 10",
        "softmax regression 784-10, batch size 256",
        "MLP 784-256-10, batch size 256",
    ]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.8, 150, [1, 3, 10, 30, 100]), (0.15, 0.6, [0.2, 0.5]), (1.3, 9, [2, 5]), (2.5, 7, [3, 4, 5, 6])],
)
def test_ticks_are_round_numbers_inside_the_axis(low, high, ticks):
    found = report.log_ticks(low, high)
    assert set(ticks) <= {round(tick, 9) for tick in found}
    assert all(low <= tick <= high for tick in found)
    assert 3 <= len(found) <= 8
