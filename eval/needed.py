"""Fits which passages an answer needs, `assistant.evidence.needed`, on questions that nothing was trained on.

The items are made as the citing protocol's are: five passages of a rulebook, two, one or none of them gold, the others from
the ranks 10 to 70 of BM25. Their questions are the validation part of a BEIR folder (`eval.split`) and the cited answers that
rest on its passages, without those of the measuring set. Each question also comes once with its gold passages taken away.
For a collection they are its ``calibration.jsonl`` and what is found for each.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from assistant.build import principal_of
from assistant.config import Config, Needed
from assistant.errors import InputError
from assistant.evidence import quote
from assistant.evidence.compose import standings
from assistant.evidence.logistic import probability
from assistant.evidence.needed import Standing, most_needed, odds, signals
from assistant.knowledge.lexical import Bm25Searcher
from assistant.knowledge.library import Library
from assistant.protocols import Embedder, Reranker
from assistant.retrieve import retrieve
from assistant.train.groups import read_lines
from eval.cases import Case, covered
from eval.contexts import hits_of
from eval.items import Item, score
from eval.split import held_out_passages, plain, validation_queries

KINDS = {1: "one", 2: "two"}
PASSAGES = 5
FOLDS = 10
AIMS = {"two": (0.90, 0.85), "one": (0.80, 0.85), "none": (0.80, 0.80)}
"""Citation precision and recall by kind; thresholds are chosen for the least total shortfall, then for the highest sum."""


def made(folder: Path, cited: Sequence[Path], exclude: Iterable[str], seed: int = 0) -> list[Item]:
    rng, barred = random.Random(seed), {plain(text) for text in exclude}
    texts: list[str] = []
    titled: list[str] = []
    rows: dict[str, int] = {}
    for row in read_lines(folder / "corpus.jsonl"):
        rows[row["_id"]] = len(texts)
        texts.append(row["text"])
        titled.append(f"{row.get('title', '')} {row['text']}")
    asked = [(q.text, [texts[rows[g]] for g in q.gold if g in rows]) for q in validation_queries(folder)]
    held = held_out_passages(folder)
    for answer in (row for file in cited for row in read_lines(file)):
        gold = [p["text"] for p in answer["passages"]]
        if any(plain(text) in held for text in gold):
            asked.append((answer["question"], gold))
    lexical, everything = Bm25Searcher.build(titled), np.ones(len(texts), dtype=np.bool_)
    items: list[Item] = []
    for question, gold in asked:
        if len(gold) not in KINDS or plain(question) in barred:
            continue
        (found,) = lexical.search([question], 70, everything)
        far = [text for one in found[9:] if plain(text := texts[one.row]) not in {plain(g) for g in gold}]
        for kind, kept in ((KINDS[len(gold)], gold), ("none", [])):
            shown = [*kept, *rng.sample(far, min(len(far), PASSAGES - len(kept)))]
            rng.shuffle(shown)
            right = [n for n, text in enumerate(shown) if text in kept]
            items.append(_item(f"{len(items)}", kind, question, shown, right))
    return items


def _item(name: str, kind: str, question: str, passages: Sequence[str], gold: Iterable[int]) -> Item:
    """``gold``: places among the passages, which have no other name here."""
    ids = tuple(str(n) for n in range(len(passages)))
    right = frozenset(str(n) for n in gold)
    return Item(id=name, kind=kind, question=question, passages=tuple(passages), ids=ids, gold=right)


@dataclass(frozen=True, kw_only=True)
class Weighed:
    item: Item
    standings: tuple[Standing, ...]


def weigh(item: Item, embedder: Embedder, reranker: Reranker, words: int) -> Weighed:
    hits = hits_of(item, embedder, reranker)
    own = quote.choices(item.question, hits, reranker, words=words)
    return Weighed(item=item, standings=tuple(standings(item.question, hits, own, embedder)))


def weigh_cases(
    config: Config, library: Library, embedder: Embedder, reranker: Reranker, cases: Iterable[Case], today: date
) -> list[Weighed]:
    """Each case as its own user and day; gold are the passages of its sections among those that an answer looks at."""
    snapshot, policy = library.current(), library.policy()
    weighed = []
    for case in cases:
        allowed = snapshot.mask(principal_of(config, case.user), policy, case.as_of or today)
        (hits,) = retrieve(snapshot, [case.question], allowed, config.retrieve, reranker)
        given = hits[: config.prompt.passages]
        own = quote.choices(case.question, given, reranker, words=config.prompt.words)
        gold = [n for n, h in enumerate(given) if covered(case.gold, [(h.document.uri, h.passage.where)])]
        kind = KINDS[min(2, len(gold))] if gold else "none"
        item = _item(case.id, kind, case.question, [hit.passage.text for hit in given], gold)
        weighed.append(Weighed(item=item, standings=tuple(standings(case.question, given, own, embedder))))
    return weighed


def fit(weighed: Sequence[Weighed], most: int, without: Sequence[str] = ()) -> dict[str, Any]:
    """The config's ``[needed]`` and ``[gate]``, and what they reach, each item by weights that did not see its question.
    ``without``: signals left out."""
    known = list(signals(weighed[0].standings)[0])
    if unknown := sorted(set(without) - set(known)):
        raise InputError(f"There is no signal {unknown[0]!r}; known are {', '.join(known)}.")
    names = [name for name in known if name not in without]
    held_out: dict[str, list[float]] = {}
    questions = sorted({one.item.question for one in weighed})
    for fold in range(FOLDS):
        left = set(questions[fold::FOLDS])
        section = _fitted([one for one in weighed if one.item.question not in left], names, most)
        held_out |= {one.item.id: odds(one.standings, section) for one in weighed if one.item.question in left}
    thresholds = [(n, g) for n in np.arange(0.1, 0.9, 0.02) for g in np.arange(0.1, 0.9, 0.02)]
    reached = {pair: _reached(weighed, held_out, Needed(threshold=pair[0], most=most), pair[1]) for pair in thresholds}
    best = min(reached, key=lambda pair: _shortfall(reached[pair]))
    section = _fitted(weighed, names, most)
    return {
        "items": {kind: sum(one.item.kind == kind for one in weighed) for kind in sorted(AIMS)},
        "needed": {
            "threshold": round(float(best[0]), 2),
            "most": most,
            "intercept": round(section.intercept, 4),
            "weights": {name: round(weight, 4) for name, weight in section.weights.items()},
        },
        "gate": {"threshold": round(float(best[1]), 2), "weights": {"needed": 1.0}},
        "held_out": {k: {"citation_precision": p, "citation_recall": r} for k, (p, r) in reached[best].items()},
    }


def _fitted(weighed: Sequence[Weighed], names: Sequence[str], most: int) -> Needed:
    """Every kind of item counts the same."""
    from sklearn.linear_model import LogisticRegression

    counts = Counter(one.item.kind for one in weighed)
    x = np.array([[values[name] for name in names] for one in weighed for values in signals(one.standings)])
    y = np.array([n in one.item.places for one in weighed for n in range(len(one.standings))])
    weights = np.array([1 / counts[one.item.kind] for one in weighed for _ in one.standings])
    model = LogisticRegression(C=100.0, max_iter=5000).fit(x, y, sample_weight=weights * len(y) / weights.sum())
    learnt = {name: float(weight) for name, weight in zip(names, model.coef_[0], strict=True)}
    return Needed(most=most, intercept=float(model.intercept_[0]), weights=learnt)


def _reached(
    weighed: Sequence[Weighed], each: Mapping[str, list[float]], section: Needed, gate: float
) -> dict[str, tuple[float, float]]:
    scores: dict[str, list[tuple[float, float]]] = {}
    for one in weighed:
        own = each[one.item.id]
        cited = frozenset(most_needed(own, section)) if probability(max(own)) >= gate else frozenset[int]()
        scores.setdefault(one.item.kind, []).append(score(one.item.gold, {one.item.ids[n] for n in cited}))
    return {
        k: (round(float(np.mean(v, 0)[0]), 4), round(float(np.mean(v, 0)[1]), 4)) for k, v in sorted(scores.items())
    }


def _shortfall(reached: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    pairs = [(got, aim) for kind, own in reached.items() for got, aim in zip(own, AIMS[kind], strict=True)]
    return sum(max(0.0, aim - got) for got, aim in pairs), -sum(got for got, _ in pairs)
