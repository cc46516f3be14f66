"""`numpynet exercises`: write the lessons, or show that marking finds every mistake."""

from __future__ import annotations

import argparse

from numpynet.wording import language


def exercises_command(arguments: argparse.Namespace) -> int:
    """Write the lessons to a folder, or plant every known mistake in their solutions."""
    from numpynet.exercises.folder import write_folder  # imported here because it takes longer than the core
    from numpynet.exercises.prove import prove_command

    if arguments.prove == bool(arguments.folder) or (arguments.prove and (arguments.solutions or arguments.notebooks)):
        arguments.error("give either a folder to write to or --prove")
    if arguments.prove:
        return prove_command()
    write_folder(
        arguments.folder,
        solutions=arguments.solutions,
        notebooks=arguments.notebooks,
        language=arguments.language or language(),
    )
    folder = arguments.folder
    print(f"Lessons written to {folder}. Start with README.md; `numpynet check {folder}` marks them.")
    return 0
