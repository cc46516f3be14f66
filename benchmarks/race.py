"""A race: each contender runs in its own process, and they take turns, one epoch at a time.

Because they take turns, whatever slows the machine down for a while slows all of them. The figure of each contender is
its median over the rounds.
"""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass, field

from numpynet.cli.environment import kernel_setting, threads_setting

SAME_LOSS = 1e-3  # relative: float32, sums in another order, and an epoch of steps in which to drift apart


class RaceError(RuntimeError):
    """A contender failed, or computed something different from the others."""


class Worker:
    """A library in its own process, with this many threads (`benchmarks.worker`)."""

    def __init__(self, name, threads):
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", str(threads)],
            env=os.environ | threads_setting(threads) | kernel_setting(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request):
        """The reply to a request; RaceError if the reply is an error, or the process has ended."""
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            reply = json.loads(self.process.stdout.readline() or '{"error": "its process ended; see the output above"}')
        except BrokenPipeError:
            reply = {"error": "its process ended; see the output above"}
        if "error" in reply:
            self.process.kill()
            raise RaceError(f"{self.name}: {reply['error']}")
        return reply

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@dataclass
class Result:
    """A race's figures by contender: seconds of each round, loss of the first epoch; and who was left out, and why."""

    problem: str
    examples: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def median(self, name):
        return statistics.median(self.seconds[name])

    def multiple(self, name):
        """The contender's median as a multiple of numpynet's."""
        return self.median(name) / self.median("numpynet")

    def spread(self, name):
        """The difference between the slowest and the fastest round, as a fraction of the median."""
        return (max(self.seconds[name]) - min(self.seconds[name])) / self.median(name)


def race(problem, names, *, rounds, threads, say=print):
    """Let every contender train an epoch, require equal losses, then time all in turns (`worker.timed_turn`)."""
    result = Result(problem.name, len(problem.data()[0]))
    workers = []
    try:
        for name in names:
            workers.append(Worker(name, threads))
            missing = workers[-1].ask(contender=name, problem=asdict(problem)).get("missing")
            if missing:
                result.missing[name] = missing
                say(f"  left out: {name} ({missing})")
                workers.pop().stop()
        for worker in workers:
            result.losses[worker.name] = worker.ask(seed=0, timed=False)["loss"]
        check_losses(result.losses)
        for worker in workers:
            worker.ask(seed=1, timed=False)  # the first epoch may have compiled something; this one warms up
        for number in range(rounds):
            for worker in workers:
                seconds = worker.ask(seed=2 + number, timed=True)["seconds"]
                result.seconds.setdefault(worker.name, []).append(seconds)
    finally:
        for worker in workers:
            worker.stop()
    return result


def check_losses(losses):
    """RaceError unless all contenders that learn have the same loss after an epoch."""
    learnt = {name: loss for name, loss in losses.items() if loss is not None}
    base = next(iter(learnt.values()), 0.0)
    for name, loss in learnt.items():
        if not abs(loss - base) <= SAME_LOSS * abs(base):
            raise RaceError(f"{name}: the loss after one epoch must be {base:.6f}, like the others', got {loss:.6f}")
