"""A learner's file in a process of its own, with limits of time and memory: start it, load the file, run programs."""

from __future__ import annotations

import math
import os
import pickle
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from numpynet.gradcheck.files.host import Definition, Outcome
from numpynet.gradcheck.files.messages import decode, receive, send
from numpynet.gradcheck.files.source import Source
from numpynet.wording import say

STATEMENT_LIMIT = 2.0  # seconds for each top-level statement of a file
SLOW = 0.3  # seconds
IMPORT_LIMIT = 30.0  # seconds for one that imports something

START = "import sys; sys.path.append(sys.argv[1]); from numpynet.gradcheck.files.child import main; main()"


class ProcessEndedError(Exception):
    """The learner's process ended, hung, or sent what is no answer; the message says which."""


class Process:
    """A learner's file, loaded in a process of its own; skipped: the statements that did not run, in words.

    guarded: refuse what no lesson needs (see `guard`).
    """

    def __init__(self, source: Source, time_limit: float, *, guarded: bool = False) -> None:
        self.source, self.time_limit, self.guarded = source, time_limit, guarded
        self.skipped: dict[int, str] = {}
        self._hung = 0  # after something did not finish, the next ones get less time
        self._slow: set[int] = set()  # statements that are not run again if the process has to be started anew
        self._start()
        self.start_clock()

    def start_clock(self, seconds: float = math.inf) -> None:
        """Begin something new, which has the whole time limit for itself, or so many seconds if that is less."""
        self._deadline = time.monotonic() + max(2.0, min(seconds, self.time_limit / 2**self._hung))

    def run(self, program: Sequence[Any]) -> list[Outcome]:
        """The outcomes of the program's steps, up to the first that raised.

        Raises: ProcessEndedError; the objects kept so far are gone then, and the file is loaded anew.
        """
        try:
            outcomes = self._ask("run", program, limit=max(0.05, self._deadline - time.monotonic()))
        except ProcessEndedError:
            self._start()
            raise
        if not 0 < len(outcomes) <= len(program) or not all(isinstance(each, Outcome) for each in outcomes):
            self.close()
            raise ProcessEndedError(say("no_answer"))
        return list(outcomes)

    def definitions(self) -> list[Definition]:
        return list(self._ask("definitions"))

    def replaced(self) -> list[str]:
        """What the file replaced in NumPy, numpynet and the modules that carry its answers."""
        return list(self._ask("replaced"))

    def close(self) -> None:
        """End the process, and those that it started."""
        try:
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        except ProcessLookupError:
            pass
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _start(self) -> None:
        """Start a process and load the file, without the statements that were found to hang or to end it."""
        while True:
            self._launch()
            for number, statement in enumerate(self.source.statements):
                if self.skipped.get(number, "").startswith("!"):
                    continue
                limit = IMPORT_LIMIT if statement.imports else STATEMENT_LIMIT
                if number in self._slow:
                    continue
                began = time.monotonic()
                try:
                    raised = self._ask("statement", statement.code, statement.place, limit=limit)
                except ProcessEndedError as error:
                    self.skipped[number] = f"!{error}"
                    break
                if raised:
                    self.skipped[number] = raised
                if time.monotonic() - began > SLOW and not statement.imports:
                    self._slow.add(number)
            else:
                return

    def _launch(self) -> None:
        if hasattr(self, "_process"):
            self.close()
        root = str(Path(__file__).parents[3])
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(self._process.stdout, self._answers), daemon=True).start()
        self._ask("begin", str(self.source.path.resolve()), str(self.source.root), self.source.package, limit=60.0)
        if self.guarded:
            self._ask("guard", limit=60.0)

    @staticmethod
    def _listen(stream: Any, answers: queue.SimpleQueue[bytes | None]) -> None:
        try:
            while (message := receive(stream)) is not None:
                answers.put(message)
        except (OSError, ValueError):
            pass
        answers.put(None)

    def _ask(self, action: str, *content: Any, limit: float | None = None) -> Any:
        seconds = self.time_limit if limit is None else min(limit, self.time_limit)
        told = self.time_limit if action == "run" else seconds  # a run has what the thing has left of the limit
        nonce = secrets.token_hex(16)
        request = pickle.dumps((nonce, int(seconds) + 2, action, content))
        try:
            send(cast(BinaryIO, self._process.stdin), request)
            message = self._answers.get(timeout=seconds)
        except queue.Empty:
            self._hung += 1
            self.close()
            raise ProcessEndedError(say("not_finished", seconds=told)) from None
        except (OSError, ValueError):  # it has ended, or its streams were closed when it was given up
            message = None
        if message is None:
            raise ProcessEndedError(self._describe_end())
        try:
            echo, answer = decode(message)
        except Exception:
            echo = None
        if echo != nonce:
            self.close()
            raise ProcessEndedError(say("no_answer"))
        return answer

    def _describe_end(self) -> str:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            self.close()
            return say("closed_channel")
        return say("crashed", signal=signal.Signals(-code).name) if code < 0 else say("ended_program")
