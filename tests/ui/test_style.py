"""Contrast of the style sheet's colours: WCAG 2.2 AA (4.5 to 1 for text), in light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).resolve().parents[2] / "ui" / "style.css").read_text(encoding="utf-8")
PAIRS = [
    (text, ground)
    for text in ("ink", "soft", "accent", "warn")
    for ground in ("paper", "sheet", "wash")
] + [("accent", "accent-wash"), ("soft", "accent-wash"), ("on-accent", "accent"), ("mark-ink", "mark")]  # fmt: skip


def colours(selector: str) -> dict[str, str]:
    block = re.search(re.escape(selector) + r" \{(.*?)\}", STYLE, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block[1]))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("selector", ["body.muniment", "body.muniment.dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_is_readable(selector: str, text: str, ground: str) -> None:
    known = colours("body.muniment") | colours(selector)
    light, dark = sorted((luminance(known[text]), luminance(known[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_nothing_is_fetched_from_elsewhere() -> None:
    script = (Path(__file__).resolve().parents[2] / "ui" / "app.js").read_text(encoding="utf-8")
    assert not re.search(r"https?:|@import|url\(|//[a-z]", STYLE + re.sub(r"/\*.*?\*/", "", script, flags=re.DOTALL))
