"""Figures that were heard as words, and years as two figures: "2020 free" and "2020-23" may have been 2023, "allow free
reminders" 3.

Over a telephone "three" is "free" and "seven" "heaven". Whether it was a figure the transcriber tells, as with other rivals
(`assistant.voice.rivals`); in the place of a word that can't be told from it by ear ("to", "for"), too. Without their gain here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.voice.numbers import HOMOPHONES, UNITS
from assistant.voice.values import Rival, Word
from assistant.voice.words import bare, joined

_LIKE = {
    **HOMOPHONES,
    **dict(zip("free tree hive dive fix heaven hate mine line".split(), (3, 3, 5, 5, 6, 7, 8, 9, 9), strict=True)),
}
_TENS = re.compile(r"[£$€]?(?:\d{2,3}|[2-9])0")
"""40, and 2020, which may be said as twenty twenty-something."""
_YEAR = re.compile(r"20(?:20)?[- ](\d\d)")
"""A year that was said as twenty twenty-three and written as said: 2020-23, 20-23."""
_RANGE = frozenset({"between", "from"})


def is_figure(text: str) -> bool:
    return bool(re.fullmatch(r"[£$€]?\d+", text))


def years(words: Sequence[Word]) -> Iterator[Rival]:
    """Years that may have been said where two figures are written; "between 2020-23" are two."""
    for size in (1, 2):
        for place in range(len(words) - size + 1):
            part = words[place : place + size]
            year = _YEAR.fullmatch(bare(joined(part)))
            if year and not (place and words[place - 1].text.lower() in _RANGE):
                yield Rival(start=part[0].start, end=part[-1].end, text=f"20{year[1]}")


def misheard(words: Sequence[Word]) -> Iterator[Rival]:
    """Figures that words may have been."""
    for place, word in enumerate(words):
        heard = bare(word.text).lower()
        if heard in _LIKE:
            yield Rival(start=word.start, end=word.end, text=str(_LIKE[heard]))
        unit = _LIKE.get(heard) or UNITS.get(heard) or (int(heard) if re.fullmatch("[1-9]", heard) else 0)
        before = words[place - 1] if place else word
        if 0 < unit < 10 and _TENS.fullmatch(bare(before.text)):
            yield Rival(start=before.start, end=word.end, text=f"{bare(before.text)[:-1]}{unit}")
