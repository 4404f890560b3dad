"""The judge's model: a cross-encoder over a sentence and a run, its logit made a probability by a fitted temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from assistant.errors import Corrupt
from assistant.models.layers import load
from assistant.models.rerank import MAX_TOKENS, CrossEncoder

_BATCH = 8
Count = Callable[[str, str], int]


class SupportEncoder:
    """Implements `assistant.evidence.support.SupportModel`. ``temperature``, ``shift`` and ``supported`` come from
    `assistant.train.judge` and stand in ``layers.json``."""

    def __init__(
        self, encoder: CrossEncoder, count: Count, *, temperature: float, shift: float, supported: float
    ) -> None:
        self._encoder = encoder
        self._count = count
        self._temperature = temperature
        self._shift = shift
        self.supported = supported
        self.identity = f"{encoder.identity}/t={temperature:.3f},{shift:.3f}"

    @classmethod
    def load(cls, base: Path, folder: Path) -> SupportEncoder:
        """Raises as `assistant.models.layers.load`; `Corrupt` where the weights were never calibrated."""
        facts = load(folder, base).facts
        try:
            fitted = {name: float(facts["calibration"][name]) for name in ("temperature", "shift", "supported")}
        except (KeyError, TypeError) as error:
            raise Corrupt(f"{folder} has no calibration; run `muniment train judge` to its end.") from error
        return cls(CrossEncoder.load(base, folder), counter(base), **fitted)

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        found = logits(self._encoder, self._count, pairs) / self._temperature + self._shift
        likely: NDArray[np.float32] = (1 / (1 + np.exp(-np.clip(found, -30, 30)))).astype(np.float32)
        return likely


def counter(base: Path) -> Count:
    """How many tokens the model would read of a pair, both texts and what stands between them."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)

    def count(one: str, other: str) -> int:
        return len(tokenizer(one, other, truncation=False, verbose=False)["input_ids"])

    return count


def logits(encoder: CrossEncoder, count: Count, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
    """Shape (pairs,), in the order given; minus infinity where a pair is longer than the model reads, so that nothing is
    judged by its first part."""
    found = np.full(len(pairs), -np.inf, dtype=np.float32)
    lengths = [count(*pair) for pair in pairs]
    order = sorted((n for n in range(len(pairs)) if lengths[n] <= MAX_TOKENS), key=lambda n: lengths[n])
    for start in range(0, len(order), _BATCH):
        part = order[start : start + _BATCH]
        with torch.inference_mode():
            found[part] = encoder.forward([pairs[n] for n in part]).numpy()
    return found
