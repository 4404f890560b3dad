"""Where sentences begin and end: one set of rules for what the model writes and for what a passage says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from assistant.evidence.lists import item_ends

_MARKER = r"\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\]"
# A marker after the full stop belongs to the sentence before it, never to the next: "Claims are paid. [2]" at the end of what
# was written, or cut anywhere between two pieces of a stream, would else lose its citation.
_END = re.compile(rf"(?<=[.!?…])((?:[^\S\n]*{_MARKER})*)(?=\s+(?!\[\d)[\"“(\[]?[A-Z0-9£€$•-])|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|No|Nos|Art|Mr|Mrs|Ms|Dr|cf|vs|approx|para|sec|reg)|\b[A-Z]|^\s*(?:\d{1,2}(?:\.\d+)*|[ivx]{2,5}))\.$",
    re.I,
)
_MARKERS = re.compile(rf"\s*{_MARKER}")


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
