"""What a checkpoint saves is restored to the bit; what could not be read again is not written."""

from pathlib import Path

import numpy as np
import pytest

from numpynet import SGD, CheckpointError, load_checkpoint, save_checkpoint
from numpynet.training import History
from numpynet.training.checkpoint_file import read_checkpoint
from tests.helpers.checkpoints import assert_refused, everything, make


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", [{}, {"momentum": 0.0}, {"nesterov": True, "weight_decay": 0.01}])
def test_parameters_velocities_and_the_rng_come_back_to_the_bit(options, dtype, tmp_path):
    net, optimizer, rng = make(1, dtype=dtype, **options)
    save_checkpoint(tmp_path / "c", net, optimizer, rng=rng, epoch=3, step=40)
    other = make(2, dtype=dtype, **options)
    state = load_checkpoint(tmp_path / "c", *other[:2], rng=other[2])
    assert everything(*other) == everything(net, optimizer, rng)
    assert (state.epoch, state.step, state.order, state.position) == (3, 40, None, 0)
    assert other[2].random() == rng.random()
    assert [file.name for file in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("bits", ["PCG64", "MT19937", "Philox", "SFC64", "PCG64DXSM"])
def test_every_kind_of_generator_continues_where_it_was(bits, tmp_path):
    kind = getattr(np.random, bits)
    net, optimizer, rng = make(1, bits=kind)
    rng.integers(0, 5, 3, dtype=np.uint32)  # leaves half of a 64-bit number over
    save_checkpoint(tmp_path / "c", net, optimizer, rng=rng, epoch=0, step=0)
    other = make(2, bits=kind)
    load_checkpoint(tmp_path / "c", *other[:2], rng=other[2])
    for draw in ("random", "standard_normal"):
        assert (getattr(other[2], draw)(5) == getattr(rng, draw)(5)).all()
    assert (other[2].integers(0, 5, 9, dtype=np.uint32) == rng.integers(0, 5, 9, dtype=np.uint32)).all()
    assert_refused(tmp_path / "c", "rng", bits=np.random.SFC64 if bits != "SFC64" else np.random.PCG64)


def test_where_the_run_was_and_what_the_caller_adds_come_back(tmp_path):
    net, optimizer, rng = make()
    history = History([0.5, 1 / 3], [0.25, 0.1], [0.7, 0.2], [1.5, 2.5])
    where = {"epoch": 3, "step": 21, "order": np.array([1, 0, 2]), "position": 1, "total_loss": 0.1, "total_right": 2.0}
    rest = {"settings": {"model": "mlp", "hidden": [3]}, "data_digest": "abc", "extra": {"path": np.ones((2, 3))}}
    save_checkpoint(tmp_path / "c", net, optimizer, rng=rng, history=history, seconds=0.75, **where, **rest)
    checkpoint = read_checkpoint(tmp_path / "c")
    assert checkpoint.state.history == history
    for name, value in where.items():
        np.testing.assert_array_equal(getattr(checkpoint.state, name), value)
    assert checkpoint.state.seconds == 0.75
    assert checkpoint.settings == rest["settings"]
    assert checkpoint.data_digest == "abc"
    np.testing.assert_array_equal(checkpoint.extra["path"], np.ones((2, 3)))


def test_numpys_own_reader_can_open_it_without_pickle(path):
    with np.load(path, allow_pickle=False) as saved:
        np.testing.assert_array_equal(saved["parameter/1.W"], make()[0].parameters()[0].data)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nothing_that_is_not_finite_is_ever_written(value, path):
    before = path.read_bytes()
    net, optimizer, rng = make(3)
    net.parameters()[2].data[1, 0] = value
    with pytest.raises(
        CheckpointError, match=r"save_checkpoint: parameter/3.W must be finite, got -?(nan|inf) at \[1, 0\]"
    ):
        save_checkpoint(path, net, optimizer, rng=rng, epoch=1, step=1)
    net, optimizer, rng = make(3)
    optimizer.velocities[1][0] = value
    with pytest.raises(CheckpointError, match="velocity/1.b must be finite"):
        save_checkpoint(path, net, optimizer, rng=rng, epoch=1, step=1)
    net, optimizer, rng = make(3)
    with pytest.raises(CheckpointError, match="total_loss must be finite"):
        save_checkpoint(path, net, optimizer, rng=rng, epoch=1, step=1, total_loss=value)
    with pytest.raises(CheckpointError, match="history's train_loss must be finite"):
        save_checkpoint(path, net, optimizer, rng=rng, epoch=1, step=1, history=History([value]))
    assert path.read_bytes() == before


def test_an_optimizer_of_another_network_is_refused_when_saving(tmp_path):
    net, _, rng = make()
    with pytest.raises(ValueError, match="optimizer must hold parameters of net"):
        save_checkpoint(tmp_path / "c", net, make(1)[1], rng=rng, epoch=0, step=0)
    assert list(tmp_path.iterdir()) == []


def test_a_new_optimizer_can_be_saved_at_any_step(tmp_path):
    """As where a trained network goes on with a new optimizer: its velocities are 0."""
    net, _, rng = make(1)
    save_checkpoint(tmp_path / "c", net, SGD(net.parameters(), 0.1, 0.9), rng=rng, epoch=1, step=5)
    other, optimizer, rng = make(2)
    load_checkpoint(tmp_path / "c", other, optimizer, rng=rng)
    for velocity, parameter in zip(optimizer.velocities, other.parameters(), strict=True):
        assert (velocity == np.zeros_like(parameter.data)).all()


UNREADABLE = {  # what cannot be read again is not written
    "epoch": ({"epoch": -1}, "epoch must be a whole number of at least 0, got -1"),
    "step": ({"step": 1.5}, "step must be a whole number of at least 0, got 1.5"),
    "position without order": ({"position": 2}, "position must be 0 where order is missing"),
    "order": ({"order": np.array([0, 0, 1])}, "order must be the index of each example once"),
    "order of floats": ({"order": [0.5]}, "order must be the index of each example once"),
    "data_digest": ({"data_digest": None}, "data_digest must be a str, got None"),
    "settings with a path": ({"settings": {"output": Path("out")}}, "settings are stored as JSON, which has no .*Path"),
    "settings of pairs": ({"settings": [1, 2]}, "save_checkpoint: "),
    "history": ({"history": History([0.5])}, "history's train_loss must be finite numbers, none or one for each of 3"),
    "extra": ({"extra": {"names": np.array(["a"])}}, "extra/names must be an array of numbers"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_could_not_be_read_again_is_not_written(case, path):
    change, message = UNREADABLE[case]
    before = path.read_bytes()
    net, optimizer, rng = make(3)
    with pytest.raises(CheckpointError, match=f"save_checkpoint: .*{message}|{message}"):
        save_checkpoint(path, net, optimizer, **{"rng": rng, "epoch": 3, "step": 7, **change})
    assert path.read_bytes() == before


def test_a_learning_rate_that_is_no_number_is_not_written(path):
    before = path.read_bytes()
    net, optimizer, rng = make(3)
    optimizer.lr = np.nan
    with pytest.raises(CheckpointError, match="save_checkpoint: optimizer's lr must be finite and at least 0, got nan"):
        save_checkpoint(path, net, optimizer, rng=rng, epoch=1, step=1)
    assert path.read_bytes() == before


def test_an_rng_that_is_none_is_refused_in_words(path):
    net, optimizer, _ = make(3)
    with pytest.raises(TypeError, match="save_checkpoint: rng must be a generator"):
        save_checkpoint(path, net, optimizer, rng=None, epoch=1, step=1)
    with pytest.raises(TypeError, match="load_checkpoint: rng must be a generator"):
        load_checkpoint(path, net, optimizer, rng=np.random.RandomState(0))
