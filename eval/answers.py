"""The citing protocol: items are asked, and the shown answer's citations are held against the gold ones.

Precision and recall are counted an item by passage and averaged; an item without a citation scores 0, unless nothing is gold:
there abstaining scores 1 and answering 0. Beside every result stand two constant baselines, which need no model of language:
citing every passage that may be cited, and the reranker's first two.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.config import Gate
from assistant.errors import InputError
from assistant.evidence import abstain, cite
from assistant.evidence.compose import Composer, Composition
from assistant.knowledge.lexical import terms
from assistant.types import Sentence
from eval.contexts import Context, Contexts
from eval.items import Item, score


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A sentence that was shown, and the ids of the passages that it cites. ``stands``: by a lexical check that is not the
    judge's, one of them says it."""

    text: str
    cited: frozenset[str]
    stands: bool


@dataclass(frozen=True, kw_only=True)
class Said:
    """What an item came to. ``ids``: the passages that could be cited; ``first_two``: the reranker's. ``confidence`` is the
    gate's; below its threshold nothing is shown. ``text`` is the answer as read; ``seconds`` from question to last sentence."""

    item: Item
    ids: tuple[str, ...]
    first_two: frozenset[str]
    shown: tuple[Shown, ...]
    confidence: float
    seconds: float
    text: str

    @property
    def cited(self) -> frozenset[str]:
        return frozenset(key for sentence in self.shown for key in sentence.cited)


def ask_all(composer: Composer, contexts: Contexts, gate: Gate, tell: Callable[[Said], None]) -> list[Said]:
    found = []
    for item in contexts.items:
        found.append(_said(composer, contexts, gate, item))
        tell(found[-1])
    return found


def _said(composer: Composer, contexts: Contexts, gate: Gate, item: Item) -> Said:
    started = time.monotonic()
    context = contexts.of(item)
    composition = composer.about(
        item.question, item.question, context.hits, lambda: (time.monotonic() - started) * 1000
    )
    values = abstain.signals(item.question, context.hits, composition, contexts.idf, gate.weights)
    confidence = abstain.confidence(values, gate)
    sentences = list(composition.sentences()) if confidence >= gate.threshold else []
    return Said(
        item=item,
        ids=context.ids,
        first_two=_first_two(context),
        shown=tuple(_shown(sentence, context, composition) for sentence in sentences),
        confidence=confidence,
        seconds=time.monotonic() - started,
        text=cite.text_of(sentences),
    )


def _shown(sentence: Sentence, context: Context, composition: Composition) -> Shown:
    markers = {c.marker - 1 for c in sentence.citations}
    wanted = set(terms(sentence.text))
    passages = [set(terms(composition.evidence[n].passage.text)) for n in markers]
    return Shown(
        text=sentence.text,
        cited=frozenset(context.ids[n] for n in markers),
        # Harsher than any judge on other words, and blind to order.
        stands=any(wanted <= held for held in passages),
    )


def _first_two(context: Context) -> frozenset[str]:
    scored = sorted(zip(context.hits, context.ids, strict=False), key=lambda pair: -pair[0].score)
    return frozenset(key for _, key in scored[:2])


def measures(said: Sequence[Said], unseen: Callable[[Item], bool] | None = None) -> dict[str, Any]:
    """Shares in [0, 1]. ``unseen``: tells the items none of whose gold passages were trained on; reported apart."""
    kinds = sorted({one.item.kind for one in said})
    told: dict[str, Any] = {
        **_shares(said),
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
    return {
        "n": len(said),
        "citation_precision": _mean(p for p, _ in scores),
        "citation_recall": _mean(r for _, r in scores),
        "abstained": _mean(float(not one.cited) for one in said),
        "sentence_citation_rate": _mean_or_none(bool(s.cited & one.item.gold) for one, s in shown),
        "support_rate": _mean_or_none(s.stands for _, s in shown),
        "gold_within_reach": _mean_or_none(len(one.item.gold & set(one.ids)) / len(one.item.gold) for one in gold),
        "seconds": round(statistics.median(one.seconds for one in said), 2),
    }


def write_per_item(said: Iterable[Said], file: Path) -> None:
    """JSON Lines, a row an item, as `eval.retrieval.read_per_query` reads them to compare two releases."""
    try:
        file.write_text("".join(json.dumps(_row(one), ensure_ascii=False) + "\n" for one in said), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} can't be written ({error.strerror}).") from error


def _row(one: Said) -> dict[str, Any]:
    precision, recall = score(one.item.gold, one.cited)
    return {
        "id": one.item.id,
        "kind": one.item.kind,
        "cited": sorted(one.cited),
        "gold": sorted(one.item.gold),
        "confidence": round(one.confidence, 4),
        "seconds": round(one.seconds, 3),
        "text": one.text,
        "measures": {"citation_precision": precision, "citation_recall": recall, "abstained": float(not one.cited)},
    }


def baselines(said: Sequence[Said]) -> dict[str, Any]:
    """What constants reach on the same passages, by kind."""
    rules: dict[str, Callable[[Said], AbstractSet[str]]] = {
        "cite_all": lambda one: set(one.ids),
        "cite_rerankers_first_two": lambda one: one.first_two,
    }
    return {name: _by_kind(said, rule) for name, rule in rules.items()}


def _by_kind(said: Sequence[Said], rule: Callable[[Said], AbstractSet[str]]) -> dict[str, Any]:
    scored = [(one.item.kind, *score(one.item.gold, rule(one))) for one in said]

    def means(rows: Sequence[tuple[str, float, float]]) -> dict[str, float]:
        return {"citation_precision": _mean(p for _, p, _ in rows), "citation_recall": _mean(r for _, _, r in rows)}

    kinds = sorted({kind for kind, _, _ in scored})
    return {**means(scored), "by_kind": {k: means([row for row in scored if row[0] == k]) for k in kinds}}


def _mean(values: Iterable[float]) -> float:
    return round(statistics.fmean(values), 4)


def _mean_or_none(values: Iterable[float]) -> float | None:
    found = list(values)
    return _mean(found) if found else None
