"""Composing by quotation: the sentences of the found passages that could be the answer, nothing else to choose from.

A small untuned model cites badly and invents freely; choosing among sentences that stand in the passages it can do. So in
the ``quote`` composition the reranker says which passages are `needed`, the generator reads those and is given only their best
sentences as allowed output (a grammar over whole sentences, each closed by its marker), and decides which of them are said.
Nothing can be written that does not stand in a passage; the judge still judges every sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evidence.sayable import sayable
from assistant.protocols import Reranker
from assistant.types import Hit


@dataclass(frozen=True)
class Choice:
    """A sentence that may be said and the marker of the passage where it stands; ``score`` is the reranker's logit."""

    text: str
    marker: int
    score: float

    @property
    def written(self) -> str:
        return written(self.text, self.marker)


def written(text: str, marker: int) -> str:
    """As the model writes it. The marker comes last: asked for the number first, the 0.5B never learnt to name the right one."""
    return f"{text.rstrip()} [{marker}]"


def choices(question: str, evidence: Sequence[Hit], reranker: Reranker, *, words: int) -> list[list[Choice]]:
    """Of each passage the sentences of its first ``words`` words, which is what the model reads of it, best first."""
    found = [
        (text, marker)
        for marker, hit in enumerate(evidence, start=1)
        for text in sayable(hit.passage, hit.document.title, words)
    ]
    logits = reranker.scores(question, [placed(text, evidence[marker - 1]) for text, marker in found])
    scored = [Choice(text, marker, float(score)) for (text, marker), score in zip(found, logits, strict=True)]
    best_first = sorted(scored, key=lambda choice: -choice.score)
    return [[choice for choice in best_first if choice.marker == marker] for marker in range(1, len(evidence) + 1)]


def placed(text: str, hit: Hit) -> str:
    """A sentence as the reranker reads it: where it stands, then what it says."""
    place = " › ".join(part for part in (hit.document.title, hit.passage.where) if part)
    return "\n".join(part for part in (place, text) if part)


def closest(found: Sequence[Choice], *, most: int, margin: float) -> tuple[Choice, ...]:
    """The ``most`` best of one passage, none further than ``margin`` below the best."""
    return tuple(choice for choice in found[:most] if choice.score >= found[0].score - margin)
