"""BM25's weights by feature, and the exact best rows of a sum of some features without looking at every row.

A feature's column holds the rows that have it, ascending, and what each is worth there. The k best rows are found in the
manner of MaxScore (Turtle and Flood 1995): columns are added up from the shortest to the longest; before a long one it is
asked how much all columns still to come could add at most. When that is less than the k-th best sum so far, a row that has
none of the features added up is out, and only those near enough are looked up in what is left. A row that may not be seen
begins at minus infinity. Every score that is given out is added up anew, in the order of the question's features, in
float32: it is the same number whatever was skipped and whoever asks.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from assistant.protocols import Found, Mask

LOOKUP = 20
"""Finding one row in one column by bisection costs about as much as adding up so many rows of it."""
LONG, LONG_SHARE = 8192, 16
"""Before a column is added up that has more rows than both ``LONG`` and one in ``LONG_SHARE``, it is asked whether it must be."""
_DEEP = 128
_HIDDEN = np.float32(-1e30)
_CHUNK = 4_000_000

Weights = NDArray[np.float32]
Rows = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Of feature ``c`` the rows ``rows[starts[c]:starts[c + 1]]``, ascending, and what they are worth, in ``weights``."""

    starts: NDArray[np.int64]
    rows: Rows
    weights: Weights


@dataclass(frozen=True)
class _Column:
    """One feature of a question: its rows, what they are worth to it, and the most that any is."""

    rows: Rows
    weights: Weights
    times: np.float32
    ceiling: float

    def __len__(self) -> int:
        return len(self.rows)

    def worth(self, wanted: Rows) -> Weights:
        """Shape (wanted,); 0 for rows without the feature. There is at least one with it."""
        places = np.minimum(np.searchsorted(self.rows, wanted), len(self.rows) - 1)
        return np.where(self.rows[places] == wanted, self.times * self.weights[places], np.float32(0))


class Postings:
    """``asked`` below: columns with what they count for in the question, above 0."""

    def __init__(self, columns: Columns, *, long: int = LONG, lookup: int = LOOKUP) -> None:
        """``long``, ``lookup``: other places for `LONG` and `LOOKUP`; what is found is the same."""
        self._starts = np.asarray(columns.starts)
        self._rows = np.asarray(columns.rows)
        self._weights = np.asarray(columns.weights)
        self._highest: dict[int, float] = {}
        self._long, self._lookup = long, lookup

    def count(self, column: int) -> int:
        """How many rows have the feature."""
        return int(self._starts[column + 1] - self._starts[column])

    def scores(self, asked: Sequence[tuple[int, float]], rows: Sequence[int] | NDArray[np.int64]) -> Weights:
        """Shape (rows,); 0 where nothing is shared."""
        wanted = np.asarray(rows, dtype=self._rows.dtype)
        total = np.zeros(len(wanted), dtype=np.float32)
        for column in (self._column(column, times) for column, times in asked):
            if len(column):
                total += column.worth(wanted)
        return total

    def best(self, asked: Sequence[tuple[int, float]], k: int, allowed: Mask) -> list[Found]:
        """At most ``k`` of the allowed rows, those with a score above 0, best first, ties by row."""
        rows = self.candidates(asked, k, allowed)
        scores = self.scores(asked, rows)
        return [Found(int(rows[found.row]), found.score) for found in top(scores, k, scores > 0)]

    def candidates(self, asked: Sequence[tuple[int, float]], k: int, allowed: Mask) -> NDArray[np.int64]:
        """Allowed rows, ascending; the best ``k`` with a score above 0 and all that tie with the last of them are among them."""
        columns = sorted((self._column(column, times) for column, times in asked), key=len)
        left, visible = sum(map(len, columns)), int(np.count_nonzero(allowed))
        if not left or not visible:
            return np.zeros(0, dtype=np.int64)
        if visible * len(columns) * self._lookup <= left:
            return np.flatnonzero(allowed)
        sums, rest = _Sums(allowed, visible), sum(column.ceiling for column in columns)
        # Sums are float32 and not in the order of the scores: more than both can be off.
        slack = rest * (len(columns) + 1) * 2.0**-21
        for number, column in enumerate(columns):
            if len(column) > max(self._long, len(allowed) // LONG_SHARE):
                floor = sums.kth(k) - slack
                if rest < floor and sums.few(floor - rest):
                    rows = sums.above(floor - rest)
                    if len(rows) * (len(columns) - number) * self._lookup <= left:
                        return _finished(rows, sums.of(rows), columns[number:], k, slack)
            sums.add(column)
            rest -= column.ceiling
            left -= len(column)
        return sums.above(sums.kth(k) - slack)

    def _column(self, column: int, times: float) -> _Column:
        part = slice(int(self._starts[column]), int(self._starts[column + 1]))
        weights = self._weights[part]
        highest = self._highest.get(column)
        if highest is None:
            self._highest[column] = highest = float(weights.max(initial=0))
        return _Column(self._rows[part], weights, np.float32(times), times * highest)


class _Sums:
    """A sum for every row, far below 0 for the hidden ones. Row r stands in line r // width and head r % width: the greatest of
    each head is soon found, and tells where the best rows are."""

    def __init__(self, allowed: Mask, visible: int) -> None:
        self._width = -(-len(allowed) // _DEEP)
        self._flat = np.zeros(self._width * _DEEP, dtype=np.float32)
        self._lines = self._flat.reshape(_DEEP, self._width)
        if visible < len(allowed):
            np.subtract(allowed, np.float32(1), out=self._flat[: len(allowed)])
            self._flat *= -_HIDDEN

    def add(self, column: _Column) -> None:
        np.add.at(self._flat, column.rows.astype(np.intp), column.times * column.weights)

    def of(self, rows: NDArray[np.int64]) -> Weights:
        return self._flat[rows]

    def kth(self, k: int) -> float:
        """The ``k``-th largest of those above 0; 0 where there are fewer."""
        heads, least = self._lines.max(axis=0), 0.0
        if self._width > k:
            least = float(np.partition(heads, self._width - k)[self._width - k])  # k rows, one a head, are as good
        some = self._lines[:, np.flatnonzero(heads >= least if least > 0 else heads > 0)]
        some = some[some >= least if least > 0 else some > 0]
        return float(np.partition(some, len(some) - k)[len(some) - k]) if len(some) >= k else 0.0

    def few(self, floor: float) -> bool:
        """Whether at most half of the heads have a row with ``floor`` or more; to list more would cost more than it saves."""
        return int(np.count_nonzero(self._lines.max(axis=0) >= floor)) * 2 <= self._width

    def above(self, floor: float) -> NDArray[np.int64]:
        """Rows with a sum of ``floor`` or more, and above 0; ascending."""
        heads = self._lines.max(axis=0)
        chosen = np.flatnonzero(heads >= floor if floor > 0 else heads > 0)
        some = self._lines[:, chosen]
        lines, places = np.nonzero(some >= floor if floor > 0 else some > 0)
        rows: NDArray[np.int64] = lines * self._width + chosen[places]
        rows.sort()
        return rows


def _finished(
    rows: NDArray[np.int64], sums: Weights, columns: Sequence[_Column], k: int, slack: float
) -> NDArray[np.int64]:
    """Those of ``rows`` that are still among the best when the last columns are looked up for them."""
    for column in columns:
        sums = sums + column.worth(rows.astype(column.rows.dtype))
    floor = float(np.partition(sums, len(sums) - k)[len(sums) - k]) - slack
    return rows[sums >= floor]


def top(scores: Weights, k: int, allowed: Mask) -> list[Found]:
    """The ``k`` best allowed rows, best first, ties by row."""
    rows = np.flatnonzero(allowed)
    if len(rows) > k:
        cut = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
        rows = rows[scores[rows] >= cut]
    order = np.lexsort((rows, -scores[rows]))[:k]
    return [Found(int(row), float(scores[row])) for row in rows[order]]


def weighed(texts: Sequence[Sequence[str]], k1: float, b: float) -> tuple[Columns, dict[str, int]]:
    """BM25's weights of each text's features (Robertson and Zaragoza 2009, equation 3.15, with Lucene's idf), and the column
    of each feature, in the order in which they first stand. To the last bit what `bm25s` computes (a test compares them), in
    a tenth of its time and in the same order every time. ``texts`` holds one feature at least.
    """
    vocabulary: defaultdict[str, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    keys = np.fromiter(map(vocabulary.__getitem__, chain.from_iterable(texts)), dtype=np.int64, count=lengths.sum())
    keys *= len(texts)
    keys += np.repeat(np.arange(len(texts)), lengths)
    keys.sort()
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    times = np.diff(first, append=len(keys))
    columns, rows = np.divmod(keys[first], len(texts))
    counts = np.bincount(columns, minlength=len(vocabulary))
    weights = _weights(columns, rows, times, _idf(counts, len(texts)), _norms(lengths, k1, b))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return Columns(starts=starts, rows=rows.astype(np.int32), weights=weights), dict(vocabulary)


def _idf(counts: NDArray[np.int64], texts: int) -> Weights:
    distinct, which = np.unique(counts, return_inverse=True)
    idf = [math.log(1 + (texts - count + 0.5) / (count + 0.5)) for count in map(int, distinct)]
    return np.array(idf, dtype=np.float32)[which]


def _norms(lengths: NDArray[np.int64], k1: float, b: float) -> NDArray[np.float64]:
    norms: NDArray[np.float64] = k1 * ((1 - b) + b * lengths / lengths.mean())
    return norms


def _weights(
    columns: NDArray[np.int64],
    rows: NDArray[np.int64],
    times: NDArray[np.int64],
    idf: Weights,
    norms: NDArray[np.float64],
) -> Weights:
    weights = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        weights[part] = idf[columns[part]] * (times[part] / (norms[rows[part]] + times[part]))
    return weights
