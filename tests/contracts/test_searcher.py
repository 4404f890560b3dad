"""Every `Searcher` under any mask finds what a look at each visible row finds; FAISS against NumPy, BM25 against its
formula."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.knowledge import dense
from assistant.knowledge.dense import DenseSearcher, GpuDense, MemoryDense, VectorIndex
from assistant.knowledge.lexical import K1, PAIR_WEIGHT, B, Bm25Searcher, features, terms
from assistant.knowledge.postings import Columns, Postings
from assistant.models.twins import HashingEmbedder
from assistant.protocols import Mask, Searcher

EMBEDDER = HashingEmbedder(dim=16)
WORDS = ["gift", "gifts", "limit", "register", "the", "must", "8.1.1(a)", "£1,000", "wine", "violet", "cabinet", "café"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=1, max_size=14)
QUERIES = st.lists(st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=5).map(" ".join), max_size=3)


def faiss_index(texts: Sequence[str], exact_most: int = dense.EXACT_MOST) -> VectorIndex:
    with tempfile.TemporaryDirectory() as folder:
        dense.write_index(EMBEDDER.embed(texts), Path(folder) / "index", exact_most=exact_most)
        return dense.read_index(Path(folder) / "index")


def on_cpu(texts: Sequence[str]) -> DenseSearcher:
    return DenseSearcher(faiss_index(texts), EMBEDDER)


def by_codes(texts: Sequence[str]) -> DenseSearcher:
    """From 17 texts on, below which there are no codes; tests/assistant/knowledge/test_dense.py has more rows."""
    return DenseSearcher(faiss_index(texts, 0), EMBEDDER, few=0, depth=1)


def few_fetched(texts: Sequence[str]) -> DenseSearcher:
    return DenseSearcher(faiss_index(texts, 0), EMBEDDER, few=1000)


def skipping_bm25(texts: Sequence[str]) -> Searcher:
    """As in a large corpus: before every column it is asked whether it must be added up."""
    searcher = Bm25Searcher.build(texts)
    kept = searcher.index.scores
    columns = Columns(starts=kept["indptr"], rows=kept["indices"], weights=kept["data"])
    return Bm25Searcher(searcher.index, postings=Postings(columns, long=0, lookup=0))


def on_gpu(texts: Sequence[str]) -> Searcher:
    import faiss

    if not hasattr(faiss, "StandardGpuResources") or not faiss.get_num_gpus():
        pytest.skip("needs a GPU and FAISS's GPU build")
    return GpuDense(faiss_index(texts), EMBEDDER)


def in_memory(texts: Sequence[str]) -> MemoryDense:
    return MemoryDense(EMBEDDER.embed(texts), EMBEDDER)


def loaded_bm25(texts: Sequence[str]) -> Searcher:
    folder = tempfile.mkdtemp()
    Bm25Searcher.build(texts).save(Path(folder))
    return Bm25Searcher.load(Path(folder))


MAKERS = [on_cpu, by_codes, few_fetched, on_gpu, in_memory, Bm25Searcher.build, loaded_bm25, skipping_bm25]


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Callable[[Sequence[str]], Searcher]:
    build: Callable[[Sequence[str]], Searcher] = request.param
    return build


def mask_of(bits: Sequence[bool]) -> Mask:
    return np.array(bits, dtype=np.bool_)


@settings(max_examples=40)
@given(texts=TEXTS, queries=QUERIES, k=st.integers(1, 16), data=st.data())
def test_a_mask_is_as_if_the_other_rows_were_not_there(
    make: Callable[[Sequence[str]], Searcher], texts: list[str], queries: list[str], k: int, data: st.DataObject
) -> None:
    searcher = make(texts)
    bits = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    everything = searcher.search(queries, len(texts), mask_of([True] * len(texts)))
    found = searcher.search(queries, k, mask_of(bits))
    assert len(found) == len(queries)
    for some, whole in zip(found, everything, strict=True):
        assert [f.row for f in some] == [f.row for f in whole if bits[f.row]][:k]
        assert [f.score for f in some] == pytest.approx([f.score for f in whole if bits[f.row]][:k], abs=1e-6)


@settings(max_examples=40)
@given(texts=TEXTS, queries=QUERIES, k=st.integers(1, 16), data=st.data())
def test_best_first_ties_by_row_at_most_k_and_the_same_again(
    make: Callable[[Sequence[str]], Searcher], texts: list[str], queries: list[str], k: int, data: st.DataObject
) -> None:
    searcher = make(texts)
    allowed = mask_of(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))))
    found = searcher.search(queries, k, allowed)
    for rows in found:
        assert len(rows) <= min(k, int(allowed.sum()))
        assert rows == sorted(rows, key=lambda f: (-f.score, f.row))
        assert len({f.row for f in rows}) == len(rows)
    assert searcher.search(queries, k, allowed) == found


def test_nothing_allowed_nothing_asked(make: Callable[[Sequence[str]], Searcher]) -> None:
    searcher = make(["a gift", "the register"])
    assert searcher.search(["gift", ""], 5, mask_of([False, False])) == [[], []]
    assert searcher.search([], 5, mask_of([True, True])) == []


def test_ties_at_the_cut_are_cut_by_row(make: Callable[[Sequence[str]], Searcher]) -> None:
    """Repeated passages: FAISS by itself drops an arbitrary one of those that tie for the last place."""
    kinds = ["a gift", "gift register", "the limit of wine", "gift", "register register gift wine"]
    random = np.random.default_rng(0)
    texts = [kinds[kind] for kind in random.integers(0, len(kinds), 200)]
    searcher = make(texts)
    allowed = random.random(len(texts)) < 0.7
    (everything,) = searcher.search(["gift register"], len(texts), mask_of([True] * len(texts)))
    for k in (1, 2, 3, 10, 41, 90, 199):
        (found,) = searcher.search(["gift register"], k, allowed)
        assert [f.row for f in found] == [f.row for f in everything if allowed[f.row]][:k]


@settings(max_examples=40)
@given(texts=TEXTS, query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join), k=st.integers(1, 16))
def test_faiss_agrees_with_numpy(texts: list[str], query: str, k: int) -> None:
    kept = EMBEDDER.embed(texts).astype(np.float16).astype(np.float32)
    everything = mask_of([True] * len(texts))
    (found,) = on_cpu(texts).search([query], k, everything)
    (twin,) = MemoryDense(kept, EMBEDDER).search([query], k, everything)
    scores = kept @ EMBEDDER.embed([query])[0]
    assert [f.score for f in found] == pytest.approx(sorted(scores, reverse=True)[:k], abs=1e-5)
    assert [f.score for f in twin] == pytest.approx([f.score for f in found], abs=1e-5)
    assert all(f.score == pytest.approx(scores[f.row], abs=1e-5) for f in (*found, *twin))


def bm25(texts: Sequence[str], query: str, k1: float = K1, b: float = B) -> list[float]:
    """Robertson and Zaragoza 2009, equation 3.15, with Lucene's idf, which is never negative; one score a text.
    Pairs of terms count less."""
    documents = [features(text) for text in texts]
    average = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        counts = Counter(document)
        score = 0.0
        for term in features(query):
            weight = PAIR_WEIGHT if " " in term else 1.0
            holders = sum(term in other for other in documents)
            idf = math.log(1 + (len(documents) - holders + 0.5) / (holders + 0.5))
            tf = counts[term]
            score += weight * idf * tf / (tf + k1 * (1 - b + b * len(document) / average)) if tf else 0.0
        scores.append(score)
    return scores


@settings(max_examples=60)
@given(texts=TEXTS, query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join))
def test_bm25_agrees_with_its_formula(texts: list[str], query: str) -> None:
    (found,) = Bm25Searcher.build(texts).search([query], len(texts), mask_of([True] * len(texts)))
    expected = {row: score for row, score in enumerate(bm25(texts, query)) if score > 0}
    assert {f.row: f.score for f in found} == pytest.approx(expected, rel=1e-5)


@given(texts=TEXTS)
def test_idf_is_that_of_the_formula(texts: list[str]) -> None:
    searcher = Bm25Searcher.build(texts)
    for word in (*WORDS, "unknown"):
        for term in terms(word):
            holders = sum(term in terms(text) for text in texts)
            assert searcher.idf(term) == pytest.approx(math.log(1 + (len(texts) - holders + 0.5) / (holders + 0.5)))


@settings(max_examples=40)
@given(texts=TEXTS, query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join), data=st.data())
def test_the_scores_of_chosen_rows_are_those_of_the_search(texts: list[str], query: str, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=6))
    everything = mask_of([True] * len(texts))
    for dense_searcher in (on_cpu(texts), in_memory(texts)):
        (found,) = dense_searcher.search([query], len(texts), everything)
        by_row = {f.row: f.score for f in found}
        (vector,) = dense_searcher.encode([query])
        assert list(dense_searcher.scores(vector, rows)) == pytest.approx([by_row[row] for row in rows], abs=1e-5)
    lexical = Bm25Searcher.build(texts)
    (found,) = lexical.search([query], len(texts), everything)
    by_row = {f.row: f.score for f in found}
    assert list(lexical.scores(query, rows)) == pytest.approx([by_row.get(row, 0.0) for row in rows], abs=1e-6)
