"""Lists in running text: which lines are items that hang on a lead-in, and where an item ends."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ITEM_END = re.compile(r";(?:\s+(?:and|or)\b)?(?=\s)")
_ITEM = re.compile(
    r"(?:[-•*–]|\(?(?P<bracketed>\d{1,2})\)|(?P<dotted>\d{1,2})\.(?=\s)|\(?(?:[a-zA-Z]{1,2}|[ivx]{1,5})\)"
    r"|(?:[a-z]|[ivx]{2,5})\.(?=\s)|[^\s=]{1,12}(?: [^\s=]{1,12})?\s+=(?=\s))\s*"
)
GOES_ON = "…"
"""Closes what is quoted of a sentence or list that goes on."""


def hangs(units: Sequence[str], n: int) -> bool:
    """Is ``units[n]`` an item of a list, or the rest of a line, that says nothing without what stands before it? A numbered
    paragraph, "(2) The firm must…", says something, unless the first of its row follows a lead-in."""
    unit, item = units[n], _ITEM.match(units[n])
    if n and units[n - 1].endswith((":", "—")):
        return True
    if not item:
        return unit[:1].islower()
    bracketed, dotted = item["bracketed"], item["dotted"]
    if not (bracketed or dotted) or not re.match(r"[\"“‘]?[A-Z]", unit[item.end() :]):
        return True
    one = r"\(?1\)" if bracketed else r"1\.\s"
    first = next((m for m in range(n, -1, -1) if re.match(one, units[m])), None)
    if first is None:
        return bool(bracketed)
    return first > 0 and units[first - 1].endswith((":", "—", ","))


def item_ends(text: str) -> list[int]:
    """Where an item of a list within a sentence ends: after its semicolon, and an "and" or "or" behind that."""
    return [match.end() for match in _ITEM_END.finditer(text)]
