"""The command `numpynet`: read the command line, run the command, turn errors into one line and an exit code."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence

from numpynet.cli.environment import kernel_setting, restart_with, threads_setting
from numpynet.cli.parser import make_parser
from numpynet.data import DataError, DownloadError
from numpynet.training.checkpoint_file import CheckpointError
from numpynet.training.divergence import DivergedError
from numpynet.wording import language

EXIT_CODES: dict[type[BaseException], int] = {
    DataError: 3,
    DownloadError: 3,
    CheckpointError: 4,
    DivergedError: 5,
    OSError: 6,
    MemoryError: 6,
    ImportError: 6,
    KeyboardInterrupt: 130,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit code.

    0 success, 1 check found something wrong, 2 wrong usage or nothing checked, 3 data, 4 checkpoint, 5 diverged,
    6 files, memory or packages, 130 Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ≤ and Σ shows ? instead; no error
    arguments = make_parser().parse_args(argv)
    try:
        language()
    except ValueError as error:  # what NUMPYNET_LANGUAGE asks for
        arguments.error(str(error))
    try:
        if argv is None and arguments.command in ("train", "demo", "info"):  # given argv, the process is the caller's
            threads = getattr(arguments, "threads", None)
            restart_with(kernel_setting() | (threads_setting(threads) if threads else {}))
        code: int = arguments.run(arguments) or 0
        if argv is None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: Ctrl-C can only spoil how Python ends
        return code
    except tuple(EXIT_CODES) as error:
        if arguments.debug:
            traceback.print_exc()
        if isinstance(error, BrokenPipeError):  # the reader of the output has gone, as in `numpynet info | head -1`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            print(f"numpynet: {_in_one_line(error)}", file=sys.stderr)
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))


def _in_one_line(error: BaseException) -> str:
    message = " ".join(str(error).split())
    if isinstance(error, KeyboardInterrupt):
        return f"interrupted; {message}" if message else "interrupted"
    return f"not enough memory: {message}" if isinstance(error, MemoryError) else message
