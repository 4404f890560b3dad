"""Rows that a rough score finds, compared exactly; looked for further where the rough score may have missed one.

A code of a few bits gives a rough score. Of the best by it, ``depth`` are compared exactly. How the exact scores of these lie
about the rough ones tells how many of the rows left out are to be expected among the k best (`missed`). Where that is more
than one in a thousand of them, more are compared; where it would take very many (passages that repeat thousands of times),
every visible row is. It is an estimate and no proof: docs/decisions/007 has how often a row was missed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.protocols import Found, Vectors

DEPTH, DEPTH_PER_HIT, WIDER, DEEPEST = 1000, 20, 3, 20_000
MISSED = 0.001
"""Of the rows found, how many others may be expected that should stand there."""
_ROUNDING = 1e-5
_FETCH = 16_384

Rows = Sequence[int] | NDArray[np.int64]
Rough = Callable[[int], tuple[NDArray[np.float32], NDArray[np.int64]]]
"""Of so many rows: rough scores and the rows, best first; fewer where fewer may be seen."""
Stored = Callable[[NDArray[np.int64]], Vectors]
"""Of rows: what is kept of them, shape (rows, dim)."""


def inner_products(stored: Vectors, vector: Vectors) -> NDArray[np.float32]:
    """Shape (rows,). Row by row: equal rows have equal scores wherever they stand, which a matrix product does not promise."""
    products: NDArray[np.float32] = np.einsum("ij,j->i", stored, vector)
    return products


def compared(rows: NDArray[np.int64], stored: Stored, vector: Vectors, k: int) -> list[Found]:
    """The ``k`` best of ``rows``, all of which are fetched, some at a time."""
    parts = [inner_products(stored(rows[start : start + _FETCH]), vector) for start in range(0, len(rows), _FETCH)]
    return best_of(rows, np.concatenate(parts), k)


def best_of(rows: NDArray[np.int64], scores: NDArray[np.float32], k: int) -> list[Found]:
    """Best first, ties by row. ``rows`` are not empty."""
    if len(rows) > k:
        some = scores >= np.partition(scores, len(scores) - k)[len(scores) - k]
        rows, scores = rows[some], scores[some]
    return [Found(int(rows[i]), float(scores[i])) for i in np.lexsort((rows, -scores))[:k]]


def narrowed(rough: Rough, stored: Stored, vector: Vectors, k: int, visible: int, depth: int) -> list[Found] | None:
    """The ``k`` best of ``visible`` rows; None where more than `DEEPEST` would have to be compared to be sure of it.

    A scan gives `WIDER` times as many as are compared at first, since it costs the same and the rest is often not needed.
    """
    depth = max(depth, DEPTH_PER_HIT * k)
    while depth < visible and depth <= DEEPEST:
        many = min(WIDER * depth, visible)
        coarse, rows = rough(many)
        if len(rows) < many:
            return None
        exact = _fetched(rows[:depth], stored, vector)
        if missed(coarse[:depth], exact, k) > MISSED * k:
            exact = np.concatenate([exact, _fetched(rows[depth:], stored, vector)])
            if many < visible and missed(coarse, exact, k) > MISSED * k:
                depth = WIDER * many
                continue
        return best_of(rows[: len(exact)], exact, k)
    return None


def _fetched(rows: NDArray[np.int64], stored: Stored, vector: Vectors) -> NDArray[np.float32]:
    """Scores in the order of ``rows``; fetched in the order in which they lie in memory."""
    order = np.argsort(rows)
    scores = np.empty(len(rows), dtype=np.float32)
    scores[order] = inner_products(stored(rows[order]), vector)
    return scores


def missed(coarse: NDArray[np.float32], exact: NDArray[np.float32], k: int) -> float:
    """How many rows with a rough score below all of ``coarse`` are to be expected among the ``k`` best; infinite where that
    can't be told.

    The exact score is regressed on the rough one: being chosen by the rough score biases the errors of those chosen (the
    luckiest are among them) but not this line. The errors about it are taken as normal with deviation s, the rough scores
    of the n chosen, on the exact scale, as exponential above the cut with mean h, and those below it as going on in the same
    way: at a distance t below the cut stand n / h exp(t / h) rows, each of which passes a gap g + t with probability
    Q((g + t) / s). The integral over t is n (exp(s² / 2h² - g / h) Q(g / s - s / h) - Q(g / s)).
    """
    if len(exact) <= k:
        return math.inf
    deviation, worth = (values.astype(np.float64) - values.mean(dtype=np.float64) for values in (coarse, exact))
    spread = float(deviation @ deviation)
    slope = float(deviation @ worth) / spread if spread > 0 else 0.0
    above = -slope * float(deviation.min())
    last = float(np.partition(worth, len(worth) - k)[len(worth) - k])
    gap = last + above - _ROUNDING
    if above <= 0 or gap <= 0:
        return math.inf
    error = max(float((worth - slope * deviation).std()), _ROUNDING)
    if error > 20 * above:  # the rough score says next to nothing
        return math.inf
    tail = math.exp(error**2 / (2 * above**2) - gap / above) * _beyond(gap / error - error / above)
    return max(len(exact) * (tail - _beyond(gap / error)), 0.0)


def _beyond(deviations: float) -> float:
    """The share of a normal distribution that lies above."""
    return math.erfc(deviations / math.sqrt(2)) / 2


def best_untied(scan: Callable[[Vectors, int], Any], vectors: Vectors, k: int, most: int) -> list[list[Found]]:
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
                found[int(query)] = _in_order(some_rows, some)[:k]
        open_queries, many = open_queries[tied], min(2 * many, most)
    return [found[query] for query in range(len(vectors))]


def _in_order(rows: Any, scores: Any) -> list[Found]:
    """FAISS orders ties by its own scan; here by row, so that every implementation agrees."""
    pairs = sorted((-float(s), int(r)) for r, s in zip(rows, scores, strict=True) if r >= 0)
    return [Found(row, -score) for score, row in pairs]
