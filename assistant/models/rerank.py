"""The reranker: a cross-encoder on the embedded encoder's weights, its upper layers and one linear head trained by us.

``layers.safetensors`` holds those layers and the head in fp16; ``layers.json`` how many they are and the SHA-256 of the base
to which they are bound. Word embeddings and lower layers stay the base's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from assistant.errors import Corrupt, InputError, Unavailable
from assistant.models.device import prepare

MAX_TOKENS = 160
WEIGHTS, FACTS = "layers.safetensors", "layers.json"


class CrossEncoder:
    """Implements `Reranker`: `scores` are logits; through a sigmoid, the probability that the text answers the query."""

    def __init__(self, model: Any, head: torch.nn.Linear, tokenizer: Any, base_sha256: str, layers: int) -> None:
        self._model = model
        self._head = head
        self._tokenizer = tokenizer
        self._base_sha256 = base_sha256
        self._layers = layers
        self.identity = "untrained"

    @classmethod
    def fresh(cls, base: Path, *, layers: int, start: Path | None = None) -> CrossEncoder:
        """The base with its upper ``layers`` ready for training, as they are or as they stand in ``start``. No dropout: with
        it, training on two cores took 2.4 times as long."""
        prepare()
        from transformers import AutoModel, AutoTokenizer

        model = AutoModel.from_pretrained(
            base, dtype=torch.float32, local_files_only=True, add_pooling_layer=False
        ).eval()
        head = torch.nn.Linear(model.config.hidden_size, 1)
        model.requires_grad_(False)
        for layer in model.encoder.layer[len(model.encoder.layer) - layers :]:
            layer.requires_grad_(True)
        encoder = cls(model, head, AutoTokenizer.from_pretrained(base, local_files_only=True), _sha256(base), layers)
        if start is not None:
            encoder._restore(start)
        return encoder

    @classmethod
    def load(cls, base: Path, folder: Path) -> CrossEncoder:
        """`InputError` where the weights were trained on another base."""
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        except OSError as error:
            raise Unavailable(
                f"The reranker's weights are missing from {folder}; restore them or set no retrieve.reranker."
            ) from error
        if digest != facts["sha256"]:
            raise Corrupt(f"{folder / WEIGHTS} was altered; restore it.")
        if facts["base_sha256"] != _sha256(base):
            raise InputError(
                f"{folder} was trained on another base than {base.name}; name the right one in the config."
            )
        encoder = cls.fresh(base, layers=facts["layers"], start=folder)
        encoder._model.requires_grad_(False)
        encoder.identity = f"cross-encoder/{facts['base_sha256'][:12]}+{digest[:12]}/{MAX_TOKENS}"
        return encoder

    def _restore(self, folder: Path) -> None:
        weights = {name: weight.float() for name, weight in load_file(folder / WEIGHTS).items()}
        self._head.load_state_dict({"weight": weights.pop("head.weight"), "bias": weights.pop("head.bias")})
        unknown = self._model.load_state_dict(weights, strict=False).unexpected_keys
        if unknown:
            raise InputError(f"{folder} does not fit its base: it has weights for {unknown[0]}.")

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        kept = {n: p for n, p in self._model.named_parameters() if p.requires_grad}
        head = {f"head.{n}": p for n, p in self._head.named_parameters()}
        save_file({n: p.detach().to(torch.float16).contiguous() for n, p in {**kept, **head}.items()}, folder / WEIGHTS)
        digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        facts = {"base_sha256": self._base_sha256, "layers": self._layers, "max_tokens": MAX_TOKENS, "sha256": digest}
        (folder / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")

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


def _sha256(base: Path) -> str:
    with (base / "model.safetensors").open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
