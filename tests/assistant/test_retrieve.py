"""Fusion by reciprocal rank against its formula, the reranker's blend, and what a follow-up takes along."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant.config import Retrieve
from assistant.knowledge.library import OpenSnapshot
from assistant.knowledge.references import References
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


def scored(snapshot: OpenSnapshot, rows: Sequence[int], lexical_weight: float, query: str = QUERY) -> dict[int, float]:
    """The fused score by its formula."""
    allowed = everything(snapshot)
    (by_dense,) = snapshot.dense.search([query], len(allowed), allowed)
    (by_words,) = snapshot.lexical.search([query], len(allowed), allowed)
    cosine, words = ({f.row: f.score for f in found} for found in (by_dense, by_words))
    return {row: cosine[row] + lexical_weight * words.get(row, 0.0) for row in rows}


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
    section = Retrieve(dense_candidates=dense, lexical_candidates=lexical, hits=hits, lexical_weight=weight, follow=0)
    allowed = everything(snapshot)
    (by_dense,) = snapshot.dense.search([QUERY], dense, allowed)
    (by_words,) = snapshot.lexical.search([QUERY], lexical, allowed)
    fused = scored(snapshot, sorted({f.row for f in (*by_dense, *by_words)}), weight)
    (got,) = retrieve(snapshot, [QUERY], allowed, section, FusedOrder())
    rows = [snapshot.passages.index(hit.passage) for hit in got]
    assert len(rows) == min(hits, len(fused))
    assert [fused[row] for row in rows] == pytest.approx(sorted(fused.values(), reverse=True)[:hits], abs=1e-5)
    assert [hit.rank for hit in got] == list(range(1, len(got) + 1))
    for row, hit in zip(rows, got, strict=True):
        told = {"dense": by_dense, "lexical": by_words}
        known = {name: one.score for name, found in told.items() for one in found if one.row == row}
        assert {name: score for name, score in hit.found_by.items() if name != "rerank"} == known


def test_the_reranker_decides_with_the_fused_score(snapshot: OpenSnapshot) -> None:
    section = Retrieve(hits=5, rerank_fused=2.0, follow=0)
    (got,) = retrieve(snapshot, [QUERY], everything(snapshot), section, Longest())
    fused = scored(snapshot, range(len(snapshot.passages)), section.lexical_weight)
    for hit in got:
        row = snapshot.passages.index(hit.passage)
        assert hit.score == pytest.approx(hit.found_by["rerank"] + 2.0 * fused[row], abs=1e-4)
    assert [hit.score for hit in got] == sorted((hit.score for hit in got), reverse=True)


class Linked:
    """The snapshot with references of our own."""

    def __init__(self, snapshot: OpenSnapshot, targets: Sequence[Sequence[int]]) -> None:
        self.passages, self.dense, self.lexical = snapshot.passages, snapshot.dense, snapshot.lexical
        self.document_of = snapshot.document_of
        self.references = References(targets)


@settings(max_examples=40)
@given(data=st.data(), follow=st.integers(1, 4), weight=st.floats(0, 1, width=16), more=st.integers(0, 3))
def test_following_references_keeps_the_first_and_shows_only_the_visible(
    snapshot: OpenSnapshot, data: st.DataObject, follow: int, weight: float, more: int
) -> None:
    rows = len(snapshot.passages)
    some = st.sets(st.integers(0, rows - 1), max_size=3)
    targets = [sorted(data.draw(some) - {row}) for row in range(rows)]
    allowed = np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), dtype=np.bool_)
    narrow = {"dense_candidates": 2, "lexical_candidates": 2, "rerank_candidates": 3, "hits": 3}
    section = Retrieve(**{**narrow, "hits": 12}, follow=follow, follow_weight=weight, follow_candidates=more)
    unlifted = section.model_copy(update={"follow_weight": 0.0})
    linked = Linked(snapshot, targets)
    (before,) = retrieve(linked, [QUERY], allowed, unlifted, FusedOrder())
    (after,) = retrieve(linked, [QUERY], allowed, section, FusedOrder())
    for hit in after:
        assert allowed[snapshot.passages.index(hit.passage)]
        assert hit.found_by  # by a search, or by a reference
    kept = min(follow, len(before))
    assert [h.passage.id for h in after[:kept]] == [h.passage.id for h in before[:kept]]
    assert len(after) <= 4 + more
    assert [hit.score for hit in after] == sorted((hit.score for hit in after), reverse=True)


@given(read=st.integers(1, 8), more=st.integers(1, 12), follow=st.integers(0, 2))
def test_more_hits_than_are_read_again_stand_below_and_change_no_order(
    snapshot: OpenSnapshot, read: int, more: int, follow: int
) -> None:
    allowed = everything(snapshot)
    few = Retrieve(rerank_candidates=read, hits=read, follow=follow, follow_candidates=0)
    many = few.model_copy(update={"hits": read + more})
    ((got,), (all_of_them,)) = (retrieve(snapshot, [QUERY], allowed, one, Longest()) for one in (few, many))
    assert all_of_them[: len(got)] == got
    assert len(all_of_them) == min(read + more, len(snapshot.passages))
    assert all("rerank" not in hit.found_by for hit in all_of_them[len(got) :])
    scores = [hit.score for hit in all_of_them[len(got) - 1 :]]
    assert scores == sorted(scores, reverse=True)


def test_the_rule_that_the_best_passage_refers_to_is_brought_in(snapshot: OpenSnapshot) -> None:
    allowed = everything(snapshot)
    section = Retrieve(dense_candidates=2, lexical_candidates=2, hits=12, follow=1, follow_weight=0.5)
    (before,) = retrieve(snapshot, [QUERY], allowed, section, FusedOrder())
    found = {snapshot.passages.index(hit.passage) for hit in before}
    best, other = snapshot.passages.index(before[0].passage), next(r for r in range(len(allowed)) if r not in found)
    for targets in ({best: [other]}, {other: [best]}):
        linked = Linked(snapshot, [targets.get(row, []) for row in range(len(allowed))])
        (after,) = retrieve(linked, [QUERY], allowed, section, FusedOrder())
        assert after[0].passage == before[0].passage
        (hit,) = [hit for hit in after if hit.passage == snapshot.passages[other]]
        assert "reference" in hit.found_by
    allowed[other] = False
    (hidden,) = retrieve(linked, [QUERY], allowed, section, FusedOrder())
    assert all(hit.passage != snapshot.passages[other] for hit in hidden)


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
