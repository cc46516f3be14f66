"""The live plot, in scripts and in notebooks."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from numpynet import models, optim
from numpynet.losses import SquaredLoss
from numpynet.plotting import LivePlot, learning_curves
from numpynet.training import History, State, train
from tests.helpers.command import PNG


def test_live_plot_writes_a_whole_png_after_every_epoch(tmp_path):
    live, history, written = LivePlot(tmp_path / "curves.png"), History(), []
    for epoch in range(1, 4):
        history.train_loss.append(1 / epoch)
        live.after_step(State(history, epoch))
        live.after_epoch(State(history, epoch))
        written.append((tmp_path / "curves.png").read_bytes())
    assert all(png.startswith(PNG) and b"IEND" in png[-12:] for png in written)
    assert len(set(written)) == 3  # each epoch's is another picture
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


def test_live_plot_never_writes_into_a_file_being_read(tmp_path):
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


def test_live_plot_updates_one_figure_in_a_notebook_for_each_run(tmp_path, monkeypatch):
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


def test_live_plot_refuses_a_path_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"LivePlot: path must end in .png, got 'curves.pdf'"):
        LivePlot("curves.pdf")
    with pytest.raises(FileNotFoundError, match=r"LivePlot: path must be in a folder that exists, got .*nowhere"):
        LivePlot(tmp_path / "nowhere" / "curves.png")
