"""Facts about wrong gradients, for when no mistake of the catalogue reproduces them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.backward_rules import Chain, Point, gradients
from numpynet.gradcheck.report import format_number
from numpynet.wording import Said, say

Comparison = tuple[Mapping[str, Array], Mapping[str, Array]]  # gradients found and right, by name, at one point


def facts_about(comparisons: Sequence[Comparison], sizes: Sequence[int], rounding: float = 1e-8) -> list[Said]:
    """The facts that hold at all points compared; sizes are their numbers of examples."""
    names = [name for name in comparisons[0][1] if all(name in found for found, _ in comparisons)]
    wrong = [
        name for name in names if not all(is_close(found[name], right[name], rounding) for found, right in comparisons)
    ]
    if not wrong:
        return []
    ratios = {name: [_ratio(found[name], right[name], rounding) for found, right in comparisons] for name in wrong}
    together = [_common_ratio([ratios[name][k] for name in wrong]) for k in range(len(comparisons))]
    if len(wrong) == len(names) > 1 and None not in together:
        return [say("every_gradient", factor=_format_ratio(together, sizes) or say("factor_varies"))]
    facts = []
    for name in wrong:
        pairs = [(found[name], right[name]) for found, right in comparisons]
        facts += _facts_about_one(f"grad_{name}", pairs, ratios[name], sizes, rounding)
        for other in comparisons[0][1]:
            if other != name and all(is_close(found[name], right[other], rounding) for found, right in comparisons):
                facts.append(say("is_another", name=f"grad_{name}", other=f"grad_{other}"))
    return facts


def _facts_about_one(
    name: str,
    pairs: Sequence[tuple[Array, Array]],
    ratios: Sequence[float | None],
    sizes: Sequence[int],
    rounding: float,
) -> list[Said]:
    if all(not found.any() and right.any() for found, right in pairs):
        return [say("zero", name=name)]
    if None not in ratios:
        words = _format_ratio(ratios, sizes)
        if not words and pairs[0][1].size == 1:
            return []  # any single number is some factor times another
        return [say("every_entry", name=name, factor=words or say("factor_varies"))]
    if all(right.ndim == 2 and is_close(found, right.T, rounding) for found, right in pairs):
        return [say("transposed", name=name)]
    if any(found.shape != right.shape for found, right in pairs):
        return []
    facts = []
    slices_of = {
        0: ("only_row", "only_rows"),
        1: ("only_column", "only_columns"),
        None: ("only_entry", "only_entries"),
    }
    for axis in (1, 0):
        if pairs[0][1].ndim == 2 or axis == 1:
            wrong = [_wrong_slices(found, right, axis, rounding) for found, right in pairs]
            shape = pairs[0][1].shape[axis if pairs[0][1].ndim == 2 else 0]
            if wrong[0] and len(wrong[0]) < shape and all(slices == wrong[0] for slices in wrong):
                one, several = slices_of[axis if pairs[0][1].ndim == 2 else None]
                key = several if len(wrong[0]) > 1 else one
                facts.append(say(key, name=name, at=", ".join(map(str, wrong[0]))))
    return facts


def _wrong_slices(found: Array, right: Array, axis: int, rounding: float) -> list[int]:
    off = np.abs(found - right) > rounding * np.max(np.abs(right), initial=0.0)
    if off.ndim == 2:
        off = off.any(axis=1 - axis)
    return [int(i) for i in np.flatnonzero(off)]


def is_close(found: Array, right: Array, rounding: float, least: float = 0.0) -> bool:
    """Whether the two agree up to rounding, relative to the largest right entry, or to `least` if that is larger."""
    if found.shape != right.shape:
        return False
    size = max(float(np.max(np.abs(right), initial=0.0)), least)
    return bool(np.max(np.abs(found - right), initial=0.0) <= rounding * size)


def _ratio(found: Array, right: Array, rounding: float) -> float | None:
    """The constant c with found = c · right, or None if there is none."""
    if found.shape != right.shape or not right.any():
        return None
    ratio = float(np.sum(found * right) / np.sum(right * right))
    return ratio if ratio and is_close(found, ratio * right, rounding) else None


def _common_ratio(ratios: Sequence[float | None]) -> float | None:
    first = ratios[0]
    same = first is not None and all(ratio is not None and abs(ratio - first) <= 1e-6 * abs(first) for ratio in ratios)
    return first if same else None


RATIOS: dict[str, Callable[[int], float]] = {
    "n": lambda n: n,
    "1/n": lambda n: 1 / n,
    "n²": lambda n: n**2,
    "1/n²": lambda n: 1 / n**2,
    "√n": lambda n: math.sqrt(n),
    "1/√n": lambda n: 1 / math.sqrt(n),
    "n/(n − 1)": lambda n: n / (n - 1) if n > 1 else math.inf,
    "(n − 1)/n": lambda n: (n - 1) / n,
}


def _format_ratio(ratios: Sequence[float | None], sizes: Sequence[int]) -> str:
    """The factor in words; "" if it varies between calls with equally many examples."""
    common = _common_ratio(ratios)
    if common is not None:
        if abs(common - 1) > 1e-4:
            return say("factor", number=format_number(common, 6))
        return say("factor_near", sign="+" if common > 1 else "−", off=f"{abs(common - 1):.1e}")
    for words, ratio_of in RATIOS.items():
        if all(_common_ratio([ratio, ratio_of(n)]) for n, ratio in zip(sizes, ratios, strict=True)):
            return say("factor_of_n", number=words)
    each = dict(zip(sizes, ratios, strict=True))
    if any(_common_ratio([each[n], ratio]) is None for n, ratio in zip(sizes, ratios, strict=True)):
        return ""
    factors = [say("factor_for", number=format_number(ratio, 6), n=n) for n, ratio in each.items()]
    return say("factor_each", factors=say("and").join(factors))


def facts_about_examples(chain: Chain, points: Sequence[Point], founds: Sequence[Mapping[str, Array]]) -> list[Said]:
    """Whether some examples are left out of the sums, or counted several times."""
    facts: list[Said] = []
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
        if rank < len(each) or not is_close(columns @ rounded, target, 1e-8) or np.all(rounded == rounded[0]):
            return []
        first, last = rounded[0] != rounded[1], rounded[-1] != rounded[-2]
        which = "first_example" if first and np.all(rounded[1:] == rounded[1]) else ""
        which = "last_example" if last and np.all(rounded[:-1] == rounded[0]) else which
        odd, others = rounded[[0, 1]] if which == "first_example" else rounded[[-1, 0]]
        facts.append(_describe_count(which, int(odd), int(others)))
    return facts[:1] if len(set(facts)) == 1 else []


def _describe_count(which: str, odd: int, others: int) -> Said:
    if not which:
        return say("examples_miscounted")
    if odd == 0:
        return say("example_left_out", which=say(which))
    if (odd, others) == (1, 0):
        return say("example_alone", which=say(which))
    count, rest = (say("once") if k == 1 else say("times", number=k) for k in (odd, others))
    return say("example_counted", which=say(which), count=count, rest=rest)


def _one_example(chain: Chain, point: Point, i: int) -> Point:
    y = None if point.y is None else point.y[i : i + 1]
    G = None if point.G is None else point.G[i : i + 1]
    return Point(point.params, point.X[i : i + 1], y, G)
