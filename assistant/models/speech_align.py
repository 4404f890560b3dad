"""When each word was said: cross-attention of a few heads read as a path through tokens and time.

After Whisper's own method (Radford et al. 2022; https://github.com/openai/whisper, ``timing.py``): the chosen heads' attention
weights, normalised over tokens, smoothed by a median over time, averaged; then dynamic time warping finds the cheapest
monotone path. Here in NumPy, by anti-diagonals: nothing is compiled at the first call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.voice.values import Word

SECONDS = 0.02
"""One position of the encoder."""


def token_times(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """When each token begins, in seconds, and as a last entry when the last one ends.

    ``weights``: (heads, tokens, positions), attention after the softmax over positions; the last token is the end mark.
    """
    spread = weights.std(axis=-2, keepdims=True)
    normal = (weights - weights.mean(axis=-2, keepdims=True)) / np.maximum(spread, 1e-9)
    tokens, times = path(-_median(normal).mean(axis=0))
    first = np.flatnonzero(np.diff(tokens, prepend=-1))
    return np.append(times[first], times[-1] + 1).astype(np.float64) * SECONDS


def path(cost: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The cheapest path from the first to the last corner of ``cost`` (rows, columns) by steps down, right or both; its row
    and column numbers, which never fall. Ties prefer the diagonal, then down."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    came = np.zeros((rows + 1, columns + 1), dtype=np.int8)
    for diagonal in range(2, rows + columns + 1):
        i = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        j = diagonal - i
        before = np.stack((total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]))
        came[i, j] = step = before.argmin(axis=0)
        total[i, j] = cost[i - 1, j - 1] + before[step, np.arange(len(i))]
    found = [(rows - 1, columns - 1)]
    i, j = rows, columns
    while (i, j) != (1, 1):
        step = came[i, j]
        i, j = i - (step != 2), j - (step != 1)
        found.append((i - 1, j - 1))
    pairs = np.array(found[::-1], dtype=np.intp)
    return pairs[:, 0], pairs[:, 1]


def words_of(
    texts: Sequence[str], counts: Sequence[int], times: NDArray[np.float64], sure: Sequence[float], seconds: float
) -> tuple[Word, ...]:
    """Whisper's word pieces as words: punctuation joins the word before, a piece without a blank too ("e-" "mail"), but not
    after the end of a sentence, where the blank is sometimes forgotten.

    ``counts``: tokens of each piece; ``sure``: probability of each token; ``seconds``: length of the clip.
    """
    out: list[Word] = []
    at = 0
    for text, count in zip(texts, counts, strict=True):
        start, end = float(times[at]), min(float(times[at + count]), seconds)
        confidence = float(min(sure[at : at + count]))
        at += count
        mark, rest = _split_mark(text)
        if mark and out:
            out[-1] = Word(
                text=out[-1].text + mark, start=out[-1].start, end=out[-1].end, confidence=out[-1].confidence
            )
            text = rest
        plain = text.strip()
        if not plain:
            continue
        if out and not text.startswith(" ") and not mark and not out[-1].text.endswith((".", "?", "!", ",")):
            before = out.pop()
            plain, start, confidence = before.text + plain, before.start, min(before.confidence, confidence)
        out.append(Word(text=plain, start=min(start, end), end=end, confidence=confidence))
    return tuple(out)


def period(tokens: Sequence[int], least: int = 4) -> int | None:
    """How long the stretch is that ``tokens`` end by saying again, whole or begun: of "a b c d a b c" it is 4. None where
    nothing of ``least`` tokens is repeated. A decoder that has lost the end of the sound does this."""
    count = len(tokens)
    for size in range(least, count):
        same = 0
        while same < count - size and tokens[count - 1 - same] == tokens[count - 1 - same - size]:
            same += 1
        if same >= max(least, size // 2):
            return size
    return None


def stutters(tokens: Sequence[int], least: int = 6) -> bool:
    """Is a stretch of ``least`` tokens or more said twice at once, anywhere?"""
    for size in range(least, len(tokens) // 2 + 1):
        same = 0
        for one, other in zip(tokens, tokens[size:], strict=False):
            same = same + 1 if one == other else 0
            if same == size:
                return True
    return False


def _split_mark(text: str) -> tuple[str, str]:
    """The marks that a piece begins with where they belong to the word before: (".", "To") for ".To", ("", "£5") for "£5"."""
    found = re.match(r"\s*([.,;:?!%…)\]”]+)(?=\D|$)", text)
    return (found[1], text[found.end() :]) if found else ("", text)


def _median(values: NDArray[np.float32], width: int = 7) -> NDArray[np.float32]:
    """Running median along the last axis, edges reflected; unchanged where there are too few positions."""
    if values.shape[-1] <= width:
        return values
    edge = [(0, 0)] * (values.ndim - 1) + [(width // 2, width // 2)]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, edge, mode="reflect"), width, axis=-1)
    return np.median(windows, axis=-1).astype(np.float32)
