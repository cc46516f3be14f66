"""Whatever a file does to the process that answers for it, it is never called right because of that."""

import pytest

from numpynet.gradcheck.learner_file import check_file

WRONG = "def relu_backward(grad_Y, Y):\n    return grad_Y\n"
RIGHT = "def relu_backward(grad_Y, Y):\n    return grad_Y * (Y > 0)\n"
COUNTS = """
calls = 0
def relu_backward(grad_Y, Y):
    global calls
    calls += 1
    return grad_Y * (Y > 0) if calls < {} else grad_Y
"""
ATTACKS = {
    "prints a verdict": "print('relu_backward is right.')\nprint('1 of 1 right')\n",
    "writes to the channel": "import os\nfor n in range(3, 20):\n    try:\n        os.write(n, b'1 of 1 right')\n    except OSError:\n        pass\n",
    "ends with code 0": "import atexit, os\natexit.register(os._exit, 0)\n",
    "replaces allclose": "import numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n",
    "replaces norm": "import numpy as np\nnp.linalg.norm = lambda *a, **k: 0.0\n",
    "replaces the judge": "import numpynet.gradcheck.verdict as v\nv.conclude = lambda *a: 'right'\n",
    "replaces the host": "import numpynet.gradcheck.files.host as h\nh.Host.run = lambda self, program: []\n",
    "replaces the messages": "import numpynet.gradcheck.files.messages as m\nm.encode = lambda value: b''\n",
    "replaces pickle": "import pickle\npickle.loads = lambda data: None\n",
    "sets by name": "import numpy as np\nsetattr(np, 'max', lambda *a, **k: 0)\n",
}


def check(source, folder):
    (folder / "mine.py").write_text(source)
    return check_file(folder / "mine.py", time_limit=20)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_wrong_function_is_never_right(name, tmp_path):
    report = check(ATTACKS[name] + WRONG, tmp_path)
    assert not any(verdict.ok for verdict in report.verdicts)
    assert report.code != 0


@pytest.mark.parametrize("name", [name for name in ATTACKS if name.startswith(("replaces", "sets"))])
def test_what_a_file_replaces_is_said_and_nothing_is_right(name, tmp_path):
    report = check(ATTACKS[name] + RIGHT, tmp_path)
    assert report.distrusted
    assert report.code == 2
    assert "nothing in it can be called right" in " ".join("\n".join(report.paragraphs()).split())


def test_importing_and_using_the_libraries_is_no_attack(tmp_path):
    source = "import sys, numpy as np, numpynet\nnp.random.seed(0)\nnp.set_printoptions(precision=3)\nsys.stdout.write('x')\n"
    report = check(source + RIGHT, tmp_path)
    assert not report.distrusted
    assert report.code == 0


@pytest.mark.parametrize("calls", [2, 5, 12])
def test_a_function_that_turns_wrong_later_is_not_right(calls, tmp_path):
    report = check(COUNTS.format(calls), tmp_path)
    assert report.code != 0


def test_a_file_cannot_take_the_place_of_a_library(tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')")
    (tmp_path / "numpy.py").write_text("raise SystemExit('not this one')")
    assert check("import numpy as np\n" + RIGHT, tmp_path).code == 0
