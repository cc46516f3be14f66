"""`numpynet explore`: one step of backpropagation as a page for the browser."""

from __future__ import annotations

import argparse
import webbrowser

from numpynet.wording import language


def explore_command(arguments: argparse.Namespace) -> None:
    """Write the page, and open it if asked."""
    from numpynet.explorer.page import write_page  # imported here because it takes longer than the core
    from numpynet.explorer.standard import standard_passes

    path = arguments.output.resolve()
    write_page(path, standard_passes(arguments.model), arguments.language or language())
    print(f"written: {arguments.output}" + ("" if arguments.open else " (open it in a browser, or add --open)"))
    if arguments.open and not webbrowser.open(path.as_uri()):
        print("no browser was found to open it in")
