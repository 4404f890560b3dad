"""What an unknown word of a question may have meant: known words one slip away (a letter too many, too few, wrong, or two
swapped; Damerau 1964)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHORTEST = 5
"""Shorter words have too many neighbours to guess from."""


def slips(word: str) -> Iterator[str]:
    """Every string one slip away, with repetitions."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in _LETTERS)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in _LETTERS)


def meant(word: str, frequency: Mapping[str, int]) -> str:
    """The most frequent known word one slip away, "" where there is none or ``word`` is too short or not only letters.
    The first letter is trusted where that leaves any."""
    if len(word) < SHORTEST or not (word.isascii() and word.isalpha()):
        return ""
    near = {other for other in slips(word) if other in frequency and other != word and len(other) >= SHORTEST - 1}
    near = {other for other in near if other[0] == word[0]} or near
    return min(near, key=lambda other: (-frequency[other], other)) if near else ""
