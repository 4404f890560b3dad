"""How near a question comes to those that a passage is known to answer (`Passage.questions`).

A passage that speaks of the matter and says something else is near the question, but not near what people ask of it: two
questions are compared more easily than a question and a text.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assistant.protocols import Embedder, Reranker

NEAREST = 3


def nearness(question: str, known: Sequence[str], embedder: Embedder, reranker: Reranker) -> float:
    """The reranker's logit of the question and those of the ``known`` (one at least) that are nearest to it by cosine, read as
    one text, the nearest first."""
    asked, *others = embedder.embed([question, *known])
    nearest = np.argsort(-(np.stack(others) @ asked), kind="stable")[:NEAREST]
    return float(reranker.scores(question, [" ".join(known[n] for n in nearest)])[0])
