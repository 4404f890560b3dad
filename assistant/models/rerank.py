"""The reranker: a cross-encoder on the embedded encoder's weights, LoRA and one linear head trained by us.

``adapter.safetensors`` holds the LoRA matrices and the head; ``adapter.json`` their rank and the base's SHA-256, to which
they are bound. At load the LoRA is merged into the base's weights.
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

from assistant.errors import InputError, Unavailable

MAX_TOKENS = 192
_LAYERS = ("query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense")


class CrossEncoder:
    """Implements `Reranker`: `scores` are logits; through a sigmoid, the probability that the text answers the query."""

    def __init__(self, model: Any, head: torch.nn.Linear, tokenizer: Any, base_sha256: str, rank: int, identity: str) -> None:
        self._model = model
        self._head = head
        self._tokenizer = tokenizer
        self._base_sha256 = base_sha256
        self._rank = rank
        self.identity = identity

    @classmethod
    def fresh(cls, base: Path, *, rank: int, start: Path | None = None) -> CrossEncoder:
        """LoRA and head on the base, ready for training: untrained, or as they stand in ``start``."""
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModel, AutoTokenizer

        model = AutoModel.from_pretrained(base, dtype=torch.float32, local_files_only=True, add_pooling_layer=False)
        config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules=list(_LAYERS))
        model = get_peft_model(model, config)
        head = torch.nn.Linear(model.config.hidden_size, 1)
        encoder = cls(model, head, AutoTokenizer.from_pretrained(base, local_files_only=True), _sha256(base), rank, "untrained")
        if start is not None:
            encoder._restore(load_file(start / "adapter.safetensors"), start)
        return encoder

    @classmethod
    def load(cls, base: Path, adapter: Path, *, dtype: torch.dtype = torch.bfloat16) -> CrossEncoder:
        """`InputError` where the adapter was trained on another base."""
        try:
            facts = json.loads((adapter / "adapter.json").read_text(encoding="utf-8"))
            weights = load_file(adapter / "adapter.safetensors")
        except OSError as error:
            raise Unavailable(f"The reranker's weights are missing from {adapter}; restore them or set retrieve.reranker to none.") from error
        if facts["base_sha256"] != _sha256(base):
            raise InputError(f"{adapter} was trained on another base than {base.name}; name the right one in the config.")
        fresh = cls.fresh(base, rank=facts["rank"])
        fresh._restore(weights, adapter)
        model = fresh._model.merge_and_unload().to(dtype).eval()
        digest = hashlib.sha256((adapter / "adapter.safetensors").read_bytes()).hexdigest()[:16]
        identity = f"cross-encoder/{facts['base_sha256'][:12]}+{digest}/{MAX_TOKENS}"
        return cls(model, fresh._head.to(dtype).eval(), fresh._tokenizer, facts["base_sha256"], facts["rank"], identity)

    def _restore(self, weights: dict[str, torch.Tensor], source: Path) -> None:
        self._head.load_state_dict({"weight": weights.pop("head.weight").float(), "bias": weights.pop("head.bias").float()})
        missing = self._model.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
        if missing.unexpected_keys:
            raise InputError(f"{source} does not fit its base: it has weights for {missing.unexpected_keys[0]}.")

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        kept = {n: p.detach().to(torch.float16).contiguous() for n, p in self._model.named_parameters() if p.requires_grad}
        head = {f"head.{n}": p.detach().to(torch.float16).contiguous() for n, p in self._head.named_parameters()}
        save_file({**kept, **head}, folder / "adapter.safetensors")
        facts = {"base_sha256": self._base_sha256, "rank": self._rank, "max_tokens": MAX_TOKENS}
        (folder / "adapter.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")

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
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self._model(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        pooled = (states.float() * mask).sum(1) / mask.sum(1)
        return self._head(pooled.to(self._head.weight.dtype)).float().squeeze(-1)

    @torch.inference_mode()
    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sorted by length into batches of 8, so that padding costs little; order as given."""
        result = np.zeros(len(texts), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        for start in range(0, len(order), 8):
            part = order[start : start + 8]
            result[part] = self.forward([(query, texts[n]) for n in part]).numpy()
        return result


def _sha256(base: Path) -> str:
    with (base / "model.safetensors").open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
