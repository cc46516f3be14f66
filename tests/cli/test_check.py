"""`numpynet check`: its transcript, its usage errors, and the library's own models."""

import os
import re
import subprocess
import sys

import pytest

from numpynet.gradcheck.learner_file import check_file
from tests.helpers.command import ROOT, numpynet


@pytest.mark.parametrize("name", ["mine.py", "net.py", "columns.py"])
def test_the_readmes_transcripts_are_what_the_command_prints(name, tmp_path):
    text = (ROOT / "README.md").read_text("utf-8")
    transcript = re.search(rf"\$ numpynet check {name}\n(.*?)```", text, re.DOTALL)
    source = re.findall(r"```python\n(.*?)```", text[: transcript.start()], re.DOTALL)[-1]
    (tmp_path / name).write_text(source, "utf-8")
    result = numpynet("check", name, cwd=tmp_path)
    assert transcript.group(1) == result.stdout
    assert result.returncode == 1


def test_a_missing_file_is_a_usage_error(tmp_path):
    result = numpynet("check", "no.py", cwd=tmp_path)
    assert result.returncode == 2
    assert (
        "no.py does not exist; give a Python file, a folder of lessons, or one of linear, softmax, mlp" in result.stdout
    )
    with pytest.raises(FileNotFoundError):
        check_file(tmp_path / "no.py")
    assert numpynet("check", "no.py", "--sanity", cwd=tmp_path).returncode == 2


def test_the_gradient_checker_does_not_need_the_exercises():
    program = "import sys, numpynet.cli.check, numpynet.gradcheck.learner_file; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "numpynet.cli.check" in result.stdout
    assert "numpynet.exercises" not in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("model", ["linear", "softmax", "mlp"])
def test_the_librarys_own_models_are_right_and_healthy(model, tmp_path):
    result = numpynet("check", model, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("is right.") == 2
    assert "torch" in result.stdout
    result = numpynet("check", model, "--sanity", "--seed", 3, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert "nothing looks wrong" in result.stdout


def test_an_ascii_terminal_gets_question_marks_and_no_traceback(tmp_path):
    (tmp_path / "mine.py").write_text("def relu_backward(G, Y):\n    return G")
    command = [sys.executable, "-m", "numpynet", "check", "mine.py"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == ""
    assert "no_relu_mask" in done.stdout


def test_a_time_limit_of_nothing_is_refused(tmp_path):
    assert numpynet("check", "mine.py", "--time-limit", 0, cwd=tmp_path).returncode == 2
