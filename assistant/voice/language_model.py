"""How the collection's words follow one another: a trigram model with interpolated Kneser-Ney smoothing (Chen and Goodman, 1999).

It tells which of several texts that sound alike somebody would rather say here. Figures are one word to it, whatever their value,
and rule numbers another: it may say that a figure stands there, never which one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

ORDER = 3
MOST_WORDS = 400_000
"""That a model is made of; what comes after them adds little and takes memory (about 40 bytes a word)."""
DISCOUNT = 0.75
"""Taken from each count for what was never seen."""
UNSEEN = 20_000
"""Words that the collection does not have and somebody may say."""
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[£$€%]|\d+(?:[.,]\d+)*")
_RULE = re.compile(r"\d+(?:\.\d+)+")
_BEGIN, _END, _UNKNOWN, _FIGURE, _RULE_NUMBER = range(5)
_BASE = 1 << 20
"""Words are numbered below it, so that three of them fit into one integer."""


class LanguageModel:
    """Made once of ``sentences``; safe to share."""

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {}
        rows: list[int] = []
        for sentence in sentences:
            if numbers := self._numbered(sentence, new=True):
                rows += [*[_BEGIN] * (ORDER - 1), *numbers, _END]
            if len(rows) >= MOST_WORDS:
                break
        self._least = 1 / (len(self._numbers) + UNSEEN)
        words = np.array(rows, dtype=np.int64)
        grams = np.zeros(max(0, len(words) - ORDER + 1), dtype=np.int64)
        for place in range(ORDER):
            grams = grams * _BASE + words[place : place + len(grams)]
        grams = grams[grams % _BASE != _BEGIN]
        self._orders: list[_Order] = []
        kinds, counts = np.unique(grams, return_counts=True)
        for length in range(ORDER, 0, -1):
            self._orders.append(_Order(kinds, counts))
            kinds, counts = np.unique(kinds % _BASE ** (length - 1), return_counts=True)

    def mean(self, text: str) -> float:
        """Natural-log probability of a word of the text, its end among them, on average; 0.0 where nothing is known, or said."""
        words = self._numbered(text)
        if not words or not len(self._orders[0].kinds):
            return 0.0
        row = [*[_BEGIN] * (ORDER - 1), *words, _END]
        found = [self._probability(row[at - ORDER + 1 : at + 1]) for at in range(ORDER - 1, len(row))]
        return float(np.log(found).mean())

    def _probability(self, gram: Sequence[int]) -> float:
        """Of the last word after those before it: what was seen, and the rest as likely as after fewer words."""
        found = self._least
        for length, order in zip(range(1, ORDER + 1), reversed(self._orders), strict=True):
            code = 0
            for word in gram[-length:]:
                code = code * _BASE + word
            found = order.interpolated(code, found)
        return found

    def _numbered(self, text: str, *, new: bool = False) -> list[int]:
        return [self._number(word, new) for word in _WORD.findall(text.lower().replace("’", "'"))]

    def _number(self, word: str, new: bool) -> int:
        if word[0].isdigit():
            return _RULE_NUMBER if _RULE.fullmatch(word) else _FIGURE
        if new and len(self._numbers) < _BASE - 5:
            return self._numbers.setdefault(word, 5 + len(self._numbers))
        return self._numbers.get(word, _UNKNOWN)


class _Order:
    """Runs of so many words: ``kinds`` in ascending order with their ``counts`` (of the longest runs how often they were seen, of
    shorter ones how many words were seen before them), and the same by what they begin with."""

    def __init__(self, kinds: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self.kinds, self._counts = kinds, counts.astype(np.int32)
        self._beginnings, first, different = np.unique(kinds // _BASE, return_index=True, return_counts=True)
        self._different = different.astype(np.int32)
        self._together = np.add.reduceat(self._counts, first) if len(kinds) else self._counts

    def interpolated(self, code: int, shorter: float) -> float:
        """Probability of the last word, given the others and its probability after one word less."""
        beginning = _place(self._beginnings, code // _BASE)
        if beginning is None:
            return shorter
        kind = _place(self.kinds, code)
        seen = max(0.0, float(self._counts[kind]) - DISCOUNT) if kind is not None else 0.0
        return (seen + DISCOUNT * float(self._different[beginning]) * shorter) / float(self._together[beginning])


def _place(ascending: NDArray[np.int64], code: int) -> int | None:
    at = int(np.searchsorted(ascending, code))
    return at if at < len(ascending) and ascending[at] == code else None
