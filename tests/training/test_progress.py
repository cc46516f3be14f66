"""The line printed after each epoch, and the bar on a terminal."""

import io
import sys

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
                patch.setitem(sys.modules, "tqdm.auto", None)
            _, history = run(rng, blobs(rng), num_epochs=2, progress=True)
        assert len(history.train_loss) == 2
        shown.append("epoch 2" in stream.getvalue())
    assert shown == [True, False, False]
