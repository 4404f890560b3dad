"""Letters of other alphabets that look like Latin ones: "раyment" with two Cyrillic letters is found by no search and
slips past every list of words.

Of Unicode's confusables (UTS #39) those are covered that pass for a letter in running English type: Cyrillic, Greek,
full-width, and the mathematical alphabets. Greek letters with a look of their own (β, σ, Δ) are left alone: formulas.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ingest.quality.findings import Finding

_CYRILLIC = dict(zip("аеорсухіјѕһԁԛԝѵ", "aeopcyxijshdqwv", strict=True)) | dict(
    zip("АВЕКМНОРСТУХЅІЈ", "ABEKMHOPCTYXSIJ", strict=True)
)
_GREEK = dict(zip("ονραικ", "ovpaik", strict=True)) | dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True))
_TABLE = str.maketrans(_CYRILLIC | _GREEK)
_CONFUSABLE = "".join([*_CYRILLIC, *_GREEK])
_WORD = re.compile(rf"[A-Za-z{_CONFUSABLE}]{{4,}}")
_LATIN = re.compile(r"[A-Za-z]")
_DISGUISED = re.compile(rf"(?<!\w)[{_CONFUSABLE}]{{3,}}(?!\w)")
_STYLED = re.compile("[\U0001d400-\U0001d7ff\uff21-\uff3a\uff41-\uff5a]{4,}")


def plain(text: str) -> str:
    """``text`` with look-alikes as the Latin letters they pass for; every character keeps its place."""
    if text.isascii():
        return text
    return "".join(map(_plain, text.translate(_TABLE)))


def _plain(char: str) -> str:
    if char < "\u0100":
        return char
    same = unicodedata.normalize("NFKC", char)
    return same if len(same) == 1 else char


def lookalikes(text: str) -> Sequence[Finding]:
    """One finding where words mix alphabets or are set in look-alikes altogether."""
    if text.isascii():
        return ()
    mixed = [word for word in _WORD.finditer(text) if not word[0].isascii() and _LATIN.search(word[0])]
    found = [*mixed, *_STYLED.finditer(text)]
    if _mostly_latin(text):
        found += _DISGUISED.finditer(text)
    if not found:
        return ()
    first = min(found, key=lambda match: match.start())
    message = (
        f"{len(found)} word{'s' * (len(found) > 1)} with letters of another alphabet that look Latin, the first "
        f"{first[0]!r} for {plain(first[0])!r}: no search finds it; have it corrected."
    )
    return (
        Finding(
            kind="look-alikes",
            severity="warning",
            message=message,
            start=first.start(),
            end=first.end(),
            count=len(found),
        ),
    )


def _mostly_latin(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return sum(c.isascii() and c.isalpha() for c in text) > 0.9 * letters
