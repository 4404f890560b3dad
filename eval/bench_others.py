"""What other libraries take for the same search, beside ours in the same run."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import Unavailable
from assistant.knowledge.lexical import features
from assistant.protocols import Mask, Vectors

AFTER, MOST = 2, 1000


class Usearch:
    """usearch's HNSW with its defaults in fp16, built on all cores, searched on one. It has no filter: `AFTER` times as many are
    asked for as the share of visible rows would need, at most `MOST`, and what may not be seen is dropped afterwards."""

    def __init__(self, vectors: Vectors, k: int) -> None:
        try:
            from usearch.index import Index
        except ImportError as error:
            raise Unavailable("usearch is not installed; install muniment[bench] or leave --compare out.") from error
        started = time.perf_counter()
        self._index = Index(ndim=vectors.shape[1], metric="ip", dtype="f16")
        self._index.add(np.arange(len(vectors)), vectors)
        self.seconds = time.perf_counter() - started
        self._k = k

    def search(self, allowed: Mask, vector: NDArray[np.float32]) -> set[int]:
        visible = int(allowed.sum())
        many = min(len(allowed), MOST, AFTER * self._k * len(allowed) // visible if visible else MOST)
        rows = [int(row) for row in self._index.search(vector, many, threads=1).keys]
        return set([row for row in rows if allowed[row]][: self._k])


class Bm25s:
    """The library's own search of our index: every row is scored, pairs count in full, hidden rows are set to 0 and may fill
    the list up."""

    def __init__(self, index: Any, k: int) -> None:
        self._index, self._k = index, k

    def search(self, allowed: Mask, query: str) -> set[int]:
        known = [feature for feature in features(query) if feature in self._index.vocab_dict] or [""]
        found = self._index.retrieve(
            [known], k=min(self._k, len(allowed)), show_progress=False, weight_mask=allowed.astype(np.float32)
        )
        return set(map(int, found.documents[0]))
