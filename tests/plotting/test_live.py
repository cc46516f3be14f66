"""The live plot, in scripts and in notebooks."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from numpynet import models, optim
from numpynet.losses import SquaredLoss
from numpynet.plotting import LivePlot, learning_curves
from numpynet.plotting.figure import as_png
from numpynet.training import History, State, train
from tests.helpers.command import PNG
from tests.helpers.figures import drawn, pretend_notebook
from tests.helpers.training import blobs, run


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


def test_in_a_notebook_one_figure_changes_in_place(tmp_path, monkeypatch):
    shown = pretend_notebook(monkeypatch)
    live, history = LivePlot(tmp_path / "curves.png"), History()
    live.before_training(State(history))
    for loss in (1.0, 0.5, 0.25):
        history.train_loss.append(loss)
        live.after_epoch(State(history))
    assert [what for what, _ in shown] == ["display", "update", "update", "update"]
    assert [len(line.get_ydata()) for _, figure in shown for line in figure.axes[0].lines] == [1, 2, 3]
    assert "first epoch" in drawn(shown[0][1]).axes[0].texts[0].get_text()
    assert list(tmp_path.iterdir()) == []


def test_each_run_in_a_notebook_has_a_figure_of_its_own(tmp_path, monkeypatch):
    shown = pretend_notebook(monkeypatch)
    live, state = LivePlot(tmp_path / "curves.png"), State()
    for _ in range(2):
        live.before_training(state)
        state.history.train_loss.append(1.0)
        live.after_epoch(state)
    assert [what for what, _ in shown] == ["display", "update"] * 2


def test_a_resumed_run_shows_its_curves_before_it_trains(tmp_path, monkeypatch):
    live, state = LivePlot(tmp_path / "curves.png"), State(History([1.0, 0.5]), epoch=2)
    live.before_training(state)
    assert (tmp_path / "curves.png").read_bytes() == as_png(learning_curves(state.history))
    shown = pretend_notebook(monkeypatch)
    live.before_training(state)
    ((_, figure),) = shown
    assert figure.axes[0].lines[0].get_ydata().tolist() == [1.0, 0.5]


def test_a_new_run_replaces_the_picture_of_the_last_one(tmp_path):
    (tmp_path / "curves.png").write_bytes(b"of the last run")
    LivePlot(tmp_path / "curves.png").before_training(State())
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)


def test_in_a_notebook_the_figure_comes_before_the_first_line(tmp_path, monkeypatch, rng):
    shown = pretend_notebook(monkeypatch)
    monkeypatch.setattr("builtins.print", lambda text, flush: shown.append(("print", text)))
    run(rng, blobs(rng), num_epochs=2, progress=True, callbacks=[LivePlot(tmp_path / "curves.png")])
    assert [what for what, _ in shown if what != "update"] == ["display", "display", "print", "print"]  # bar, figure


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_live_plot_writes_the_file_where_ipython_has_no_kernel(tmp_path, monkeypatch, shell):
    shown = pretend_notebook(monkeypatch, shell)
    LivePlot(tmp_path / "curves.png").after_epoch(State(History([1.0])))
    assert (tmp_path / "curves.png").exists()
    assert shown == []


def test_live_plot_refuses_a_path_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"LivePlot: path must end in .png, got 'curves.pdf'"):
        LivePlot("curves.pdf")
    with pytest.raises(FileNotFoundError, match=r"LivePlot: path must be in a folder that exists, got .*nowhere"):
        LivePlot(tmp_path / "nowhere" / "curves.png")
