"""The models' in-memory twins: honest and deterministic, without torch. For tests and for trying things out.

`HashingEmbedder` knows that texts share words, nothing of meaning (feature hashing: Weinberger et al. 2009).
`ScriptedGenerator` says what it was told to say.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from assistant.knowledge.lexical import stem, words
from assistant.protocols import Message, Pieces, Vectors

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PIECE = re.compile(r"\S+\s*|\s+")


class HashingEmbedder:
    """Each stem adds ±1 to one of ``dim`` places, then the row gets unit length. A text without words is the first axis."""

    def __init__(self, dim: int = 256, max_tokens: int = 512) -> None:
        self.dim = dim
        self.max_tokens = max_tokens
        self.identity = f"hashing/1/{dim}/{max_tokens}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for token in stem(words(text)[: self.max_tokens]):
                place, sign = _place(token)
                row[place % self.dim] += sign
            if not row.any():
                row[0] = 1.0
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def count_tokens(self, text: str) -> int:
        return len(_TOKEN.findall(text))


_CITES = re.compile(r"\[\d+\]")


class ScriptedGenerator:
    """Where it must choose (``among``) it says the first ``choose`` options of each group. Where it is free, new arguments
    get the next of ``replies`` (after the last one, that one again) and arguments seen before the reply that they had then.

    A word and the blanks after it are one token and one piece.
    """

    def __init__(self, replies: Sequence[str] = (), *, choose: int = 1) -> None:
        self.identity = "scripted/" + hashlib.sha256(repr((tuple(replies), choose)).encode()).hexdigest()[:12]
        self._replies = tuple(replies)
        self._choose = choose
        self._given: dict[tuple[tuple[Message, ...], int], str] = {}

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int,
        seed: int,
        among: Sequence[Sequence[str]] | None = None,
    ) -> Pieces:
        if among is None:
            yield from _PIECE.findall(self._reply(tuple(messages), seed))[:max_new_tokens]
        else:
            yield from _PIECE.findall("\n".join(text for group in among for text in group[: self._choose]))

    def leaning(self, messages: Sequence[Message], these: Sequence[str], that: str) -> float:
        """By one towards what cites a passage."""
        return float(any(_CITES.search(text) for text in these)) - float(bool(_CITES.search(that)))

    def count_tokens(self, text: str) -> int:
        return len(_PIECE.findall(text))

    def _reply(self, messages: tuple[Message, ...], seed: int) -> str:
        turn = min(len(self._given), len(self._replies) - 1)
        return self._given.setdefault((messages, seed), self._replies[turn] if self._replies else "")


@lru_cache(maxsize=65536)
def _place(token: str) -> tuple[int, float]:
    digest = hashlib.blake2b(token.encode(), digest_size=8).digest()
    return int.from_bytes(digest[1:], "big"), 1.0 if digest[0] & 1 else -1.0
