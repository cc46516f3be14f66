"""A pass of one of the models that the gradient checker knows, computed with its rules: right, or with a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from numpynet.gradcheck.backward_rules import NO_CHANGES, Chain, Changes, Point, Site, backward, loss_of
from numpynet.trace.rules import RULES, Entry, Index, Rule
from numpynet.trace.tape import Quantity

GIVEN = Rule("given", None)


def pass_of(chain: Chain, point: Point, changes: Changes = NO_CHANGES) -> Iterator[Quantity]:
    """Every array of a known model's forward and backward pass, with the checker's rules, or some of them changed."""
    output, values = chain.output, point.values(chain)
    yield Quantity("X", values[0], GIVEN)
    yield from (Quantity(name, array, GIVEN) for name, array in point.params.items())
    if chain.kind:
        yield Quantity("y", np.asarray(point.y), GIVEN)
    for step, kind in enumerate(chain.steps):
        of = [chain.value_name(step)]
        of += [name for name in chain.weight_names(step) if name] if kind == "linear" else []
        rule = RULES["product" if kind == "linear" and len(of) == 2 else kind]
        yield Quantity(chain.value_name(step + 1), values[step + 1], rule, tuple(of))
    made = [(site, array, q) for site, array, q in backward(chain, point, changes) if site[0] != "T"]
    P = output
    if chain.kind.endswith("cross_entropy"):
        P = "P"
        yield Quantity("P", made.pop(0)[1], RULES["softmax" if chain.kind == "cross_entropy" else "sigmoid"], (output,))
    elif chain.kind:
        made.pop(0)
    if chain.kind:
        yield Quantity("loss", np.asarray(loss_of(chain, point)), *_loss_rule(chain, P))
    else:
        yield Quantity(f"grad_{output}", np.asarray(point.G), GIVEN)
    for site, array, q in made:
        yield Quantity(chain.name(*site), array, *_backward_rule(chain, site, P, q))


def _loss_rule(chain: Chain, P: str) -> tuple[Rule, tuple[str, ...]]:
    usual = chain.factor == {"cross_entropy": ("", " / n"), "squared_loss": ("", " / N")}.get(chain.kind)
    if usual and chain.decay is None:
        return RULES[chain.kind], (P, "y")
    return Rule("the loss that is computed", None, "loss"), ()


def _backward_rule(chain: Chain, site: Site, P: str, q: Any) -> tuple[Rule, tuple[str, ...]]:
    """The right rule for an array of the backward pass, and the names of the arrays that it is made of."""
    rule, step = site
    if rule == "grad_O":
        return _head(chain, q), (P, "y")
    before = chain.value_name(step)
    grad_Y = f"grad_{chain.value_name(step + 1)}"
    if rule == "grad_Z":
        return RULES[f"{chain.steps[step]}_backward"], (grad_Y, chain.value_name(step + 1))
    W, b = chain.weight_names(step)
    made_of: dict[str, tuple[str, tuple[str, ...]]] = {
        "grad_W": ("grad_W", (before, grad_Y)), "grad_b": ("grad_b", (grad_Y,)), "grad_H": ("grad_X", (grad_Y, W)),
    }  # fmt: skip
    name, of = made_of[rule]
    strength = {"grad_W": q.decay_W, "grad_b": q.decay_b}.get(rule, 0.0)
    if not strength:
        return RULES[name], of
    return _with_decay(RULES[name], strength, len(of)), (*of, W if rule == "grad_W" else str(b))


def _with_decay(rule: Rule, strength: float, place: int) -> Rule:
    def entry(of: Any, at: Index) -> Entry:
        terms = rule.entry(of, at).terms if rule.entry else []
        return Entry([*terms, (f"{strength:.4g} · {{0:p}}", [(place, at)])])

    return Rule(f"{rule.formula} + λ {{{place}}}", entry, "decayed")


def _head(chain: Chain, q: Any) -> Rule:
    """The gradient of the output, with the factors of this loss around P − T."""
    times, over = chain.factor
    onehot = chain.kind == "cross_entropy"

    def entry(of: Any, at: Index) -> Entry:
        target = str(int(of[1][at[0]] == at[1])) if onehot else "{1:p}"
        after = {" / n": f" / {len(of[0])}", " / N": f" / {of[0].size}", "": ""}[over]
        before = f"{times.strip()} · " if times else ""
        return Entry([(f"{before}({{0}} − {target}){after}", [(0, at), (1, (at[0],) if onehot else at)])])

    divided = {" / n": len(q.O), " / N": q.O.size, "": 1}[over]
    is_exact = abs(q.scale / q.n - (2 if times else 1) / divided) < 1e-12  # not a loss with a factor of its own
    formula = f"{times}({{0}} − {'onehot({1})' if onehot else '{1}'}){over}"
    name = f"{chain.kind}_backward"
    return Rule(formula, entry, name) if is_exact else Rule("the gradient of the loss that is computed", None, name)
