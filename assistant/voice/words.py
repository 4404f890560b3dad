"""Heard words as text: what of them are marks, how several become one, and the note of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from assistant.voice.values import Correction, Word

_EDGES = re.compile(r"^[^\w£$€]+|[^\w%]+$")
_TAIL = re.compile(r"(?:'s|’s)?[^\w%]*$")


def joined(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def bare(text: str) -> str:
    """Without the marks around it."""
    return _EDGES.sub("", text)


def plain(text: str) -> str:
    """Its letters and digits only."""
    return re.sub(r"[^A-Za-z0-9]", "", text)


def tail(text: str) -> str:
    """The marks that it ends with, and the 's before them."""
    found = _TAIL.search(text)
    return found[0] if found else ""


def merged(part: Sequence[Word], written: str) -> Word:
    """One word in place of several; it ends with their last marks and is as sure as the least sure of them."""
    return Word(
        text=written + tail(part[-1].text),
        start=part[0].start,
        end=part[-1].end,
        confidence=min(word.confidence for word in part),
    )


def correction(part: Sequence[Word], instead: Word, kind: Literal["rule number", "vocabulary", "number"]) -> Correction:
    return Correction(heard=bare(joined(part)), written=bare(instead.text), start=instead.start, kind=kind)


def is_code(text: str) -> bool:
    """MLRO, FC-7, GH4: what is spelled letter by letter."""
    return bool(re.fullmatch(r"[A-Z]{1,6}-?\d{0,3}", text)) and len(plain(text)) >= 2
