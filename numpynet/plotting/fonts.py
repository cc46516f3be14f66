"""Fonts for characters that matplotlib's own font lacks, such as class names in Chinese."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.text import Text

FALLBACK_FONTS = (
    "DejaVu Sans",  # comes with matplotlib: it has ✓ and ✗, which the user's font may lack
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",  # has the Chinese characters too; older versions of matplotlib find only this name
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti TC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)


def choose_fonts(text: Text) -> set[str]:
    """Add installed fonts for the characters that the fonts of text lack; return the characters that no font has.

    matplotlib complains about fonts that are not installed, so those are not added.
    """
    from matplotlib.font_manager import fontManager

    families = text.get_fontfamily()
    missing = _without_glyph({character for character in text.get_text() if not character.isascii()}, families)
    if not missing:
        return missing
    installed = {font.name for font in fontManager.ttflist}
    for family in FALLBACK_FONTS:
        if family in installed:
            still_missing = _without_glyph(missing, [family])
            if still_missing != missing:
                families, missing = [*families, family], still_missing
    text.set_fontfamily(families)
    return missing


@contextmanager
def quiet_about_fonts() -> Iterator[None]:
    """Without matplotlib's warning for each missing glyph, and its messages that a font has no regular weight."""
    logger = logging.getLogger("matplotlib.font_manager")
    logger.addFilter(_not_about_weight)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            yield
    finally:
        logger.removeFilter(_not_about_weight)


def _not_about_weight(record: logging.LogRecord) -> bool:
    return "Failed to find font weight" not in str(record.msg)


def _without_glyph(characters: set[str], families: list[str]) -> set[str]:
    """The characters for which none of these fonts has a glyph."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    for family in families:
        if characters:
            font = get_font(findfont(FontProperties(family=[family])))
            characters = {character for character in characters if not font.get_char_index(ord(character))}
    return characters
