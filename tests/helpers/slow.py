"""Which cases of a parametrized test are left out of the quick run, `pytest -m "not slow"`."""

import pytest


def slow_after(count, cases):
    """The cases, marked slow after the first count of them."""
    return slow_where(lambda position, case: position >= count, cases)


def slow_where(is_slow, cases):
    """The cases, marked slow where is_slow(position, case)."""
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        if is_slow(i, case)
        else case
        for i, case in enumerate(cases)
    ]
