"""The gate before the generator: is the answer likely to stand in what was found? A logistic model over retrieval's signals.

Its weights are fitted by `eval/calibrate.py` on questions kept apart for that, and stand in the config. Below the threshold
the assistant abstains and shows the nearest passages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from assistant.config import Gate
from assistant.knowledge.lexical import terms
from assistant.retrieve import index_text
from assistant.types import Hit

Idf = Callable[[str], float]
SIGNALS = ("relevance", "cosine", "margin", "coverage", "union", "rarest", "agreement")
LOOKED_AT = 4
"""Hits that the signals look at: those that the generator is given."""


def signals(question: str, hits: Sequence[Hit], idf: Idf) -> dict[str, float]:
    """All in about [0, 1]: ``cosine`` of the best hit, ``margin`` of it over the mean of the others, ``coverage`` of the
    question's terms by the best single hit and ``union`` by the first four, both weighted by rarity, ``rarest`` 1 where the
    rarest term of the question stands in one of them, ``agreement`` of the two searchers on the
    first place; ``relevance`` is the reranker's best score through a sigmoid."""
    near = hits[:LOOKED_AT]
    if not near:
        return dict.fromkeys(SIGNALS, 0.0)
    cosines = [hit.found_by.get("dense", 0.0) for hit in near]
    weights = {term: idf(term) for term in terms(question)}
    total = sum(weights.values()) or 1.0
    held = [set(terms(index_text(hit.document.title, hit.passage))) for hit in near]
    shares = [sum(w for t, w in weights.items() if t in words) / total for words in held]
    union = set().union(*held)
    rarest = max(weights, key=lambda t: (weights[t], t), default="")
    best = {name: max(hits, key=lambda h: h.found_by.get(name, 0.0)).passage.id for name in ("dense", "lexical")}
    return {
        "relevance": 1 / (1 + math.exp(-max(hit.found_by["rerank"] for hit in near))),
        "cosine": max(cosines),
        "margin": max(cosines) - sum(cosines) / len(cosines),
        "coverage": max(shares),
        "union": sum(w for t, w in weights.items() if t in union) / total,
        "rarest": float(rarest in union),
        "agreement": float(best["dense"] == best["lexical"]),
    }


def confidence(values: Mapping[str, float], gate: Gate) -> float:
    """Probability in [0, 1] that the found passages hold the answer."""
    z = gate.intercept + sum(weight * values[name] for name, weight in gate.weights.items())
    return 1 / (1 + math.exp(-z))


def missing_terms(question: str, hits: Sequence[Hit]) -> str:
    """The words of the question that none of the nearest passages uses, for the person who asked."""
    held = (
        set().union(*(set(terms(index_text(h.document.title, h.passage))) for h in hits[:LOOKED_AT])) if hits else set()
    )
    lost = [word for word in dict.fromkeys(question.split()) if any(term not in held for term in terms(word))]
    return ", ".join(word.strip("?!.,;:()\"“”'") for word in lost)
