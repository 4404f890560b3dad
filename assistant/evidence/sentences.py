"""Where sentences begin and end: one set of rules for what the model writes and for what a passage says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_MARKER = r"\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\]"
# A marker after the full stop belongs to the sentence before it, never to the next: "Claims are paid. [2]" at the end of what
# was written, or cut anywhere between two pieces of a stream, would else lose its citation.
_END = re.compile(rf"(?<=[.!?…])((?:[^\S\n]*{_MARKER})*)(?=\s+(?!\[\d)[\"“(\[]?[A-Z0-9£€$•-])|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|No|Nos|Art|Mr|Mrs|Ms|Dr|cf|vs|approx|para|sec|reg)|\b[A-Z]|^\s*(?:\d{1,2}(?:\.\d+)*|[ivx]{2,5}))\.$",
    re.I,
)
_MARKERS = re.compile(rf"\s*{_MARKER}")
_ITEM_END = re.compile(r";(?:\s+(?:and|or)\b)?(?=\s)")
_ITEM = re.compile(
    r"(?:[-•*–]|\(?(?P<bracketed>\d{1,2})\)|(?P<dotted>\d{1,2})\.(?=\s)|\(?(?:[a-zA-Z]{1,2}|[ivx]{1,5})\)"
    r"|(?:[a-z]|[ivx]{2,5})\.(?=\s)|[^\s=]{1,12}(?: [^\s=]{1,12})?\s+=(?=\s))\s*"
)
GOES_ON = "…"
"""Closes what is quoted of a sentence or list that goes on."""


def spans(text: str) -> list[tuple[int, int]]:
    """``[start, end)`` of each sentence or line of ``text``, whitespace trimmed, in order."""
    found, start = [], 0
    for match in _END.finditer(text):
        end = match.end(1) if match.group(1) is not None else match.start()
        if match.group(1) is not None and _ABBREVIATION.search(text[start : match.start()]):
            continue
        found.append((start, end))
        start = match.end()
    found.append((start, len(text)))
    trimmed = []
    for begin, end in found:
        piece = text[begin:end]
        if piece.strip():
            trimmed.append((begin + len(piece) - len(piece.lstrip()), begin + len(piece.rstrip())))
    return trimmed


def stream(pieces: Iterable[str]) -> Iterator[str]:
    """Whole sentences, their markers included, as soon as the one after has begun; the rest at the end."""
    pending = ""
    for piece in pieces:
        pending += piece
        whole = spans(pending)
        if len(whole) > 1:
            for start, end in whole[:-1]:
                yield pending[start:end]
            pending = pending[whole[-1][0] :]
    for start, end in spans(pending):
        yield pending[start:end]


def split_markers(sentence: str) -> tuple[str, tuple[int, ...]]:
    """The sentence without its ``[n]``, and the numbers in order of first appearance."""
    numbers = [int(n) for group in _MARKERS.findall(sentence) for n in group.split(",")]
    return _MARKERS.sub("", sentence).strip(), tuple(dict.fromkeys(numbers))


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


def within(text: str, words: int) -> str:
    """The start of ``text``: whole sentences until ``words`` are reached. One that would go far beyond is left out where half of
    that is there already; else it is kept up to three times the length. What is longer still is cut at the end of an item, and
    only where it has none between words: what is cut there can't be quoted."""
    end = 0
    for start, stop in spans(text):
        have, reached = len(text[:start].split()), len(text[:stop].split())
        early = have < words / 2
        if have >= words or (reached > 1.5 * words and not early):
            break
        end = stop if reached <= (3 if early else 1.5) * words else _cut(text, start, stop, words - have)
    return text[:end]


def _cut(text: str, start: int, stop: int, words: int) -> int:
    """The last end of an item within one and a half times ``words`` from ``start``, else the end of the ``words``-th word."""
    sentence = text[start:stop]
    items = [end for end in item_ends(sentence) if words / 4 < len(sentence[:end].split()) <= 1.5 * words]
    if items:
        return start + items[-1]
    found = list(re.finditer(r"\S+", sentence))[:words]
    return start + found[-1].end()
