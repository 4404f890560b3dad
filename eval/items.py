"""Items of the citing protocol: a question, numbered passages, and which of them an answer rests on.

A line of the file is ``{id, kind, question, passages[{_id, text}], gold[ids], answer}``; ``answer``, a reference, may be missing
or null. ``kind`` says how many passages are gold: ``two``, ``one`` or ``none``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Item:
    """``ids`` name the ``passages``, one each. ``gold`` are ids; over a corpus they need not be among the passages.
    ``hidden``: ids that this question may not find."""

    id: str
    kind: str
    question: str
    passages: tuple[str, ...]
    ids: tuple[str, ...]
    gold: frozenset[str]
    answer: str = ""
    hidden: frozenset[str] = frozenset()

    @property
    def places(self) -> frozenset[int]:
        """Where the gold ones stand among the passages, from 0."""
        return frozenset(n for n, key in enumerate(self.ids) if key in self.gold)


def read_items(file: Path) -> list[Item]:
    """`InputError` names the line that is not an item."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} can't be read ({getattr(error, 'strerror', None) or error}).") from error
    items = [_item(line, f"{file}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not items:
        raise InputError(f"{file} holds no item; see eval/items.py for what a line is.")
    return items


def _item(line: str, place: str) -> Item:
    try:
        row = json.loads(line)
        return Item(
            id=str(row["id"]),
            kind=str(row["kind"]),
            question=row["question"],
            passages=tuple(str(p["text"]) for p in row["passages"]),
            ids=tuple(str(p["_id"]) for p in row["passages"]),
            gold=frozenset(map(str, row["gold"])),
            answer=str(row.get("answer") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{place} is not an item of the citing protocol ({error}); see eval/items.py.") from error


def spread(items: Sequence[Item], limit: int) -> list[Item]:
    """``limit`` items, every kind in its share, chosen by a hash of their ids."""
    kept: list[Item] = []
    for kind in sorted({item.kind for item in items}):
        own = sorted((i for i in items if i.kind == kind), key=lambda i: hashlib.sha256(i.id.encode()).hexdigest())
        kept += own[: round(limit * len(own) / len(items))]
    return kept


def score(gold: AbstractSet[str], cited: AbstractSet[str]) -> tuple[float, float]:
    """Precision and recall of one answer's citations, in [0, 1]; where nothing is gold, abstaining is right."""
    if not gold:
        return (0.0, 0.0) if cited else (1.0, 1.0)
    both = len(cited & gold)
    return (both / len(cited), both / len(gold)) if cited else (0.0, 0.0)
