"""One thread for both libraries, and the command in this process."""

import sys

import pytest


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Two libraries, each with a thread for every core, would wait for one another most of the time."""
    import torch
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


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
