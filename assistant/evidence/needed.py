"""Which of the passages found the answer needs: the one that answers, and the second rule without which it is half an answer.

A logistic model over the reranker's logits of each passage and of its best sentence and the encoder's cosine, each alone and
beside the best of the others, over how near the question comes to those that the passage is known to answer, and over what
the passages are to each other: the second rule speaks of what the first speaks of, and has words of the question that the first
has not. `eval/needed.py` fits its weights on questions that trained nothing; they stand in the config.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.config import Needed
from assistant.evidence.logistic import log_odds, probability

SCORES = ("passage", "sentence", "cosine")
SIGNALS = (*SCORES, *(f"{name}_ahead" for name in SCORES), "kin", "crowd", "adds", "known")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How near a passage comes to an answer: the reranker's logits of the whole of it and of its best sentence; the cosine;
    ``beside``: its cosine with every passage, in their order, itself among them; ``adds``: of the question's terms the share that
    it has and each of those lacks; ``known``: how near the question comes to those that it is known to answer, None where there
    are none."""

    passage: float
    sentence: float
    cosine: float
    beside: tuple[float, ...]
    adds: tuple[float, ...]
    known: float | None = None


def signals(standings: Sequence[Standing]) -> list[dict[str, float]]:
    """Of each passage: its scores, and how far they lie above the best of the others (below: negative; alone: 0); ``kin``: the
    cosine with the other that is nearest to the question, ``crowd``: the highest with any further one (as ``kin`` where there is
    none), ``adds``: what it adds to that nearest one; ``known``, which is missing where there are no known questions."""
    told = []
    for n, own in enumerate(standings):
        values = {name: getattr(own, name) for name in SCORES}
        others = [*standings[:n], *standings[n + 1 :]] or [own]
        ahead = {f"{name}_ahead": score - max(getattr(o, name) for o in others) for name, score in values.items()}
        nearest, *rest = sorted((m for m in range(len(standings)) if m != n), key=lambda m: -standings[m].cosine) or [n]
        kin = own.beside[nearest]
        crowd = max((own.beside[m] for m in rest), default=kin)
        near = {} if own.known is None else {"known": own.known}
        told.append({**values, **ahead, "kin": kin, "crowd": crowd, "adds": own.adds[nearest], **near})
    return told


def odds(standings: Sequence[Standing], section: Needed) -> list[float]:
    """Natural-log odds that the answer needs each."""
    return [log_odds({"known": section.unknown, **values}, section) for values in signals(standings)]


def most_needed(each: Sequence[float], section: Needed) -> list[int]:
    """Indices of at most ``section.most`` passages by their `odds`, the surest first; the first is always there, however weak."""
    order = sorted(range(len(each)), key=lambda n: (-each[n], n))
    return [*order[:1], *(n for n in order[1 : section.most] if probability(each[n]) >= section.threshold)]
