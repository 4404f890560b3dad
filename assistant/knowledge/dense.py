"""FAISS over a snapshot's vectors: inner product on unit rows, kept as fp16. The only importer of faiss.

Which search is used (docs/decisions/007 has the figures):

    passages            visible       search
    up to `EXACT_MOST`  any           every visible row is compared
    more                up to `FEW`   the visible rows are fetched and compared
    more                more          4-bit codes of all rows are scanned, the best by these fetched and compared

The codes are those of a product quantizer (Jégou, Douze and Schmid 2011) in the form that is scanned in registers (André,
Kermarrec and Le Scouarnec 2017), all in one inverted list: FAISS takes a selector there and not in its flat form, and every
row is scanned.
The mask goes into the search as an `IDSelectorBitmap`; scans of rows and of codes honour it for every k. On a GPU the
allowed rows are searched as a subset of their own (`GpuDense`), since plain GPU indexes have ignored selectors; the results are
the same rows by construction. One OpenMP thread a request: measured fastest for one question, and fair among several.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import Corrupt, Unavailable
from assistant.knowledge.narrowing import DEPTH, Rows, best_untied, compared, narrowed
from assistant.protocols import Embedder, Found, Mask, Vectors

IDENTITY = "faiss/flat-ip/fp16/1"
"""Of what a search finds. The codes are not in it: they follow from the rows, and find the same."""
CODES = ".codes"
EXACT_MOST = 100_000
FEW = 4_000
_CENTROIDS, _SAMPLE = 16, 32_768


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise Unavailable(
            "FAISS is not installed; install muniment[cpu] (or muniment[gpu] on a GPU machine)."
        ) from error
    return faiss


@dataclass(frozen=True, kw_only=True)
class VectorIndex:
    """``exact``: FAISS's fp16 rows; ``codes``: 4 bits for every few dimensions, None where there are too few rows for them."""

    exact: Any
    codes: Any | None = None

    @property
    def ntotal(self) -> int:
        return int(self.exact.ntotal)

    def reconstruct_n(self, first: int, many: int) -> Vectors:
        rows: Vectors = self.exact.reconstruct_n(first, many)
        return rows

    def reconstruct_batch(self, rows: Rows) -> Vectors:
        """Shape (rows, dim), as the index keeps them."""
        kept: Vectors = self.exact.reconstruct_batch(np.asarray(rows, dtype=np.int64))
        return kept


def build_index(vectors: Vectors, *, exact_most: int = EXACT_MOST) -> VectorIndex:
    """``vectors``: shape (passages, dim), unit rows. The same vectors give the same bytes."""
    faiss = _faiss()
    exact = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    if len(vectors):
        exact.train(vectors)
        exact.add(vectors)
    many = len(vectors) > max(exact_most, _CENTROIDS)
    return VectorIndex(exact=exact, codes=_codes(vectors) if many else None)


def _codes(vectors: Vectors) -> Any:
    """Trained on rows at even distances, on one thread: k-means then ends the same every time."""
    faiss = _faiss()
    faiss.omp_set_num_threads(1)
    rows, dim = vectors.shape
    wide = next(wide for wide in (3, 2, 1) if dim % wide == 0)
    codes = faiss.index_factory(dim, f"IVF1,PQ{dim // wide}x4fs", faiss.METRIC_INNER_PRODUCT)
    codes.pq.cp.min_points_per_centroid = 1  # fewer are for tests; FAISS would warn of each
    codes.train(vectors[:: -(-rows // _SAMPLE)])
    codes.add(vectors)
    return codes


def write_index(vectors: Vectors, file: Path, *, exact_most: int = EXACT_MOST) -> None:
    """As `build_index`, into ``file`` and, where there are codes, into one beside it."""
    index, faiss = build_index(vectors, exact_most=exact_most), _faiss()
    try:
        faiss.write_index(index.exact, str(file))
        if index.codes is not None:
            faiss.write_index(index.codes, str(_codes_of(file)))
    except RuntimeError as error:
        raise Unavailable(f"{file} can't be written; check space and permissions of the data folder.") from error


def read_index(file: Path) -> VectorIndex:
    """Call it only on bytes whose hash was verified: FAISS accepts about half of randomly corrupted files."""
    faiss = _faiss()
    try:
        exact = faiss.read_index(str(file))
        codes = faiss.read_index(str(_codes_of(file))) if _codes_of(file).is_file() else None
    except RuntimeError as error:
        raise Corrupt(f"The vector index {file} can't be read; run `muniment ingest`.") from error
    if codes is not None and codes.ntotal != exact.ntotal:
        raise Corrupt(f"{_codes_of(file)} has {codes.ntotal} rows, {file.name} {exact.ntotal}; run `muniment ingest`.")
    return VectorIndex(exact=exact, codes=codes)


def _codes_of(file: Path) -> Path:
    return file.with_name(f"{file.stem}{CODES}{file.suffix}")


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
    def _stored(self, rows: Rows) -> Vectors:
        """Shape (rows, dim), as the index keeps them."""


class DenseSearcher(_Dense):
    """Search on the CPU, by the kind that the module's table says."""

    def __init__(self, index: VectorIndex, embedder: Embedder, *, few: int = FEW, depth: int = DEPTH) -> None:
        """``few``: up to so many visible rows are fetched; ``depth``: so many of the codes' best are compared at least."""
        super().__init__(embedder)
        self._index = index
        self._few, self._depth = few, depth

    def search_vectors(self, vectors: Vectors, k: int, allowed: Mask) -> list[list[Found]]:
        visible = int(np.count_nonzero(allowed))
        if not len(vectors) or not visible:
            return [[] for _ in vectors]
        if self._index.codes is None:
            return self._scanned(vectors, k, allowed, visible)
        if visible <= self._few:
            return [compared(np.flatnonzero(allowed), self._stored, vector, k) for vector in vectors]
        return [self._by_codes(self._index.codes, vector, k, allowed, visible) for vector in vectors]

    def _scanned(self, vectors: Vectors, k: int, allowed: Mask, visible: int) -> list[list[Found]]:
        faiss = _faiss()
        faiss.omp_set_num_threads(1)
        parameters = faiss.SearchParameters(sel=_selector(allowed))

        def scan(some: Vectors, many: int) -> Any:
            return self._index.exact.search(some, many, params=parameters)

        return best_untied(scan, vectors, k, visible)

    def _by_codes(self, codes: Any, vector: Vectors, k: int, allowed: Mask, visible: int) -> list[Found]:
        faiss = _faiss()
        faiss.omp_set_num_threads(1)
        parameters = faiss.SearchParametersIVF(sel=_selector(allowed), nprobe=1)

        def rough(many: int) -> Any:
            scores, rows = codes.search(vector[None], many, params=parameters)
            some = rows[0] >= 0
            return scores[0][some], rows[0][some]

        found = narrowed(rough, self._stored, vector, k, visible, self._depth)
        return compared(np.flatnonzero(allowed), self._stored, vector, k) if found is None else found

    def _stored(self, rows: Rows) -> Vectors:
        return self._index.reconstruct_batch(rows)


class GpuDense(_Dense):
    """Exact search on the GPU over the allowed subset (`faiss.knn_gpu`), whatever the number of passages. Not run where this was
    written: no GPU there."""

    def __init__(self, index: VectorIndex, embedder: Embedder) -> None:
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

        return best_untied(scan, vectors, k, len(subset))

    def _stored(self, rows: Rows) -> Vectors:
        kept: Vectors = self._vectors[np.asarray(rows, dtype=np.int64)].astype(np.float32)
        return kept


def open_searcher(index: VectorIndex, embedder: Embedder, device: str) -> tuple[DenseSearcher | GpuDense, str]:
    """The searcher and the reason for it."""
    faiss = _faiss()
    if device == "cuda" and hasattr(faiss, "StandardGpuResources"):
        return GpuDense(index, embedder), "FAISS on the GPU: the allowed rows are searched as a subset"
    reason = "this FAISS build has no GPU part" if device == "cuda" else "no GPU is used"
    kind = "exact" if index.codes is None else "by 4-bit codes, the best compared exactly"
    return DenseSearcher(index, embedder), f"FAISS on the CPU, {kind}: {reason}"


def _selector(allowed: Mask) -> Any:
    return _faiss().IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


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

    def _stored(self, rows: Rows) -> Vectors:
        return self._vectors[np.asarray(rows, dtype=np.int64)]
