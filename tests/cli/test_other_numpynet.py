"""`numpynet info` warns where the other project of that name is installed as well."""

import importlib.metadata

import pytest

from numpynet.cli.environment import other_numpynet
from numpynet.cli.main import main


@pytest.fixture
def installed(monkeypatch):
    """Which distributions are installed, and their versions; a test changes it."""
    found = {}

    def version(name):
        if name not in found:
            raise importlib.metadata.PackageNotFoundError(name)
        return found[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    return found


def test_alone_there_is_nothing_to_say(installed, capsys):
    installed["numpynet-backprop"] = "0.1.0"
    assert other_numpynet() == ""
    assert main(["info"]) == 0
    assert "warning" not in capsys.readouterr().out


def test_beside_the_other_project_info_says_how_to_mend_it(installed, capsys):
    installed |= {"numpynet-backprop": "0.1.0", "numpynet": "2.3"}
    assert main(["info"]) == 0
    printed = capsys.readouterr().out
    assert "warning: a different project, the distribution numpynet 2.3, is installed as well" in printed
    assert "python3 -m pip uninstall numpynet numpynet-backprop" in printed
