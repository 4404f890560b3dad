"""How fast is the search, how much memory does it take, and what does a filter cost it in recall?

The corpus is a real one grown to size: a copy's vector is a real passage's plus Gaussian noise (``NOISE`` of its length),
made unit again; its text is as many sentences as a real passage has, drawn from all real sentences. So a copy's words and its
vector have nothing to do with each other, the vocabulary does not grow, and every real passage has some tens of near copies,
which is harder for codes than texts that differ. Visible rows are drawn at random. Recall is against a matrix product in
float32 over the visible rows for the dense search, and against adding up all weights of all rows for BM25. One question at a
time, as in a chat, on one thread.
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

from assistant.knowledge import dense
from assistant.knowledge.dense import DenseSearcher, GpuDense
from assistant.knowledge.lexical import Bm25Searcher, features
from assistant.knowledge.postings import top
from assistant.protocols import Embedder, Found, Mask, Reranker, Vectors
from assistant.types import Progress
from eval.bench_others import Bm25s, Usearch

NOISE = 0.35
K = 10
_BLOCK = 100_000
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
    k: int = K,
    seed: int = 0,
) -> dict[str, Any]:
    """Milliseconds as p50, p95, p99 over ``queries`` for each share of visible rows; ``search_ms`` is a question's dense and
    lexical search together. ``grown``'s features are emptied once they are indexed."""
    n = len(grown.vectors)
    before = _memory()
    index, dense_seconds = _timed(lambda: dense.build_index(grown.vectors))
    searcher, reason = dense.open_searcher(index, embedder, "cpu")
    after_dense = _memory()
    lexical, lexical_seconds = _timed(lambda: Bm25Searcher.of_features(grown.features))
    grown.features.clear()
    after_words = _memory()
    tell(Progress(stage=f"indexed {n:,} passages"))
    others = (Usearch(grown.vectors, k), Bm25s(lexical.index, k)) if compare else None
    asked, encode = _each(queries, lambda query: searcher.encode([query])[0])
    right, worth = _all_scores(grown.vectors, np.stack(asked)), [_added_up(lexical, query) for query in queries]
    told: dict[str, Any] = {
        "passages": n,
        "k": k,
        "dense": reason,
        "build_seconds": {"dense": round(dense_seconds, 2), "lexical": round(lexical_seconds, 2)},
        "memory_mib": {"dense": after_dense - before, "lexical_less_its_input": after_words - after_dense},
        "encode_ms": spread(encode),
        "visible": {},
    }
    if others is not None:
        told["usearch_build_seconds"] = round(others[0].seconds, 2)
    generator = np.random.default_rng(seed)
    for share in shares:
        allowed = generator.random(n) < share
        near = [_best(scores, k, allowed) for scores in right]
        worded = [_best(scores, k, allowed & (scores > 0)) for scores in worth]
        found, spent = _each(asked, partial(_dense, searcher, allowed, k))
        words, wordy = _each(queries, partial(_lexical, lexical, allowed, k))
        row: dict[str, Any] = {
            "rows": int(allowed.sum()),
            "search_ms": spread(_together(spent, wordy)),
            "dense_ms": spread(spent),
            "recall": _recall(near, [{f.row for f in some} for some in found]),
            "lexical_ms": spread(wordy),
            "lexical_recall": _recall(worded, [{f.row for f in some} for some in words]),
        }
        if others is not None:
            got, times = _each(asked, partial(others[0].search, allowed))
            row["usearch"] = {"ms": spread(times), "recall": _recall(near, got)}
            _, times = _each(queries, partial(others[1].search, allowed))
            row["bm25s"] = {"ms": spread(times)}
        told["visible"][f"{share:g}"] = row
        tell(Progress(stage=f"search {n:,} passages, {share:.2%} visible"))
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


def _dense(searcher: DenseSearcher | GpuDense, allowed: Mask, k: int, vector: NDArray[np.float32]) -> list[Found]:
    return searcher.search_vectors(vector[None], k, allowed)[0]


def _lexical(searcher: Bm25Searcher, allowed: Mask, k: int, query: str) -> list[Found]:
    return searcher.search([query], k, allowed)[0]


def _together(one: Spent, other: Spent) -> Spent:
    return Spent(
        *([a + b for a, b in zip(*pair, strict=True)] for pair in ((one.wall, other.wall), (one.cpu, other.cpu)))
    )


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


def _all_scores(vectors: Vectors, asked: Vectors) -> NDArray[np.float32]:
    """Shape (queries, passages)."""
    scores = np.empty((len(asked), len(vectors)), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        part = slice(start, start + _BLOCK)
        scores[:, part] = asked @ vectors[part].T
    return scores


def _added_up(lexical: Bm25Searcher, query: str) -> NDArray[np.float32]:
    """Shape (passages,): the oracle, which knows nothing of skipping."""
    kept, vocabulary = lexical.index.scores, lexical.index.vocab_dict
    scores = np.zeros(kept["num_docs"], dtype=np.float32)
    for feature, weight in lexical.asked(query).items():
        if feature in vocabulary:
            part = slice(kept["indptr"][vocabulary[feature]], kept["indptr"][vocabulary[feature] + 1])
            scores[kept["indices"][part]] += np.float32(weight) * kept["data"][part]
    return scores


def _best(scores: NDArray[np.float32], k: int, allowed: Mask) -> set[int]:
    return {found.row for found in top(scores, k, allowed)}


def _recall(exact: Sequence[set[int]], found: Sequence[set[int]]) -> float:
    """Mean share of the exact best that was found; 1 where nothing is visible."""
    shares = [len(e & f) / len(e) if e else 1.0 for e, f in zip(exact, found, strict=True)]
    return round(sum(shares) / len(shares), 4)


def _memory() -> int:
    """MiB of this process that are in memory now; its greatest so far where the system does not tell."""
    gc.collect()
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * resource.getpagesize() // 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
