"""The output: tables, charts with captions, and results.json."""

import json
import math
import textwrap

import numpy as np

from benchmarks import steps
from benchmarks.growth import slope
from benchmarks.race import Result
from numpynet.plotting.figure import BLUE, GREEN, GREY, PURPLE, VERMILION, as_png, new_figure
from numpynet.storage.atomic import write_atomic


def epoch_table(result):
    """A line for each contender: its median time, as a multiple of numpynet's, and its fastest and slowest rounds."""
    lines = [f"{'one epoch':30}{'median':>10}{'× numpynet':>12}{'fastest':>10}{'slowest':>10}"]
    for name in sorted(result.seconds, key=result.median):
        times, median = result.seconds[name], format_time(result.median(name))
        row = f"{name:30}{median:>10}{format_multiple(result, name):>12}"
        lines.append(f"{row}{format_time(min(times)):>10}{format_time(max(times)):>10}")
    return "\n".join(lines)


def step_table(lines, peak):
    """A line for each formula, shape and pass: the times of both libraries, and numpynet's share of the peak."""
    rows = [f"{'formula':24}{'shape':18}{'pass':10}{'numpynet':>10}{'PyTorch':>10}   numpynet's rate, share of peak"]
    for line in lines:
        for i, direction in enumerate(("forward", "backward")):
            own = line["seconds"]["numpynet"][i]
            other = line["seconds"].get("PyTorch")
            shape = "×".join(map(str, line["shape"]))
            times = f"{format_time(own):>10}{format_time(other[i]) if other else '':>10}"
            row = f"{line['formula']:24}{shape:18}{direction:10}{times}"
            rows.append(f"{row}   {of_peak(line['formula'], line['shape'], i, own, peak)}")
    return "\n".join(rows)


def of_peak(formula, shape, i, seconds, peak):
    """A pass's flops or bytes per second, and that rate as a share of the peak."""
    numbers = steps.work(formula, shape)
    if numbers[i]:
        rate = numbers[i] / seconds
        return f"{rate / 1e9:7.1f} GFLOP/s, {rate / peak['flops']:4.0%}"
    rate = numbers[2 + i] / seconds
    return f"{rate / 1e9:7.1f} GB/s,    {rate / peak['bytes']:4.0%}"


def whole_table(whole):
    """The time and the memory that whole processes take."""
    rows = [f"{name:30}{format_time(seconds):>10}" for name, seconds in whole["seconds"].items()]
    return "\n".join(
        [*rows, *(f"peak memory, {name:17}{peak / 1e6:7.0f} MB" for name, peak in whole["peak bytes"].items())]
    )


def growth_table(growth):
    """A line for each axis: the exponents of the time and of the memory, each beside the one that was counted."""
    rows = [f"{'an epoch against':28}{'range':>18}{'seconds':>16}{'exponent':>10}{'counted':>9}"]
    rows[0] += f"{'MB':>14}{'exponent':>10}{'counted':>9}"
    for axis, part in growth.items():
        xs = part["x"]
        ends = [f"{xs[0]:,} to {xs[-1]:,}", "{:.3g} to {:.3g}".format(*np.array(part["seconds"])[[0, -1]])]
        row = f"{axis:28}{ends[0]:>18}{ends[1]:>16}"
        row += "".join(f"{slope(xs, part[kind]):>{w}.2f}" for kind, w in (("seconds", 10), ("operations", 9)))
        row += f"{'{:.0f} to {:.0f}'.format(*np.array(part['bytes'])[[0, -1]] / 1e6):>14}"
        rows.append(row + "".join(f"{slope(xs, part[kind]):>{w}.2f}" for kind, w in (("bytes", 10), ("arrays", 9))))
    return "\n".join(rows)


def format_time(seconds):
    """Three digits, in the unit that suits them."""
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def setting(machine):
    """The processor and the number of threads."""
    return f"{machine['cpu']}, {machine['threads']} thread{'' if machine['threads'] == 1 else 's'}"


def format_multiple(result, name):
    """A contender's median as a multiple of numpynet's; empty for numpynet itself."""
    if name == "numpynet":
        return ""
    multiple = result.multiple(name)
    return f"{multiple:.{0 if multiple >= 10 else 1 if multiple >= 1 else 2}f}×"


def draw_epochs(results, machine):
    """A panel for each model: a dot for each contender, the fastest at the top, numpynet's in a colour of their own."""
    height = sum(len(result.seconds) for result in results)
    figure = new_figure(8, 0.3 * height + 1.0 * len(results) + 0.8)
    figure.get_layout_engine().set(h_pad=0.15)
    panels = figure.subplots(len(results), 1, squeeze=False, height_ratios=[len(r.seconds) for r in results])[:, 0]
    for panel, result in zip(panels, results, strict=True):
        draw_epoch(panel, result)
    caption = (
        "Further left is faster. Dots: medians; lines: from the fastest to the slowest round; n×: the contender's "
        "median divided by numpynet's. Numbers after a model's name: the widths of its layers, from inputs to outputs. "
        "Matrix products: only the products of each step, which no code that calls them can beat."
    )
    figure.supxlabel(f"{textwrap.fill(caption, 120)}\n{setting(machine)}", fontsize=8)
    return figure


def draw_epoch(panel, result):
    """A race as dots on a logarithmic axis, with the figures in two columns to the right."""
    names = sorted(result.seconds, key=result.median, reverse=True)
    for y, name in enumerate(names):
        colour = BLUE if name.startswith("numpynet") else GREY if name == "matrix products" else GREEN
        times, median = result.seconds[name], result.median(name)
        panel.plot([min(times), max(times)], [y, y], color=colour, lw=2, alpha=0.5)
        panel.plot(median, y, "o", color=colour, ms=8)
        for x, words in ((50, format_time(median)), (88, format_multiple(result, name))):
            place = {"xy": (1, y), "xycoords": panel.get_yaxis_transform(), "textcoords": "offset points"}
            panel.annotate(words, xytext=(x, 0), **place, ha="right", va="center", fontsize=9)
    panel.set_title(f"One epoch of {result.problem}", fontsize=10, loc="left")
    panel.set_xscale("log")
    panel.margins(x=0.06, y=0.08)
    ticks = log_ticks(*panel.get_xlim())
    panel.set_xticks(ticks, map(format_time, ticks))
    panel.minorticks_off()
    panel.set_yticks(range(len(names)), names)
    panel.grid(alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)


def log_ticks(low, high):
    """A few round numbers from low to high, for a logarithmic axis."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
    for steps_of_a_decade in ((1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        numbers = [step * 10.0**exponent for exponent in exponents for step in steps_of_a_decade]
        ticks = [number for number in numbers if low <= number <= high]
        if len(ticks) >= 3:
            break
    return ticks


def draw_sweep(widths, batches, machine):
    """Time per example against the width of the hidden layer and the batch size, titled with who is fastest where."""
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
        panel.set(xlabel=label, ylabel="seconds per example (lower is better)")
        panel.set_title(textwrap.fill(winners(xs, results), 52), fontsize=10)
        panel.set_xticks(xs, [str(x) for x in xs])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
        panel.legend()
    figure.supxlabel(f"MLP 784-units-10; {setting(machine)}; {machine['gpu'] or 'no GPU'}", fontsize=8)
    return figure


def winners(xs, results):
    """Who is fastest where, in words: "Fastest: numpynet 8 to 64, PyTorch 128"."""
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
    axes.set_title("PyTorch's time as a multiple of numpynet's:\nnumpynet is faster to the right of 1", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_growth(growth, machine):
    """Time above, memory below, a column for each axis; beside the measured points a line that grows as counted."""
    figure = new_figure(2.6 * len(growth), 5.4)
    panels = figure.subplots(2, len(growth), squeeze=False)
    for column, (axis, part) in enumerate(growth.items()):
        for row, kind, counted, unit, label in (
            (0, "seconds", "operations", 1, "seconds of an epoch"),
            (1, "bytes", "arrays", 1e6, "peak memory in MB, above that of\na tiny network"),
        ):
            panel, xs, values = panels[row, column], part["x"], np.array(part[kind]) / unit
            demanded = np.array(part[counted]) * values[-1] / part[counted][-1]
            panel.loglog(xs, demanded, "--", color=GREY, lw=1.5, label=f"counted: {slope(xs, demanded):.2f}")
            panel.loglog(xs, values, "o-", color=BLUE, ms=4, label=f"measured: {slope(xs, values):.2f}")
            panel.legend(fontsize=7, title="exponent", title_fontsize=7)
            panel.grid(alpha=0.3)
            ticks = log_ticks(*panel.get_ylim())
            panel.set_yticks(ticks, [f"{tick:g}" if row else format_time(tick) for tick in ticks], fontsize=8)
            panel.set_xticks(xs[::2], [f"{x:,}" for x in xs[::2]], fontsize=8)
            panel.minorticks_off()
            panel.set_xlabel(axis if row else "", fontsize=9)
            panel.set_ylabel(label if column == 0 else "", fontsize=9)
    caption = (
        "An epoch of the MLP 784-256-10 on 8,192 examples in batches of 256, with one of these changed; many hidden "
        "layers have 64 units each. Counted: the operations of the matrix products, and the bytes of the arrays."
    )
    figure.supxlabel(f"{textwrap.fill(caption, 150)}\n{setting(machine)}", fontsize=8)
    return figure


def write_json(path, content):
    """All figures, and everything needed to reproduce them."""
    write_atomic(path, json.dumps(content, indent=1).encode() + b"\n")


def write_pictures(folder, content):
    """Draw each suite that is in content, which results.json holds, and write its picture to the folder."""
    machine, figures = content["machine"], {}
    if "epoch" in content:
        figures["epoch.png"] = draw_epochs(results_of(content["epoch"]), machine)
    if "step" in content:
        figures["step.png"] = draw_steps(content["step"]["lines"])
    if "sweep" in content:
        parts = [(part["x"], results_of(part)) for part in content["sweep"].values()]
        figures["sweep.png"] = draw_sweep(*parts, machine)
    if "growth" in content:
        figures["growth.png"] = draw_growth(content["growth"], machine)
    for name, figure in figures.items():
        write_atomic(folder / name, as_png(figure))


def results_of(part):
    return [Result(**fields) for fields in part["races"]]
