"""What each step of the search is worth: BM25, the encoder, both fused, references followed, reranked; each against the one
before it, question by question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.config import Retrieve
from assistant.protocols import Reranker
from assistant.retrieve import FusedOrder
from eval.beir import BeirSnapshot, Tell
from eval.retrieval import Judged, judge, search, summary
from eval.significance import compare


def steps(section: Retrieve, reranker: Reranker | None) -> Iterator[tuple[str, Retrieve, Reranker]]:
    """Name, settings and reranker of each step; the last is what answers use."""
    none = FusedOrder()
    yield "BM25", section.model_copy(update={"dense_weight": 0.0, "lexical_weight": 1.0, "follow": 0}), none
    yield "encoder", section.model_copy(update={"dense_weight": 1.0, "lexical_weight": 0.0, "follow": 0}), none
    yield "fused", section.model_copy(update={"follow": 0}), none
    yield "fused, references", section, none
    if reranker is not None:
        yield "reranked", section.model_copy(update={"follow": 0}), reranker
        yield "reranked, references", section, reranker


def table(
    snapshot: BeirSnapshot,
    texts: Mapping[str, str],
    gold: Mapping[str, Mapping[str, int]],
    section: Retrieve,
    reranker: Reranker | None,
    tell: Tell,
) -> dict[str, dict[str, Any]]:
    """By step: measures at 10, ``both@10`` over the questions with several gold passages, and p of the difference to BM25 and
    to the step before."""
    rows: dict[str, dict[str, Any]] = {}
    first: Mapping[str, Mapping[str, float]] | None = None
    before: Mapping[str, Mapping[str, float]] | None = None
    for name, settings, reader in steps(section, reranker):
        judged = judge(search(snapshot, texts, settings, reader, 10, tell), gold, texts, [10])
        measured = {j.id: j.measures for j in judged}
        rows[name] = _row(judged)
        for against, other in (("BM25", first), ("the step before", before)):
            if other is not None:
                told = compare(other, measured)
                rows[name][f"p against {against}"] = {m: told[m]["p"] for m in ("recall@10", "map@10", "ndcg@10")}
        first, before = first or measured, measured
    return rows


def _row(judged: list[Judged]) -> dict[str, Any]:
    told = summary(judged)
    several = told["by_gold_passages"].get("several", {})
    row = {name: told[name] for name in ("recall@10", "map@10", "ndcg@10")}
    return {
        **row,
        "both@10": several.get("all@10"),
        "queries": told["queries"],
        "with several": several.get("queries", 0),
    }
