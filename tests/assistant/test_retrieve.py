"""Fusion by reciprocal rank against its formula, the reranker's blend, and what a follow-up takes along."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant.config import Retrieve
from assistant.knowledge.library import OpenSnapshot
from assistant.retrieve import FusedOrder, index_text, retrieve, standalone
from assistant.types import Passage, Turn
from tests.world import World

QUERY = "Which gift must be refused?"


@pytest.fixture(scope="module")
def snapshot(served: World) -> OpenSnapshot:
    return served.library().current()


class Longest:
    """A reranker with a simple taste."""

    identity = "longest"

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([len(text) / 100 for text in texts], dtype=np.float32)


def everything(snapshot: OpenSnapshot) -> NDArray[np.bool_]:
    return np.ones(len(snapshot.passages), dtype=np.bool_)


@settings(max_examples=20)
@given(
    dense=st.integers(1, 12),
    lexical=st.integers(1, 12),
    hits=st.integers(1, 8),
    weight=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_the_fused_order_is_that_of_the_formula(
    snapshot: OpenSnapshot, dense: int, lexical: int, hits: int, weight: float
) -> None:
    section = Retrieve(
        dense_candidates=dense,
        lexical_candidates=lexical,
        hits=hits,
        lexical_weight=weight,
        rerank_cosine=0,
        rerank_prior=0,
    )
    allowed = everything(snapshot)
    (by_dense,) = snapshot.dense.search([QUERY], dense, allowed)
    (by_words,) = snapshot.lexical.search([QUERY], lexical, allowed)
    fused: dict[int, float] = {}
    for share, found in ((1.0, by_dense), (weight, by_words)):
        for rank, one in enumerate(found, start=1):
            fused[one.row] = fused.get(one.row, 0.0) + share / (60 + rank)
    expected = sorted(fused, key=lambda row: (-fused[row], row))[:hits]
    (got,) = retrieve(snapshot, [QUERY], allowed, section, FusedOrder())
    assert [hit.passage.id for hit in got] == [snapshot.passages[row].id for row in expected]
    assert [hit.rank for hit in got] == list(range(1, len(got) + 1))
    for hit in got:
        row = snapshot.passages.index(hit.passage)
        told = {"dense": by_dense, "lexical": by_words}
        known = {name: one.score for name, found in told.items() for one in found if one.row == row}
        assert {name: score for name, score in hit.found_by.items() if name != "rerank"} == known


def test_the_reranker_decides_with_cosine_and_fused_place(snapshot: OpenSnapshot) -> None:
    section = Retrieve(hits=5, rerank_cosine=2.0, rerank_prior=0.25)
    (fused,) = retrieve(
        snapshot, [QUERY], everything(snapshot), Retrieve(hits=30, rerank_cosine=0, rerank_prior=0), FusedOrder()
    )
    places = {hit.passage.id: place for place, hit in enumerate(fused, start=1)}
    (got,) = retrieve(snapshot, [QUERY], everything(snapshot), section, Longest())
    for hit in got:
        expected = (
            hit.found_by["rerank"] + 2.0 * hit.found_by.get("dense", 0.0) - 0.25 * math.log(places[hit.passage.id])
        )
        assert hit.score == pytest.approx(expected, abs=1e-6)
    assert [hit.score for hit in got] == sorted((hit.score for hit in got), reverse=True)


def test_a_batch_is_as_one_by_one(snapshot: OpenSnapshot) -> None:
    queries = [QUERY, "violet cabinet", "unknown words entirely", ""]
    mask = everything(snapshot)
    mask[::3] = False
    together = retrieve(snapshot, queries, mask, Retrieve(), FusedOrder())
    alone = [retrieve(snapshot, [query], mask, Retrieve(), FusedOrder())[0] for query in queries]
    assert [[h.passage.id for h in hits] for hits in together] == [[h.passage.id for h in hits] for hits in alone]


def test_nothing_visible_nothing_found(snapshot: OpenSnapshot) -> None:
    assert retrieve(snapshot, [QUERY], ~everything(snapshot), Retrieve(), FusedOrder()) == [[]]
    assert retrieve(snapshot, [], everything(snapshot), Retrieve(), FusedOrder()) == []


def test_what_is_indexed_says_where_it_stands() -> None:
    passage = Passage(
        id="p", document_id="d", start=0, end=4, text="Text", where="4 Limits › 4.2 Gifts", context="A | B"
    )
    assert index_text("Gifts Policy", passage) == "Gifts Policy › 4 Limits › 4.2 Gifts\nA | B\nText"


@pytest.mark.parametrize(
    ("text", "taken_along"),
    [
        ("And in 2024?", True),
        ("Who approves it before the trip to the supplier?", True),
        ("How long does the bank keep complaint files after closure?", False),
    ],
)
def test_a_follow_up_takes_the_question_before(text: str, taken_along: bool) -> None:
    history = (Turn(question="What is the gift limit?", answer="£75."),)
    assert standalone(text, ()) == text
    assert standalone(text, history) == (f"What is the gift limit? {text}" if taken_along else text)
