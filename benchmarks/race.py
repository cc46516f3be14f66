"""A race: the contenders in processes of their own, one epoch at a time in turns, and how their times compare.

What disturbs one round disturbs all who run in it. So contenders are compared round by round, and the median of those
ratios is what counts.
"""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass, field

from numpynet.cli.environment import kernel_setting, threads_setting

SAME_LOSS = 1e-3  # relative; float32, other orders of addition, and an epoch of steps to drift apart in


class RaceError(RuntimeError):
    """A contender failed, or computed something else than the others."""


class Worker:
    """A library in a process of its own, with so many threads."""

    def __init__(self, name, threads):
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", str(threads)],
            env=os.environ | threads_setting(threads) | kernel_setting(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **message):
        """The answer to a message; RaceError where it is an error, or none."""
        try:
            print(json.dumps(message), file=self.process.stdin, flush=True)
            reply = json.loads(self.process.stdout.readline() or '{"error": "it ended; its words are above"}')
        except BrokenPipeError:
            reply = {"error": "it ended; its words are above"}
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
    """Of a race: seconds of each round by contender, losses of the first epoch, and who was left out and why."""

    problem: str
    examples: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def median(self, name):
        return statistics.median(self.seconds[name])

    def ratios(self, name, base="numpynet"):
        """The time of base as a share of this contender's, round by round."""
        return [a / b for a, b in zip(self.seconds[base], self.seconds[name], strict=True)]

    def spread(self, name):
        """How far the slowest and the fastest round are apart, as a share of the median."""
        return (max(self.seconds[name]) - min(self.seconds[name])) / self.median(name)


def race(problem, names, *, rounds, threads, say=print):
    """Every contender trains an epoch, and their losses must agree; then all are timed, in turns (`worker.turn`)."""
    result = Result(problem.name, len(problem.load()[0]))
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
    """RaceError unless all who learn came to the same loss after an epoch."""
    learnt = {name: loss for name, loss in losses.items() if loss is not None}
    base = next(iter(learnt.values()), 0.0)
    for name, loss in learnt.items():
        if not abs(loss - base) <= SAME_LOSS * abs(base):
            raise RaceError(f"{name}: the loss after one epoch must be {base:.6f}, as everyone's, got {loss:.6f}")
