"""What is said to learners, in the language of the lesson: one table for each language, with the same keys and gaps.

`say(key, ...)` gives a sentence in the language that `speaking` has set; without it, in that of the environment
variable NUMPYNET_LANGUAGE, or in English. `language_of` finds out in which language a file is written.
"""

from __future__ import annotations

import contextlib
import os
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType

from numpynet.wording import en, zh

TABLES: Mapping[str, Mapping[str, str]] = {"en": en.TABLE, "zh": zh.TABLE}
_LANGUAGE: ContextVar[str] = ContextVar("language")


def language() -> str:
    """The language that is spoken now. Raises: ValueError for a NUMPYNET_LANGUAGE that there is no table for."""
    found = _LANGUAGE.get("") or os.environ.get("NUMPYNET_LANGUAGE", "") or "en"
    if found not in TABLES:
        raise ValueError(f"NUMPYNET_LANGUAGE must be one of {', '.join(TABLES)}, got {found!r}")
    return found


@contextlib.contextmanager
def speaking(name: str) -> Iterator[None]:
    """Speak this language within the block; "" changes nothing."""
    token = _LANGUAGE.set(name or _LANGUAGE.get(""))
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


class Said(str):
    """A sentence that still knows which one it is, in any language: its key, and what fills its gaps."""

    key: str = ""
    values: Mapping[str, object] = MappingProxyType({})


def say(key: str, /, **values: object) -> Said:
    """The sentence for a key, with its gaps filled."""
    said = Said(TABLES[language()][key].format(**values))
    said.key, said.values = key, values
    return said


def language_of(text: str) -> str:
    """ "zh" for a text with Chinese characters in it, else "": whatever is set otherwise."""
    return "zh" if re.search("[\u4e00-\u9fff]", text) else ""


def wrap(text: str, width: int = 100) -> list[str]:
    """The lines of a paragraph, each at most so many columns wide; a Chinese character takes two."""
    if not language_of(text):
        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    lines = [""]
    for part in re.findall(
        r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]|[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+|\s+", text
    ):
        fits = columns(lines[-1] + part) <= width or part in "，。：；、！？）”"
        if fits:
            lines[-1] += part
        else:
            lines.append(part.lstrip())
    return [line.rstrip() for line in lines if line.strip()]


def pad(text: str, width: int) -> str:
    """The text with spaces after it, so that it takes this many columns."""
    return text + " " * (width - columns(text))


def columns(text: str) -> int:
    """How wide the text is in a terminal: a Chinese character takes two columns.

    >>> columns("W"), columns("权重")
    (1, 4)
    """
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
