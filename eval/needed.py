"""Fits which passages an answer needs, `assistant.evidence.needed`, on questions that nothing was trained on.

The items are made as the citing protocol's are: five passages of a rulebook, two, one or none of them gold, the others from
the ranks 10 to 70 of BM25. Their questions are the validation part of a BEIR folder (`eval.split`) and the cited answers that
rest on its passages, without those of the measuring set. Each question also comes once with its gold passages taken away.
For a collection they are its ``calibration.jsonl`` and what is found for each. With a gate's adapter its reading of the surest
passage is weighed, too.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.build import principal_of
from assistant.config import Config, Logistic, Needed
from assistant.errors import InputError
from assistant.evidence import prompt, quote
from assistant.evidence.compose import Composer, standings
from assistant.evidence.logistic import log_odds, probability
from assistant.evidence.needed import SIGNALS, Standing, most_needed, odds, signals
from assistant.knowledge.lexical import Bm25Searcher
from assistant.knowledge.library import Library
from assistant.retrieve import retrieve
from assistant.train.groups import read_lines
from assistant.types import Hit
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
    """``answerable``: the gate's signal of that name, of the passage that is surest by the config's weights; None where the gate
    has no adapter."""

    item: Item
    standings: tuple[Standing, ...]
    answerable: float | None = None


def weigh(item: Item, composer: Composer) -> Weighed:
    return _weighed(item, hits_of(item, composer.embedder, composer.reranker), composer)


def weigh_cases(
    config: Config, library: Library, composer: Composer, cases: Iterable[Case], today: date
) -> list[Weighed]:
    """Each case as its own user and day; gold are the passages of its sections among those that an answer looks at."""
    snapshot, policy = library.current(), library.policy()
    weighed = []
    for case in cases:
        allowed = snapshot.mask(principal_of(config, case.user), policy, case.as_of or today)
        (hits,) = retrieve(snapshot, [case.question], allowed, config.retrieve, composer.reranker)
        given = hits[: config.prompt.passages]
        gold = [n for n, h in enumerate(given) if covered(case.gold, [(h.document.uri, h.passage.where)])]
        kind = KINDS[min(2, len(gold))] if gold else "none"
        item = _item(case.id, kind, case.question, [hit.passage.text for hit in given], gold)
        weighed.append(_weighed(item, given, composer))
    return weighed


def _weighed(item: Item, hits: Sequence[Hit], composer: Composer) -> Weighed:
    words = composer.prompt.words
    own = quote.choices(item.question, hits, composer.reranker, words=words)
    found = tuple(standings(item.question, hits, own, composer.embedder, composer.reranker))
    if composer.reader is None or not found:
        return Weighed(item=item, standings=found)
    surest = hits[int(np.argmax(odds(found, composer.needed)))]
    return Weighed(
        item=item, standings=found, answerable=composer.answerable(item.question, prompt.block(surest, words))
    )


def fit(weighed: Sequence[Weighed], most: int, without: Sequence[str] = ()) -> dict[str, Any]:
    """The config's ``[needed]`` and ``[gate]``, and what they reach, each item by weights that did not see its question.
    ``without``: signals left out."""
    known = [name for name in SIGNALS if any(name in values for one in weighed for values in signals(one.standings))]
    if unknown := sorted(set(without) - set(known)):
        raise InputError(f"There is no signal {unknown[0]!r}; known are {', '.join(known)}.")
    names = [name for name in known if name not in without]
    held_out: dict[str, list[float]] = {}
    for part, others in _folds(weighed):
        section = _fitted(others, names, most)
        held_out |= {one.item.id: odds(one.standings, section) for one in part}
    passing: dict[str, float] = {}
    for part, others in _folds(weighed):
        gate = _gate(others, held_out)
        passing |= {one.item.id: probability(log_odds(_values(one, held_out), gate)) for one in part}
    thresholds = [(n, g) for n in np.arange(0.1, 0.9, 0.02) for g in np.arange(0.1, 0.9, 0.02)]
    reached = {(n, g): _reached(weighed, held_out, passing, Needed(threshold=n, most=most), g) for n, g in thresholds}
    best = min(reached, key=lambda pair: _shortfall(reached[pair]))
    section, gate = _fitted(weighed, names, most), _gate(weighed, held_out)
    return {
        "items": {kind: sum(one.item.kind == kind for one in weighed) for kind in sorted(AIMS)},
        "needed": {
            "threshold": round(float(best[0]), 2),
            "most": most,
            "intercept": round(section.intercept, 4),
            **({"unknown": round(section.unknown, 4)} if "known" in names else {}),
            "weights": {name: round(weight, 4) for name, weight in section.weights.items()},
        },
        "gate": {
            "threshold": round(float(best[1]), 2),
            "intercept": round(gate.intercept, 4),
            "weights": {name: round(weight, 4) for name, weight in gate.weights.items()},
        },
        "held_out": {k: {"citation_precision": p, "citation_recall": r} for k, (p, r) in reached[best].items()},
    }


def _folds(weighed: Sequence[Weighed]) -> Iterator[tuple[list[Weighed], list[Weighed]]]:
    """A tenth of the questions, and the others."""
    questions = sorted({one.item.question for one in weighed})
    for fold in range(FOLDS):
        left = set(questions[fold::FOLDS])
        yield (
            [one for one in weighed if one.item.question in left],
            [one for one in weighed if one.item.question not in left],
        )


def _values(one: Weighed, each: Mapping[str, list[float]]) -> dict[str, float]:
    """The gate's signals; ``each``: log-odds of an item's passages."""
    return {"needed": max(each[one.item.id]), "answerable": one.answerable or 0.0}


def _gate(weighed: Sequence[Weighed], each: Mapping[str, list[float]]) -> Logistic:
    """Without an adapter what the surest passage is needed with; else both signals, every kind of item counting the same."""
    if all(one.answerable is None for one in weighed):
        return Logistic(weights={"needed": 1.0})
    names = ("needed", "answerable")
    x = np.array([[_values(one, each)[name] for name in names] for one in weighed])
    intercept, weights = _logistic(x, np.array([bool(one.item.gold) for one in weighed]), _shares(weighed))
    return Logistic(intercept=intercept, weights=dict(zip(names, weights, strict=True)))


def _fitted(weighed: Sequence[Weighed], names: Sequence[str], most: int) -> Needed:
    told = [values for one in weighed for values in signals(one.standings)]
    having = [values["known"] for values in told if "known" in values]
    unknown = sum(having) / len(having) if having else 0.0
    x = np.array([[values.get(name, unknown) for name in names] for values in told])
    y = np.array([n in one.item.places for one in weighed for n in range(len(one.standings))])
    counts = [len(one.standings) for one in weighed]
    intercept, weights = _logistic(x, y, np.repeat(_shares(weighed), counts))
    return Needed(most=most, intercept=intercept, weights=dict(zip(names, weights, strict=True)), unknown=unknown)


def _shares(weighed: Sequence[Weighed]) -> NDArray[np.float64]:
    """Weights by which every kind of item counts the same."""
    counts = Counter(one.item.kind for one in weighed)
    return np.array([1 / counts[one.item.kind] for one in weighed])


def _logistic(x: NDArray[np.float64], y: NDArray[np.bool_], weights: NDArray[np.float64]) -> tuple[float, list[float]]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100.0, max_iter=5000).fit(x, y, sample_weight=weights * len(y) / weights.sum())
    return float(model.intercept_[0]), [float(weight) for weight in model.coef_[0]]


def _reached(
    weighed: Sequence[Weighed],
    each: Mapping[str, list[float]],
    passing: Mapping[str, float],
    section: Needed,
    gate: float,
) -> dict[str, tuple[float, float]]:
    scores: dict[str, list[tuple[float, float]]] = {}
    for one in weighed:
        passes = passing[one.item.id] >= gate
        cited = frozenset(most_needed(each[one.item.id], section)) if passes else frozenset[int]()
        scores.setdefault(one.item.kind, []).append(score(one.item.gold, {one.item.ids[n] for n in cited}))
    return {
        k: (round(float(np.mean(v, 0)[0]), 4), round(float(np.mean(v, 0)[1]), 4)) for k, v in sorted(scores.items())
    }


def _shortfall(reached: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    pairs = [(got, aim) for kind, own in reached.items() for got, aim in zip(own, AIMS[kind], strict=True)]
    return sum(max(0.0, aim - got) for got, aim in pairs), -sum(got for got, _ in pairs)
