"""Where there can be only one process, as in a browser, a file is checked in this one, with the same result."""

import os
import subprocess
import sys

import pytest

from tests.helpers.command import ROOT, numpynet

PROGRAM = """
import os, sys
import numpy
from numpynet.cli.main import main

sys.platform = "emscripten"
import subprocess
subprocess.Popen = None
before = sys.argv, list(sys.path), os.getcwd(), numpy.abs
code = main(sys.argv[1:])
assert (sys.argv, sys.path, os.getcwd(), numpy.abs) == before
raise SystemExit(code)
"""
FILES = {
    "mistake.py": "def relu_backward(grad_Y, Y):\n    return grad_Y * (Y >= 0)\n",
    "right.py": "def relu_backward(grad_Y, Y):\n    return grad_Y * (Y > 0)\n",
    "layers.py": """import numpy as np


class Dense:
    def __init__(self, d, m):
        self.W, self.b = 0.1 * np.random.randn(d, m), np.zeros(m)

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, grad_Y):
        self.dW, self.db = self.X.T @ grad_Y, grad_Y.mean(axis=0)
        return grad_Y @ self.W.T
""",
    "raises.py": "1 / 0\n\n\ndef relu_backward(grad_Y, Y):\n    return grad_Y * Z\n",
    "patches.py": "import numpy as np\n\nnp.abs = lambda x: 0 * x\n\n\ndef relu_backward(grad_Y, Y):\n    return grad_Y\n",
    "prints.py": "print('relu_backward is right')\n\n\ndef relu_backward(grad_Y, Y):\n    print(1)\n    return grad_Y\n",
}


def inside(folder, *arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("file", FILES)
def test_the_report_is_the_same_without_another_process(tmp_path, file):
    (tmp_path / file).write_text(FILES[file], "utf-8")
    result, expected = inside(tmp_path, "check", file), numpynet("check", file, cwd=tmp_path)
    if file == "patches.py":  # it judges with what was patched, and says so
        assert "nothing in it can be called right" in " ".join(result.stdout.split())
        assert result.returncode in (1, 2)
    else:
        assert result.stdout == expected.stdout, result.stderr
        assert result.returncode == expected.returncode
    assert result.stderr == ""


def test_a_lesson_is_marked_without_another_process(tmp_path):
    assert numpynet("exercises", "lessons", "--solutions", cwd=tmp_path).returncode == 0
    lesson = tmp_path / "lessons" / "lesson1_functions.py"
    lesson.write_text(
        lesson.read_text("utf-8").replace("grad_b = grad_Y.sum(axis=0)", "grad_b = grad_Y.mean(axis=0)"), "utf-8"
    )
    result, expected = (run(tmp_path, lesson) for run in (check_inside, check_outside))
    assert "bias_mean_not_sum" in expected
    assert result == expected


def check_inside(folder, path):
    return inside(folder, "check", str(path)).stdout


def check_outside(folder, path):
    return numpynet("check", path, cwd=folder).stdout
