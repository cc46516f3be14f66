"""What can be said of wrong gradients that no mistake of the dictionary reproduces: facts that hold, and no names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import Chain, Point, gradients

Comparison = tuple[Mapping[str, Array], Mapping[str, Array]]  # what came and what is right, by name, at one point


def facts_about(comparisons: Sequence[Comparison], sizes: Sequence[int], rounding: float = 1e-8) -> list[str]:
    """The generic facts that hold at every point compared; sizes are their numbers of examples."""
    names = [name for name in comparisons[0][1] if all(name in found for found, _ in comparisons)]
    wrong = [
        name for name in names if not all(close(found[name], right[name], rounding) for found, right in comparisons)
    ]
    if not wrong:
        return []
    ratios = {name: [_ratio(found[name], right[name], rounding) for found, right in comparisons] for name in wrong}
    together = [_common([ratios[name][k] for name in wrong]) for k in range(len(comparisons))]
    if len(wrong) == len(names) > 1 and None not in together:
        return [f"every entry of every gradient is {_times(together, sizes)} what it should be"]
    facts = []
    for name in wrong:
        pairs = [(found[name], right[name]) for found, right in comparisons]
        facts += _about_one(f"grad_{name}", pairs, ratios[name], sizes, rounding)
        for other in comparisons[0][1]:
            if other != name and all(close(found[name], right[other], rounding) for found, right in comparisons):
                facts.append(f"grad_{name} is what grad_{other} should be")
    return facts


def _about_one(
    name: str,
    pairs: Sequence[tuple[Array, Array]],
    ratios: Sequence[float | None],
    sizes: Sequence[int],
    rounding: float,
) -> list[str]:
    if all(not found.any() and right.any() for found, right in pairs):
        return [f"{name} is 0 everywhere"]
    if None not in ratios:
        return [f"every entry of {name} is {_times(ratios, sizes)} what it should be"]
    if all(right.ndim == 2 and close(found, right.T, rounding) for found, right in pairs):
        return [f"{name} is right after transposing"]
    if any(found.shape != right.shape for found, right in pairs):
        return []
    facts = []
    for axis, word in [(1, "columns (units)"), (0, "rows (inputs)")]:
        if pairs[0][1].ndim == 2 or axis == 1:
            wrong = [_wrong_slices(found, right, axis, rounding) for found, right in pairs]
            shape = pairs[0][1].shape[axis if pairs[0][1].ndim == 2 else 0]
            if wrong[0] and len(wrong[0]) < shape and all(slices == wrong[0] for slices in wrong):
                word = "entries" if pairs[0][1].ndim == 1 else word
                facts.append(f"{name} is right except in {word} {', '.join(map(str, wrong[0]))}")
    return facts


def _wrong_slices(found: Array, right: Array, axis: int, rounding: float) -> list[int]:
    off = np.abs(found - right) > rounding * np.max(np.abs(right), initial=0.0)
    if off.ndim == 2:
        off = off.any(axis=1 - axis)
    return [int(i) for i in np.flatnonzero(off)]


def close(found: Array, right: Array, rounding: float, least: float = 0.0) -> bool:
    """Whether the two agree to rounding, relative to the largest entry that is right, or to `least` if that is more."""
    if found.shape != right.shape:
        return False
    size = max(float(np.max(np.abs(right), initial=0.0)), least)
    return bool(np.max(np.abs(found - right), initial=0.0) <= rounding * size)


def _ratio(found: Array, right: Array, rounding: float) -> float | None:
    """The number that right must be multiplied by to give found, or None where no single number does."""
    if found.shape != right.shape or not right.any():
        return None
    ratio = float(np.sum(found * right) / np.sum(right * right))
    return ratio if ratio and close(found, ratio * right, rounding) else None


def _common(ratios: Sequence[float | None]) -> float | None:
    first = ratios[0]
    same = first is not None and all(ratio is not None and abs(ratio - first) <= 1e-6 * abs(first) for ratio in ratios)
    return first if same else None


def _times(ratios: Sequence[float | None], sizes: Sequence[int]) -> str:
    common = _common(ratios)
    if common is not None:
        return f"{common:.6g} times" if abs(common - 1) > 1e-4 else f"(1 {common - 1:+.1e}) times"
    each = dict(zip(sizes, ratios, strict=True))
    if any(_common([each[n], ratio]) is None for n, ratio in zip(sizes, ratios, strict=True)):
        return "a multiple, another one in each call, of"
    return ", ".join(f"{ratio:.6g} times (for n = {n})" for n, ratio in each.items())


def examples_counted(chain: Chain, points: Sequence[Point], founds: Sequence[Mapping[str, Array]]) -> list[str]:
    """Whether the gradients are sums in which some examples count another number of times than once."""
    facts: list[str] = []
    if "linear" not in chain.steps:
        return facts
    for point, found in zip(points, founds, strict=True):
        each = [gradients(chain, _one_example(chain, point, i)) for i in range(len(point.X))]
        whole = {site: array for site, array in gradients(chain, point).items() if chain.name(*site) != "grad_X"}
        sites = list(whole)
        names = [chain.name(*site).removeprefix("grad_") for site in sites]
        if any(name not in found or found[name].shape != whole[sites[k]].shape for k, name in enumerate(names)):
            return []
        columns = np.stack([np.concatenate([one[site].ravel() for site in sites]) for one in each], axis=1) / len(each)
        total = np.concatenate([whole[site].ravel() for site in sites])
        columns *= np.linalg.norm(total) / (np.linalg.norm(columns.sum(axis=1)) or 1.0)
        target = np.concatenate([found[name].ravel() for name in names])
        counts, _, rank, _ = np.linalg.lstsq(columns, target, rcond=None)
        rounded = np.asarray(np.round(counts))
        if rank < len(each) or not close(columns @ rounded, target, 1e-8) or np.all(rounded == rounded[0]):
            return []
        first, last = rounded[0] != rounded[1], rounded[-1] != rounded[-2]
        where = "the first example" if first and np.all(rounded[1:] == rounded[1]) else ""
        where = "the last example" if last and np.all(rounded[:-1] == rounded[0]) else where
        odd = int(rounded[0] if where == "the first example" else rounded[-1])
        facts.append(
            f"{where} counts {odd} times" if where else "some examples count another number of times than once"
        )
    return facts[:1] if len(set(facts)) == 1 else []


def _one_example(chain: Chain, point: Point, i: int) -> Point:
    y = None if point.y is None else point.y[i : i + 1]
    G = None if point.G is None else point.G[i : i + 1]
    return Point(point.params, point.X[i : i + 1], y, G)
