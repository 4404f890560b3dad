"""From questions to hits: dense and BM25 searchers, fused by reciprocal rank (Cormack, Clarke and Büttcher 2009).

Batched: one question of a chat and ten thousand of a benchmark take the same way. The visible set goes into every search
and what was found is checked against it once more.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.config import Retrieve
from assistant.errors import Corrupt
from assistant.knowledge.library import OpenSnapshot
from assistant.protocols import Found, Mask
from assistant.types import Hit, Passage, Turn
from assistant.knowledge.lexical import terms, words

_REFERS_BACK = frozenset("it its they them their this that these those he she his her there then same instead else".split())


def index_text(title: str, passage: Passage) -> str:
    """What is embedded and indexed for a passage: where it stands, the header of its table, and its text."""
    return "\n".join(part for part in (f"{title} › {passage.where}", passage.context, passage.text) if part)


def standalone(text: str, history: Sequence[Turn]) -> str:
    """A follow-up that leans on the conversation ("and in 2024?", "who approves it?") takes the question before with it."""
    if not history:
        return text
    leans = len(terms(text)) <= 3 or bool(_REFERS_BACK & set(words(text)))
    return f"{history[-1].question} {text}" if leans else text


def retrieve(snapshot: OpenSnapshot, queries: Sequence[str], allowed: Mask, section: Retrieve) -> list[list[Hit]]:
    """For each query at most ``section.hits`` hits, best first, rank from 1."""
    by_dense = snapshot.dense.search(queries, section.dense_candidates, allowed)
    by_words = snapshot.lexical.search(queries, section.lexical_candidates, allowed)
    return [
        _hits(snapshot, allowed, {"dense": d, "lexical": w}, section) for d, w in zip(by_dense, by_words, strict=True)
    ]


def _hits(snapshot: OpenSnapshot, allowed: Mask, found: dict[str, list[Found]], section: Retrieve) -> list[Hit]:
    weights = {"dense": section.dense_weight, "lexical": section.lexical_weight}
    fused: dict[int, float] = {}
    scores: dict[int, dict[str, float]] = {}
    for name, rows in found.items():
        for rank, one in enumerate(rows, start=1):
            fused[one.row] = fused.get(one.row, 0.0) + weights[name] / (section.fusion_k + rank)
            scores.setdefault(one.row, {})[name] = one.score
    best = sorted(fused, key=lambda row: (-fused[row], row))[: section.hits]
    if not all(allowed[row] for row in best):
        raise Corrupt("A search returned a passage outside the visible set; the answer was stopped.")
    return [
        Hit(
            passage=snapshot.passages[row],
            document=snapshot.documents[snapshot.passages[row].document_id],
            score=fused[row],
            rank=rank,
            found_by=scores[row],
        )
        for rank, row in enumerate(best, start=1)
    ]
