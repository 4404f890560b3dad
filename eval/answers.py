"""The citing protocol: a question and its passages are given, the shown answer's citations are held against the gold ones.

An item is ``{id, kind, question, passages[{_id, text}], gold[ids]}``. Precision and recall are counted an item by passage and
averaged; an item without a citation scores 0, unless nothing is gold: there abstaining scores 1 and answering 0. Beside every
result stand two constant baselines, which need no model of language: citing all passages, and the reranker's first two.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.config import Gate
from assistant.errors import InputError
from assistant.evidence import abstain
from assistant.evidence.compose import Composer
from assistant.knowledge.lexical import Bm25Searcher, terms
from assistant.protocols import Embedder, Reranker
from assistant.types import Document, Hit, Passage, Sentence


@dataclass(frozen=True, kw_only=True)
class Item:
    """``gold``: indices into ``passages``, from 0."""

    id: str
    kind: str
    question: str
    passages: tuple[str, ...]
    gold: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What an item came to. ``cited``: indices of passages; ``gold_sentences`` of the ``sentences`` shown cite a gold one;
    ``supported`` by a lexical check that is not the judge's. ``confidence`` is the gate's, ``values`` its signals."""

    item: Item
    cited: frozenset[int]
    sentences: int
    gold_sentences: int
    supported: int
    confidence: float
    values: Mapping[str, float]
    seconds: float
    text: str


def read_items(file: Path) -> list[Item]:
    """`InputError` names the line that is not an item."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror}).") from error
    return [_item(line, f"{file}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def _item(line: str, place: str) -> Item:
    try:
        row = json.loads(line)
        ids = [p["_id"] for p in row["passages"]]
        gold = frozenset(n for n, key in enumerate(ids) if key in set(row["gold"]))
        texts = tuple(str(p["text"]) for p in row["passages"])
        return Item(id=str(row["id"]), kind=str(row["kind"]), question=row["question"], passages=texts, gold=gold)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{place} is not an item of the citing protocol ({error}); see eval/answers.py.") from error


def spread(items: Sequence[Item], limit: int) -> list[Item]:
    """``limit`` items, every kind in its share, chosen by a hash of their ids."""
    kept: list[Item] = []
    for kind in sorted({item.kind for item in items}):
        own = sorted((i for i in items if i.kind == kind), key=lambda i: hashlib.sha256(i.id.encode()).hexdigest())
        kept += own[: round(limit * len(own) / len(items))]
    return kept


def ask_all(
    composer: Composer,
    embedder: Embedder,
    gate: Gate,
    items: Sequence[Item],
    tell: Callable[[Said], None],
    *,
    names: Iterable[str],
) -> list[Said]:
    """``names``: signals recorded besides those that the gate weighs."""
    lexical = Bm25Searcher.build([text for item in items for text in item.passages])
    wanted = tuple(dict.fromkeys((*gate.weights, *names)))
    found = []
    for item in items:
        found.append(_said(composer, embedder, gate, item, lexical, wanted))
        tell(found[-1])
    return found


def _said(
    composer: Composer, embedder: Embedder, gate: Gate, item: Item, lexical: Bm25Searcher, wanted: Sequence[str]
) -> Said:
    started = time.monotonic()
    hits = hits_of(item, embedder, composer.reranker)
    composition = composer.about(item.question, item.question, hits, lambda: (time.monotonic() - started) * 1000)
    values = abstain.signals(item.question, hits, composition, lexical.idf, wanted)
    confidence = abstain.confidence(values, gate)
    shown = list(composition.sentences()) if confidence >= gate.threshold else []
    marked = [{c.marker - 1 for c in sentence.citations} for sentence in shown]
    return Said(
        item=item,
        cited=frozenset(n for markers in marked for n in markers),
        sentences=len(shown),
        gold_sentences=sum(bool(markers & item.gold) for markers in marked),
        supported=sum(
            _stands(s, [item.passages[n] for n in markers]) for s, markers in zip(shown, marked, strict=True)
        ),
        confidence=confidence,
        values=values,
        seconds=time.monotonic() - started,
        text=" ".join(f"{s.text} {sorted(n + 1 for n in m)}" for s, m in zip(shown, marked, strict=True)),
    )


def _stands(sentence: Sentence, passages: Sequence[str]) -> bool:
    """Every term of the sentence is a term of a passage that it cites: harsher than any judge on other words, and blind to
    order."""
    wanted = set(terms(sentence.text))
    return any(wanted <= set(terms(text)) for text in passages)


def hits_of(item: Item, embedder: Embedder, reranker: Reranker) -> list[Hit]:
    """The given passages in their order, each a document of its own."""
    scores = reranker.scores(item.question, item.passages)
    cosines = embedder.embed(item.passages) @ embedder.embed([item.question])[0]
    hits = []
    for n, (text, score, cosine) in enumerate(zip(item.passages, scores, cosines, strict=True), start=1):
        name = f"{item.id}/{n}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        document = Document(
            id=name, key=name, version=digest, uri=name, title="", text=text, text_sha256=digest, landmarks=(),
            collection="given", reader="given",
        )  # fmt: skip
        passage = Passage(id=name, document_id=name, start=0, end=len(text), text=text, where="")
        hits.append(
            Hit(
                passage=passage,
                document=document,
                score=float(score),
                rank=n,
                found_by={"rerank": float(score), "dense": float(cosine)},
            )
        )
    return hits


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
    scores = [score(one.item, one.cited) for one in said]
    sentences = sum(one.sentences for one in said)
    return {
        "n": len(said),
        "citation_precision": _mean(p for p, _ in scores),
        "citation_recall": _mean(r for _, r in scores),
        "abstained": _mean(float(not one.cited) for one in said),
        "sentence_citation_rate": round(sum(s.gold_sentences for s in said) / sentences, 4) if sentences else None,
        "support_rate": round(sum(s.supported for s in said) / sentences, 4) if sentences else None,
        "seconds": round(statistics.median(one.seconds for one in said), 2),
    }


def score(item: Item, cited: frozenset[int]) -> tuple[float, float]:
    """Precision and recall of one item's citations."""
    if not item.gold:
        return (0.0, 0.0) if cited else (1.0, 1.0)
    both = len(cited & item.gold)
    return (both / len(cited), both / len(item.gold)) if cited else (0.0, 0.0)


def baselines(items: Sequence[Item], reranker: Reranker) -> dict[str, Any]:
    """What constants reach, by kind."""
    rules: dict[str, Callable[[Item], frozenset[int]]] = {
        "cite_all": lambda item: frozenset(range(len(item.passages))),
        "cite_rerankers_first_two": lambda item: frozenset(
            int(n) for n in np.argsort(-reranker.scores(item.question, item.passages))[:2]
        ),
    }
    return {name: _by_kind(items, rule) for name, rule in rules.items()}


def _by_kind(items: Sequence[Item], rule: Callable[[Item], frozenset[int]]) -> dict[str, Any]:
    scored = [(item.kind, *score(item, rule(item))) for item in items]

    def means(rows: Sequence[tuple[str, float, float]]) -> dict[str, float]:
        return {"citation_precision": _mean(p for _, p, _ in rows), "citation_recall": _mean(r for _, _, r in rows)}

    kinds = sorted({kind for kind, _, _ in scored})
    return {**means(scored), "by_kind": {k: means([row for row in scored if row[0] == k]) for k in kinds}}


def _mean(values: Iterable[float]) -> float:
    return round(statistics.fmean(values), 4)
