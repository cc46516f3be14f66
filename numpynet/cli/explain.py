"""`numpynet explain`: a whole pass in small matrices, or one entry of it in sums that can be followed with a pencil."""

from __future__ import annotations

import argparse
import re


def explain_command(arguments: argparse.Namespace) -> None:
    """Print the pass or the entry; draw the figure if asked."""
    from numpynet.trace import example_trace  # imported here because it takes longer than the core

    t = example_trace(arguments.model, arguments.seed)
    entry = None if arguments.entry is None else _entry(arguments)
    if entry:
        try:
            t.sources(*entry)
        except ValueError as error:
            arguments.error(f"argument --entry: {str(error).removeprefix('Trace: ')}")
    print(t.chain(*entry) if entry else t.matrices())
    if arguments.figure is not None:
        from numpynet.plotting import whole_pass

        figure = whole_pass(t, entry)
        figure.savefig(arguments.figure)
        print(f"\nwritten: {arguments.figure}")


def _entry(arguments: argparse.Namespace) -> tuple[str, tuple[int, ...]]:
    """The name and the index in a text such as grad_W1[0,2]; the loss has no index."""
    found = re.fullmatch(r"(\w+)\s*(?:\[([\d\s,]*)\])?", arguments.entry.strip())
    name, index = found.groups() if found else ("", "")
    if not name:
        arguments.error(f"argument --entry: must look like grad_W1[0,2], got {arguments.entry!r}")
    return name, tuple(int(part) for part in (index or "").split(",") if part.strip())
