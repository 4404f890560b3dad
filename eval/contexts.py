"""Where the passages of an item come from: the item's own, as given, or what is found for its question in a corpus.

Over a corpus every item with gold ids is asked twice: as it is, and with its gold passages hidden from that one question by the
mask that also keeps from a reader what he may not see. Then nothing gold can be found, and abstaining is right. Passages that
say the same, word for word, under another id are hidden with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from assistant.config import Retrieve
from assistant.knowledge.lexical import Bm25Searcher
from assistant.protocols import Embedder, Mask, Reranker
from assistant.retrieve import retrieve
from assistant.types import Document, Hit, Passage
from eval.beir import BeirSnapshot
from eval.items import Item

HIDDEN = "/hidden"
"""Closes the id of an item that is asked with its gold passages hidden."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """``ids``: one for each of the first hits, those that an answer may cite."""

    hits: tuple[Hit, ...]
    ids: tuple[str, ...]


class Contexts(Protocol):
    name: str
    told: Mapping[str, int]
    """What a report must say of them: items not asked, ids not known."""
    items: Sequence[Item]
    """What is asked, in order."""

    def idf(self, term: str) -> float: ...

    def of(self, item: Item) -> Context: ...


class Given:
    """The items' own passages, in their order."""

    name = "given"

    def __init__(self, items: Sequence[Item], embedder: Embedder, reranker: Reranker) -> None:
        self.items = items
        self.told: Mapping[str, int] = {}
        self._embedder, self._reranker = embedder, reranker
        self._lexical = Bm25Searcher.build([text for item in items for text in item.passages])

    def idf(self, term: str) -> float:
        return self._lexical.idf(term)

    def of(self, item: Item) -> Context:
        return Context(hits=tuple(hits_of(item, self._embedder, self._reranker)), ids=item.ids)


class Retrieved:
    """What is found in a corpus, in the very way that answers use; ``most`` passages may be cited."""

    name = "retrieved"

    def __init__(
        self, items: Sequence[Item], snapshot: BeirSnapshot, section: Retrieve, reranker: Reranker, most: int
    ) -> None:
        self._snapshot, self._section, self._reranker, self._most = snapshot, section, reranker, most
        self._parents = np.array([snapshot.parent_of(passage) for passage in snapshot.passages], dtype=object)
        known = set(self._parents)
        asked = [item for item in items if item.gold]
        self.items: Sequence[Item] = [one for item in asked for one in (item, without_gold(item))]
        self.told: Mapping[str, int] = {
            "not_asked": len(items) - len(asked),
            "unknown_gold": len({key for item in asked for key in item.gold} - known),
        }
        self._same = _same_words(snapshot)

    def idf(self, term: str) -> float:
        return self._snapshot.lexical.idf(term)

    def of(self, item: Item) -> Context:
        (hits,) = retrieve(self._snapshot, [item.question], self.allowed(item), self._section, self._reranker)
        ids = tuple(self._snapshot.parent_of(hit.passage) for hit in hits[: self._most])
        return Context(hits=tuple(hits), ids=ids)

    def allowed(self, item: Item) -> Mask:
        barred = {twin for key in item.hidden for twin in self._same(key)}
        return np.array([parent not in barred for parent in self._parents], dtype=np.bool_)


def without_gold(item: Item) -> Item:
    """The same question, when nothing can be found that its answer rests on; the reference no longer holds."""
    return replace(item, id=item.id + HIDDEN, kind="none", gold=frozenset(), answer="", hidden=item.gold)


def _same_words(snapshot: BeirSnapshot) -> Callable[[str], set[str]]:
    """From a corpus id to all that hold the same words in the same order, itself included."""
    words: dict[str, list[str]] = {}
    for passage in snapshot.passages:
        words.setdefault(snapshot.parent_of(passage), []).extend(passage.text.lower().split())
    plain = {key: " ".join(said) for key, said in words.items()}
    groups: dict[str, set[str]] = {}
    for key, text in plain.items():
        groups.setdefault(text, set()).add(key)
    return lambda key: groups[plain[key]] if plain.get(key) else {key}


def hits_of(item: Item, embedder: Embedder, reranker: Reranker) -> list[Hit]:
    """The given passages in their order, each a document of its own."""
    scores = reranker.scores(item.question, item.passages)
    cosines = embedder.embed(item.passages) @ embedder.embed([item.question])[0]
    hits = []
    for n, (text, score, cosine) in enumerate(zip(item.passages, scores, cosines, strict=True), start=1):
        name = f"{item.id}/{n}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        document = Document(
            id=name, key=name, version=digest, uri=name, title="", text=text, text_sha256=digest, landmarks=(),
            collection="given", reader="given",
        )  # fmt: skip
        passage = Passage(id=name, document_id=name, start=0, end=len(text), text=text, where="")
        hits.append(
            Hit(
                passage=passage,
                document=document,
                score=float(score),
                rank=n,
                found_by={"rerank": float(score), "dense": float(cosine)},
            )
        )
    return hits
