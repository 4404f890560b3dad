"""FAISS over a snapshot's vectors: exact inner product on unit rows, kept as fp16. The only importer of faiss.

The mask goes into the search as an `IDSelectorBitmap`; an exact index honours it for every k. On a GPU the allowed rows are
searched as a subset of their own (`GpuDense`), since plain GPU indexes have ignored selectors; the results are the same
rows by construction. One OpenMP thread a request: measured fastest for one question, and fair among several.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import Corrupt, Unavailable
from assistant.protocols import Embedder, Found, Mask, Vectors

IDENTITY = "faiss/flat-ip/fp16/1"


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise Unavailable(
            "FAISS is not installed; install muniment[cpu] (or muniment[gpu] on a GPU machine)."
        ) from error
    return faiss


def build_index(vectors: Vectors) -> Any:
    """``vectors``: shape (passages, dim), unit rows."""
    faiss = _faiss()
    index = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    if len(vectors):
        index.train(vectors)
        index.add(vectors)
    return index


def write_index(vectors: Vectors, file: Path) -> None:
    """As `build_index`, into ``file``."""
    index, faiss = build_index(vectors), _faiss()
    try:
        faiss.write_index(index, str(file))
    except RuntimeError as error:
        raise Unavailable(f"{file} can't be written; check space and permissions of the data folder.") from error


def read_index(file: Path) -> Any:
    """Call it only on bytes whose hash was verified: FAISS accepts about half of randomly corrupted files."""
    faiss = _faiss()
    try:
        return faiss.read_index(str(file))
    except RuntimeError as error:
        raise Corrupt(f"The vector index {file} can't be read; run `muniment ingest`.") from error


class _Dense(ABC):
    """What the kinds have in common: questions are encoded once, then searched for and compared as vectors."""

    name = "dense"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def encode(self, queries: Sequence[str]) -> Vectors:
        """Shape (queries, dim)."""
        return self._embedder.embed(queries)

    def search(self, queries: Sequence[str], k: int, allowed: Mask) -> list[list[Found]]:
        if not queries or not allowed.any():
            return [[] for _ in queries]
        return self.search_vectors(self.encode(queries), k, allowed)

    @abstractmethod
    def search_vectors(self, vectors: Vectors, k: int, allowed: Mask) -> list[list[Found]]:
        """As `search`, for encoded questions."""

    def scores(self, vector: Vectors, rows: Sequence[int]) -> Vectors:
        """The cosine of one encoded question, shape (dim,), with each of ``rows``, shape (rows,)."""
        return self._stored(rows) @ vector

    @abstractmethod
    def _stored(self, rows: Sequence[int]) -> Vectors:
        """Shape (rows, dim), as the index keeps them."""


class DenseSearcher(_Dense):
    """Exact search on the CPU."""

    def __init__(self, index: Any, embedder: Embedder) -> None:
        super().__init__(embedder)
        self._index = index

    def search_vectors(self, vectors: Vectors, k: int, allowed: Mask) -> list[list[Found]]:
        most = int(allowed.sum())
        if not len(vectors) or not most:
            return [[] for _ in vectors]
        faiss = _faiss()
        faiss.omp_set_num_threads(1)
        bitmap = np.packbits(allowed, bitorder="little")
        parameters = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bitmap))

        def scan(some: Vectors, many: int) -> Any:
            return self._index.search(some, many, params=parameters)

        return _best(scan, vectors, k, most)

    def _stored(self, rows: Sequence[int]) -> Vectors:
        kept: Vectors = self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64))
        return kept


class GpuDense(_Dense):
    """Exact search on the GPU over the allowed subset (`faiss.knn_gpu`). Not run where this was written: no GPU there."""

    def __init__(self, index: Any, embedder: Embedder) -> None:
        super().__init__(embedder)
        faiss = _faiss()
        self._vectors = index.reconstruct_n(0, index.ntotal).astype(np.float16)
        self._resources = faiss.StandardGpuResources()

    def search_vectors(self, vectors: Vectors, k: int, allowed: Mask) -> list[list[Found]]:
        subset = np.flatnonzero(allowed)
        if not len(vectors) or not len(subset):
            return [[] for _ in vectors]
        faiss = _faiss()
        there = self._vectors[subset]

        def scan(some: Vectors, many: int) -> Any:
            asked = some.astype(np.float16)
            scores, places = faiss.knn_gpu(self._resources, asked, there, many, metric=faiss.METRIC_INNER_PRODUCT)
            return scores, subset[places]

        return _best(scan, vectors, k, len(subset))

    def _stored(self, rows: Sequence[int]) -> Vectors:
        kept: Vectors = self._vectors[np.asarray(rows, dtype=np.int64)].astype(np.float32)
        return kept


def open_searcher(index: Any, embedder: Embedder, device: str) -> tuple[DenseSearcher | GpuDense, str]:
    """The searcher and the reason for it."""
    faiss = _faiss()
    if device == "cuda" and hasattr(faiss, "StandardGpuResources"):
        return GpuDense(index, embedder), "FAISS on the GPU: the allowed rows are searched as a subset"
    reason = "this FAISS build has no GPU part" if device == "cuda" else "no GPU is used"
    return DenseSearcher(index, embedder), f"FAISS on the CPU, exact: {reason}"


class MemoryDense(_Dense):
    """The in-memory twin and the oracle: a plain matrix product."""

    def __init__(self, vectors: Vectors, embedder: Embedder) -> None:
        super().__init__(embedder)
        self._vectors = vectors

    def search_vectors(self, vectors: Vectors, k: int, allowed: Mask) -> list[list[Found]]:
        rows = np.flatnonzero(allowed)
        if not len(vectors) or not len(rows):
            return [[] for _ in vectors]
        scores = vectors @ self._vectors[rows].T
        orders = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return [
            [Found(int(rows[i]), float(line[i])) for i in order] for line, order in zip(scores, orders, strict=True)
        ]

    def _stored(self, rows: Sequence[int]) -> Vectors:
        return self._vectors[np.asarray(rows, dtype=np.int64)]


def _best(scan: Callable[[Vectors, int], Any], vectors: Vectors, k: int, most: int) -> list[list[Found]]:
    """The ``k`` best of ``most`` rows, ties by row. ``scan`` gives (scores, rows), best first, of as many as it is asked for.

    FAISS keeps any of the rows that tie at the cut (seen: for half of all queries over repeated passages), so one row more is
    asked for, and twice as many again while the cut still lies within a tie.
    """
    found: dict[int, list[Found]] = {}
    open_queries, many = np.arange(len(vectors)), min(k + 1, most)
    while len(open_queries):
        scores, rows = scan(vectors[open_queries], many)
        tied = scores[:, -1] == scores[:, k - 1] if many < most else np.zeros(len(open_queries), dtype=np.bool_)
        for query, some_rows, some, more in zip(open_queries, rows, scores, tied, strict=True):
            if not more:
                found[int(query)] = _found(some_rows, some)[:k]
        open_queries, many = open_queries[tied], min(2 * many, most)
    return [found[query] for query in range(len(vectors))]


def _found(rows: Any, scores: Any) -> list[Found]:
    """FAISS orders ties by its own scan; here by row, so that every implementation agrees."""
    pairs = sorted((-float(s), int(r)) for r, s in zip(rows, scores, strict=True) if r >= 0)
    return [Found(row, -score) for score, row in pairs]
