"""Short forms and what they stand for, as the documents themselves explain them: "customer due diligence (CDD)", "CDD (customer
due diligence)", "CDD means customer due diligence", a glossary's line or table row. Letter by letter: each letter of the short
form begins a word of the long one, small words aside (a strict form of Schwartz and Hearst 2003).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

_SMALL = frozenset("a an and at by for from in of on or the to with".split())
_SHORT = re.compile(r"(?<![\w-])([A-Z][A-Z&]{1,7})(?:s)?(?![\w-])")
_WORD = re.compile(r"[A-Za-z]+")
_BETWEEN = re.compile(r"[\"”’'*_)]*\s*(?:[|:(–—-]|means|stands for|is short for)+\s*[\"“‘'*_|]*\s*(?:the |an? )?", re.I)
_WIDEST = 90


def definitions(text: str) -> Iterator[tuple[str, str]]:
    """Short form in capitals and long form in lower case, in order."""
    for found in _SHORT.finditer(text):
        short = found[1]
        long = _before(short, text[max(0, found.start() - _WIDEST) : found.start()]) or _after(
            short, text[found.end() : found.end() + _WIDEST]
        )
        if long:
            yield short, long


def glossary(texts: Iterable[str]) -> dict[str, str]:
    """By short form what it most often stands for; the first in the alphabet where two are as frequent."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        for short, long in definitions(text):
            counts[short][long] += 1
    return {short: min((-count, long) for long, count in longs.items())[1] for short, longs in sorted(counts.items())}


def _before(short: str, text: str) -> str:
    """The end of ``text`` up to an opening bracket, where it spells ``short``."""
    opened = re.search(r"\(\s*[\"“‘'*]?(?:the )?[\"“‘'*]?$", text)
    if not opened:
        return ""
    words = list(_WORD.finditer(text, 0, opened.start()))
    letters, first = _letters(short), None
    for word in reversed(words):
        if letters and word[0][0].upper() == letters[-1]:
            letters.pop()
            first = word
        elif word[0].lower() not in _SMALL:
            return ""
        if not letters:
            break
    return _plain(text[first.start() : opened.start()]) if first and not letters else ""


def _after(short: str, text: str) -> str:
    """The beginning of ``text`` behind "means", a bracket or a table's bar, where it spells ``short``."""
    between = _BETWEEN.match(text)
    if not between:
        return ""
    letters = _letters(short)[::-1]
    for word in _WORD.finditer(text, between.end()):
        if letters and word[0][0].upper() == letters[-1]:
            letters.pop()
        elif word[0].lower() not in _SMALL:
            return ""
        if not letters:
            return _plain(text[between.end() : word.end()])
    return ""


def _letters(short: str) -> list[str]:
    return [letter for letter in short if letter != "&"]


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip("\"“”‘’'*_ ")
