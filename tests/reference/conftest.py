"""One thread for both libraries, and the command in this process."""

import sys

import pytest

from tests.helpers.threads import one_thread


@pytest.fixture(autouse=True, scope="module")
def single_thread():
    with one_thread():
        yield


@pytest.fixture
def run_command(monkeypatch, capsys):
    """Runs the command here, and returns its exit code and what it printed."""
    from reference import __main__ as command

    def run(*options):
        monkeypatch.setattr(command, "restart_with", lambda setting: None)
        monkeypatch.setattr(sys, "argv", ["reference", *map(str, options)])
        try:
            code = command.main()
        except SystemExit as error:
            code = error.code
        return code, "".join(capsys.readouterr())

    return run
