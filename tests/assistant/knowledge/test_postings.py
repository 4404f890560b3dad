"""Skipping changes nothing: what is found is what adding up every column for every row finds, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant.knowledge.lexical import K1, B
from assistant.knowledge.postings import Columns, Postings, top, weighed
from assistant.protocols import Found

WORDS = ["gift", "limit", "register", "wine", "gift limit", "8.1.1(a)"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=9), min_size=1, max_size=30).filter(any)


@settings(max_examples=60)
@given(texts=TEXTS)
def test_weights_are_those_of_bm25s_to_the_last_bit(texts: list[list[str]]) -> None:
    import bm25s

    theirs = bm25s.BM25(k1=K1, b=B)
    theirs.index(texts, show_progress=False)
    ours, vocabulary = weighed(texts, K1, B)
    assert set(vocabulary) == set(theirs.vocab_dict) - {""}
    for feature, column in vocabulary.items():
        part = slice(ours.starts[column], ours.starts[column + 1])
        other = theirs.vocab_dict[feature]
        there = slice(theirs.scores["indptr"][other], theirs.scores["indptr"][other + 1])
        assert np.array_equal(ours.rows[part], theirs.scores["indices"][there])
        assert np.array_equal(ours.weights[part], theirs.scores["data"][there])
    assert ours.rows.dtype == np.int32
    assert ours.weights.dtype == np.float32


def test_columns_stand_in_the_order_of_the_texts() -> None:
    _, vocabulary = weighed([["b", "a"], [], ["c", "a", "b"]], K1, B)
    assert vocabulary == {"b": 0, "a": 1, "c": 2}


def columns_of(shares: Sequence[float], passages: int, random: np.random.Generator) -> Columns:
    """Each with about ``share`` of the passages; the rarer the feature, the more it is worth; many rows tie."""
    rows = [np.flatnonzero(random.random(passages) < share).astype(np.int32) for share in shares]
    worth = [
        random.integers(1, 4, len(some)).astype(np.float32) * np.float32(-np.log(share + 0.01) / 3)
        for some, share in zip(rows, shares, strict=True)
    ]
    starts = np.cumsum([0, *map(len, rows)])
    return Columns(starts=starts, rows=np.concatenate(rows), weights=np.concatenate(worth))


def added_up(columns: Columns, asked: Sequence[tuple[int, float]], passages: int) -> NDArray[np.float32]:
    """The oracle: every column for every row, in the question's order."""
    scores = np.zeros(passages, dtype=np.float32)
    for column, times in asked:
        part = slice(columns.starts[column], columns.starts[column + 1])
        scores[columns.rows[part]] += np.float32(times) * columns.weights[part]
    return scores


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shares=st.lists(st.sampled_from([0, 0.002, 0.01, 0.1, 0.3, 0.6, 0.98]), min_size=1, max_size=8),
    visible=st.sampled_from([0, 0.01, 0.1, 0.5, 1]),
    k=st.sampled_from([1, 2, 10, 100, 2000]),
    long=st.sampled_from([0, 50, 400]),
    lookup=st.sampled_from([0, 1, 12]),
)
def test_what_is_skipped_is_not_missed(
    seed: int, shares: list[float], visible: float, k: int, long: int, lookup: int
) -> None:
    random = np.random.default_rng(seed)
    passages = int(random.integers(1, 1500))
    columns = columns_of(shares, passages, random)
    asked = [(column, float(random.choice([0.2, 0.4, 1, 2]))) for column in random.permutation(len(shares))]
    allowed = random.random(passages) < visible
    scores = added_up(columns, asked, passages)
    expected = [Found(f.row, f.score) for f in top(scores, k, allowed & (scores > 0))]
    postings = Postings(columns, long=long, lookup=lookup)
    assert postings.best(asked, k, allowed) == expected
    rows = random.integers(0, passages, 20)
    assert np.array_equal(postings.scores(asked, rows), scores[rows])


def test_a_frequent_word_is_looked_up_for_few_rows_only() -> None:
    random = np.random.default_rng(0)
    columns = columns_of([0.002, 0.98, 0.9], 50_000, random)
    asked = [(1, 1.0), (0, 1.0), (2, 0.4)]
    everything = np.ones(50_000, dtype=np.bool_)
    read = Postings(columns, lookup=1).candidates(asked, 10, everything)
    assert 10 <= len(read) <= 200
    scores = added_up(columns, asked, 50_000)
    assert Postings(columns, lookup=1).best(asked, 10, everything) == top(scores, 10, everything)


def test_few_visible_rows_are_all_that_is_read() -> None:
    columns = columns_of([0.5, 0.5], 10_000, np.random.default_rng(0))
    allowed = np.zeros(10_000, dtype=np.bool_)
    allowed[[3, 77, 9_999]] = True
    assert list(Postings(columns).candidates([(0, 1.0), (1, 1.0)], 2, allowed)) == [3, 77, 9_999]


@pytest.mark.parametrize("visible", [False, True])
def test_nothing_shared_nothing_found(visible: bool) -> None:
    columns = columns_of([0.5, 0], 100, np.random.default_rng(0))
    assert Postings(columns).best([(1, 1.0)], 5, np.full(100, visible)) == []
    assert Postings(columns).best([], 5, np.full(100, visible)) == []
