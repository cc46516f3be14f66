"""`numpynet exercises`: write the lessons, or prove that their marks hold."""

from __future__ import annotations

import argparse


def exercises_command(arguments: argparse.Namespace) -> int:
    """Write the lessons into a folder, or plant every known mistake in their solutions."""
    from numpynet.exercises.folder import write_folder  # here, because importing it takes longer than the core
    from numpynet.exercises.prove import prove_command

    if arguments.prove == bool(arguments.folder) or (arguments.prove and arguments.solutions):
        arguments.error("give a folder to write to, or --prove")
    if arguments.prove:
        return prove_command()
    write_folder(arguments.folder, solutions=arguments.solutions)
    print(f"written to {arguments.folder}: begin with README.md; `numpynet check {arguments.folder}` marks them")
    return 0
