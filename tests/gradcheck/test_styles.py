"""Code in many styles gets a true verdict as it stands: right programs pass, and slips in them are found and named."""

import pytest

from numpynet.gradcheck.learner_file import check_file
from tests.helpers import styles
from tests.helpers.more_object_styles import MORE_OBJECT_STYLES
from tests.helpers.object_styles import OBJECT_STYLES
from tests.helpers.slow import slow_after
from tests.helpers.training_styles import TRAINING_STYLES

STYLES = styles.STYLES | TRAINING_STYLES | OBJECT_STYLES | MORE_OBJECT_STYLES
SLIPS = [(name, *slip) for name, (_, slips) in STYLES.items() for slip in slips]


def check(source, folder):
    path = folder / "mine.py"
    path.write_text(source)
    return check_file(path)


LAYER = """
import numpy as np
class Linear:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out), np.zeros(BIAS)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, grad):
        self.dW, self.db = self.x.T @ grad, GRADIENT
        return grad @ self.W.T
"""


@pytest.mark.parametrize("name", STYLES)
def test_a_right_program_in_this_style_is_right(name, tmp_path):
    report = check(STYLES[name][0], tmp_path)
    assert report.verdicts, name
    assert report.code == 0, "\n".join(report.paragraphs())


@pytest.mark.parametrize(("name", "old", "new", "mistake"), slow_after(8, SLIPS))
def test_a_slip_in_this_style_is_found_and_named(name, old, new, mistake, tmp_path):
    source = STYLES[name][0]
    assert source.count(old) >= 1
    report = check(source.replace(old, new, 1), tmp_path)
    assert report.code == 1, "\n".join(report.paragraphs())
    if mistake:
        assert any(mistake in verdict.mistakes for verdict in report.verdicts), [v.mistakes for v in report.verdicts]


@pytest.mark.parametrize(
    ("bias", "gradient", "note"),
    [
        ("(1, n_out)", "grad.sum(axis=0)", "b has shape (1, 3), grad_b (3,); b − lr · grad_b has the right shape"),
        ("(n_out,)", "grad.sum(axis=0, keepdims=True)", "b − lr · grad_b would have shape (1, 3)"),
        ("(1, n_out)", "grad.sum(axis=0, keepdims=True)", ""),
    ],
)
def test_right_numbers_in_another_shape_get_a_note(bias, gradient, note, tmp_path):
    report = check(LAYER.replace("BIAS", bias).replace("GRADIENT", gradient), tmp_path)
    text = " ".join("\n".join(report.paragraphs()).split())
    assert report.code == 0, text
    assert note in text
    assert ("Note" in text) == bool(note)
