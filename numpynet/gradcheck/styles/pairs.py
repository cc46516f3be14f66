"""Pairs of functions: affine_forward and affine_backward, relu and relu_derivative, sigmoid and d_sigmoid."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

from numpynet.gradcheck.styles import functions, layers
from numpynet.gradcheck.styles.found import Failed, Found
from numpynet.gradcheck.styles.known import Network
from numpynet.gradcheck.styles.names import IGNORED, LOSS, matches, role_of
from numpynet.gradcheck.styles.units import Unit

WORDS = r"backward|backprop(agation)?|back|bwd|gradient|grad|derivative|deriv|prime|forward|fwd|propagation|prop|der"
KNOWN = {
    r"relu|rectifier|rect": Network((), (), ("relu",)),
    r"sigmoid|sigm|logistic": Network((), (), ("sigmoid",)),
    r"tanh|hyperbolictangent": Network((), (), ("tanh",)),
    r"linear|affine|dense|fc|fullyconnected": Network((), (), ()),
}


def stem(name: str) -> str:
    """What two functions of a pair have in common: relu, for d_relu, reluPrime and relu_backward."""
    text = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
    text = re.sub(WORDS, "", re.sub(r"^d_|_d$", "", text))
    return re.sub(r"[_\d]", "", text)


def partner(unit: Unit, backward: str) -> str | None:
    """The function that this one is the backward of."""
    own = stem(backward)
    for name in unit.functions:
        if (
            name != backward
            and name not in layers.backward_names(unit)
            and (stem(name) == own or stem(name) == own.removeprefix("d"))
        ):
            return name
    return None


def of_functions(unit: Unit, backward: str, tree: ast.Module) -> Iterator[Found | Failed]:
    """The ways in which a function answers as the backward of a layer, and its partner as the forward."""
    signature = unit.functions[backward]
    if matches(f"{LOSS}|{IGNORED}", backward):
        return
    forward = partner(unit, backward)
    if forward is not None:
        if any(role_of(name) == "y" and name.lower() != "y" for name in signature.names):
            return
        holders = functions.holders(tree)
        weights = any(
            role_of(name) in ("W", "b", "params") or name in holders for name in unit.functions[forward].names
        )
        options = itertools.islice(functions.options(unit, [forward], tree), 24) if weights else [None]
        for parameters in options:
            found = False
            for each in layers.attempts(unit, forward, backward, parameters or functions.NONE):
                yield each
                found = found or isinstance(each, Found)
            if found:
                return
        return
    known = next(
        (network for pattern, network in KNOWN.items() if re.fullmatch(pattern, stem(backward).removeprefix("d"))), None
    )
    if known is None:
        return
    if known.activations:
        yield from layers.without_forward(unit, backward, known, None)
        return
    for parameters in itertools.islice(functions.laid_out(unit, ["W"], ["b"]), 6):
        found = False
        for each in layers.without_forward(unit, backward, known, parameters):
            yield each
            found = found or isinstance(each, Found)
        if found:
            return
