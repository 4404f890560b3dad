"""A fixed, passage-disjoint division of a BEIR split: what may be trained and tuned on, and what only measures.

Questions that share a gold passage, directly or through others, are one group; whole groups go to `train` or `validation` by
a hash of the group's smallest passage id. So no gold passage of a validation question was ever gold in training. A group
larger than the whole validation part should be goes to `train`, and the others fill the part up. Nothing here depends on
order, chance or a library's version.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import InputError

VALIDATION_SHARE = 0.25
_SALT = "muniment-split-1"


@dataclass(frozen=True, kw_only=True)
class JudgedQuery:
    """``gold``: passage ids with a positive judgement, sorted; never empty."""

    id: str
    text: str
    gold: tuple[str, ...]


def judged_queries(folder: Path, split: str = "dev") -> list[JudgedQuery]:
    """Questions of ``queries.jsonl`` that ``qrels/<split>.tsv`` judges, in the order of the file."""
    gold = read_qrels(folder, split)
    file = folder / "queries.jsonl"
    try:
        with file.open(encoding="utf-8") as stream:
            rows = [json.loads(line) for line in stream if line.strip()]
        return [
            JudgedQuery(id=row["_id"], text=row["text"], gold=tuple(sorted(gold[row["_id"]])))
            for row in rows
            if row["_id"] in gold
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} can't be read as BEIR questions (JSON Lines with _id and text).") from error


def read_qrels(folder: Path, split: str) -> dict[str, dict[str, int]]:
    """Positive judgements by query id: passage id to score."""
    file = folder / "qrels" / f"{split}.tsv"
    gold: dict[str, dict[str, int]] = {}
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                if int(row["score"]) > 0:
                    gold.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} can't be read as judgements (query-id, corpus-id, score; tabs between).") from error
    return gold


def parts(gold: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Each query id to ``train`` or ``validation``. ``gold``: query id to the ids of its gold passages."""
    leader: dict[str, str] = {}

    def find(passage: str) -> str:
        leader.setdefault(passage, passage)
        while leader[passage] != passage:
            leader[passage] = leader[leader[passage]]
            passage = leader[passage]
        return passage

    for passages in gold.values():
        roots = {find(passage) for passage in passages}
        for root in roots:
            leader[root] = min(roots)
    groups = {query: find(min(passages)) for query, passages in gold.items() if passages}
    sizes = Counter(groups.values())
    large = {group for group, size in sizes.items() if size > VALIDATION_SHARE * len(groups)}
    rest = sum(size for group, size in sizes.items() if group not in large)
    share = VALIDATION_SHARE * len(groups) / rest if rest else 0.0
    return {
        query: "validation" if group not in large and _number(group) < share else "train"
        for query, group in groups.items()
    }


def _number(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(f"{_SALT}:{text}".encode()).digest()[:8], "big") / 2**64


def train_queries(folder: Path, exclude: AbstractSet[str] = frozenset(), split: str = "dev") -> list[JudgedQuery]:
    """What may be trained on: the train part without the questions whose text is in ``exclude`` (case and spacing aside)."""
    barred = {plain(text) for text in exclude}
    return [query for query in _part(folder, split, "train") if plain(query.text) not in barred]


def validation_queries(folder: Path, split: str = "dev") -> list[JudgedQuery]:
    """What only measures: no gold passage of these is gold for any question of the train part."""
    return _part(folder, split, "validation")


def _part(folder: Path, split: str, name: str) -> list[JudgedQuery]:
    queries = judged_queries(folder, split)
    part = parts({query.id: query.gold for query in queries})
    return [query for query in queries if part[query.id] == name]


def held_out_passages(folder: Path) -> frozenset[str]:
    """`plain` texts of the passages that are gold for a validation question: nothing is trained on them by another door."""
    gold = {key for query in validation_queries(folder) for key in query.gold}
    file = folder / "corpus.jsonl"
    try:
        with file.open(encoding="utf-8") as stream:
            rows = (json.loads(line) for line in stream if line.strip())
            return frozenset(plain(row["text"]) for row in rows if row["_id"] in gold)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} can't be read as a BEIR corpus (JSON Lines with _id and text).") from error


def plain(text: str) -> str:
    """Case and spacing aside."""
    return " ".join(text.casefold().split())
