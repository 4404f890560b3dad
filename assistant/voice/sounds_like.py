"""How a word sounds, coarsely: what a bad line and a small model confuse gets the same, or nearly the same, key.

A simplified Metaphone (L. Philips 1990) of our own: consonants by class (voiced and voiceless kept apart only where a telephone
keeps them apart), vowels only at the beginning. For English.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[^a-z]", ""),
        (r"^(kn|gn|pn|wr)", lambda m: m[0][1]),
        (r"^x", "s"),
        (r"mb$", "m"),
        (r"sch", "sk"),
        (r"ght", "t"),
        (r"gh", ""),
        (r"ph", "f"),
        (r"tch|ch|sh|[st]i(?=o|a)|ci(?=a)", "X"),
        (r"th", "0"),
        (r"d?ge|d?gi|d?gy|j", "J"),
        (r"ck|q|c(?![eiy])|x", "k"),
        (r"c|z", "s"),
        (r"g", "k"),
        (r"d", "t"),
        (r"b", "p"),
        (r"v", "f"),
        (r"[hw](?![aeiouy])", ""),
        (r"(.)\1+", r"\1"),
    )
)
_VOWELS = re.compile(r"(?!^)[aeiouy]+")


@lru_cache(maxsize=8192)
def sound_key(text: str) -> str:
    """The key of a word or of several, run together."""
    key = text.lower()
    for pattern, replacement in _RULES:
        key = pattern.sub(replacement, key)
    return re.sub(r"(.)\1+", r"\1", _VOWELS.sub("", re.sub(r"^[aeiouy]+", "a", key)))


def distance(one: str, other: str, most: int) -> int:
    """Edits (insert, remove, replace) between two texts; ``most + 1`` as soon as there are more than ``most``."""
    return Levenshtein.distance(one, other, score_cutoff=most)


def apart(one: str, other: str) -> float:
    """Edits as a share of the longer text, 0 to 1."""
    return Levenshtein.normalized_distance(one, other)
