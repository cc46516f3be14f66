"""Checkpoints: what is saved comes back to the bit, what is damaged or does not fit is refused and changes nothing, and
a run that goes on from one ends as if it had never stopped."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from numpynet import (
    SGD,
    Callback,
    Checkpointer,
    CheckpointError,
    CrossEntropyLoss,
    DivergedError,
    SquaredLoss,
    load_checkpoint,
    models,
    save_checkpoint,
    scratch,
    train,
    train_scratch,
)
from numpynet.storage.npz import from_npz, to_npz
from numpynet.training import History
from numpynet.training.checkpoint_file import read_checkpoint, sha256


def make(seed=0, sizes=(4, [3], 2), lr=0.1, momentum=0.9, dtype=np.float32, bits=np.random.PCG64, **options):
    """A net, an optimizer that has taken a step, and an rng that has been used."""
    rng = np.random.Generator(bits(seed))
    net = models.mlp(*sizes, rng=rng, dtype=dtype)
    optimizer = SGD(net.parameters(), lr, momentum, **options)
    for parameter in net.parameters():
        parameter.grad = rng.normal(size=parameter.data.shape).astype(dtype)
    optimizer.step()
    return net, optimizer, rng


def everything(net, optimizer, rng):
    """All that a checkpoint is to restore, as bytes."""
    arrays = [parameter.data for parameter in net.parameters()] + [np.asarray(v) for v in optimizer.velocities]
    state = json.dumps(rng.bit_generator.state, default=lambda array: array.tolist())
    return [(array.dtype, array.shape, array.tobytes()) for array in arrays], state


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.npz"
    net, optimizer, rng = make()
    save_checkpoint(path, net, optimizer, rng=rng, epoch=2, step=17, order=np.array([2, 0, 1]), position=2)
    return path


def assert_refused(path, message, seed=9, **options):
    """load_checkpoint refuses the file, naming it and the reason, and nothing has changed."""
    net, optimizer, rng = make(seed, **options)
    before = everything(net, optimizer, rng)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(path, net, optimizer, rng=rng)
    assert str(path) in str(caught.value)
    assert everything(net, optimizer, rng) == before


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
def test_every_kind_of_generator_goes_on_where_it_was_and_no_other_kind_is_taken_for_it(bits, tmp_path):
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


# Files that are damaged, or something else.


def test_every_byte_flipped_is_noticed_or_changes_nothing(path):
    content = path.read_bytes()
    expected = everything(*make())
    noticed = 0
    for at in range(len(content)):
        for mask in (0x01, 0x80, 0xFF):
            path.write_bytes(content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :])
            other = make(9)
            untouched = everything(*other)
            try:
                load_checkpoint(path, *other[:2], rng=other[2])
            except CheckpointError:
                noticed += 1
                assert everything(*other) == untouched
            else:
                assert everything(*other) == expected
    assert noticed > 2 * len(content)


def test_cut_off_anywhere_it_is_refused(path):
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            read_checkpoint(path)


class Trap:
    """Pickled, it writes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def zipped(members, **options):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def npy(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_strange_files_are_refused_and_execute_nothing(path, tmp_path):
    trap = np.array([Trap(tmp_path / "sprung")], object)
    arrays = from_npz(path.read_bytes())
    members = [(f"{name}.npy", npy(array)) for name, array in arrays.items()]
    announced = npy(np.zeros(4)).replace(b"(4,)", b"(9**9,)"[:4])
    strange = {
        "empty": b"",
        "text": b"a line of text, and another\n" * 50,
        "pickle": pickle.dumps(Trap(tmp_path / "sprung")),
        "pickled array": npy(trap, allow_pickle=True),
        "pickled member": zipped([*members, ("extra/trap.npy", npy(trap, allow_pickle=True))]),
        "twice": zipped([*members, members[0]]),
        "compressed bomb": zipped([("meta.npy", npy(np.zeros(1 << 26, np.uint8)))], compression=zipfile.ZIP_DEFLATED),
        "shape too large": zipped([("meta.npy", announced)]),
        "no meta": to_npz({"parameter/1.W": np.ones(2)}),
        "not npy": zipped([("meta.npy", b"{}")]),
        "an IDX file": b"\0\0\x08\1" + bytes(100),
        "someone's weights": to_npz({"W": np.ones((2, 2)), "b": np.ones(2)}),
    }
    for name, content in strange.items():
        path.write_bytes(content)
        assert_refused(path, ".")
        assert not (tmp_path / "sprung").exists(), name


def forge(path, meta=None, **arrays):
    """Change what the file holds and make its digest right again; an array None is left out."""
    content = from_npz(path.read_bytes())
    content |= arrays
    content = {name: array for name, array in content.items() if array is not None}
    text = {**json.loads(content["meta"].tobytes()), **(meta or {})}
    content["meta"] = np.frombuffer(json.dumps({k: v for k, v in text.items() if v is not ...}).encode(), np.uint8)
    del content["digest"]
    content["digest"] = np.frombuffer(sha256(content), np.uint8)
    path.write_bytes(to_npz(content))


FORGED = {
    "another version": ({"meta": {"version": 1}}, "version must be 2, got 1: was it written by another version of numpynet?"),
    "field missing": ({"meta": {"step": ...}}, "meta must hold"),
    "field unknown": ({"meta": {"colour": "red"}}, "meta must hold"),
    "field of another kind": ({"meta": {"step": "17"}}, "step must be a whole number of at least 0, got '17'"),
    "bool for a number": ({"meta": {"step": True}}, "step must be a whole number"),
    "negative": ({"meta": {"epoch": -1}}, "epoch must be a whole number of at least 0, got -1"),
    "infinite": ({"meta": {"total_loss": float("inf")}}, "total_loss must be finite"),
    "figures": ({"meta": {"history": {"train_loss": ["low"], "train_accuracy": [], "test_accuracy": [], "test_loss": [], "seconds": []}}}, "history's train_loss"),
    "history": ({"meta": {"history": {}}}, "history must hold"),
    "optimizer": ({"meta": {"optimizer": {"lr": 0.1}}}, "optimizer must hold"),
    "learning rate": ({"meta": {"optimizer": {"lr": 0.2, "momentum": 0.9, "weight_decay": 0.0, "nesterov": False}}}, "optimizer's lr: 0.2 in the checkpoint, 0.1 here"),
    "rng state": ({"meta": {"rng": {"bit_generator": "PCG64", "state": {}}}}, "rng"),
    "architecture": ({"meta": {"architecture": "Tree"}}, "architecture: Tree in the checkpoint"),
    "position": ({"meta": {"position": 4}}, "position must be at most 3, got 4"),
    "position without order": ({"order": None}, "order is missing"),
    "order not a permutation": ({"order": np.array([0, 0, 1])}, "order must be the number of each example once"),
    "order of floats": ({"order": np.array([0.0, 1.0, 2.0])}, "order must be the number"),
    "parameter missing": ({"parameter/1.W": None}, "parameters"),
    "parameter unknown": ({"parameter/9.W": np.ones(2)}, "parameters"),
    "parameter of another shape": ({"parameter/1.W": np.ones((3, 4), np.float32)}, r"parameter 1.W: \(3, 4\) float32 in the checkpoint, \(4, 3\) float32 here"),
    "parameter of another dtype": ({"parameter/1.W": np.ones((4, 3))}, "parameter 1.W"),
    "parameter not finite": ({"parameter/1.b": np.array([0, np.nan, 0], np.float32)}, "parameter/1.b must be finite"),
    "velocity missing": ({"velocity/1.W": None}, "velocities"),
    "velocity of another shape": ({"velocity/1.W": np.ones((3, 4), np.float32)}, "velocity 1.W"),
    "velocities missing": ({f"velocity/{name}": None for name in ["1.W", "1.b", "3.W", "3.b"]}, "velocities are missing, at momentum 0.9"),
    "number too large for a float": ({"meta": {"seconds": 10**400}}, "seconds must be finite"),
    "count too large": ({"meta": {"step": 10**400}}, "step must be a whole number"),
    "order empty": ({"order": np.zeros(0, np.int64), "meta": {"position": 0}}, "order must be"),
    "order of rows": ({"order": np.array([[0], [1]])}, "order must be"),
    "order of nothing": ({"order": np.array(0)}, "order must be"),
    "mid-epoch before the first epoch": ({"meta": {"epoch": 0}}, "epoch must be at least 1 in mid-epoch, got 0"),
    "settings": ({"meta": {"settings": []}}, "settings must be a dict"),
    "optimizer's value": ({"meta": {"optimizer": {"lr": 10**400, "momentum": 0.9, "weight_decay": 0.0, "nesterov": False}}}, "optimizer's lr must be finite"),
    "nesterov": ({"meta": {"optimizer": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.0, "nesterov": 0}}}, "nesterov must be True or False"),
    "array unknown": ({"colour": np.ones(2)}, "colour is not expected"),
}  # fmt: skip


for figures in [5, None, "", {}, [10**400], [True], [0.5, 0.5], [0.5, 0.5, 0.5]]:  # one epoch of two is done
    FORGED[f"history of {figures}"[:30]] = (
        {"meta": {"history": {**vars(History()), "test_accuracy": figures}}},
        "history's test_accuracy must be finite numbers, none or one for each of 1 epochs",
    )


@pytest.mark.parametrize("case", FORGED)
def test_whole_files_whose_content_does_not_fit_are_refused_naming_the_field(case, path):
    changes, message = FORGED[case]
    forge(path, **changes)
    assert_refused(path, message)


def test_a_forged_file_without_a_change_is_accepted(path):
    forge(path)
    net, optimizer, rng = make(9)
    load_checkpoint(path, net, optimizer, rng=rng)
    assert everything(net, optimizer, rng) == everything(*make())


def test_deeply_nested_json_is_refused(path):
    forge(path, meta={"settings": "HERE"})
    content = from_npz(path.read_bytes())
    text = content["meta"].tobytes().replace(b'"HERE"', b"[" * 100_000 + b"]" * 100_000)
    content["meta"] = np.frombuffer(text, np.uint8)
    content["digest"] = np.frombuffer(sha256({k: v for k, v in content.items() if k != "digest"}), np.uint8)
    path.write_bytes(to_npz(content))
    assert_refused(path, "recursion")


WRONG_RNG = {
    "MT19937": {"key too short": lambda rng: rng["state"].update(key=[1, 2]), "pos": lambda rng: rng["state"].update(pos=10**8),
                "pos, negative": lambda rng: rng["state"].update(pos=-1), "key": lambda rng: rng["state"]["key"].append(1)},
    "Philox": {"buffer_pos": lambda rng: rng.update(buffer_pos=5), "buffer_pos, negative": lambda rng: rng.update(buffer_pos=-1),
               "counter too short": lambda rng: rng["state"].update(counter=[1])},
    "PCG64": {"state too large": lambda rng: rng["state"].update(state=2**128), "key": lambda rng: rng.update(colour="red"),
              "none": lambda rng: rng.update(state=None)},
    "SFC64": {"too long": lambda rng: rng["state"]["state"].append(7)},
}  # fmt: skip


@pytest.mark.parametrize(("bits", "case"), [(bits, case) for bits, cases in WRONG_RNG.items() for case in cases])
def test_a_state_that_the_generator_would_not_have_is_refused(bits, case, tmp_path):
    kind = getattr(np.random, bits)
    net, optimizer, rng = make(1, bits=kind)
    save_checkpoint(tmp_path / "c", net, optimizer, rng=rng, epoch=0, step=0)
    state = json.loads(from_npz((tmp_path / "c").read_bytes())["meta"].tobytes())["rng"]
    WRONG_RNG[bits][case](state)
    forge(tmp_path / "c", meta={"rng": state})
    assert_refused(tmp_path / "c", "rng", bits=kind)


def test_an_optimizer_that_has_taken_no_step_yet_is_saved_at_any_step_and_goes_on(tmp_path):
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
    "order": ({"order": np.array([0, 0, 1])}, "order must be the number of each example once"),
    "order of floats": ({"order": [0.5]}, "order must be the number of each example once"),
    "data_digest": ({"data_digest": None}, "data_digest must be a str, got None"),
    "settings with a path": ({"settings": {"output": Path("out")}}, "JSON, in which settings are kept, has no .*Path"),
    "settings of pairs": ({"settings": [1, 2]}, "save_checkpoint: "),
    "history": ({"history": History([0.5])}, "history's train_loss must be finite numbers, none or one for each of 3"),
    "extra": ({"extra": {"names": np.array(["a"])}}, "extra/names must be an array of numbers"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_could_not_be_read_again_is_not_written_over_a_good_checkpoint(case, path):
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


def test_a_network_that_cannot_be_written_to_is_left_alone_as_a_whole(path):
    net, optimizer, rng = make(9)
    net.parameters()[2].data.flags.writeable = False
    before = everything(net, optimizer, rng)
    with pytest.raises(ValueError, match="the network's 3.W must be writable"):
        load_checkpoint(path, net, optimizer, rng=rng)
    assert everything(net, optimizer, rng) == before


def test_a_later_version_is_told_from_a_damaged_file_even_when_it_computes_its_digest_in_another_way(path):
    forge(path, meta={"version": 7, "a later field": 1})
    content = from_npz(path.read_bytes()) | {"digest": np.zeros(64, np.uint8)}
    path.write_bytes(to_npz(content))
    assert_refused(path, "version must be 2, got 7")


OTHERS = {
    "wider": ({"sizes": (4, [5], 2)}, r"architecture: Flatten, Linear W \(4, 3\) b \(3,\), ReLU, .* in the checkpoint, .* here"),
    "deeper": ({"sizes": (4, [3, 3], 2)}, "architecture"),
    "other dtype": ({"dtype": np.float64}, "parameter 1.W"),
    "learning rate": ({"lr": 0.2}, "optimizer's lr: 0.1 in the checkpoint, 0.2 here"),
    "momentum": ({"momentum": 0.8}, "optimizer's momentum"),
    "nesterov": ({"nesterov": True}, "optimizer's nesterov"),
    "weight decay": ({"weight_decay": 0.1}, "optimizer's weight_decay"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_a_checkpoint_of_another_network_or_optimizer_is_refused_naming_the_field(case, path):
    options, message = OTHERS[case]
    assert_refused(path, message, **options)


def test_a_missing_file_is_an_os_error(tmp_path):
    net, optimizer, rng = make()
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "nowhere", net, optimizer, rng=rng)


# Runs that go on.


class StopAfter(Callback):
    """Ends a run after so many steps, as a kill would."""

    def __init__(self, steps):
        self.steps = steps

    def after_step(self, state):
        if state.step == self.steps:
            raise KeyboardInterrupt


def data(seed=3, n=23):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)).astype(np.float32), rng.integers(0, 2, n)


def start(seed):
    net = models.mlp(4, [3], 2, rng=np.random.default_rng(seed))
    return net, SGD(net.parameters(), 0.1, 0.9), np.random.default_rng(seed)


def figures(history):
    return history.train_loss, history.train_accuracy, history.test_accuracy


@pytest.mark.parametrize("every", [1, 2, 3, 5, None])
def test_a_run_stopped_anywhere_goes_on_and_ends_with_the_same_bits_and_figures(every, tmp_path):
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


def test_more_epochs_from_a_finished_run_are_those_that_one_run_would_have_had(tmp_path):
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
    with pytest.raises(ValueError, match="train: data must have 3 examples, as state has, got 23"):
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


def test_a_checkpoint_is_not_replaced_by_one_of_a_run_that_has_diverged(tmp_path):
    net = models.linear_regression(1, rng=np.random.default_rng(0))
    optimizer = SGD(net.parameters(), 1e20)
    X = y = np.ones((8, 1), np.float32)
    checkpointer = Checkpointer(tmp_path / "c", net, optimizer, rng=np.random.default_rng(0), every=1)
    with pytest.raises(ArithmeticError):
        train(
            net, SquaredLoss(), optimizer, (X, y), num_epochs=3, batch_size=2,
            rng=np.random.default_rng(0), callbacks=[checkpointer], progress=False,
        )  # fmt: skip
    assert np.isfinite(read_checkpoint(tmp_path / "c").parameters["0.W"]).all()


def test_a_checkpoint_that_cannot_be_saved_for_another_reason_is_an_error(tmp_path):
    net, optimizer, rng = start(1)
    bad = Checkpointer(tmp_path / "c", net, optimizer, rng=rng, extra=lambda: {"path": np.array([np.nan])})
    with pytest.raises(CheckpointError, match="extra/path must be finite"):
        train(
            net, CrossEntropyLoss(), optimizer, data(), num_epochs=1, batch_size=5, rng=rng,
            callbacks=[bad], progress=False,
        )  # fmt: skip


class SetAtTheEnd(Callback):
    """Makes a parameter infinite after the epoch's last step, in a way that no prediction shows."""

    def __init__(self, array):
        self.array = array

    def after_step(self, state):
        if state.position == 23:
            self.array[..., 0] = -np.inf


def test_an_epoch_that_ends_with_a_parameter_that_is_not_finite_is_none():
    options = {"num_epochs": 1, "batch_size": 5, "progress": False}
    message = ": the largest parameter is inf in epoch 1, step 5,"
    net, optimizer, rng = start(1)
    callbacks = [SetAtTheEnd(net.parameters()[1].data)]
    with pytest.raises(DivergedError, match=message):
        train(net, CrossEntropyLoss(), optimizer, data(), rng=rng, callbacks=callbacks, **options)
    params = scratch.mlp.init_parameters(4, 3, 2, rng=rng)
    callbacks = [SetAtTheEnd(params["b1"])]
    with pytest.raises(DivergedError, match=message):
        train_scratch(scratch.mlp, params, data(), lr=0.1, rng=rng, callbacks=callbacks, **options)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"rng": 0}, TypeError, "Checkpointer: rng must be a generator"),
        ({"every": 0}, ValueError, "Checkpointer: every must be at least 1, got 0"),
        ({"every": -3}, ValueError, "Checkpointer: every must be at least 1, got -3"),
        ({"every": "5"}, TypeError, "Checkpointer: every must be a whole number, got '5'"),
        ({"path": None}, TypeError, "NoneType"),
        ({"path": "no/such/folder/run.npz"}, FileNotFoundError, "Checkpointer: path must be in a folder that exists"),
        ({"settings": {"set": {1}}}, CheckpointError, "settings: JSON, in which settings are kept, has no set"),
    ],
)
def test_a_checkpointer_that_could_not_save_is_refused_before_the_run_and_not_after_its_first_epoch(
    change, kind, message, tmp_path
):
    net, optimizer, rng = make()
    arguments = {"path": tmp_path / "run.npz", "rng": rng} | change
    with pytest.raises(kind, match=message):
        Checkpointer(arguments.pop("path"), net, optimizer, **arguments)
