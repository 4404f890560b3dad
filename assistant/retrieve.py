"""From questions to hits: dense and BM25 searchers, fused by reciprocal rank (Cormack, Clarke and Büttcher 2009), the best
candidates read again by the reranker where there is one.

Batched: one question of a chat and ten thousand of a benchmark take the same way. The visible set goes into every search
and what was found is checked against it once more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.config import Retrieve
from assistant.errors import Corrupt
from assistant.knowledge.lexical import terms, words
from assistant.protocols import Found, Mask, Reranker, Searcher
from assistant.types import Document, Hit, Passage, Turn

_REFERS_BACK = frozenset(
    "it its they them their this that these those he she his her there then same instead else".split()
)


class Searchable(Protocol):
    """What is searched: a served snapshot, or a benchmark's corpus. ``passages[row]`` is row ``row`` of both searchers."""

    @property
    def passages(self) -> Sequence[Passage]: ...

    @property
    def dense(self) -> Searcher: ...

    @property
    def lexical(self) -> Searcher: ...

    def document_of(self, row: int) -> Document: ...


def index_text(title: str, passage: Passage) -> str:
    """What is embedded and indexed for a passage: where it stands, the header of its table, and its text."""
    place = " › ".join(part for part in (title, passage.where) if part)
    return "\n".join(part for part in (place, passage.context, passage.text) if part)


def standalone(text: str, history: Sequence[Turn]) -> str:
    """A follow-up that leans on the conversation ("and in 2024?", "who approves it?") takes the question before with it."""
    if not history:
        return text
    leans = len(terms(text)) <= 3 or bool(_REFERS_BACK & set(words(text)))
    return f"{history[-1].question} {text}" if leans else text


class FusedOrder:
    """The reranker that is none: keeps the fused order."""

    identity = "fused-order"

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        return -np.arange(len(texts), dtype=np.float32)


def retrieve(
    snapshot: Searchable, queries: Sequence[str], allowed: Mask, section: Retrieve, reranker: Reranker
) -> list[list[Hit]]:
    """For each query at most ``section.hits`` hits, best first, rank from 1."""
    by_dense = snapshot.dense.search(queries, section.dense_candidates, allowed)
    by_words = snapshot.lexical.search(queries, section.lexical_candidates, allowed)
    return [
        _hits(snapshot, query, {"dense": d, "lexical": w}, allowed, section, reranker)
        for query, d, w in zip(queries, by_dense, by_words, strict=True)
    ]


def _hits(
    snapshot: Searchable,
    query: str,
    found: Mapping[str, Sequence[Found]],
    allowed: Mask,
    section: Retrieve,
    reranker: Reranker,
) -> list[Hit]:
    scores: dict[int, dict[str, float]] = {}
    for name, rows in found.items():
        for one in rows:
            scores.setdefault(one.row, {})[name] = one.score
    candidates = _fuse(found, section)[: max(section.rerank_candidates, section.hits)]
    if not all(allowed[row] for row in candidates):
        raise Corrupt("A search returned a passage outside the visible set; the answer was stopped.")
    texts = [index_text(snapshot.document_of(row).title, snapshot.passages[row]) for row in candidates]
    for row, score in zip(candidates, reranker.scores(query, texts), strict=True):
        scores[row]["rerank"] = float(score)
    blended = {
        row: scores[row]["rerank"]
        + section.rerank_cosine * scores[row].get("dense", 0.0)
        - section.rerank_prior * math.log(place)
        for place, row in enumerate(candidates, start=1)
    }
    best = sorted(candidates, key=lambda row: (-blended[row], row))[: section.hits]
    return [
        Hit(
            passage=snapshot.passages[row],
            document=snapshot.document_of(row),
            score=blended[row],
            rank=rank,
            found_by=scores[row],
        )
        for rank, row in enumerate(best, start=1)
    ]


def _fuse(found: Mapping[str, Sequence[Found]], section: Retrieve) -> list[int]:
    """Rows by the sum of weight / (k + rank), best first."""
    weights = {"dense": section.dense_weight, "lexical": section.lexical_weight}
    fused: dict[int, float] = {}
    for name, rows in found.items():
        for rank, one in enumerate(rows, start=1):
            fused[one.row] = fused.get(one.row, 0.0) + weights[name] / (section.fusion_k + rank)
    return sorted(fused, key=lambda row: (-fused[row], row))
