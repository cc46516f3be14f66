"""A real notebook, executed in a real kernel: in which order its outputs appear."""

import pytest

from tests.helpers.command import ROOT

nbclient = pytest.importorskip("nbclient", reason="needs nbclient, nbformat and ipykernel")
nbformat = pytest.importorskip("nbformat", reason="needs nbclient, nbformat and ipykernel")
pytest.importorskip("ipykernel", reason="needs nbclient, nbformat and ipykernel")

pytestmark = pytest.mark.slow

CELLS = [
    """
import warnings
warnings.simplefilter("error")
import numpy as np
from numpynet import SGD, CrossEntropyLoss, History, make_shapes, models, plotting, train
rng = np.random.default_rng(0)
data, test, names = make_shapes(300, 100, rng=rng)
net = models.softmax_regression(rng=rng)
live = plotting.LivePlot()
options = dict(batch_size=100, rng=rng, test=test, callbacks=[live])
history = train(net, CrossEntropyLoss(), SGD(net.parameters(), 0.1), data, num_epochs=3, **options)
""",
    "train(net, CrossEntropyLoss(), SGD(net.parameters(), 0.1), data, num_epochs=1, **options)",
    "plotting.learning_curves(history)",
    "plotting.learning_curves(history).show()",
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """The outputs of each cell."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
        nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    assert list(folder.iterdir()) == []  # LivePlot wrote no file
    return [cell.outputs for cell in notebook.cells]


def pictures(cell):
    return [output for output in cell if "image/png" in output.get("data", {})]


def test_bar_then_picture_then_one_line_for_each_epoch(outputs):
    bar, picture, *lines = outputs[0]
    assert bar.data == {"text/plain": "", "text/html": ""}  # empty again, now that the run is over
    assert pictures(outputs[0]) == [picture]
    assert {line.name for line in lines} == {"stdout"}
    text = "".join(line.text for line in lines)
    assert [line.split()[:2] for line in text.splitlines()] == [["epoch", f"{epoch}/3"] for epoch in (1, 2, 3)]


def test_a_second_run_has_a_picture_of_its_own_and_a_table(outputs):
    assert len(pictures(outputs[1])) == 1
    assert pictures(outputs[1])[0].data["image/png"] != pictures(outputs[0])[0].data["image/png"]
    assert outputs[1][-1].data["text/html"].startswith("<table>")


def test_a_figure_is_shown_once_at_a_cells_end_or_by_show(outputs):
    for cell in outputs[2:]:
        assert len(cell) == len(pictures(cell)) == 1
