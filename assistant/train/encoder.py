"""Tunes the encoder's upper layers to questions about rules, with in-batch negatives and mined ones where a pair has them.

Loss: softmax over the batch's passages (van den Oord et al. 2018; "multiple negatives ranking"), cosine times ``SCALE``. A
passage that also answers another question of the batch is no negative for it. Word embeddings stay the base's own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from assistant.models.device import prepare
from assistant.models.layers import load, restore, save, unfreeze
from assistant.train.groups import Group

SCALE = 20.0
_TOKENS = 128
Tell = Callable[[str], None]


def train(
    groups: Sequence[Group],
    base: Path,
    out: Path,
    *,
    layers: int = 6,
    epochs: int = 1,
    batch: int = 48,
    rate: float = 1e-4,
    seed: int = 0,
    card: dict[str, Any],
    start: Path | None = None,
    tell: Tell = print,
) -> None:
    """``start``: weights to go on from. Groups without a positive teach nothing here and are left out.

    Writes `assistant.models.layers` into ``out``, also every 100 steps, so that a stop loses little. No dropout: with it,
    training on two cores took 2.4 times as long."""
    prepare()
    from transformers import AutoModel, AutoTokenizer

    torch.manual_seed(seed)
    model = AutoModel.from_pretrained(base, dtype=torch.float32, local_files_only=True, add_pooling_layer=False).eval()
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    unfreeze(model, layers)
    if start is not None:
        restore(model, load(start, base), start)
    groups = [group for group in groups if group.positive]
    weights = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=rate, weight_decay=0.0)
    steps = epochs * (len(groups) // batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / max(1, steps // 10)) * max(0.02, 1 - step / steps)
    )
    answers: dict[str, set[str]] = {}
    for group in groups:
        answers.setdefault(group.query, set()).add(group.positive)
    rng, started, running, step = random.Random(seed), time.monotonic(), 0.0, 0
    for _ in range(epochs):
        order = list(groups)
        rng.shuffle(order)
        for first in range(0, len(order) - batch + 1, batch):
            part = order[first : first + batch]
            loss = _loss(model, tokenizer, part, answers, rng)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            step += 1
            running = loss.item() if step == 1 else 0.95 * running + 0.05 * loss.item()
            if step % 100 == 0:
                save(model, {}, base, out, {"layers": layers, "stopped_at": step})
            if step % 10 == 0:
                tell(f"step {step}/{steps} loss {running:.4f} {time.monotonic() - started:.0f} s")
    facts = {"layers": layers, "epochs": epochs, "batch": batch, "rate": rate, "seed": seed, "pairs": len(groups)}
    save(model, {}, base, out, {**card, **facts, "final_loss": round(running, 4)})


def _loss(
    model: Any, tokenizer: Any, part: Sequence[Group], answers: dict[str, set[str]], rng: random.Random
) -> torch.Tensor:
    passages = [g.positive for g in part] + [rng.choice(g.negatives) for g in part if g.negatives]
    scores = SCALE * _embed(model, tokenizer, [g.query for g in part]) @ _embed(model, tokenizer, passages).T
    also_right = torch.tensor(
        [[n != own and text in answers[g.query] for n, text in enumerate(passages)] for own, g in enumerate(part)]
    )
    return functional.cross_entropy(scores.masked_fill(also_right, -1e4), torch.arange(len(part)))


def _embed(model: Any, tokenizer: Any, texts: Sequence[str]) -> torch.Tensor:
    """Unit rows, shape (texts, dim); batches of neighbours in length, so that padding costs little."""
    order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
    rows: list[torch.Tensor] = [torch.empty(0)] * len(texts)
    for first in range(0, len(order), 16):
        part = order[first : first + 16]
        batch = tokenizer(
            [texts[n] for n in part], truncation=True, max_length=_TOKENS, padding=True, return_tensors="pt"
        )
        states = model(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        pooled = functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)
        for row, n in zip(pooled, part, strict=True):
            rows[n] = row
    return torch.stack(rows)
