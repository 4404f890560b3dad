"""Errors that small models make on bad lines and that can be told from the words alone: always a shown `Correction`.

A decoder that has lost the sound says the last words over and over; letters of a short form are heard as words ("S T, O are" is
STOR); the word before a rule number as another ("the next 2.1" is annex 2.1); and "severity two" as "severity to"; a year
as two figures ("July 20, 26"). Each rule asks for doubt in the model or for the very phrase, and what it writes is read back; a
word is taken away only where it was said before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from assistant.voice.numbers import HOMOPHONES
from assistant.voice.sounds_like import distance
from assistant.voice.values import Correction, Word
from assistant.voice.words import correction, joined, merged

_LETTERS = dict(
    zip(
        "bee be cee see sea dee ee eff gee aitch eye jay kay ell el em en oh owe pee pea cue queue are ar ess tee tea you vee ex "
        "why zed".split(),
        "B B C C C D E F G H I J K L L M N O O P P Q Q R R S T T U V X Y Z".split(),
        strict=True,
    )
)
"""Words that letters are heard as; "a" and "I" are too common to be told from themselves."""
BEFORE_HEARD = {
    "next": "annex",
    "annexe": "annex",
    "rural": "rule",
    "roll": "rule",
    "role": "rule",
    "real": "rule",
    "suction": "section",
    "session": "section",
    "claws": "clause",
    "close": "clause",
}
"""What words before a rule number are heard as."""
_GRADES = "severity|tier|category|grade|band|priority|phase"
"""Words that stand before a number and hardly before "to" or "for"."""
_MONTHS = frozenset("january february march april may june july august september october november december".split())
_LONGEST_LOOP = 24
_QUANTITY = re.compile(r"^(?:%|percent|per|million|billion|thousand|times|years?|months?|days?|pounds?)\b")


def loops(words: Sequence[Word], below: float, made: list[Correction]) -> list[Word]:
    """Stretches that are said again at once, word for word and unsurely, are left out: short ones from the fourth time on
    ("2. 2. 2. 2."), five words and more from the second. "5 5 5 5" said surely stays."""
    out: list[Word] = []
    plain = [_bare(word.text) for word in words]
    at = 0
    while at < len(words):
        for size in range(1, min(_LONGEST_LOOP, (len(words) - at) // 2) + 1):
            times = _times(plain, at, size)
            again = words[at + size : at + size * times]
            if times >= (4 if size < 5 else 2) and _unsure(again, size) < below:
                kept = words[at : at + size]
                made.append(
                    Correction(
                        heard=joined(words[at : at + size * times]),
                        written=joined(kept),
                        start=kept[0].start,
                        kind="repetition",
                    )
                )
                out += kept
                at += size * times
                break
        else:
            out.append(words[at])
            at += 1
    return out


def letters(words: Sequence[Word], codes: Mapping[str, str], below: float) -> str | None:
    """The collection's short form that the words spell, some letters heard as words, one letter wrong in a long one, commas
    between them; None where they are sure, hold no capital, or hold a short form that stands for itself."""
    if len(words) < 2 or min(word.confidence for word in words) >= below:
        return None
    spelled, capitals, all_capitals = "", False, True
    for word in words:
        part = re.sub(r"[^A-Za-z]", "", word.text)
        if part.isupper() and len(part) <= 4 and part == re.sub(r"[^A-Za-z0-9]", "", word.text):
            if part in codes and len(part) > 1:
                return None
            spelled, capitals = spelled + part, True
        elif word.text.rstrip(",.").lower() in _LETTERS:
            spelled, all_capitals = spelled + _LETTERS[word.text.rstrip(",.").lower()], False
        else:
            return None
    if not capitals or len(spelled) < 3:
        return None
    return codes.get(spelled) or (_nearest(spelled, codes) if all_capitals else None)


def _nearest(spelled: str, codes: Mapping[str, str]) -> str | None:
    """The one short form of four letters or more that is a letter away: M V L R O is MLRO."""
    near = [code for code in codes if code.isalpha() and len(code) > 3 and distance(spelled, code, 1) == 1]
    return codes[near[0]] if len(near) == 1 and len(spelled) > 3 else None


def before_numbers(words: Sequence[Word], below: float, made: list[Correction]) -> list[Word]:
    """The word before a rule number as it must have been, where either of them was heard unsurely."""
    out = list(words)
    for place, (word, number) in enumerate(pairwise(words)):
        written = BEFORE_HEARD.get(word.text.lower())
        if written is None or not re.fullmatch(r"\d+(?:\.\d+)+[.,;:?!]*", number.text):
            continue
        following = words[place + 2].text.lower() if place + 2 < len(words) else ""
        if min(word.confidence, number.confidence) < below and not _QUANTITY.match(following):
            out[place] = _written(word, written.capitalize() if word.text[0].isupper() else written)
            made.append(Correction(heard=word.text, written=out[place].text, start=word.start, kind="vocabulary"))
    return out


def numbered(words: Sequence[Word], phrases: Collection[str], made: list[Correction]) -> list[Word]:
    """A number heard as the word that sounds like it, after a grade: "severity to" where the collection writes
    "severity 2"."""
    out = list(words)
    for place, (word, heard) in enumerate(pairwise(words)):
        number = HOMOPHONES.get(_bare(heard.text))
        if number is None or not word.text[-1:].isalnum() or f"{word.text.lower()} {number}" not in phrases:
            continue
        tail = heard.text[len(heard.text.rstrip(".,;:?!")) :]
        out[place + 1] = _written(heard, f"{number}{tail}")
        made.append(Correction(heard=_bare(heard.text), written=str(number), start=heard.start, kind="number"))
    return out


def years(words: Sequence[Word], made: list[Correction]) -> list[Word]:
    """A year after a month, said as twenty twenty-six and written as two figures: "July 20, 26"."""
    out: list[Word] = []
    for word in words:
        month, century, year = [_bare(one.text) for one in (*out[-2:], word)] if len(out) > 1 else ("", "", "")
        if month in _MONTHS and century == "20" and re.fullmatch(r"[1-9]\d", year):
            part = [out.pop(), word]
            out.append(merged(part, f"20{year}"))
            made.append(correction(part, out[-1], "number"))
        else:
            out.append(word)
    return out


def numbered_phrases(text: str) -> Iterator[str]:
    """Of a text in lower case: "severity 2", where it never says "severity to"."""
    for name, number in set(re.findall(rf"\b({_GRADES}) ([1248])\b(?![.,]?\d)", text)):
        said = [word for word, digit in HOMOPHONES.items() if digit == int(number)]
        if not re.search(rf"\b{name} (?:{'|'.join(said)})\b", text):
            yield f"{name} {number}"


def _times(plain: Sequence[str], at: int, size: int) -> int:
    unit, times = plain[at : at + size], 1
    if not all(unit):
        return 1
    while plain[at + size * times : at + size * (times + 1)] == unit:
        times += 1
    return times


def _unsure(words: Sequence[Word], size: int) -> float:
    """Of a short stretch said again the mean confidence, of a long one the least."""
    sure = [word.confidence for word in words]
    return sum(sure) / len(sure) if size < 5 else min(sure)


def _written(word: Word, text: str) -> Word:
    return Word(text=text, start=word.start, end=word.end, confidence=word.confidence)


def _bare(text: str) -> str:
    return re.sub(r"^[^\w£$€]+|[^\w%]+$", "", text).lower()
