"""A resumed run ends as if it had never stopped."""

import contextlib

import numpy as np
import pytest

from numpynet import SGD, Callback, Checkpointer, CrossEntropyLoss, load_checkpoint, scratch, train, train_scratch
from numpynet.training import checkpoint
from numpynet.training.checkpoint_file import read_checkpoint
from tests.helpers.checkpoints import StopAfter, data, everything, figures, make, start


@pytest.mark.parametrize("every", [1, 2, 3, 5, None])
def test_a_run_stopped_anywhere_resumes_to_the_same_bits(every, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "PATIENCE", 0)
    options = {"num_epochs": 3, "batch_size": 5, "test": data(4), "progress": False}
    net, optimizer, rng = start(1)
    whole = train(net, CrossEntropyLoss(), optimizer, data(), rng=rng, **options)
    for stop in range(1, 16):
        path = tmp_path / f"{stop}"
        first, first_optimizer, first_rng = start(1)
        checkpointer = Checkpointer(path, first, first_optimizer, rng=first_rng, every=every)
        with pytest.raises(KeyboardInterrupt):
            train(
                first, CrossEntropyLoss(), first_optimizer, data(), rng=first_rng,
                callbacks=[checkpointer, StopAfter(stop)], **options,
            )  # fmt: skip
        second, second_optimizer, second_rng = start(2)
        state = load_checkpoint(path, second, second_optimizer, rng=second_rng) if path.exists() else None
        if state is None:
            assert stop <= 5
            continue
        last_epoch, last_save = (stop - 1) // 5 * 5, stop // every * every if every else 0
        assert state.step == max(last_epoch, last_save)
        history = train(second, CrossEntropyLoss(), second_optimizer, data(), rng=second_rng, state=state, **options)
        assert figures(history) == figures(whole)
        assert everything(second, second_optimizer, second_rng) == everything(net, optimizer, rng)


class Stop(Callback):
    """Stops a run at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def after_epoch(self, state):
        if state.epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("stop", [None, 4])
def test_short_epochs_are_not_all_saved_but_the_last_one_is(tmp_path, monkeypatch, stop):
    """After an error the run has been saved at the end of an epoch: the first, or the one after which it stopped."""
    monkeypatch.setattr(checkpoint, "PATIENCE", 10**9)
    net, optimizer, rng = start(1)
    checkpointer = Checkpointer(tmp_path / "c", net, optimizer, rng=rng)
    saved = []
    save = checkpointer.save
    monkeypatch.setattr(checkpointer, "save", lambda state: (saved.append(state.epoch), save(state)))
    options = {"batch_size": 5, "rng": rng, "progress": False, "callbacks": [checkpointer, Stop(stop)]}
    with pytest.raises(KeyboardInterrupt) if stop else contextlib.nullcontext():
        train(net, CrossEntropyLoss(), optimizer, data(), num_epochs=6, **options)
    assert saved == [1, stop or 6]
    second, second_optimizer, second_rng = start(2)
    state = load_checkpoint(tmp_path / "c", second, second_optimizer, rng=second_rng)
    assert everything(second, second_optimizer, second_rng) == everything(net, optimizer, rng)
    assert len(state.history.train_loss) == (stop or 6)


def test_a_run_that_stops_in_the_middle_is_not_saved_there(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "PATIENCE", 10**9)
    net, optimizer, rng = start(1)
    callbacks = [Checkpointer(tmp_path / "c", net, optimizer, rng=rng), StopAfter(14)]
    with pytest.raises(KeyboardInterrupt):
        train(net, CrossEntropyLoss(), optimizer, data(), num_epochs=6, batch_size=5, rng=rng, progress=False,
              callbacks=callbacks)  # fmt: skip
    assert read_checkpoint(tmp_path / "c").state.epoch == 1


def test_more_epochs_after_a_finished_run_equal_one_long_run(tmp_path):
    options = {"batch_size": 5, "progress": False}
    net, optimizer, rng = start(1)
    whole = train(net, CrossEntropyLoss(), optimizer, data(), num_epochs=4, rng=rng, **options)
    first, first_optimizer, first_rng = start(1)
    checkpointer = Checkpointer(tmp_path / "c", first, first_optimizer, rng=first_rng)
    train(
        first,
        CrossEntropyLoss(),
        first_optimizer,
        data(),
        num_epochs=2,
        rng=first_rng,
        callbacks=[checkpointer],
        **options,
    )
    second, second_optimizer, second_rng = start(2)
    state = load_checkpoint(tmp_path / "c", second, second_optimizer, rng=second_rng)
    history = train(
        second, CrossEntropyLoss(), second_optimizer, data(), num_epochs=4, rng=second_rng, state=state, **options
    )
    assert figures(history) == figures(whole)
    assert everything(second, second_optimizer, second_rng) == everything(net, optimizer, rng)


def test_a_state_of_other_data_is_refused(path):
    net, optimizer, rng = make(9)
    state = load_checkpoint(path, net, optimizer, rng=rng)
    with pytest.raises(ValueError, match="train: data must have 3 examples to fit state, got 23"):
        train(net, CrossEntropyLoss(), optimizer, data(), num_epochs=3, batch_size=5, rng=rng, state=state)


def test_a_run_from_scratch_goes_on_too(tmp_path):
    from numpynet.cli.run import ScratchParameters

    X, y = np.random.default_rng(0).normal(size=(2, 23, 1))
    options = {"num_epochs": 3, "batch_size": 5, "lr": 0.1, "progress": False}

    def begin(seed):
        params = scratch.linear_regression.init_parameters(1, rng=np.random.default_rng(seed), dtype=np.float64)
        net = ScratchParameters(params)
        return params, net, SGD(net.parameters(), 0.1), np.random.default_rng(seed)

    params, *_, rng = begin(1)
    whole = train_scratch(scratch.linear_regression, params, (X, y), rng=rng, **options)
    first, net, optimizer, rng = begin(1)
    checkpointer = Checkpointer(tmp_path / "c", net, optimizer, rng=rng, every=3)
    with pytest.raises(KeyboardInterrupt):
        train_scratch(
            scratch.linear_regression, first, (X, y), rng=rng, callbacks=[checkpointer, StopAfter(8)], **options
        )
    second, net, optimizer, rng = begin(2)
    state = load_checkpoint(tmp_path / "c", net, optimizer, rng=rng)
    history = train_scratch(scratch.linear_regression, second, (X, y), rng=rng, state=state, **options)
    assert history.train_loss == whole.train_loss
    for name, array in params.items():
        np.testing.assert_array_equal(second[name], array)
