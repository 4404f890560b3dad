"""Trains the generator's adapter to say the sentences that answer (`assistant.train.lora`): loss on the answer only.

What decides an answer counts fully in the loss (the first words of a sentence, the passage's number, the end); the rest of a
quotation, which the grammar forces anyway, counts a third.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from assistant.errors import InputError
from assistant.evidence import prompt
from assistant.evidence.quote import written
from assistant.models.device import prepare
from assistant.models.tokens import ChatTokens
from assistant.train import lora
from assistant.train.cited import Example
from assistant.train.lora import Recipe, Tell

_DECIDING, _COPYING = 1.0, 0.3
_FIRST, _LAST = 6, 4
"""Tokens of a line that decide it: the first words, and the number in its brackets with the line's end."""
_USUAL = 10.0
"""What the weights of an answer sum to, more or less: longer answers count more."""


@dataclass(frozen=True)
class _Row:
    tokens: list[int]
    answer: int
    """Where the answer begins."""
    weights: list[float]


def train(
    examples: Sequence[Example],
    base: Path,
    identity: str,
    out: Path,
    *,
    recipe: Recipe,
    card: dict[str, Any],
    every: int = 10,
    tell: Tell = print,
) -> None:
    """As `assistant.train.lora.fit`. Raises `InputError` where the examples don't fill one batch."""
    prepare()
    torch.manual_seed(recipe.seed)
    model, tokens = lora.with_lora(base, recipe), ChatTokens(base)
    rows = [row for one in examples if len((row := _row(one, tokens)).tokens) <= recipe.longest]
    tell(f"{len(rows)} of {len(examples)} examples are short enough; {_mean(rows):.0f} tokens on average")
    if len(rows) < recipe.batch:
        raise InputError(f"{len(rows)} examples are short enough; give at least {recipe.batch}, or a longer limit.")
    lora.fit(model, rows, _backward, identity, out, recipe=recipe, card=card, every=every, tell=tell)


def _row(example: Example, tokens: ChatTokens) -> _Row:
    """The prompt as it is served, then the lines to be said, tokenised one by one as the grammar does."""
    asked = tokens.chat(prompt.messages(example.question, example.blocks, "quote", tuned=True), True)
    lines = [written(text, marker) for marker, text in example.said] or [prompt.NOT_FOUND]
    said: list[int] = []
    weights: list[float] = []
    for line in lines:
        own = tokens.plain(f"{line}\n")
        said += own
        weights += [_DECIDING if n < _FIRST or n >= len(own) - _LAST else _COPYING for n in range(len(own))]
    return _Row([*asked, *said, tokens.end], len(asked), [*weights, _DECIDING])


def _backward(model: Any, row: _Row, of: int) -> float:
    """Adds the gradients of one example's share of the batch; returns its share of the loss. Logits are made only where the
    answer stands: the vocabulary is large."""
    ids = torch.tensor([row.tokens])
    said = len(row.tokens) - row.answer
    logits = model(input_ids=ids, logits_to_keep=said + 1, use_cache=False).logits[0, :-1]
    losses = functional.cross_entropy(logits, ids[0, row.answer :], reduction="none")
    weights = torch.tensor(row.weights)
    loss = (losses * weights).sum() / _USUAL / of
    loss.backward()
    return float(loss.detach())


def _mean(rows: Sequence[_Row]) -> float:
    return sum(len(row.tokens) for row in rows) / max(1, len(rows))
