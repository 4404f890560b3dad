"""The embedder: a sentence-transformers model from a verified folder, mean-pooled unit vectors.

bfloat16 where the processor has it (about twice float32's speed there); its rows differ in the third decimal with the batch
they are in, which is why vectors are never part of an identity.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from assistant.config import Encoder
from assistant.errors import Corrupt, Unavailable
from assistant.models.device import Chosen, prepare
from assistant.protocols import Embedder, Vectors


def identity_of(weights: str, section: Encoder, tuned: Path | None) -> str:
    """What a `SentenceEncoder` made of these is called, without loading it. ``weights``: their own identity."""
    digest = f"+{_digest_of(tuned)}" if tuned else ""
    return f"{weights}{digest}/mean/{section.max_tokens}"


def _digest_of(tuned: Path) -> str:
    """`assistant.models.layers.Tuned.digest`, whose module imports torch."""
    try:
        return str(json.loads((tuned / "layers.json").read_text(encoding="utf-8"))["sha256"])[:12]
    except (OSError, ValueError, KeyError) as error:
        raise Unavailable(
            f"Tuned weights are missing from {tuned}; restore them or name none in the config."
        ) from error


class LazyEncoder:
    """A `SentenceEncoder` that is loaded when first needed: an ingestion that finds nothing new loads no model."""

    def __init__(self, folder: Path, section: Encoder, identity: str, load: Callable[[], Embedder]) -> None:
        """``identity``: as `identity_of` gives it. `Corrupt` later, where what is loaded is called otherwise."""
        self.identity = identity
        self.dim = int(json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"])
        self.max_tokens = section.max_tokens
        self._load = load
        self._loaded: Embedder | None = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._encoder().embed(texts)

    def count_tokens(self, text: str) -> int:
        return self._encoder().count_tokens(text)

    def _encoder(self) -> Embedder:
        if self._loaded is None:
            loaded = self._load()
            if (loaded.identity, loaded.dim, loaded.max_tokens) != (self.identity, self.dim, self.max_tokens):
                raise Corrupt(f"The encoder is {loaded.identity}, its files say {self.identity}; pull it again.")
            self._loaded = loaded
        return self._loaded


class SentenceEncoder:
    def __init__(
        self, folder: Path, section: Encoder, device: Chosen, identity: str, tuned: Path | None = None
    ) -> None:
        """``identity`` names the weights; how they are used is added to it. ``tuned``: a folder made by
        `assistant.train.encoder`; raises as `assistant.models.layers.load`."""
        prepare()
        import torch
        from sentence_transformers import SentenceTransformer

        from assistant.models.layers import load, restore

        reduced = section.dtype == "bfloat16" and device.bfloat16
        self._model = SentenceTransformer(
            str(folder),
            device=device.kind,
            local_files_only=True,
            model_kwargs={"dtype": torch.float32},
        )
        if tuned is not None:
            layers = load(tuned, folder)
            restore(self._model[0].model, layers, tuned)
        if reduced:
            self._model = self._model.to(torch.bfloat16)
        self._model.max_seq_length = section.max_tokens
        self._batch_tokens = section.batch_tokens
        self.max_tokens = section.max_tokens
        self.dim = int(self._model.get_embedding_dimension() or 0)
        self.identity = identity_of(identity, section, tuned)

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for part in self._batches(order, texts):
            encoded = self._model.encode(
                [texts[n] for n in part], batch_size=len(part), convert_to_tensor=True, show_progress_bar=False
            )
            rows[part] = encoded.float().cpu().numpy()
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    def _batches(self, order: Sequence[int], texts: Sequence[str]) -> list[list[int]]:
        """Neighbours in length, at most ``batch_tokens`` a batch when padded (four characters count as a token)."""
        batches: list[list[int]] = [[]]
        for n in order:
            tokens = min(len(texts[n]) // 4 + 2, self.max_tokens)
            if batches[-1] and (len(batches[-1]) + 1) * tokens > self._batch_tokens:
                batches.append([])
            batches[-1].append(n)
        return batches

    def count_tokens(self, text: str) -> int:
        return len(self._model.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"])
