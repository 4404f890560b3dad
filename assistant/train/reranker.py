"""Trains the reranker: the embedded encoder's upper layers, mean pooling, one linear
score; does this passage answer this question?

Loss: softmax over each group (order) plus binary cross-entropy on each pair (so that the score, through a sigmoid, is a
probability that the gate can use). Word embeddings and lower layers stay frozen; what ships is the upper layers and the head.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from assistant.errors import InputError
from assistant.models import layers as tuned_layers
from assistant.models.rerank import CrossEncoder
from assistant.train.groups import Group

Tell = Callable[[str], None]
_TOGETHER = 12


def train(
    groups: Sequence[Group],
    base: Path,
    out: Path,
    *,
    layers: int = 6,
    epochs: int = 1,
    batch: int = 12,
    rate: float = 1e-4,
    seed: int = 0,
    card: dict[str, Any],
    start: Path | None = None,
    tell: Tell = print,
) -> None:
    """``start``: weights to go on from (general rules first, then the house's own).

    Writes `assistant.models.layers` into ``out``, also every 100 steps, so that a stop loses little.
    """
    torch.manual_seed(seed)
    rng = random.Random(seed)
    model = CrossEncoder.fresh(base, layers=layers, start=tuned_layers.load(start, base) if start else None)
    weights = model.trainable()
    optimiser = torch.optim.AdamW(weights, lr=rate, weight_decay=0.01)
    steps = max(1, epochs * len(groups) // batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / max(1, steps // 20)) * max(0.02, 1 - step / steps)
    )
    started, running, step = time.monotonic(), 0.0, 0
    for epoch in range(epochs):
        order = list(groups)
        rng.shuffle(order)
        for first in range(0, len(order) - batch + 1, batch):
            part = order[first : first + batch]
            loss = _loss(model, part)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            running = loss.item() if not step else 0.98 * running + 0.02 * loss.item()
            step += 1
            if step % 20 == 0:
                tell(f"epoch {epoch} step {step}/{steps} loss {running:.4f} {time.monotonic() - started:.0f} s")
            if step % 100 == 0:
                model.save(out)
    told = {**card, "groups": len(groups), "epochs": epochs, "batch": batch, "rate": rate, "seed": seed}
    model.save(out, **told, final_loss=round(running, 4))


def mean(folders: Sequence[Path], base: Path, out: Path) -> None:
    """The mean of several trainings' weights, of as many layers each (Wortsman et al. 2022): writes it into ``out``."""
    tuned = [tuned_layers.load(folder, base) for folder in folders]
    models = [CrossEncoder.fresh(base, layers=int(one.facts["layers"]), start=one) for one in tuned]
    if len({int(one.facts["layers"]) for one in tuned}) != 1:
        raise InputError("These weights are not of as many layers each; give trainings of one shape.")
    with torch.no_grad():
        for same in zip(*(model.trainable() for model in models), strict=True):
            same[0].copy_(torch.stack(list(same)).mean(dim=0))
    models[0].save(out, mean_of=[dict(one.facts) for one in tuned])


def _loss(model: CrossEncoder, part: Sequence[Group]) -> torch.Tensor:
    """Groups may have different numbers of negatives, or no positive."""
    texts = [[text for text in (g.positive, *g.negatives) if text] for g in part]
    found = scores(model, [(g.query, text) for g, own in zip(part, texts, strict=True) for text in own])
    targets = torch.tensor([float(text == g.positive) for g, own in zip(part, texts, strict=True) for text in own])
    binary = functional.binary_cross_entropy_with_logits(found, targets, weight=targets * 2 + (1 - targets))
    split = zip(part, found.split([len(own) for own in texts]), strict=True)
    orders = [-functional.log_softmax(own, dim=0)[0] for group, own in split if group.positive]
    return torch.stack(orders).mean() + binary if orders else binary


def scores(model: CrossEncoder, pairs: Sequence[tuple[str, str]]) -> torch.Tensor:
    """Shape (pairs,), in the order given; pairs of like length go through the model together, so that padding costs little."""
    order = sorted(range(len(pairs)), key=lambda n: sum(map(len, pairs[n])))
    parts = [order[start : start + _TOGETHER] for start in range(0, len(order), _TOGETHER)]
    found = torch.cat([model.forward([pairs[n] for n in part]) for part in parts])
    return found[torch.argsort(torch.tensor(order))]
