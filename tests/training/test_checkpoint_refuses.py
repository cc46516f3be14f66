"""A checkpoint whose content does not fit is refused, naming the field, and changes nothing."""

import json

import numpy as np
import pytest

from numpynet import load_checkpoint, save_checkpoint
from numpynet.storage.npz import from_npz, to_npz
from numpynet.training import History
from numpynet.training.checkpoint_file import sha256
from tests.helpers.checkpoints import assert_refused, everything, forge, make

FORGED = {
    "another version": ({"meta": {"version": 1}}, "version must be 2, got 1: was it written by another version of numpynet?"),
    "field missing": ({"meta": {"step": ...}}, "meta must hold"),
    "field unknown": ({"meta": {"colour": "red"}}, "meta must hold"),
    "field of another kind": ({"meta": {"step": "17"}}, "step must be a whole number of at least 0, got '17'"),
    "bool for a number": ({"meta": {"step": True}}, "step must be a whole number"),
    "negative": ({"meta": {"epoch": -1}}, "epoch must be a whole number of at least 0, got -1"),
    "infinite": ({"meta": {"total_loss": float("inf")}}, "total_loss must be finite"),
    "figures": ({"meta": {"history": {"train_loss": ["low"], "train_accuracy": [], "test_accuracy": [], "test_loss": [],
                                      "seconds": []}}}, "history's train_loss"),
    "history": ({"meta": {"history": {}}}, "history must hold"),
    "optimizer": ({"meta": {"optimizer": {"lr": 0.1}}}, "optimizer must hold"),
    "learning rate": ({"meta": {"optimizer": {"lr": 0.2, "momentum": 0.9, "weight_decay": 0.0, "nesterov": False}}},
                      "optimizer's lr: 0.2 in the checkpoint, 0.1 here"),
    "rng state": ({"meta": {"rng": {"bit_generator": "PCG64", "state": {}}}}, "rng"),
    "architecture": ({"meta": {"architecture": "Tree"}}, "architecture: Tree in the checkpoint"),
    "position": ({"meta": {"position": 4}}, "position must be at most 3, got 4"),
    "position without order": ({"order": None}, "order is missing"),
    "order not a permutation": ({"order": np.array([0, 0, 1])}, "order must be the index of each example once"),
    "order of floats": ({"order": np.array([0.0, 1.0, 2.0])}, "order must be the index"),
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
def test_content_that_does_not_fit_is_refused_naming_the_field(case, path):
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


def test_a_read_only_network_is_refused_and_wholly_unchanged(path):
    net, optimizer, rng = make(9)
    net.parameters()[2].data.flags.writeable = False
    before = everything(net, optimizer, rng)
    with pytest.raises(ValueError, match="the network's 3.W must be writable"):
        load_checkpoint(path, net, optimizer, rng=rng)
    assert everything(net, optimizer, rng) == before


def test_a_later_version_is_not_taken_for_a_damaged_file(path):
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
def test_another_networks_or_optimizers_checkpoint_is_refused(case, path):
    options, message = OTHERS[case]
    assert_refused(path, message, **options)


def test_a_missing_file_is_an_os_error(tmp_path):
    net, optimizer, rng = make()
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "nowhere", net, optimizer, rng=rng)
