"""The search by codes finds what the exact search finds, shows nothing hidden, and says the exact score of what it finds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant.errors import Corrupt
from assistant.knowledge import dense, narrowing
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.dense import DenseSearcher, VectorIndex
from assistant.models.twins import HashingEmbedder
from assistant.protocols import Vectors
from assistant.types import Passage

EMBEDDER = HashingEmbedder(dim=24)


def unit_rows(rows: int, dim: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).standard_normal((rows, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def repeated(rows: int, dim: int, kinds: int, seed: int) -> Vectors:
    return unit_rows(kinds, dim, seed)[np.random.default_rng(seed).integers(0, kinds, rows)]


def both(vectors: Vectors, *, few: int = 0, depth: int = 1) -> tuple[DenseSearcher, DenseSearcher]:
    """By codes, and exact."""
    index = dense.build_index(vectors, exact_most=0)
    assert index.codes is not None
    return DenseSearcher(index, EMBEDDER, few=few, depth=depth), DenseSearcher(VectorIndex(exact=index.exact), EMBEDDER)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(17, 900),
    dim=st.sampled_from([5, 16, 24]),
    kinds=st.sampled_from([3, 40, 900]),
    share=st.sampled_from([0.02, 0.3, 1]),
    k=st.integers(1, 12),
    few=st.sampled_from([0, 30, 10_000]),
)
def test_nothing_hidden_is_found_and_scores_are_exact(
    seed: int, rows: int, dim: int, kinds: int, share: float, k: int, few: int
) -> None:
    vectors = repeated(rows, dim, kinds, seed)
    by_codes, exact = both(vectors, few=few)
    allowed = np.random.default_rng(seed).random(rows) < share
    questions = unit_rows(3, dim, seed + 1)
    found, expected = (searcher.search_vectors(questions, k, allowed) for searcher in (by_codes, exact))
    kept = dense.build_index(vectors).reconstruct_n(0, rows)  # FAISS and NumPy round some values to fp16 differently
    for some, right, question in zip(found, expected, questions, strict=True):
        assert len(some) == len(right) == min(k, int(allowed.sum()))
        assert not some or some[0].score == pytest.approx(
            right[0].score, abs=1e-3
        )  # FAISS's scan rounds the question to fp16
        assert all(allowed[f.row] for f in some)
        assert [f.score for f in some] == pytest.approx([float(kept[f.row] @ question) for f in some], abs=1e-5)
        assert some == sorted(some, key=lambda f: (-f.score, f.row))
    assert by_codes.search_vectors(questions, k, allowed) == found


@pytest.mark.parametrize("share", [1, 0.5, 0.1])
def test_the_best_ten_are_those_of_the_exact_search(share: float) -> None:
    """Many rows, few of which are compared exactly: six in six hundred may be missed, none was."""
    vectors = unit_rows(4000, 24, 0)
    by_codes, exact = both(vectors)
    allowed = np.random.default_rng(1).random(4000) < share
    questions = unit_rows(60, 24, 2)
    pairs = zip(
        by_codes.search_vectors(questions, 10, allowed), exact.search_vectors(questions, 10, allowed), strict=True
    )
    shared = sum(len({f.row for f in some} & {f.row for f in right}) for some, right in pairs)
    assert shared >= 0.99 * 10 * len(questions)


@pytest.mark.parametrize(("few", "share"), [(0, 1), (0, 0.4), (10_000, 0.4)])
def test_rows_that_repeat_are_cut_by_row(few: int, share: float) -> None:
    by_codes, exact = both(repeated(2000, 24, 5, 3), few=few)
    allowed = np.random.default_rng(4).random(2000) < share
    questions = unit_rows(8, 24, 5)
    for k in (1, 7, 300, 1999):
        found, right = (searcher.search_vectors(questions, k, allowed) for searcher in (by_codes, exact))
        assert [[f.row for f in some] for some in found] == [[f.row for f in some] for some in right]


def test_codes_are_left_out_where_exact_search_is_fast_enough() -> None:
    assert dense.build_index(unit_rows(100, 24, 0)).codes is None
    assert dense.build_index(unit_rows(16, 24, 0), exact_most=0).codes is None  # fewer rows than centroids
    assert "exact: no GPU" in dense.open_searcher(dense.build_index(unit_rows(20, 24, 0)), EMBEDDER, "cpu")[1]
    coded = dense.build_index(unit_rows(20, 24, 0), exact_most=19)
    assert "4-bit codes" in dense.open_searcher(coded, EMBEDDER, "cpu")[1]


def test_the_same_vectors_give_the_same_files(tmp_path: Path) -> None:
    vectors = unit_rows(700, 24, 0)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        dense.write_index(vectors, tmp_path / name / snapshots.DENSE, exact_most=0)
    one, two = ({f.name: f.read_bytes() for f in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert set(one) == {"dense.faiss", "dense.codes.faiss"}
    assert one == two
    index = dense.read_index(tmp_path / "one" / snapshots.DENSE)
    assert index.codes is not None
    assert np.abs(index.reconstruct_n(0, 700) - vectors).max() < 5e-4
    dense.write_index(vectors[:300], tmp_path / "one" / snapshots.DENSE)
    with pytest.raises(Corrupt, match=r"dense\.codes\.faiss has 700 rows"):
        dense.read_index(tmp_path / "one" / snapshots.DENSE)
    (tmp_path / "one" / "dense.codes.faiss").write_bytes(b"")
    with pytest.raises(Corrupt, match="can't be read"):
        dense.read_index(tmp_path / "one" / snapshots.DENSE)


def test_a_snapshot_holds_the_codes_by_hash(tmp_path: Path) -> None:
    inputs = {"embedder": EMBEDDER.identity}
    snapshot = snapshots.snapshot_id(inputs)
    folder = tmp_path / snapshot
    folder.mkdir()
    passages = [Passage(id=str(n), document_id="d", start=0, end=1, text="a", where="") for n in range(40)]
    dense.write_index(unit_rows(40, 24, 0), folder / snapshots.DENSE, exact_most=0)
    snapshots.write_contents(folder / snapshots.CONTENTS, [], passages)
    snapshots.seal(folder, snapshot=snapshot, inputs=inputs, documents=0, passages=40)
    assert "dense.codes.faiss" in json.loads((folder / snapshots.MANIFEST).read_text(encoding="utf-8"))["files"]
    snapshots.verify(folder)
    content = bytearray((folder / "dense.codes.faiss").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "dense.codes.faiss").write_bytes(content)
    with pytest.raises(Corrupt, match=r"dense\.codes\.faiss was altered"):
        snapshots.verify(folder)


# ------------------------------------------------------------------------------------------------ narrowing


def noisy(vectors: Vectors, question: Vectors, noise: float, seed: int) -> narrowing.Rough:
    random = np.random.default_rng(seed)
    scores = vectors @ question
    coarse = (0.9 * scores + random.normal(0, noise, len(scores))).astype(np.float32)

    def rough(many: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        rows = np.argsort(-coarse, kind="stable")[:many]
        return coarse[rows], rows

    return rough


@pytest.mark.parametrize("noise", [0.05, 0.1, 0.2])
def test_noise_is_measured_and_looked_beyond(noise: float) -> None:
    """Up to noise as large as the spread of the scores, with which most of the best lie outside the first look."""
    vectors = unit_rows(8000, 24, 0)
    missed = 0
    for seed in range(20):
        question = unit_rows(1, 24, 100 + seed)[0]
        found = narrowing.narrowed(noisy(vectors, question, noise, seed), vectors.__getitem__, question, 10, 8000, 1)
        right = np.argsort(-(vectors @ question), kind="stable")[:10]
        missed += 0 if found is None else len(set(map(int, right)) - {f.row for f in found})
    assert missed <= 1  # of 200


def test_what_can_not_be_told_counts_as_missed() -> None:
    level, rising = np.zeros(50, dtype=np.float32), np.arange(50, dtype=np.float32)
    assert narrowing.missed(level, rising, 5) == np.inf  # the rough score does not tell rows apart
    assert narrowing.missed(rising, level, 5) == np.inf  # many that tie
    assert narrowing.missed(rising, -rising, 5) == np.inf  # it says the contrary
    assert narrowing.missed(rising, rising, 50) == np.inf  # no more than are wanted
    assert narrowing.missed(rising, rising, 5) < 1e-9


def test_too_many_that_are_alike_are_left_to_the_exact_search() -> None:
    looked: list[int] = []

    def rough(many: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        looked.append(many)
        return np.zeros(many, dtype=np.float32), np.arange(many)

    def stored(rows: NDArray[np.int64]) -> Vectors:
        return np.ones((len(rows), 1), dtype=np.float32)

    assert narrowing.narrowed(rough, stored, np.ones(1, dtype=np.float32), 10, 1_000_000, 1000) is None
    assert looked[0] == 1000 * narrowing.WIDER
    assert looked[-1] <= narrowing.DEEPEST * narrowing.WIDER


def test_what_is_not_given_in_full_is_left_to_the_exact_search() -> None:
    """A code scan that finds fewer rows than are visible is not believed."""

    def rough(many: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        rows = np.arange(many // 2)
        return -rows.astype(np.float32), rows

    def stored(rows: NDArray[np.int64]) -> Vectors:
        return -rows[:, None].astype(np.float32)

    assert narrowing.narrowed(rough, stored, np.ones(1, dtype=np.float32), 1, 5000, 100) is None
