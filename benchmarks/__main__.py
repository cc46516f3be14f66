"""`python -m benchmarks`: the race from the command line."""

import argparse
import importlib.util
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks import growth, machine, problems, report, steps, whole
from benchmarks.contenders import CONTENDERS, ON_GPU
from benchmarks.race import RaceError, Worker, race
from numpynet import DataError
from numpynet.book import load_data

SUITES = ("epoch", "step", "sweep", "growth")
WIDTHS, BATCH_SIZES = (16, 64, 256, 1024, 4096), (8, 32, 128, 512, 4096)
SWEPT = ["numpynet", "PyTorch", "JAX jit", "PyTorch, GPU"]

DESCRIPTION = """Race numpynet against PyTorch, JAX and scikit-learn, and against PyTorch on a CUDA GPU if there is one.
Libraries that are not installed are left out. The images are Fashion-MNIST if a copy is found (NUMPYNET_DATA names its
folder), otherwise the built-in shapes. Needs threadpoolctl and matplotlib; pip install -e ".[bench]" installs every
library. Tables are printed; pictures and results.json are written to the output folder."""


def main(argv=None):
    """Run the suites; return 0, 1 if the contenders do not agree, 2 for wrong usage or data, 130 after Ctrl-C."""
    parser = make_parser()
    arguments = parser.parse_args(argv)
    if arguments.threads < 1 or arguments.rounds < 1:
        parser.error("--threads and --rounds must be at least 1")
    missing = [package for package in ("threadpoolctl", "matplotlib") if importlib.util.find_spec(package) is None]
    if missing:
        parser.error(f'needs {" and ".join(missing)}: pip install -e ".[bench]"')
    try:
        redraw(arguments.output) if arguments.redraw else run(arguments)
    except (DataError, OSError) as error:
        parser.error(str(error))
    except RaceError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted", file=sys.stderr)
        return 130
    return 0


def make_parser():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=DESCRIPTION)
    parser.add_argument(
        "--suite",
        choices=[*SUITES, "all"],
        default="all",
        help="epoch: an epoch of each model; step: single formulas; sweep: widths and batch sizes; "
        "growth: how time and memory grow (default: all)",
    )
    parser.add_argument(
        "--device",
        choices=["cpu", "cuda", "all"],
        default="all",
        help="default: all; cuda: the contenders on the GPU, and numpynet on the CPU for comparison",
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="for each library (default: 2)")
    parser.add_argument(
        "--rounds", type=int, default=7, metavar="N", help="per race; fewer than 5 are unreliable (default: 7)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few examples, one round: shows that everything runs; do not quote its figures",
    )
    parser.add_argument(
        "--redraw",
        action="store_true",
        help="draw the pictures again from results.json in the output folder; no race",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", default=Path("runs", "benchmarks"), help="default: runs/benchmarks"
    )
    return parser


def run(arguments):
    """Run the chosen suites one after the other; each adds its tables, its pictures and its part of results.json."""
    arguments.output.mkdir(parents=True, exist_ok=True)
    suites = SUITES if arguments.suite == "all" else (arguments.suite,)
    described = machine.describe(arguments.threads)
    data = load_data("auto", rng=np.random.default_rng(0))
    content = {"machine": described, "data": data.source, "command": {k: str(v) for k, v in vars(arguments).items()}}
    print(f"{report.setting(described)}; {described['blas']}\ndata: {data.source}")
    if described["gpu"]:
        print(f"GPU: {described['gpu']}")
    elif arguments.device != "cpu":
        print("no CUDA GPU was found: only the CPU contenders run")
    spreads = {}
    for suite in suites:
        content[suite] = RUN[suite](arguments, described, data, spreads)
        caveats = ["a quick run: do not quote its figures"] if arguments.quick else machine.caveats(described, spreads)
        content["caveats"] = caveats
        report.write_json(arguments.output / "results.json", content)  # after each suite: the next one may fail
        report.write_pictures(arguments.output, {"machine": described, suite: content[suite]})
    for caveat in content["caveats"]:
        print(f"\ncaution: {caveat}")
    print(f"\nwritten to {arguments.output}: results.json and pictures")


def redraw(folder):
    """Draw the pictures again from the figures of an earlier run."""
    report.write_pictures(folder, json.loads((folder / "results.json").read_text()))
    print(f"pictures drawn from {folder / 'results.json'}")


def choose_contenders(arguments, described, names):
    """Those of names that run on the chosen devices; with cuda also numpynet, on the CPU, for comparison.

    A quick run omits compilation and DataLoaders, which start slowly.
    """
    if arguments.quick:
        names = [name for name in names if "compile" not in name and "DataLoader" not in name]
    if arguments.device == "cpu" or not described["gpu"]:
        return [name for name in names if name not in ON_GPU]
    if arguments.device == "cuda":
        return [name for name in names if name in ON_GPU or name == "numpynet"]
    return list(names)


def epoch(arguments, described, data, spreads):
    """An epoch of each model; and whole processes."""
    results = []
    for problem in problems.PROBLEMS.values():
        problem = problems.quick(problem) if arguments.quick else problem
        print(f"\n{problem.name}")
        result = race(
            problem,
            choose_contenders(arguments, described, CONTENDERS),
            rounds=1 if arguments.quick else arguments.rounds,
            threads=arguments.threads,
        )
        spreads |= {f"{name} at {problem.name}": result.spread(name) for name in result.seconds}
        results.append(result)
        print(report.epoch_table(result))
    missing = set(results[-1].missing)
    processes = whole.measure(
        data.train.X[: 2000 if arguments.quick else None],
        data.train.y[: 2000 if arguments.quick else None],
        rounds=1 if arguments.quick else 5,
        threads=arguments.threads,
        libraries=[name for name in whole.TRAIN if name not in missing],
    )
    print(f"\nwhole processes, MLP\n{report.whole_table(processes)}")
    return {"races": [asdict(result) for result in results], "whole": processes}


def step(arguments, described, data, spreads):
    """Single formulas."""
    peak = steps.peak()
    print(f"\nformulas; this machine's peak: {peak['flops'] / 1e9:.0f} GFLOP/s, {peak['bytes'] / 1e9:.0f} GB/s")
    workers = [Worker(name, arguments.threads) for name in steps.PASSES]
    try:
        shapes = {formula: sizes[: 1 if arguments.quick else None] for formula, sizes in steps.SHAPES.items()}
        lines = steps.compare(workers, 0.01 if arguments.quick else 0.3, shapes)
    finally:
        for worker in workers:
            worker.stop()
    print(report.step_table(lines, peak))
    return {"lines": lines, "peak": peak}


def sweep(arguments, described, data, spreads):
    """Hidden widths and batch sizes."""
    found = {}
    print()
    for name, xs, problem in (
        ("widths", WIDTHS, problems.of_width),
        ("batch sizes", BATCH_SIZES, problems.of_batch_size),
    ):
        xs = xs[2:3] if arguments.quick else xs
        results = []
        for x in xs:
            result = race(
                problem(x, 1024 if arguments.quick else 8192),
                choose_contenders(arguments, described, SWEPT[:2] if arguments.quick else SWEPT),
                rounds=1 if arguments.quick else arguments.rounds,
                threads=arguments.threads,
                say=lambda words: None,
            )
            results.append(result)
            times = ", ".join(f"{name} {report.format_time(result.median(name))}" for name in result.seconds)
            print(f"{result.problem}: {times}")
        found[name] = {"x": list(xs), "races": [asdict(result) for result in results]}
    return found


def grow(arguments, described, data, spreads):
    """How numpynet's time and memory grow."""
    print()
    rounds = 1 if arguments.quick else min(arguments.rounds, 3)  # each is a process for each point
    found = growth.measure(rounds=rounds, threads=arguments.threads, quick=arguments.quick)
    print(report.growth_table(found))
    return found


RUN = {"epoch": epoch, "step": step, "sweep": sweep, "growth": grow}

if __name__ == "__main__":
    raise SystemExit(main())
