"""Which texts share most of their words in order: MinHash over shingles with banding, checked exactly.

A. Broder, "On the resemblance and containment of documents" (1997). Shingles are runs of five words, compared by 64-bit
hashes. Banding proposes pairs (32 bands of 4 of 128 minima: a pair that shares half its shingles is proposed with a
probability of .87, one that shares three quarters with .9999), the exact share decides. Cost is linear in the texts.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Shingles = NDArray[np.uint64]
"""Hashes of a text's shingles, ascending, each once."""

_RUN = 5
_MINIMA = 128
_BANDS = 32
_WORD = re.compile(r"\w+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MOST_IN_BUCKET = 200
"""Texts with one band in common; more are boilerplate, and their pairs would be quadratic: they are compared in a row."""


def shingles(text: str) -> Shingles:
    """Of a text of fewer than five words: one, of all of them."""
    words = np.array([zlib.crc32(word.encode()) for word in _WORD.findall(text.lower())], dtype=np.uint64)
    if not len(words):
        return words
    run = min(_RUN, len(words))
    count = len(words) - run + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for at in range(run):
        mixed = (mixed ^ words[at : at + count]) * _FACTOR
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)


def resemblance(a: Shingles, b: Shingles) -> float:
    """Shared shingles among all of both, 0 … 1 (Jaccard)."""
    shared = len(np.intersect1d(a, b, assume_unique=True))
    together = len(a) + len(b) - shared
    return shared / together if together else 0.0


def alike(texts: Mapping[str, Shingles], least: float) -> list[tuple[str, str, float]]:
    """Pairs of names with a resemblance of at least ``least`` (0.5 or more, lest pairs be missed), each once, sorted."""
    buckets: dict[tuple[int, bytes], list[str]] = defaultdict(list)
    rng = np.random.default_rng(0)
    odd = rng.integers(1, 2**63, _MINIMA, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    more = rng.integers(0, 2**63, _MINIMA, dtype=np.uint64)
    for name in sorted(texts):
        if len(texts[name]):
            for band, minima in enumerate(_minima(texts[name], odd, more).reshape(_BANDS, -1)):
                buckets[band, minima.tobytes()].append(name)
    pairs: set[tuple[str, str]] = set()
    for names in buckets.values():
        if len(names) <= _MOST_IN_BUCKET:
            pairs.update((a, b) for at, a in enumerate(names) for b in names[at + 1 :])
        else:
            pairs.update(pairwise(names))
    found = ((a, b, resemblance(texts[a], texts[b])) for a, b in pairs)
    return sorted((a, b, share) for a, b, share in found if share >= least)


def _minima(hashes: Shingles, odd: Shingles, more: Shingles) -> Shingles:
    """Shape (128,): the least value under each of as many hash functions (multiply, add, take the upper half)."""
    least = np.full(_MINIMA, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(hashes), 4096):
        part = hashes[start : start + 4096, None]
        least = np.minimum(least, ((part * odd + more) >> np.uint64(32)).min(axis=0))
    return least
