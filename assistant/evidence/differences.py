"""Two texts side by side with what differs set apart: a small model sees at once where to look.

``<`` and ``>`` stand around each stretch of words that the other text does not have at that place. What stands in a sentence of
the run that has nothing to do with the claim is left unmarked.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from assistant.evidence.sentences import spans

_TOKEN = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?|\d+(?:[.,]\d+)*|[^\sA-Za-z\d]")
_SHARED = 2
"""A sentence of the run takes part where so many of its words, and a quarter of them, agree."""


def marked(claim: str, run: str) -> tuple[str, str]:
    """Claim and run with their differences marked; the texts themselves are lower-cased and evenly spaced."""
    said = _tokens(claim)
    units = [_tokens(run[start:end]) for start, end in spans(run)]
    there = [token for unit in units for token in unit]
    matcher = SequenceMatcher(None, said, there, autojunk=False)
    here, other = [True] * len(said), [True] * len(there)
    for block in matcher.get_matching_blocks():
        for n in range(block.size):
            here[block.a + n] = other[block.b + n] = False
    position = 0
    for unit in units:
        part = other[position : position + len(unit)]
        if part.count(False) < max(_SHARED, len(unit) / 4):
            other[position : position + len(unit)] = [False] * len(unit)
        position += len(unit)
    return _written(said, here), _written(there, other)


def _tokens(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text.lower().replace("\u200e", "")) if token not in "<>"]


def _written(tokens: list[str], differs: list[bool]) -> str:
    pieces: list[str] = []
    inside = False
    for token, changed in zip(tokens, differs, strict=True):
        if changed != inside:
            pieces.append("<" if changed else ">")
            inside = changed
        pieces.append(token)
    return " ".join([*pieces, ">"] if inside else pieces)
