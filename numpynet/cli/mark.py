"""`numpynet mark`: the marks of a class, on the screen and as files for other programs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from numpynet.cli.environment import threads_setting
from numpynet.storage.atomic import write_atomic
from numpynet.wording import columns


def mark_command(arguments: argparse.Namespace) -> int:
    """Mark every hand-in: print a line for each as it is ready, and a table at the end; write the files asked for."""
    from numpynet.exercises import cohort  # imported here because it takes longer than the core

    try:
        hand_ins = cohort.find_hand_ins(arguments.folders)
    except NotADirectoryError as error:
        arguments.error(str(error).removeprefix("mark: "))
    files = {arguments.csv: cohort.as_csv, arguments.json: cohort.as_json, arguments.junit: cohort.as_junit}
    for path in files:
        if path is not None and not path.resolve().parent.is_dir():
            arguments.error(f"the folder of {path} does not exist")
    if arguments.feedback is not None:
        arguments.feedback.mkdir(parents=True, exist_ok=True)
    os.environ.update(threads_setting(1))  # the processes that mark share the cores
    jobs = arguments.jobs or cohort.usable_cores()
    marked = []
    width = max(map(columns, hand_ins))
    for hand_in in cohort.mark_hand_ins(hand_ins, jobs=jobs, time_limit=arguments.time_limit):
        marked.append(hand_in)
        print("\n".join(cohort.format_marks(hand_in, width)), flush=True)
        if arguments.feedback is not None:
            _write(arguments.feedback / f"{cohort.file_name(hand_in.name)}.md", cohort.as_feedback(hand_in))
    order = list(hand_ins)
    marked.sort(key=lambda each: order.index(each.name))
    print("\n" + "\n".join(cohort.format_table(marked)))
    for path, form in files.items():
        if path is not None:
            _write(path, form(marked))
            print(f"written: {path}")
    return 0


def _write(path: Path, text: str) -> None:
    write_atomic(path, text.encode("utf-8", "replace"))
