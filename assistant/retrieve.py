"""From questions to hits: dense and BM25 searchers, fused by a weighted sum of their scores (Bruch, Gai and Ingber 2023), the
best candidates read again by the reranker where there is one, and what the best refer to brought in, one hop.

Batched: one question of a chat and ten thousand of a benchmark take the same way. The visible set goes into every search
and what was found is checked against it once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.config import Retrieve
from assistant.errors import Corrupt
from assistant.knowledge.lexical import terms, words
from assistant.knowledge.references import References
from assistant.protocols import Found, Mask, Reranker, Searcher, Vectors
from assistant.types import Document, Hit, Passage, Turn

_REFERS_BACK = frozenset(
    "it its they them their this that these those he she his her there then same instead else".split()
)


class VectorSearcher(Searcher, Protocol):
    def encode(self, queries: Sequence[str]) -> Vectors: ...

    def search_vectors(self, vectors: Vectors, k: int, allowed: Mask) -> list[list[Found]]: ...

    def scores(self, vector: Vectors, rows: Sequence[int]) -> NDArray[np.float32]: ...


class WordSearcher(Searcher, Protocol):
    def scores(self, query: str, rows: Sequence[int]) -> NDArray[np.float32]: ...


class Searchable(Protocol):
    """What is searched: a served snapshot, or a benchmark's corpus. ``passages[row]`` is row ``row`` of both searchers."""

    @property
    def passages(self) -> Sequence[Passage]: ...

    @property
    def dense(self) -> VectorSearcher: ...

    @property
    def lexical(self) -> WordSearcher: ...

    @property
    def references(self) -> References: ...

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
    """The reranker that is none: what it adds to the fused score is nothing."""

    identity = "fused-order"

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.zeros(len(texts), dtype=np.float32)


def retrieve(
    snapshot: Searchable, queries: Sequence[str], allowed: Mask, section: Retrieve, reranker: Reranker
) -> list[list[Hit]]:
    """For each query at most ``section.hits`` hits, best first, rank from 1."""
    if not queries or not allowed.any():
        return [[] for _ in queries]
    vectors = snapshot.dense.encode(queries)
    by_dense = snapshot.dense.search_vectors(vectors, section.dense_candidates, allowed)
    by_words = snapshot.lexical.search(queries, section.lexical_candidates, allowed)
    return [
        _hits(_Search(snapshot, query, vector, allowed, section), {"dense": d, "lexical": w}, reranker)
        for query, vector, d, w in zip(queries, vectors, by_dense, by_words, strict=True)
    ]


@dataclass(frozen=True)
class _Search:
    """One question: its text, its vector, what it may see."""

    snapshot: Searchable
    query: str
    vector: Vectors
    allowed: Mask
    section: Retrieve

    def fused(self, rows: Sequence[int]) -> dict[int, float]:
        """Cosine and BM25, weighted; both are looked up for every row, whoever found it."""
        cosines = self.snapshot.dense.scores(self.vector, rows)
        words = self.snapshot.lexical.scores(self.query, rows)
        weighted = self.section.dense_weight * cosines + self.section.lexical_weight * words
        return dict(zip(rows, map(float, weighted), strict=True))

    def linked(self, row: int) -> list[int]:
        """Visible passages that ``row`` refers to or that refer to it."""
        return [other for other in self.snapshot.references.neighbours(row) if self.allowed[other]]


def _hits(search: _Search, found: Mapping[str, Sequence[Found]], reranker: Reranker) -> list[Hit]:
    snapshot, section = search.snapshot, search.section
    found_by: dict[int, dict[str, float]] = {}
    for name, rows in found.items():
        for one in rows:
            found_by.setdefault(one.row, {})[name] = one.score
    fused = search.fused(sorted(found_by))
    ranked = _best(fused)
    candidates = ranked[: section.rerank_candidates]
    if section.follow:
        seen = set(candidates)
        linked = {other for row in candidates[: section.follow] for other in search.linked(row) if other not in seen}
        fused |= search.fused(sorted(linked - fused.keys()))
        candidates += _best({row: fused[row] for row in linked})[: section.follow_candidates]
    if not all(search.allowed[row] for row in (*ranked, *candidates)):
        raise Corrupt("A search returned a passage outside the visible set; the answer was stopped.")
    texts = [index_text(snapshot.document_of(row).title, snapshot.passages[row]) for row in candidates]
    scores = {}
    for row, score in zip(candidates, reranker.scores(search.query, texts), strict=True):
        found_by.setdefault(row, {})["rerank"] = float(score)
        scores[row] = float(score) + section.rerank_fused * fused[row]
    first = _best(scores)[: section.follow]
    for row, score in _lifted(search, scores, first).items():
        found_by[row]["reference"] = score - scores[row]
        scores[row] = score
    order = [*first, *_best({row: score for row, score in scores.items() if row not in first})]
    weakest = min(scores.values(), default=0.0)
    for row in ranked[section.rerank_candidates : section.hits]:  # more are asked for than the reranker reads
        if row not in scores:
            scores[row] = min(weakest, section.rerank_fused * fused[row])
            order.append(row)
    return [
        Hit(
            passage=snapshot.passages[row],
            document=snapshot.document_of(row),
            score=scores[row],
            rank=rank,
            found_by=found_by[row],
        )
        for rank, row in enumerate(order[: section.hits], start=1)
    ]


def _lifted(search: _Search, scores: Mapping[int, float], first: Sequence[int]) -> dict[int, float]:
    """New scores of those among them that the ``first`` refer to or are referred to by: the rule beside its exception. A
    share of what the referring passage has above the weakest is added, but no more than lifts it to the last of the first."""
    weakest, ceiling = min(scores.values(), default=0.0), min((scores[row] for row in first), default=0.0)
    lifted: dict[int, float] = {}
    for row in first:
        for other in search.linked(row):
            if other in scores and other not in first:
                lift = search.section.follow_weight * (scores[row] - weakest)
                lifted[other] = max(lifted.get(other, scores[other]), min(ceiling, scores[other] + lift))
    return lifted


def _best(scores: Mapping[int, float]) -> list[int]:
    return sorted(scores, key=lambda row: (-scores[row], row))
