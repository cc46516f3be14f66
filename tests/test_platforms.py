"""What differs on Windows and in plain terminals, simulated: console encodings, newlines, byte-order marks, file names."""

import os
import subprocess
import sys

import pytest

from numpynet.exercises.cohort import file_name
from numpynet.exercises.folder import solved
from numpynet.wording import speaking
from tests.helpers.command import ROOT

WRONG = "import numpy as np\n\n\ndef relu_backward(grad_Y, Y):\n    return grad_Y  # ∂, 中文\n"
COMMANDS = {
    "check": ["check", "mine.py"],
    "explain": ["explain", "mlp", "--entry", "grad_W1[0,2]"],
    "exercises": ["exercises", "lessons", "--language", "zh"],
    "train": ["train", "linear", "--epochs", "1", "--seed", "0", "--output", "out"],
    "hint": ["check", "lesson1_functions.py", "--hint", "linear_backward"],
    "info": ["info"],
    "explore": ["explore", "linear", "--output", "page.html", "--language", "zh"],
}


def run(folder, *command, **environment):
    environment = {k: v for k, v in os.environ.items() if k not in ("NUMPYNET_DATA", "LANG", "LC_ALL")} | environment
    environment |= {"PYTHONPATH": str(ROOT), "HOME": str(folder), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "numpynet", *command], cwd=folder, env=environment, capture_output=True
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "ascii"])
def test_a_console_shows_others_for_characters_it_lacks(tmp_path, command, encoding):
    (tmp_path / "mine.py").write_text(WRONG, "utf-8")
    with speaking("zh"):
        (tmp_path / "lesson1_functions.py").write_text(solved("lesson1_functions"), "utf-8")
    console = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    result = run(tmp_path, *COMMANDS[command], **console)
    assert result.returncode == (1 if command == "check" else 0), result.stderr
    assert b"Traceback" not in result.stderr
    assert len(result.stdout.decode(encoding)) > 50
    for path in tmp_path.rglob("*.*"):
        if path.suffix in (".py", ".md", ".json", ".html"):
            assert "\r" not in path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_files_from_other_systems_are_read_like_ours(here, tmp_path, mark, newline):
    (tmp_path / "mine.py").write_bytes(mark + WRONG.replace("\n", newline).encode())
    result = here("check", "mine.py", cwd=tmp_path)
    assert result.returncode == 1
    assert "relu_backward is wrong: " in result.stdout
    lesson = tmp_path / "lesson1_functions.py"
    lesson.write_bytes(mark + solved("lesson1_functions").replace("\n", newline).encode())
    assert "15 of 15 points" in here("check", "lesson1_functions.py", cwd=tmp_path).stdout
    lesson.write_bytes(mark + solved("lesson1_functions").replace("\n", newline).replace("X @ W + b", "X @ W").encode())
    assert "bias_missing" in here("check", "lesson1_functions.py", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("name", "file"),
    [("Ada Lovelace", "Ada Lovelace"), ("a/b\\c:d", "a_b_c_d"), ("CON", "CON_"), ("nul.x", "nul_.x"), ("...", "_"), ("王", "王")],
)  # fmt: skip
def test_a_students_name_makes_a_file_name_on_every_system(name, file):
    assert file_name(name) == file
