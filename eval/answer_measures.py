"""What a pass over the citing protocol came to: shares by kind, beside constant baselines; rows to compare two releases by.

Precision and recall are counted an item by passage and averaged; an item without a citation scores 0, unless nothing is gold:
there abstaining scores 1 and answering 0. The baselines need no model of language: citing every passage that may be cited, and
the reranker's first two. `docs/evaluation.md` says what each figure means.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import numpy as np

from assistant.config import Gate
from assistant.errors import InputError
from eval.abstention import Ventured, abstention
from eval.answers import Said
from eval.correctness import summary
from eval.items import Item, score


def measures(said: Sequence[Said], gate: Gate, unseen: Callable[[Item], bool] | None = None) -> dict[str, Any]:
    """Shares in [0, 1]. ``unseen``: tells the items none of whose gold passages were trained on; reported apart."""
    kinds = sorted({one.item.kind for one in said})
    told: dict[str, Any] = {
        **_shares(said),
        "abstention": abstention(
            [Ventured(confidence=s.confidence, gold=s.item.gold, cites=s.would_cite) for s in said], gate.threshold
        ),
        "latency": _latency(said),
        "by_kind": {k: _shares([s for s in said if s.item.kind == k]) for k in kinds},
    }
    if unseen is not None:
        gold = [s for s in said if s.item.gold]
        told["by_training"] = {
            "unseen": _shares([s for s in gold if unseen(s.item)]),
            "seen": _shares([s for s in gold if not unseen(s.item)]),
        }
    return told


def _shares(said: Sequence[Said]) -> dict[str, Any]:
    if not said:
        return {"n": 0}
    scores = [score(one.item.gold, one.cited) for one in said]
    shown = [(one, sentence) for one in said for sentence in one.shown]
    gold = [one for one in said if one.item.gold]
    withheld = sum(one.withheld for one in said)
    written = withheld + len(shown)
    return {
        "n": len(said),
        "citation_precision": _mean(p for p, _ in scores),
        "citation_recall": _mean(r for _, r in scores),
        "abstained": _mean(float(not one.cited) for one in said),
        "sentence_citation_rate": _mean(bool(s.cited & one.item.gold) for one, s in shown),
        "support_rate": _mean(s.stands for _, s in shown),
        "quote_support_rate": _mean(s.quoted for _, s in shown),
        "withheld_rate": round(withheld / written, 4) if written else None,
        "gold_within_reach": _mean(len(one.item.gold & set(one.ids)) / len(one.item.gold) for one in gold),
        "correctness": _correctness(said),
        "seconds": round(statistics.median(one.spent.total for one in said), 2),
    }


def _correctness(said: Sequence[Said]) -> dict[str, Any]:
    """Over the answered items that have a reference, ``n`` of ``references``."""
    return {
        "references": sum(bool(one.item.answer) for one in said),
        **summary([one.correct for one in said if one.correct is not None]),
    }


def _latency(said: Sequence[Said]) -> dict[str, Any]:
    """Seconds from the question, those that abstained included; tokens by the seconds in which sentences were written."""
    totals, retrieve = [one.spent.total for one in said], [one.spent.retrieve for one in said]
    wrote = [one.spent for one in said if one.spent.tokens]
    seconds = sum(one.write for one in wrote)
    return {
        **{f"p{q}": round(float(np.percentile(totals, q)), 2) for q in (50, 95)},
        "retrieve_p50": round(float(np.percentile(retrieve, 50)), 3),
        "tokens_per_second": round(sum(one.tokens for one in wrote) / seconds, 1) if seconds else None,
    }


def baselines(said: Sequence[Said]) -> dict[str, Any]:
    """What constants reach on the same passages, by kind."""
    rules: Mapping[str, Callable[[Said], AbstractSet[str]]] = {
        "cite_all": lambda one: set(one.ids),
        "cite_rerankers_first_two": lambda one: one.first_two,
    }
    return {name: _by_kind(said, rule) for name, rule in rules.items()}


def _by_kind(said: Sequence[Said], rule: Callable[[Said], AbstractSet[str]]) -> dict[str, Any]:
    scored = [(one.item.kind, *score(one.item.gold, rule(one))) for one in said]

    def means(rows: Sequence[tuple[str, float, float]]) -> dict[str, float | None]:
        return {"citation_precision": _mean(p for _, p, _ in rows), "citation_recall": _mean(r for _, _, r in rows)}

    kinds = sorted({kind for kind, _, _ in scored})
    return {**means(scored), "by_kind": {k: means([row for row in scored if row[0] == k]) for k in kinds}}


def write_per_item(said: Iterable[Said], file: Path) -> None:
    """JSON Lines, a row an item, as `eval.retrieval.read_per_query` reads them to compare two releases."""
    try:
        file.write_text("".join(json.dumps(_row(one), ensure_ascii=False) + "\n" for one in said), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} can't be written ({error.strerror}).") from error


def _row(one: Said) -> dict[str, Any]:
    return {
        "id": one.item.id,
        "kind": one.item.kind,
        "cited": sorted(one.cited),
        "gold": sorted(one.item.gold),
        "confidence": round(one.confidence, 4),
        "seconds": round(one.spent.total, 3),
        "text": one.text,
        "measures": {name: round(float(value), 4) for name, value in _measured(one).items() if value is not None},
    }


def _measured(one: Said) -> dict[str, float | None]:
    """None: does not apply to this item."""
    precision, recall = score(one.item.gold, one.cited)
    shown, gold, correct = one.shown, one.item.gold, one.correct
    return {
        "citation_precision": precision,
        "citation_recall": recall,
        "abstained": not one.cited,
        "sentence_citation_rate": _mean(bool(s.cited & gold) for s in shown),
        "support_rate": _mean(s.stands for s in shown),
        "quote_support_rate": _mean(s.quoted for s in shown),
        "gold_within_reach": len(gold & set(one.ids)) / len(gold) if gold else None,
        "token_f1": correct.token_f1 if correct else None,
        "cosine": correct.cosine if correct else None,
        "key_facts": correct.key_facts if correct else None,
        "seconds": one.spent.total,
    }


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(statistics.fmean(found), 4) if found else None
