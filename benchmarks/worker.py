"""A process that times one library. It is told what to do, and answers: a line of JSON in, a line of JSON out."""

import json
import os
import statistics
import sys
import time

import numpy as np

from benchmarks import steps
from benchmarks.contenders import CONTENDERS
from benchmarks.problems import Problem

TURN = 0.25  # seconds: a turn is one epoch, or as many as fit, since the first after a pause finds its caches empty
PAUSE = 0.2  # seconds before a turn: the threads of the one before go on looking for work for a while


def threads_in_use():
    """The threads that each library of matrix products in this process uses, by name."""
    from threadpoolctl import threadpool_info

    found = {f"{library['internal_api']} {library['prefix']}": library["num_threads"] for library in threadpool_info()}
    if "torch" in sys.modules:
        found["torch"] = sys.modules["torch"].get_num_threads()
    return found


def answer(message, held):
    """Make a contender; let the one that was made train an epoch, or take a timed turn; or time a formula."""
    if "contender" in message:
        problem = Problem(**message["problem"] | {"sizes": tuple(message["problem"]["sizes"])})
        try:
            held["contender"] = CONTENDERS[message["contender"]](problem)
        except ImportError as error:
            return {"missing": str(error)}
        held["examples"] = len(problem.load()[0])
        return {}
    if "formula" in message:
        try:
            return steps.measure(**message)
        except ImportError as error:
            return {"missing": str(error)}
    order = np.random.default_rng(message["seed"]).permutation(held["examples"])
    if message["timed"]:
        return {"seconds": turn(held["contender"], order)}
    loss = held["contender"].epoch(order)
    return {"loss": None if loss is None else float(loss)}


def turn(contender, order):
    """The median seconds of an epoch, of those that fit into a turn."""
    time.sleep(PAUSE)
    times = []
    while sum(times) < TURN:
        times.append(contender.timed_epoch(order)[1])
    return statistics.median(times)


def main():
    """Answer until there are no more messages. What libraries print goes to stderr."""
    replies, sys.stdout = sys.stdout, sys.stderr
    threads = int(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):  # for JAX, which takes a thread for every core that it may use
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    held = {}
    for line in sys.stdin:
        reply = answer(json.loads(line), held)
        wrong = {name: count for name, count in threads_in_use().items() if count != threads}
        if wrong and "missing" not in reply:
            reply = {"error": f"must use {threads} threads, got {wrong}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
