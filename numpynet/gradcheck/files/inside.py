"""A learner's file in this very process, where there can be no other: in WebAssembly Python, in a browser.

There is no limit of time here: whoever runs it, such as the page's worker, must be able to end it from outside.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import types
from typing import Any

from numpynet.gradcheck.files import child
from numpynet.gradcheck.files.host import Host
from numpynet.gradcheck.files.messages import decode, encode
from numpynet.gradcheck.files.process import Process
from numpynet.gradcheck.files.source import Source


def open_file(source: Source, time_limit: float, *, guarded: bool = False) -> Process:
    """The file, loaded in a process of its own, or in this one on a system that has only one."""
    kind = Inside if sys.platform == "emscripten" else Process
    return kind(source, time_limit, guarded=guarded)


class Inside(Process):
    """`Process` without a process. What it changes in this one is put back by `close`."""

    def _launch(self) -> None:
        if not hasattr(self, "_before"):
            self._before = sys.argv, list(sys.path), os.getcwd()
        module = types.ModuleType(child.MODULE)
        sys.modules[child.MODULE] = module
        self._watched = child.watched()
        self._actions = child.actions(module, Host(module.__dict__), self._watched)
        self._ask("begin", str(self.source.path.resolve()), str(self.source.root), self.source.package)
        if self.guarded:
            self._ask("guard")

    def _ask(self, action: str, *content: Any, limit: float | None = None) -> Any:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            answer = self._actions[action](*content)
        return decode(encode(answer))  # as through a channel: copies, and nothing but data

    def close(self) -> None:
        child.put_back(self._watched)
        sys.modules.pop(child.MODULE, None)
        sys.argv, sys.path[:], folder = self._before
        os.chdir(folder)
