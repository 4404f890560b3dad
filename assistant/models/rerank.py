"""The reranker: a cross-encoder on the embedded encoder's weights, its upper layers and one linear head trained by us."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from assistant.models.device import prepare
from assistant.models.layers import Tuned, load, restore, save, unfreeze

MAX_TOKENS = 160


class CrossEncoder:
    """Implements `Reranker`: `scores` are logits; through a sigmoid, the probability that the text answers the query."""

    def __init__(self, model: Any, head: torch.nn.Linear, tokenizer: Any, base: Path, layers: int) -> None:
        self._model = model
        self._head = head
        self._tokenizer = tokenizer
        self._base = base
        self._layers = layers
        self.identity = "untrained"

    @classmethod
    def fresh(cls, base: Path, *, layers: int, start: Tuned | None = None) -> CrossEncoder:
        """The base with its upper ``layers`` ready for training, as they are or as they stand in ``start``. No dropout: with
        it, training on two cores took 2.4 times as long."""
        prepare()
        from transformers import AutoModel, AutoTokenizer

        model = AutoModel.from_pretrained(
            base, dtype=torch.float32, local_files_only=True, add_pooling_layer=False
        ).eval()
        head = torch.nn.Linear(model.config.hidden_size, 1)
        unfreeze(model, layers)
        if start is not None:
            restore(model, start, base)
            head.load_state_dict({n: start.weights[f"head.{n}"] for n in ("weight", "bias")})
        return cls(model, head, AutoTokenizer.from_pretrained(base, local_files_only=True), base, layers)

    @classmethod
    def load(cls, base: Path, folder: Path) -> CrossEncoder:
        """Raises as `assistant.models.layers.load`."""
        tuned = load(folder, base)
        encoder = cls.fresh(base, layers=tuned.facts["layers"], start=tuned)
        encoder._model.requires_grad_(False)
        encoder.identity = f"cross-encoder/{tuned.facts['base_sha256'][:12]}+{tuned.digest}/{MAX_TOKENS}"
        return encoder

    def save(self, folder: Path, **facts: Any) -> None:
        """``facts``: how the weights were made."""
        head = dict(self._head.named_parameters())
        save(self._model, head, self._base, folder, {**facts, "layers": self._layers, "max_tokens": MAX_TOKENS})

    def trainable(self) -> list[torch.nn.Parameter]:
        return [p for p in self._model.parameters() if p.requires_grad] + list(self._head.parameters())

    def forward(self, pairs: Sequence[tuple[str, str]]) -> torch.Tensor:
        """Logits, shape (pairs,), float32; mean pooling over both texts' tokens."""
        batch = self._tokenizer(
            [q for q, _ in pairs],
            [t for _, t in pairs],
            truncation="longest_first",
            max_length=MAX_TOKENS,
            padding=True,
            return_tensors="pt",
        )
        states = self._model(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        pooled = (states * mask).sum(1) / mask.sum(1)
        logits: torch.Tensor = self._head(pooled).squeeze(-1)
        return logits

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sorted by length into batches of 8, so that padding costs little; order as given."""
        result = np.zeros(len(texts), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        for start in range(0, len(order), 8):
            part = order[start : start + 8]
            with torch.inference_mode():
                result[part] = self.forward([(query, texts[n]) for n in part]).numpy()
        return result
