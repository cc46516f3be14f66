"""The README's transcripts of the exercises."""

import re

from numpynet.exercises import prove
from tests.helpers.command import ROOT, numpynet


def test_the_readmes_transcripts_are_what_the_commands_print(tmp_path, capsys):
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.split("## Exercises that mark themselves")[1].split("\n## ")[0]
    first, second = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    written = numpynet("exercises", "lessons", cwd=tmp_path).stdout
    marked = numpynet("check", "lessons/lesson5_layers.py", cwd=tmp_path).stdout
    shown = f"$ numpynet exercises lessons\n{written}$ numpynet check lessons/lesson5_layers.py\n{marked}"
    assert shown.startswith(first)
    prove.prove_command()
    lines = capsys.readouterr().out.splitlines()
    assert second.splitlines()[1:] == [lines[0], "...", lines[-1]]
