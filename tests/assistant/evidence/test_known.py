"""A question's nearness to those that a passage is known to answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant.evidence.known import NEAREST, nearness
from assistant.models.twins import HashingEmbedder


class Counting:
    """A reranker that remembers what it read, and counts the words that both have."""

    identity = "counting"

    def __init__(self) -> None:
        self.read: list[str] = []

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read += texts
        words = set(query.lower().split())
        return np.array([len(words & set(text.lower().split())) for text in texts], dtype=np.float32)


def test_the_nearest_are_read_together_the_nearest_first() -> None:
    reranker = Counting()
    known = [
        "who feeds the parrot",
        "how long are complaint files kept",
        "how long are files kept",
        "kept files",
        "why",
    ]
    found = nearness("how long are files kept", [known, [], ["why"]], HashingEmbedder(), reranker)
    assert found == [5.0, None, 0.0]
    assert reranker.read[0].startswith("how long are files kept ")
    assert "parrot" not in reranker.read[0]
    assert reranker.read[1:] == ["why"]


def test_without_known_questions_nothing_is_computed() -> None:
    reranker = Counting()
    assert nearness("why", [[], []], HashingEmbedder(), reranker) == [None, None]
    assert reranker.read == []


@given(st.text(max_size=20), st.lists(st.lists(st.text(max_size=20), max_size=2 * NEAREST), max_size=4))
def test_each_passage_with_questions_has_a_number(question: str, known: list[list[str]]) -> None:
    found = nearness(question, known, HashingEmbedder(), Counting())
    assert [one is None for one in found] == [not own for own in known]
    assert all(one is None or np.isfinite(one) for one in found)
