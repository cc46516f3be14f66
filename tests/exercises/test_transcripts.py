"""The transcripts of the exercises in the README and in docs/checking.md."""

import re

import pytest

from numpynet.exercises import prove
from tests.helpers.command import ROOT, numpynet


@pytest.mark.slow
def test_transcripts_are_what_the_commands_print(tmp_path, capsys):
    section = (ROOT / "README.md").read_text("utf-8").split("## Exercises that mark themselves")[1]
    first = re.search(r"```text\n(.*?)```", section, re.DOTALL).group(1)
    checking = (ROOT / "docs" / "checking.md").read_text("utf-8")
    second = re.search(r"```text\n(\$ numpynet exercises --prove.*?)```", checking, re.DOTALL).group(1)
    written = numpynet("exercises", "lessons", cwd=tmp_path).stdout
    marked = numpynet("check", "lessons/lesson5_layers.py", cwd=tmp_path).stdout
    shown = f"$ numpynet exercises lessons\n{written}$ numpynet check lessons/lesson5_layers.py\n{marked}"
    assert shown.startswith(first)
    prove.prove_command()
    lines = capsys.readouterr().out.splitlines()
    assert second.splitlines()[1:] == [lines[0], "...", lines[-1]]
