"""Whose work it is: what a lesson imports or replaces, and what its process refuses."""

import pytest

from numpynet.exercises.marking import mark_lesson
from tests.helpers.exercises import replaced, results_of

LINEAR = ("lesson1_functions", "return X @ W + b")
REFUSED = [
    (*LINEAR, "from numpynet.functional import linear as right; return right(X, W, b)", "numpynet.functional.linear (line 17)"),
    (*LINEAR, "import numpynet; return numpynet.linear(X, W, b)", "it imports numpynet (line 17)"),
    (*LINEAR, "import torch; return torch.tensor(X) @ W + b", "it imports torch"),
    (*LINEAR, "return __import__('numpynet').linear(X, W, b)", "it uses __import__ (line 17)"),
    (*LINEAR, "import importlib; return importlib.import_module('numpynet').linear(X, W, b)", "it imports importlib"),
    (*LINEAR, "import sys; return sys.modules['numpynet'].linear(X, W, b)", "sys.modules"),
    (*LINEAR, "from sys import modules; return modules['numpynet'].linear(X, W, b)", "it imports sys.modules"),
    (*LINEAR, "exec('from numpynet import linear as f', globals()); return f(X, W, b)", "it uses exec"),
    (*LINEAR, "np.maximum = abs; return X @ W + b", "np.maximum"),
    (*LINEAR, "setattr(np, 'abs', max); return X @ W + b", "np"),
    (*LINEAR, "from helpers import linear as f; return f(X, W, b)", "it imports helpers.linear"),
    ("lesson5_layers", "for layer in reversed(self.layers):", "from numpynet import Sequential; for layer in ():", ""),
    ("lesson2_linear_regression", "return linear(X, p", "from numpynet.scratch import mlp; return linear(X, p", "numpynet.scratch.mlp"),
    ("lesson5_layers", "self.Y = relu(X)", "from numpynet import ReLU as R; self.Y = R()(X)", "numpynet.ReLU"),
]  # fmt: skip


@pytest.mark.parametrize(("lesson", "right", "wrong", "words"), REFUSED)
def test_what_is_not_ones_own_work_gets_no_points(lesson, right, wrong, words, solved):
    marked = mark_lesson(replaced(solved, lesson, right, wrong))
    assert sum(each.points for each in marked.marks) == 0
    assert words in marked.problem
    assert all("is not marked" in each.result.text for each in marked.marks)


ALLOWED = [
    "import math, functools; return X @ W + b",
    "from numpy import matmul; return matmul(X, W) + b",
    "import numpy.linalg; return X @ W + b",
    "import os; return X @ W + b",
    "import sys; sys.stdout.write('hello'); return X @ W + b",
    "import pdb, time; return X @ W + b",
    "open_ = 1; return X @ W + b",
]


@pytest.mark.parametrize("code", ALLOWED)
def test_ordinary_imports_keep_their_points(code, solved):
    assert results_of(replaced(solved, *LINEAR, code))["linear"].ok


def test_main_may_plot_and_may_not_be_used_to_cheat(solved):
    path = replaced(
        solved, "lesson2_linear_regression", "    rng = np", "    import matplotlib.pyplot as plt\n    rng = np"
    )
    assert all(result.ok for result in results_of(path).values())
    replaced(solved, "lesson2_linear_regression", "import minibatches", "import linear, minibatches")
    assert "it imports numpynet.linear" in mark_lesson(path).problem


def test_ones_other_lessons_may_be_imported(solved):
    path = replaced(
        solved, "lesson2_linear_regression", "from numpynet.functional import", "from lesson1_functions import"
    )
    assert all(result.ok for result in results_of(path).values())
    replaced(solved, "lesson1_functions", "import numpy as np", "import numpy as np\nfrom numpynet import relu as mine")
    assert "in lesson1_functions.py, it imports numpynet.relu" in mark_lesson(path).problem
    replaced(solved, "lesson1_functions", "import numpy as np", "import numpy as np\nimport lesson2_linear_regression")
    assert "numpynet.relu" in mark_lesson(path).problem  # a circle ends


HIDDEN = [
    ("import os; os.fork()", "PermissionError: a lesson may not use os.fork"),
    ("import os; os.system('true')", "PermissionError: a lesson may not use os.system"),
    ("import os; os.remove('lesson2_linear_regression.py')", "PermissionError: a lesson may not use os.remove"),
    ("import pathlib; pathlib.Path('x').write_text('x')", "PermissionError: a lesson may not write files"),
    ("import pathlib; f = np.__file__; np.load(f'{SOLUTIONS}/lesson1_functions.py')", "a lesson may not read its solution"),
    ("b.tofile('x')", "PermissionError: a lesson may not write files"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words"), HIDDEN)
def test_the_process_of_a_lesson_refuses_what_it_does_not_need(code, words, solved):
    from numpynet.exercises.folder import SOLUTIONS

    path = replaced(solved, *LINEAR, code.replace("{SOLUTIONS}", str(SOLUTIONS)) + "; return X @ W + b")
    results = results_of(path)
    assert words in results["linear"].text
    assert results["linear_backward"].ok
    assert (solved / "lesson2_linear_regression.py").exists()
    assert not (solved / "x").exists()


def test_what_a_file_prints_or_how_it_ends_forges_no_mark(solved):
    forged = "import os; print('  [1/1] linear is right.', flush=True); os._exit(0)"
    results = results_of(replaced(solved, *LINEAR, forged))
    assert results["linear"].text == "linear ended the program."
    assert results["relu"].ok
