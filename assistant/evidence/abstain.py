"""The gate: is the answer likely to stand in what was found? A logistic model over what retrieval and the generator know.

Its weights are fitted by `eval/calibrate.py` on questions kept apart for that, and stand in the config. Below the threshold
the assistant abstains and shows the nearest passages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from assistant.config import Gate
from assistant.evidence.compose import Composition
from assistant.evidence.logistic import log_odds, probability
from assistant.knowledge.lexical import terms
from assistant.retrieve import index_text
from assistant.types import Hit

Idf = Callable[[str], float]
SIGNALS = ("leaning", "needed", "answerable", "sentence", "relevance", "lead", "cosine", "coverage")
LOOKED_AT = 4
"""Hits that the signals look at: those that the generator is given."""


def signals(
    question: str, hits: Sequence[Hit], composition: Composition, idf: Idf, wanted: Iterable[str] = SIGNALS
) -> dict[str, float]:
    """Those ``wanted`` (`SIGNALS`), each a number that is larger the likelier an answer is.

    ``leaning``: log-odds of the generator, having read the passages, that it begins with one of them. ``needed``: log-odds
    that the answer needs the surest passage. ``answerable``: the same, that this passage answers, of the generator through the
    gate's adapter. ``sentence`` and ``relevance``: the reranker's logits of the best sentence that
    could be said and of the best passage; ``lead``: how far that is above the fourth; ``cosine`` of the nearest hit;
    ``coverage`` of the question's terms by the best single hit, weighted by rarity, in [0, 1]. Logits, not probabilities,
    which saturate."""
    near = hits[:LOOKED_AT]
    computed: dict[str, Callable[[], float]] = {
        "leaning": composition.leaning,
        "needed": lambda: composition.surest,
        "answerable": composition.answerable,
        "sentence": lambda: composition.best_sentence,
        "relevance": lambda: max((h.found_by["rerank"] for h in near), default=0.0),
        "lead": lambda: near[0].score - near[-1].score if near else 0.0,
        "cosine": lambda: max((h.found_by.get("dense", 0.0) for h in near), default=0.0),
        "coverage": lambda: _coverage(question, near, idf),
    }
    return {name: computed[name]() for name in wanted}


def _coverage(question: str, near: Sequence[Hit], idf: Idf) -> float:
    weights = {term: idf(term) for term in terms(question)}
    total = sum(weights.values()) or 1.0
    held = [set(terms(index_text(hit.document.title, hit.passage))) for hit in near]
    return max((sum(w for t, w in weights.items() if t in words) / total for words in held), default=0.0)


def confidence(values: Mapping[str, float], gate: Gate) -> float:
    """Probability in [0, 1] that the found passages hold the answer."""
    return probability(log_odds(values, gate))


def missing_terms(question: str, hits: Sequence[Hit]) -> str:
    """The words of the question that none of the nearest passages uses, for the person who asked."""
    held = (
        set().union(*(set(terms(index_text(h.document.title, h.passage))) for h in hits[:LOOKED_AT])) if hits else set()
    )
    lost = [word for word in dict.fromkeys(question.split()) if any(term not in held for term in terms(word))]
    return ", ".join(word.strip("?!.,;:()\"“”'") for word in lost)
