"""Words cut at line ends: was the hyphen in the word, or did the typesetter put it there?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

CUT = re.compile(r"([A-Za-z]+)-$")
_WORD = re.compile(r"[A-Za-z]+")
_COMPOUND = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)+")


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """Words and compounds that stand whole within a line, in small letters. ``hyphenates``: the document cuts words (at
    least one of the cut ones stands whole elsewhere), so a cut word that is unknown is taken for one word too."""

    words: frozenset[str]
    compounds: frozenset[str]
    hyphenates: bool

    @classmethod
    def of(cls, lines: Sequence[str]) -> Spelling:
        """From a document's lines in order."""
        if not any(line.endswith("-") for line in lines):  # then nothing is ever asked
            return cls(words=frozenset(), compounds=frozenset(), hyphenates=False)
        words: set[str] = set()
        compounds: set[str] = set()
        cut = False
        for line in lines:
            whole = CUT.sub("", line) if line.endswith("-") else line
            small = whole.lower() if whole.isascii() else "".join(map(_small, whole))
            words.update(_WORD.findall(small)[cut:])  # the halves of cut words are no words
            if "-" in small:
                compounds.update(_COMPOUND.findall(small))
            cut = whole != line
        hyphenates = any(first + second in words for first, second in _halves(lines))
        return cls(words=frozenset(words), compounds=frozenset(compounds), hyphenates=hyphenates)

    def is_cut(self, above: str, below: str) -> bool:
        """True where ``above`` ends in a hyphen that is not part of the word that goes on in ``below``."""
        for first, second in _halves((above, below)):
            if first + second in self.words:
                return True
            known_apart = f"{first}-{second}" in self.compounds or (first in self.words and second in self.words)
            return not known_apart and self.hyphenates
        return False


def _small(c: str) -> str:
    return c.lower() if c.isascii() else c


def _halves(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for above, below in pairwise(lines):
        if not above.endswith("-"):
            continue
        first, second = CUT.search(above), _WORD.match(below)
        if first and second and second[0].islower():
            yield first[1].lower(), second[0]
