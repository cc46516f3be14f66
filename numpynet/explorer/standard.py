"""The passes that the page shows if it is not given any: the three models of the book, cut small."""

from __future__ import annotations

from typing import Any

from numpynet.trace.examples import example_trace


def standard_passes(first: str = "mlp") -> dict[str, Any]:
    """One pass of each model by name, for `page.write_page`; the one called `first` comes first."""
    names = sorted(["mlp", "softmax", "linear"], key=lambda name: name != first)
    return {name: example_trace(name).described() for name in names}
