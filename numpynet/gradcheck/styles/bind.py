"""Arguments by their role: what to pass to a function whose signature is all that is known of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpynet.arguments import Array
from numpynet.gradcheck.files.host import Call, Part, Ref, Signature
from numpynet.gradcheck.styles.names import role_of
from numpynet.gradcheck.styles.recipe import Given

RATE = 0.05  # the learning rate that is passed
UNCLEAR = ("", "X", "y", "P", "G")  # roles of names that may stand for something else
CONSTANTS: dict[str, tuple[Any, ...]] = {
    "lr": (RATE,),
    "reg": (Given(("reg",)),),
    "epochs": (1,),
    "batch": (1000,),
    "activation": ("relu", "sigmoid", "tanh"),
}


@dataclass(frozen=True)
class Available:
    """What can be passed: by the role of an argument, by its exact name, and to those whose name says nothing.

    Each role has one or more alternatives, to be tried in order.
    """

    roles: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    named: Mapping[str, Any] = field(default_factory=dict)
    spare: Sequence[str] = ()

    def role_of(self, name: str) -> str:
        """The role of an argument; y is an output where there are no targets."""
        role = role_of(name)
        return "P" if role == "y" and "y" not in self.roles else role


def takes_pairs(signature: Signature) -> bool:
    """Whether a function takes a list of examples, each a pair of x and y."""
    roles = [role_of(name) for name in signature.required if "size" not in name.lower()]
    return "batch" in roles and "X" not in roles


@dataclass(frozen=True)
class Parameters:
    """The parameters of a network that takes them as arguments: their arrays, by path, and what to pass.

    ref: the object that holds them all, if it stays where the code runs and is passed as itself.
    """

    arrays: Mapping[Any, Array]
    named: Mapping[str, Any]
    whole: Any = None  # what to pass for an argument such as params
    form: str = ""  # "" for any
    ref: Ref | None = None


def bind(ref: Ref | Part, signature: Signature, available: Available) -> Iterator[Call]:
    """The calls of a function in which every required argument has a value, the likeliest first."""
    choices: list[Sequence[Any]] = []
    spare = [role for role in available.spare if all(available.role_of(name) != role for name in signature.required)]
    names: list[str] = []
    for name in signature.names:
        values = _values(name, available)
        if not values and name in signature.required and spare and role_of(name) in UNCLEAR:
            values = available.roles[spare.pop(0)]
        if not values and name in signature.required:
            return
        if values and (name in signature.required or _wanted(name, signature, available)):
            names.append(name)
            choices.append(values)
    for chosen in itertools.islice(itertools.product(*choices), 12):
        given = dict(zip(names, chosen, strict=True))
        args = []
        for name in signature.names:
            if name not in given or name in signature.keyword:
                break
            args.append(given.pop(name))
        yield Call(ref, tuple(args), given)


def _wanted(name: str, signature: Signature, available: Available) -> bool:
    """Whether an argument that has a default gets a value all the same."""
    default = signature.defaults.get(name)
    role = available.role_of(name)
    if role in ("epochs", "batch", "lr", "reg"):
        return not isinstance(default, bool)
    return name in available.named or (default is None and role in ("X", "y", "G", "cache", "params"))


def _values(name: str, available: Available) -> Sequence[Any]:
    if name in available.named:
        return [available.named[name]]
    same = [value for own, value in available.named.items() if own.lower() == name.lower()]
    role = available.role_of(name)
    return same or available.roles.get(role, ()) or CONSTANTS.get(role, ())


X, Y, G, PAIRS, N = (Given((name,)) for name in ("X", "y", "G", "pairs", "n"))
