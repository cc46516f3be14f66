"""A process that times one library. It reads requests, one line of JSON each, and answers each with a line of JSON."""

import json
import os
import statistics
import sys
import time

import numpy as np
from threadpoolctl import threadpool_info

from benchmarks import steps
from benchmarks.contenders import CannotRaceError, make_contender
from benchmarks.problems import Problem

TURN = 0.25  # seconds: a turn is one epoch, or as many as fit, because the first one after a pause finds cold caches
PAUSE = 0.2  # seconds before a turn, while the previous contender's threads stop polling for work


def threads_in_use():
    """How many threads each library of matrix products in this process uses, by name."""
    found = {f"{library['internal_api']} {library['prefix']}": library["num_threads"] for library in threadpool_info()}
    if "torch" in sys.modules:
        found["torch"] = sys.modules["torch"].get_num_threads()
    return found


def handle(request, held):
    """Make a contender, train the one that was made for an epoch or a timed turn, or time a formula; return the reply.

    held keeps the contender, and how many examples it trains on, from one request to the next.
    """
    try:
        if "formula" in request:
            return steps.measure(**request)
        if "contender" in request:
            problem = Problem(**request["problem"] | {"sizes": tuple(request["problem"]["sizes"])})
            held["contender"] = make_contender(request["contender"], problem)
            held["examples"] = len(problem.data()[0])
            return {}
    except (ImportError, CannotRaceError) as error:
        return {"missing": str(error)}
    order = np.random.default_rng(request["seed"]).permutation(held["examples"])
    if request["timed"]:
        return {"seconds": timed_turn(held["contender"], order)}
    loss = held["contender"].epoch(order)
    return {"loss": None if loss is None else float(loss)}


def timed_turn(contender, order):
    """The median seconds per epoch over the epochs of one turn."""
    time.sleep(PAUSE)
    times = []
    while sum(times) < TURN:
        times.append(contender.timed_epoch(order)[1])
    return statistics.median(times)


def main():
    """Answer requests until the input ends. Whatever the libraries print goes to stderr."""
    replies, sys.stdout = sys.stdout, sys.stderr
    threads = int(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):  # for JAX, which starts a thread for every core it may use
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    held = {}
    for line in sys.stdin:
        reply = handle(json.loads(line), held)
        wrong = {name: count for name, count in threads_in_use().items() if count != threads}
        if wrong and "missing" not in reply:
            reply = {"error": f"must use {threads} threads, got {wrong}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
