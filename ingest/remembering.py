"""An embedder that looks up what was embedded before: probes ask for texts that stand in the cache, and load no model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.knowledge.catalogue import Catalogue
from assistant.protocols import Embedder, Vectors
from ingest.assemble import hash_of


class RememberingEmbedder:
    """Vectors from the catalogue's cache (fp16), new ones from ``embedder``, kept in memory only."""

    def __init__(self, embedder: Embedder, catalogue: Catalogue) -> None:
        self._embedder = embedder
        self._catalogue = catalogue
        self._seen: dict[str, NDArray[np.float32]] = {}
        self.identity = embedder.identity
        self.dim = embedder.dim
        self.max_tokens = embedder.max_tokens

    def embed(self, texts: Sequence[str]) -> Vectors:
        hashes = [hash_of(text) for text in texts]
        self._seen |= self._catalogue.cached_vectors(self.identity, sorted(set(hashes) - self._seen.keys()))
        new = {h: t for h, t in zip(hashes, texts, strict=True) if h not in self._seen}
        if new:
            self._seen |= dict(zip(new, self._embedder.embed(list(new.values())), strict=True))
        return np.stack([self._seen[h] for h in hashes]) if hashes else self._embedder.embed(())

    def count_tokens(self, text: str) -> int:
        return self._embedder.count_tokens(text)
