"""The line printed after each epoch, and the bar on a terminal or in a notebook."""

import io
import sys

import pytest

from numpynet import Callback
from numpynet.training import progress
from tests.helpers.figures import pretend_notebook
from tests.helpers.training import blobs, run


def test_a_line_is_printed_for_every_epoch_unless_turned_off(rng, capsys):
    run(rng, blobs(rng), blobs(rng), num_epochs=2, progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2  loss ")
    assert "train accuracy 0." in lines[0]
    assert "test accuracy " in lines[0]
    run(rng, blobs(rng), num_epochs=2)
    assert capsys.readouterr().out == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_shown_only_on_a_terminal_and_with_tqdm(rng, monkeypatch):
    shown = []
    for stream, tqdm_missing in [(Terminal(), False), (io.StringIO(), False), (Terminal(), True)]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stream)
            if tqdm_missing:
                patch.setitem(sys.modules, "tqdm", None)
            _, history = run(rng, blobs(rng), num_epochs=2, progress=True)
        assert len(history.train_loss) == 2
        shown.append("epoch 2" in stream.getvalue())
    assert shown == [True, False, False]


class Stop(Callback):
    def after_step(self, state):
        raise RuntimeError("stopped")


def in_a_notebook(monkeypatch, rng, **options):
    """What a run displays in a notebook, as text: ("display" or "update", text)."""
    shown = pretend_notebook(monkeypatch)
    monkeypatch.setattr(progress.time, "monotonic", iter(range(10**6)).__next__)  # a step takes a second
    try:
        run(rng, blobs(rng, 30), num_epochs=2, batch_size=10, progress=True, **options)
    finally:
        shown[:] = [(what, content["text/plain"]) for what, content in shown]
    return shown


def test_in_a_notebook_one_bar_is_updated_in_place_and_emptied(monkeypatch, rng, capfd):
    (first, *middle, last) = in_a_notebook(monkeypatch, rng)
    assert first == ("display", "starting")
    assert middle == [("update", f"epoch {epoch}: {done} of 30 examples") for epoch in (1, 2) for done in (10, 20, 30)]
    assert last == ("update", "")
    assert capfd.readouterr().err == ""


def test_in_a_notebook_the_bar_goes_when_the_run_fails(monkeypatch, rng):
    shown = []
    monkeypatch.setattr(
        progress._NotebookBar, "_content", staticmethod(lambda *text: shown.append(text) or {"text/plain": ""})
    )
    with pytest.raises(RuntimeError, match="stopped"):
        in_a_notebook(monkeypatch, rng, callbacks=[Stop()])
    assert shown[-1] == ()


def test_in_a_notebook_fast_steps_update_the_bar_seldom(monkeypatch, rng):
    shown = pretend_notebook(monkeypatch)
    now = iter(step / 100 for step in range(10**6))
    monkeypatch.setattr(progress.time, "monotonic", now.__next__)
    run(rng, blobs(rng, 1000), num_epochs=1, batch_size=10, progress=True)
    assert len(shown) == pytest.approx(10 + 2, abs=1)  # 100 steps take a second; and the first and the last


def test_the_bar_in_a_notebook_shows_how_far_the_epoch_is(monkeypatch, rng):
    shown = pretend_notebook(monkeypatch)
    run(rng, blobs(rng, 30), num_epochs=1, batch_size=10, progress=True)
    assert '<progress value="10" max="30">' in shown[1][1]["text/html"]


def test_without_a_console_training_has_no_bar(rng, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    _, history = run(rng, blobs(rng), num_epochs=1, progress=True)
    assert len(history.train_loss) == 1
