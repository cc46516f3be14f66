"""What people get to see: tables, charts that explain themselves, and results.json."""

import json
import statistics
import textwrap

import numpy as np

from numpynet.plotting.figure import BLUE, GREEN, PURPLE, VERMILION, as_png, new_figure
from numpynet.storage.atomic import write_atomic


def epoch_table(result):
    """A line for each contender: its median time, the fastest and slowest, and numpynet's time as a share of it."""
    lines = [f"{'one epoch':30}{'median':>10}{'fastest':>10}{'slowest':>10}   numpynet takes"]
    for name in sorted(result.seconds, key=result.median):
        times = result.seconds[name]
        ratio = statistics.median(result.ratios(name))
        share = "" if name == "numpynet" else f"   {ratio:.2f} of its time"
        lines.append(f"{name:30}{time(result.median(name)):>10}{time(min(times)):>10}{time(max(times)):>10}{share}")
    return "\n".join(lines)


def step_table(lines, peak):
    """A line for each formula and shape: the times of both, and what numpynet makes of the machine's peak."""
    rows = [f"{'formula':24}{'shape':18}{'pass':10}{'numpynet':>10}{'PyTorch':>10}   numpynet of the peak"]
    for line in lines:
        for i, direction in enumerate(("forward", "backward")):
            own = line["seconds"]["numpynet"][i]
            other = line["seconds"].get("PyTorch")
            shape = "×".join(map(str, line["shape"]))
            row = f"{line['formula']:24}{shape:18}{direction:10}{time(own):>10}{time(other[i]) if other else '':>10}"
            rows.append(f"{row}   {of_peak(line['formula'], line['shape'], i, own, peak)}")
    return "\n".join(rows)


def of_peak(formula, shape, i, seconds, peak):
    """A pass's flops or bytes per second, and the share of the peak that they are."""
    from benchmarks.steps import work

    numbers = work(formula, shape)
    if numbers[i]:
        rate = numbers[i] / seconds
        return f"{rate / 1e9:7.1f} GFLOP/s, {rate / peak['flops']:4.0%}"
    rate = numbers[2 + i] / seconds
    return f"{rate / 1e9:7.1f} GB/s,    {rate / peak['bytes']:4.0%}"


def whole_table(whole):
    """What a whole process takes."""
    rows = [f"{name:30}{time(seconds):>10}" for name, seconds in whole["seconds"].items()]
    return "\n".join(
        [*rows, *(f"peak memory, {name:17}{peak / 1e6:7.0f} MB" for name, peak in whole["peak bytes"].items())]
    )


def time(seconds):
    """Seconds with the unit that suits them."""
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def draw_epochs(results, machine):
    """A panel for each model: a dot for each contender, the fastest on top, numpynet's in their own colour."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    height = sum(len(result.seconds) for result in results)
    figure = new_figure(8, 0.3 * height + 1.0 * len(results) + 0.6)
    panels = figure.subplots(len(results), 1, squeeze=False, height_ratios=[len(r.seconds) for r in results])[:, 0]
    for panel, result in zip(panels, results, strict=True):
        names = sorted(result.seconds, key=result.median, reverse=True)
        for y, name in enumerate(names):
            colour = BLUE if name.startswith("numpynet") else "#999999" if name == "matrix products" else GREEN
            times, median = result.seconds[name], result.median(name)
            panel.plot([min(times), max(times)], [y, y], color=colour, lw=2, alpha=0.5)
            panel.plot(median, y, "o", color=colour, ms=8)
            multiple = "" if name == "numpynet" else f"   {1 / statistics.median(result.ratios(name)):.2g}×"
            panel.text(max(times), y, f"    {time(median)}{multiple}", va="center", fontsize=8)
        panel.set_title(f"One epoch of {result.problem}", fontsize=10, loc="left")
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: time(seconds)))
        panel.set_yticks(range(len(names)), names)
        panel.grid(alpha=0.3)
        panel.margins(x=0.25, y=0.08)
        panel.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(
        "Further left is faster. Dots: medians; lines: from the fastest to the slowest round; n×: as a multiple of\n"
        "numpynet's time. Matrix products: the step's products alone, which no code that calls them can beat.\n"
        f"{machine['cpu']}, {machine['threads']} threads",
        fontsize=8,
    )
    return figure


def draw_sweep(widths, batches, machine):
    """Time per example against the width of the hidden layer, and against the batch size, with the crossings named."""
    figure = new_figure(10, 4.4)
    panels = figure.subplots(1, 2)
    looks = [(BLUE, "o-"), (GREEN, "s--"), (PURPLE, "v-."), (VERMILION, "^:")]
    for panel, (xs, results), label in zip(
        panels,
        [widths, batches],
        ["units in the hidden layer (batch 256)", "examples in a batch (256 units)"],
        strict=True,
    ):
        names = list(dict.fromkeys(name for result in results for name in result.seconds))
        for name, (colour, style) in zip(names, looks * 3, strict=False):
            points = [(x, r.median(name) / r.examples) for x, r in zip(xs, results, strict=True) if name in r.seconds]
            panel.loglog(*zip(*points, strict=True), style, color=colour, label=name, lw=1.5, ms=5)
        panel.set(xlabel=label, ylabel="seconds per example, less is better")
        panel.set_title(textwrap.fill(winners(xs, results), 52), fontsize=10)
        panel.set_xticks(xs, [str(x) for x in xs])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
        panel.legend()
    figure.supxlabel(
        f"MLP 784-units-10; {machine['cpu']}, {machine['threads']} threads; {machine['gpu'] or 'no GPU'}", fontsize=8
    )
    return figure


def winners(xs, results):
    """Who is fastest where, in words: "numpynet up to 64, PyTorch from 128"."""
    best = [min(result.seconds, key=result.median) for result in results]
    runs = []
    for x, name in zip(xs, best, strict=True):
        if runs and runs[-1][0] == name:
            runs[-1][2] = x
        else:
            runs.append([name, x, x])
    if len(runs) == 1:
        return f"Fastest everywhere: {runs[0][0]}"
    words = [f"{name} {first}" if first == last else f"{name} {first} to {last}" for name, first, last in runs]
    return "Fastest: " + ", ".join(words)


def draw_steps(lines):
    """PyTorch's time as a multiple of numpynet's, for every formula, shape and pass."""
    labels, ratios = [], []
    for line in lines:
        for i, direction in enumerate(("forward", "backward")):
            if "PyTorch" in line["seconds"]:
                labels.append(f"{line['formula']} {'×'.join(map(str, line['shape']))}, {direction}")
                ratios.append(line["seconds"]["PyTorch"][i] / line["seconds"]["numpynet"][i])
    figure = new_figure(8, 0.26 * len(labels) + 1.2)
    axes = figure.subplots()
    axes.barh(labels[::-1], np.array(ratios[::-1]) - 1, left=1, color=[BLUE if r > 1 else GREEN for r in ratios[::-1]])
    axes.axvline(1, color="black", lw=0.8)
    axes.set_xscale("log")
    axes.set_xticks([0.25, 0.5, 1, 2, 4, 8], ["¼", "½", "1", "2", "4", "8"])
    axes.minorticks_off()
    axes.set_title("PyTorch's time as a multiple of numpynet's:\nto the right of 1 numpynet is faster", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def write_json(path, content):
    """All figures, and all that is needed to repeat them."""
    write_atomic(path, json.dumps(content, indent=1).encode() + b"\n")


def write_picture(path, figure):
    write_atomic(path, as_png(figure))
