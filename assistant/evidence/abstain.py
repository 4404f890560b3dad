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
KNOWN = ("sentence", "relevance", "cosine", "coverage")
SIGNALS = ("sentence", "relevance", "coverage")
"""Those that the model is fitted on by default: the best by leave-one-out among the sets tried."""
LOOKED_AT = 4
"""Hits that the signals look at: those that the generator is given."""


def signals(question: str, hits: Sequence[Hit], best_sentence: float, idf: Idf) -> dict[str, float]:
    """``sentence`` and ``relevance``: the reranker's logits of the best sentence that could be said and of the best passage;
    ``cosine`` of the nearest hit; ``coverage`` of the question's terms by the best single hit, weighted by rarity, in [0, 1].

    Logits, not probabilities: through a sigmoid they saturate, and the leave-one-out
    area under the curve (46 questions) was .83 instead of .90."""
    near = hits[:LOOKED_AT]
    if not near:
        return {"sentence": best_sentence, "relevance": 0.0, "cosine": 0.0, "coverage": 0.0}
    weights = {term: idf(term) for term in terms(question)}
    total = sum(weights.values()) or 1.0
    held = [set(terms(index_text(hit.document.title, hit.passage))) for hit in near]
    return {
        "sentence": best_sentence,
        "relevance": max(hit.found_by["rerank"] for hit in near),
        "cosine": max(hit.found_by.get("dense", 0.0) for hit in near),
        "coverage": max(sum(w for t, w in weights.items() if t in words) / total for words in held),
    }


def confidence(values: Mapping[str, float], gate: Gate) -> float:
    """Probability in [0, 1] that the found passages hold the answer."""
    z = gate.intercept + sum(weight * values[name] for name, weight in gate.weights.items())
    return (1 + math.tanh(z / 2)) / 2  # the logistic function; exp(-z) overflows from z = -710 on


def missing_terms(question: str, hits: Sequence[Hit]) -> str:
    """The words of the question that none of the nearest passages uses, for the person who asked."""
    held = (
        set().union(*(set(terms(index_text(h.document.title, h.passage))) for h in hits[:LOOKED_AT])) if hits else set()
    )
    lost = [word for word in dict.fromkeys(question.split()) if any(term not in held for term in terms(word))]
    return ", ".join(word.strip("?!.,;:()\"“”'") for word in lost)
