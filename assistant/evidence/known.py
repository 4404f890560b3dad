"""How near a question comes to those that a passage is known to answer (`Passage.questions`).

A passage that speaks of the matter and says something else is near the question, but not near what people ask of it: two
questions are compared more easily than a question and a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from assistant.protocols import Embedder, Reranker

NEAREST = 3


def nearness(
    question: str, known: Sequence[Sequence[str]], embedder: Embedder, reranker: Reranker
) -> list[float | None]:
    """For each passage's ``known`` questions: the reranker's logit of the question and those of them that are nearest to it by
    cosine, read as one text, the nearest first; None where there are none."""
    every = [text for own in known for text in own]
    if not every:
        return [None] * len(known)
    asked, *vectors = embedder.embed([question, *every])
    near = np.stack(vectors) @ asked
    parts = [near[first:end] for first, end in pairwise(accumulate(map(len, known), initial=0))]
    read = [
        " ".join(own[n] for n in np.argsort(-part, kind="stable")[:NEAREST])
        for own, part in zip(known, parts, strict=True)
        if own
    ]
    told = iter(reranker.scores(question, read))
    return [float(next(told)) if own else None for own in known]
