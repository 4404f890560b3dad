"""How fast is the search, how much memory does it take, and what does a filter cost it in recall?

The corpus is a real one grown to size: a copy's vector is a real passage's plus Gaussian noise (``NOISE`` of its length),
made unit again; its text is as many sentences as a real passage has, drawn from all real sentences. Visible rows are drawn at
random. Recall is against a matrix product in float32 over the visible rows, for the dense search; BM25 is exact by nature.
One question at a time, as in a chat.
"""

from __future__ import annotations

import gc
import re
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import Unavailable
from assistant.knowledge import dense
from assistant.knowledge.dense import DenseSearcher, GpuDense
from assistant.knowledge.lexical import Bm25Searcher, features
from assistant.protocols import Embedder, Found, Mask, Reranker, Vectors
from assistant.types import Progress

NOISE = 0.35
K = 10
AFTER, MOST = 2, 1000
_SENTENCE = re.compile(r"(?<=[.;:])\s+")
Tell = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True)
class Grown:
    """``vectors``: shape (n, dim), unit rows; ``features``: what BM25 indexes of each text."""

    vectors: Vectors
    features: list[list[str]]


def grow(vectors: Vectors, texts: Sequence[str], n: int, seed: int = 0) -> Grown:
    """The real passages first (or the first ``n``), then copies."""
    generator = np.random.default_rng(seed)
    sentences = [features(part) for text in texts for part in _SENTENCE.split(text) if part.strip()]
    own = [features(text) for text in texts[:n]]
    lengths = [max(1, len(_SENTENCE.split(text))) for text in texts]
    copies = max(0, n - len(texts))
    parents = generator.integers(0, len(texts), copies)
    grown = np.empty((n, vectors.shape[1]), dtype=np.float32)
    grown[: len(own)] = vectors[:n]
    for start in range(0, copies, 50_000):
        part = parents[start : start + 50_000]
        noise = generator.standard_normal((len(part), vectors.shape[1]), dtype=np.float32)
        noise *= NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
        moved = vectors[part] + noise
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        grown[len(own) + start : len(own) + start + len(part)] = moved
    for parent in parents:
        chosen = generator.integers(0, len(sentences), lengths[parent])
        own.append([feature for number in chosen for feature in sentences[number]])
    return Grown(vectors=grown, features=own)


def bench(
    grown: Grown,
    embedder: Embedder,
    queries: Sequence[str],
    shares: Sequence[float],
    *,
    compare: bool,
    tell: Tell,
    seed: int = 0,
) -> dict[str, Any]:
    """Milliseconds as p50, p95, p99 over ``queries`` for each share of visible rows."""
    n = len(grown.vectors)
    before = _memory()
    index, dense_seconds = _timed(lambda: dense.build_index(grown.vectors))
    searcher, reason = dense.open_searcher(index, embedder, "cpu")
    after_dense = _memory()
    lexical, lexical_seconds = _timed(lambda: Bm25Searcher.of_features(grown.features))
    asked, encode = _each(queries, lambda query: searcher.encode([query])[0])
    told: dict[str, Any] = {
        "passages": n,
        "dense": reason,
        "build_seconds": {"dense": round(dense_seconds, 2), "lexical": round(lexical_seconds, 2)},
        "memory_mib": {"dense": after_dense - before, "lexical": _memory() - after_dense},
        "encode_ms": spread(encode),
        "visible": {},
    }
    rows: dict[str, dict[str, Any]] = {}
    others = _usearch(grown.vectors, tell) if compare else None
    generator = np.random.default_rng(seed)
    for share in shares:
        allowed = generator.random(n) < share
        exact = [_exact(grown.vectors, vector, allowed) for vector in asked]
        found, spent = _each(asked, partial(_dense, searcher, allowed))
        _, words = _each(queries, partial(_lexical, lexical, allowed))
        row: dict[str, Any] = {
            "rows": int(allowed.sum()),
            "dense_ms": spread(spent),
            "recall": _recall(exact, [{f.row for f in some} for some in found]),
            "lexical_ms": spread(words),
        }
        if others is not None:
            got, times = _each(asked, partial(others, allowed))
            row["usearch"] = {"ms": spread(times), "recall": _recall(exact, got)}
        rows[f"{share:g}"] = row
        tell(Progress(stage=f"search {n:,} passages, {share:.2%} visible"))
    told["visible"] = rows
    if compare:
        told["bm25s_ms"] = _bm25s(lexical, queries)
    return told


def rerank_times(reranker: Reranker, queries: Sequence[str], texts: Sequence[str], many: int) -> dict[str, float]:
    """``many`` real passages read again for each question."""
    generator = np.random.default_rng(0)
    chosen = [[texts[i] for i in generator.integers(0, len(texts), many)] for _ in queries]
    _, spent = _each(list(zip(queries, chosen, strict=True)), lambda pair: reranker.scores(*pair))
    return spread(spent)


@dataclass(frozen=True)
class Spent:
    """Milliseconds of each call: by the clock, and of the processor, which other work on the machine disturbs less."""

    wall: list[float]
    cpu: list[float]


def spread(spent: Spent) -> dict[str, float]:
    told: dict[str, float] = {}
    for prefix, values in (("", spent.wall), ("cpu_", spent.cpu)):
        cuts = np.percentile(values, [50, 95, 99])
        told |= {f"{prefix}{name}": round(float(v), 2) for name, v in zip(("p50", "p95", "p99"), cuts, strict=True)}
    return told


def _dense(searcher: DenseSearcher | GpuDense, allowed: Mask, vector: NDArray[np.float32]) -> list[Found]:
    return searcher.search_vectors(vector[None], K, allowed)[0]


def _lexical(searcher: Bm25Searcher, allowed: Mask, query: str) -> list[Found]:
    return searcher.search([query], K, allowed)[0]


def _each(items: Sequence[Any], work: Callable[[Any], Any]) -> tuple[list[Any], Spent]:
    """Results and times, one call at a time; the first item is done once before, unmeasured."""
    work(items[0])
    results, spent = [], Spent([], [])
    for item in items:
        started, ran = time.perf_counter(), time.process_time()
        results.append(work(item))
        spent.cpu.append((time.process_time() - ran) * 1000)
        spent.wall.append((time.perf_counter() - started) * 1000)
    return results, spent


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _exact(vectors: Vectors, vector: NDArray[np.float32], allowed: Mask) -> set[int]:
    rows = np.flatnonzero(allowed)
    scores = vectors[rows] @ vector if len(rows) < len(vectors) else vectors @ vector
    return {int(rows[i]) for i in np.argsort(-scores, kind="stable")[:K]}


def _recall(exact: Sequence[set[int]], found: Sequence[set[int]]) -> float:
    """Mean share of the exact best that was found; 1 where nothing is visible."""
    shares = [len(e & f) / len(e) if e else 1.0 for e, f in zip(exact, found, strict=True)]
    return round(sum(shares) / len(shares), 4)


def _usearch(vectors: Vectors, tell: Tell) -> Callable[[Mask, NDArray[np.float32]], set[int]]:
    """usearch's HNSW with its defaults in fp16. It has no filter: `AFTER` times as many are asked for as the share of
    visible rows would need, at most `MOST`, and what may not be seen is dropped afterwards."""
    try:
        from usearch.index import Index
    except ImportError as error:
        raise Unavailable("usearch is not installed; install it or leave --compare out.") from error
    tell(Progress(stage="build usearch's index"))
    index = Index(ndim=vectors.shape[1], metric="ip", dtype="f16")
    index.add(np.arange(len(vectors)), vectors, threads=1)

    def search(allowed: Mask, vector: NDArray[np.float32]) -> set[int]:
        visible = int(allowed.sum())
        many = min(len(allowed), MOST, AFTER * K * len(allowed) // visible if visible else MOST)
        rows = [int(row) for row in index.search(vector, many, threads=1).keys]
        return set([row for row in rows if allowed[row]][:K])

    return search


def _bm25s(lexical: Bm25Searcher, queries: Sequence[str]) -> dict[str, float]:
    """The library's own scoring of the same index, all rows, pairs at full weight."""
    index = lexical.index
    known = [[f for f in features(query) if f in index.vocab_dict] or [""] for query in queries]
    _, spent = _each([some for some in known if some != [""]], lambda some: index.get_scores(some))
    return spread(spent)


def _memory() -> int:
    """MiB of this process that are in memory now; its greatest so far where the system does not tell."""
    gc.collect()
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * resource.getpagesize() // 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
