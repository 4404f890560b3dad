"""Trains the judge: the embedded encoder's upper layers, mean pooling, one linear score; does this run say this sentence?

Loss: binary cross-entropy over `assistant.train.pairs`. What the model reads is what it reads in service: the run that the
judge would choose, differences marked. Afterwards temperature, shift and the least probability are fitted on documents that
were kept for it, on the pairs that the rules leave to the model.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from assistant.evidence.differences import marked
from assistant.evidence.rules import Claim, best_run, broken_rule, stands_literally, with_heads
from assistant.models import layers as tuned_layers
from assistant.models.judge import counter, logits
from assistant.models.rerank import MAX_TOKENS, CrossEncoder
from assistant.train.pairs import Pair
from assistant.train.reranker import Tell

_POOL = 256
"""So many examples are sorted by length and cut into batches: less padding."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """``texts`` as `marked` writes them; ``length`` in tokens."""

    texts: tuple[str, str]
    supported: bool
    length: int


def train(
    pairs: Sequence[Pair],
    kept: Sequence[Pair],
    base: Path,
    out: Path,
    *,
    layers: int = 4,
    batch: int = 16,
    rate: float = 2e-4,
    wrong_at_most: float = 0.02,
    seed: int = 0,
    card: dict[str, Any],
    start: Path | None = None,
    tell: Tell = print,
) -> None:
    """One epoch over ``pairs``; ``kept`` calibrates. ``start``: weights to go on from; without ``pairs`` they are only
    calibrated, as after a stop. Writes `assistant.models.layers` into ``out``, also every 100 steps (then without a
    calibration: such weights are refused in service)."""
    torch.manual_seed(seed)
    begun = tuned_layers.load(start, base) if start else None
    if begun is not None:
        layers = int(begun.facts["layers"])
        card = {**card, "begun": {n: v for n, v in begun.facts.items() if not n.endswith("sha256")}}
    model, count = CrossEncoder.fresh(base, layers=layers, start=begun), counter(base)
    read = [texts_of(pair) for pair in pairs]
    examples = [
        Example(texts=texts, supported=pair.supported, length=count(*texts))
        for texts, pair in zip(read, pairs, strict=True)
    ]
    batches = _batches([e for e in examples if e.length <= MAX_TOKENS], batch, random.Random(seed))
    weights = model.trainable()
    optimiser = torch.optim.AdamW(weights, lr=rate, weight_decay=0.01)
    steps = max(1, len(batches))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / max(1, steps // 20)) * max(0.02, 1 - step / steps)
    )
    started, running = time.monotonic(), 0.0
    for step, part in enumerate(batches, start=1):
        wanted = torch.tensor([float(example.supported) for example in part])
        loss = functional.binary_cross_entropy_with_logits(model.forward([e.texts for e in part]), wanted)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
        if step % 20 == 0:
            tell(f"step {step}/{steps} loss {running:.4f} {time.monotonic() - started:.0f} s")
        if step % 100 == 0:
            model.save(out, **card, stopped_at=step)
    facts = dict(card)
    if pairs:
        facts |= {"pairs": len(pairs), "batch": batch, "rate": rate, "seed": seed, "final_loss": round(running, 4)}
    model.save(out, **facts)
    asked = [pair for pair in kept if left_to_model(pair)]
    found = logits(model, count, [texts_of(pair) for pair in asked])
    fitted = calibrate(
        found,
        np.array([pair.supported for pair in asked]),
        of=sum(not pair.supported for pair in kept),
        wrong_at_most=wrong_at_most,
    )
    tell(f"calibration {fitted}")
    model.save(out, **facts, calibration={**fitted, "pairs": len(kept), "asked": len(asked)})


def texts_of(pair: Pair) -> tuple[str, str]:
    """What the model reads of a pair."""
    run = best_run(Claim.of(pair.sentence), pair.passage)
    return marked(pair.sentence, with_heads(pair.passage, *run))


def left_to_model(pair: Pair) -> bool:
    """Neither a quotation nor against a rule."""
    claim = Claim.of(pair.sentence)
    read = with_heads(pair.passage, *best_run(claim, pair.passage))
    return stands_literally(pair.sentence, pair.passage) is None and not broken_rule(claim, pair.passage, read)


def calibrate(
    found: NDArray[np.float32], supported: NDArray[np.bool_], *, of: int, wrong_at_most: float
) -> dict[str, float]:
    """Temperature and shift by maximum likelihood with Platt's (1999) targets, which keep both finite where the pairs are told
    apart without a mistake; and the least probability at which at most ``wrong_at_most`` of the ``of`` unsupported pairs
    would be shown."""
    from scipy.optimize import minimize

    known = np.isfinite(found)
    x, y = found[known].astype(np.float64), supported[known]
    right, wrongs = int(y.sum()), int((~y).sum())
    targets = np.where(y, (right + 1) / (right + 2), 1 / (wrongs + 2))

    def loss(parts: NDArray[np.float64]) -> float:
        told = parts[0] * x + parts[1]
        return float((np.logaddexp(0, told) - targets * told).mean())

    slope, shift = (float(part) for part in minimize(loss, np.array([1.0, 0.0])).x)
    slope = max(slope, 1e-3)
    p = 1 / (1 + np.exp(-np.clip(slope * x + shift, -30, 30)))
    wrong = np.sort(p[~y])[::-1]
    allowed = math.floor(wrong_at_most * of)
    least = float(np.nextafter(wrong[allowed], 1)) if allowed < len(wrong) else 0.5
    return {"temperature": 1 / slope, "shift": shift, "supported": min(0.999, max(0.5, least))}


def _batches(examples: Sequence[Example], batch: int, rng: random.Random) -> list[list[Example]]:
    order = list(examples)
    rng.shuffle(order)
    batches = []
    for first in range(0, len(order), _POOL):
        pool = sorted(order[first : first + _POOL], key=lambda example: example.length)
        cut = [pool[n : n + batch] for n in range(0, len(pool), batch)]
        rng.shuffle(cut)
        batches += cut
    return batches
