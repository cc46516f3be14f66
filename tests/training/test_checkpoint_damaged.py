"""A damaged checkpoint, or a file of another kind, is refused and changes nothing."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from numpynet import CheckpointError, load_checkpoint
from numpynet.storage.npz import from_npz, to_npz
from numpynet.training.checkpoint_file import read_checkpoint
from tests.helpers.checkpoints import assert_refused, everything, make


@pytest.mark.slow
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
