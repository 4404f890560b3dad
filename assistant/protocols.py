"""The seams. One or two methods each; capability is data, never ``isinstance``. Contract suites: ``tests/contracts``.

Each protocol has at least one honest in-memory implementation beside its real ones; the suites run against all of them.
"""

from __future__ import annotations

from collections.abc import Generator as AbcGenerator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.types import Judgement, Landmark, Principal

Mask = NDArray[np.bool_]
"""Shape ``(rows,)`` of a snapshot; True where the asker may see the passage. Goes *into* a search."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A stretch that a file holds and a person who opens it does not see; ``how`` it is hidden ("white text")."""

    how: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a reader makes of a file: canonical text and where things stand in it. ``title`` "" where the file has none.
    ``hidden`` is not in ``text``; ``remarks`` are sentences for whoever answers for the document ("page 3 was read by text
    recognition")."""

    text: str
    landmarks: tuple[Landmark, ...]
    title: str = ""
    hidden: tuple[Hidden, ...] = ()
    remarks: tuple[str, ...] = ()


class Reader(Protocol):
    """Bytes of one format to canonical text."""

    identity: str
    """Name and version of the rules ("pdf/1"): a change of what it would produce changes it."""
    suffixes: frozenset[str]

    def read(self, data: bytes) -> Reading:
        """Raises `InputError` with one sentence where the bytes can't be read (broken, encrypted, wrong type, no text)."""
        ...


class Embedder(Protocol):
    identity: str
    """Weights' hash and everything that changes a vector; an index refuses another embedder."""
    dim: int
    max_tokens: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Shape ``(len(texts), dim)``, float32, rows of unit length, in the order given."""
        ...

    def count_tokens(self, text: str) -> int: ...


@dataclass(frozen=True)
class Found:
    """A row of the snapshot and the searcher's own score, larger is better."""

    row: int
    score: float


class Searcher(Protocol):
    name: str

    def search(self, queries: Sequence[str], k: int, allowed: Mask) -> list[list[Found]]:
        """For each query at most ``k`` rows, best first, ties by row; only rows where ``allowed`` is True."""
        ...


class Reranker(Protocol):
    identity: str

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """One relevance score a text, larger is better, comparable within the call."""
        ...


@dataclass(frozen=True)
class Message:
    role: str
    content: str


Pieces = AbcGenerator[str, None, None]


class Generator(Protocol):
    identity: str

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int,
        seed: int,
        among: Sequence[Sequence[str]] | None = None,
    ) -> Pieces:
        """Pieces of text as they arise; closing the iterator stops the model. Same arguments, same engine: same text.

        ``among``: groups of strings. The text is then one or more of each group, group after group, each string at most once,
        a line each; the model decides which and when to end. No group is left out, however small ``max_new_tokens`` is.
        """
        ...

    def leaning(self, messages: Sequence[Message], these: Sequence[str], that: str) -> float:
        """Natural-log odds that the text begins as one of ``these`` does rather than as ``that`` does; 0 where all of them
        begin as ``that`` does, or there are none."""
        ...

    def count_tokens(self, text: str) -> int: ...


class Judge(Protocol):
    identity: str

    def judge(self, sentence: str, passages: Sequence[str]) -> list[Judgement]:
        """One judgement a passage, in order. Fails closed: what it can't decide is not ``supported``."""
        ...


class Authenticator(Protocol):
    mode: str

    def principal(self, credentials: Mapping[str, str]) -> Principal:
        """``credentials`` are what the face holds (cookies, headers). Raises `AccessError`; never an anonymous default."""
        ...


@dataclass(frozen=True, kw_only=True)
class Record:
    """One link. ``commitment`` = SHA-256(salt, content); ``hash`` covers every other field and the previous hash."""

    seq: int
    id: str
    at: str
    kind: str
    commitment: str
    previous: str
    hash: str


class Ledger(Protocol):
    def append(self, kind: str, content: Mapping[str, Any]) -> Record:
        """Durable when it returns. Raises `Unavailable` where it can't be written."""
        ...

    def verify(self, head: str | None = None) -> int:
        """The number of records, all found intact; `Corrupt` names the first that is not. ``head`` (an exported last
        hash) finds truncation."""
        ...
