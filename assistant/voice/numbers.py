"""Spoken rule numbers: "eight point one point one" is 8.1.1, "section four two" stays what it is, "F C seven" is FC-7.

Only what cannot be a quantity is changed: two or more "point"s or "dot"s between numbers, or one of them right after a word
such as "rule" or "section". "Two point five per cent" is a figure and stays. After such a word, and only there, "boy" may be
"point", commas may stand between, and "3. 12.4" and "3. 12. 4" are one number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

UNITS = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split(),
        range(20),
        strict=True,
    )
)
TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
POINTS = frozenset({"point", "points", "dot", "."})
_POINTS_HEARD = frozenset({"boy", "buoy", "pint", "pointed", "points"})
"""What "point" is heard as on a bad line; read so only after a word such as "rule"."""
BEFORE = frozenset(
    "rule rules section sections paragraph paragraphs article articles clause clauses part chapter annex schedule appendix "
    "regulation requirement".split()
)
_NUMERAL = re.compile(r"^\d{1,4}(?:\.\d{1,4})*$")
_CUT = re.compile(r"^\d{1,2}(?:\.\d{1,2})*\.$")
"""A piece of a rule number that was cut: "3." of "3. 12.4"."""
_TRIM = ",;:!?\"'()[]"
HOMOPHONES = {"won": 1, "to": 2, "too": 2, "for": 4, "fore": 4, "ate": 8}
_AFTER_POINT = {**HOMOPHONES, "tree": 3, "oh": 0, "o": 0}
"""Read as numbers only between two "point"s or after one."""


@dataclass(frozen=True, kw_only=True)
class RuleNumber:
    """Words ``[start, end)`` are one rule number; ``text`` is how it is written, punctuation after it included."""

    start: int
    end: int
    text: str


def rule_numbers(words: Sequence[str]) -> list[RuleNumber]:
    """Every rule number said in words or in words and digits; those written as 8.1.1 already need nothing."""
    found: list[RuleNumber] = []
    at = 0
    while at < len(words):
        one = _rule_number(words, at)
        if one is None:
            at += 1
        else:
            found.append(one)
            at = one.end
    return found


def _rule_number(words: Sequence[str], start: int) -> RuleNumber | None:
    first = _number(words, start, loose=False)
    if first is None:
        return None
    parts, at = [first[0]], first[1]
    points = first[0].count(".")
    named = start > 0 and _bare(words[start - 1]) in BEFORE
    if named and ".".join([*parts, *(pieces := _cut(words, at))]).count(".") >= 2:
        parts += pieces
        points, at = ".".join(parts).count("."), at + len(pieces)
    said = POINTS | _POINTS_HEARD if named else POINTS
    commas = False
    while at < len(words) and _bare(words[at]) in said:
        comma = named and words[at - 1].endswith(",")
        following = _number(words, at + 1, loose=True)
        if following is None or (_ends(words[at - 1]) and not comma):
            break
        commas = commas or comma
        parts.append(following[0])
        points += 1 + following[0].count(".")
        at = following[1]
    if len(parts) < 2 or (points < 2 and (commas or not named)):
        return None
    if points < 2 and at < len(words) and _bare(words[at]) in ("percent", "per", "%", "million", "billion", "thousand"):
        return None
    tail = words[at - 1][len(words[at - 1].rstrip(_TRIM + ".")) :]
    return RuleNumber(start=start, end=at, text=".".join(parts) + tail)


def _cut(words: Sequence[str], at: int) -> list[str]:
    """At most two further pieces of a rule number whose first ends before ``at``: 12 and 4 of "3. 12. 4"."""
    pieces: list[str] = []
    while len(pieces) < 2 and at < len(words) and _CUT.match(words[at - 1]):
        piece = _bare(words[at]).rstrip(".")
        if not _NUMERAL.match(piece):
            break
        pieces, at = [*pieces, piece], at + 1
    return pieces


def _number(words: Sequence[str], at: int, *, loose: bool) -> tuple[str, int] | None:
    """The number that starts at ``at`` and where it ends: a numeral, "eleven", "twenty three", "twenty-three"."""
    if at >= len(words):
        return None
    bare = _bare(words[at]).rstrip(".")
    if _NUMERAL.match(bare):
        return bare, at + 1
    if "-" in bare:
        ten, _, unit = bare.partition("-")
        if ten in TENS and 0 < UNITS.get(unit, 0) < 10:
            return str(TENS[ten] + UNITS[unit]), at + 1
    if bare in UNITS:
        return str(UNITS[bare]), at + 1
    if bare in TENS:
        following = _bare(words[at + 1]).rstrip(".") if at + 1 < len(words) and not _ends(words[at]) else ""
        if 0 < UNITS.get(following, 0) < 10:
            return str(TENS[bare] + UNITS[following]), at + 2
        return str(TENS[bare]), at + 1
    if loose and bare in _AFTER_POINT:
        return str(_AFTER_POINT[bare]), at + 1
    return None


def _bare(word: str) -> str:
    return word.lower().strip(_TRIM) or word


def _ends(word: str) -> bool:
    """Does a sentence or clause end with this word? A numeral's own point does not."""
    return word[-1:] in ",;:!?" or (word.endswith(".") and word != ".")
