"""The judge's examples: a sentence that may or may not be said, and the passage that is to say it.

Each sentence of a document gives one supported pair and one unsupported pair, so that the words alone tell nothing; rewording
is put on top of every second corruption, so that rewording tells nothing either. Same seed, same documents: same pairs.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.evidence.sayable import sayable
from assistant.knowledge.lexical import Bm25Searcher
from assistant.train.corrupt import KINDS, rare, same
from assistant.train.groups import read_lines
from assistant.train.reword import WAYS
from assistant.types import Passage

WRONG, VERBATIM, TABLE = "wrong passage", "verbatim", "table row"
CUT = "condition"
"""What is left of such a sentence stands in the passage, word for word."""
_WORDS = range(6, 46)
_WHOLE = re.compile(r"[A-Z0-9].*[.;]$", re.S)
_ROUNDS = 2
"""A sentence comes again, changed in another way, where the documents have too few."""
_LONGEST = 1200
"""Characters of a passage; longer ones are rare and slow to look through."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A passage of a training or test document."""

    document: str
    passage: Passage
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """``kind``: what was done to the sentence; ``held``: with words that training never uses."""

    sentence: str
    passage: str
    supported: bool
    kind: str
    document: str
    held: bool


def rulebook(file: Path) -> list[Source]:
    """The passages of a BEIR ``corpus.jsonl`` whose rows name their ``document_id`` in ``metadata``."""
    return [
        Source(document=str(row["metadata"]["document_id"]), passage=_passage(row["_id"], row["text"]))
        for row in read_lines(file)
    ]


def _passage(name: str, text: str) -> Passage:
    return Passage(id=name, document_id="", start=0, end=len(text), text=text, where="")


def parts(documents: Iterable[str], shares: Mapping[str, int], salt: str = "muniment-judge-1") -> dict[str, str]:
    """Each document to a part, by a hash of its name alone; ``shares``: how many of ten go where."""
    slots = [name for name, share in shares.items() for _ in range(share)]
    return {d: slots[hashlib.sha256(f"{salt}:{d}".encode()).digest()[0] % len(slots)] for d in sorted(set(documents))}


def make(sources: Sequence[Source], *, most: int, seed: int, held: bool) -> list[Pair]:
    """At most ``most`` pairs, half of them supported, drawn from all sentences; ``held`` takes the kept-back words too."""
    rng = random.Random(seed)
    sentences = [(source, text) for source in sources for text in _sentences(source)] if most else []
    first: dict[str, Source] = {}
    for source, text in sentences:
        first.setdefault(text, source)
    sentences = [(source, text) for text, source in first.items()]
    early = [rng.random() * (0.4 if rare(text) else 1.0) for _, text in sentences]
    sentences = [sentences[n] for n in sorted(range(len(sentences)), key=early.__getitem__)]
    neighbours = _Neighbours(sentences)
    pairs: list[Pair] = []
    used: Counter[str] = Counter()
    for row, (source, text) in [*enumerate(sentences)] * _ROUNDS:
        if len(pairs) >= most:
            break
        fresh = held and rng.random() < 0.5
        right = _supported(source, text, rng, used, held=fresh)
        if right is None:
            continue
        wrong = _unsupported(source, text, rng, used, held=fresh)
        if wrong is None or used[WRONG] < 0.15 * sum(used[kind] for kind in (*KINDS, WRONG)):
            wrong = neighbours.wrong(row, right) or wrong
        if wrong is not None:
            used[wrong.kind] += 1
            used[right.kind] += 1
            pairs += [right, wrong]
    return pairs


def _sentences(source: Source) -> list[str]:
    text = source.passage.text
    if len(text) > _LONGEST:
        return []
    return [s for s in sayable(source.passage, source.title) if len(s.split()) in _WORDS and _WHOLE.match(s)]


def _supported(source: Source, text: str, rng: random.Random, used: Counter[str], *, held: bool) -> Pair | None:
    """Reworded in the way that was used least so far among those that apply; two ways at once for every third. None for most
    sentences of which nothing can be said but that a rule says it."""
    if " | " in source.passage.text and " – " in text:
        return _pair(source, text, TABLE, supported=True, held=held)
    ways = sorted(WAYS, key=lambda way: (used[way], rng.random()))
    applied = [(way, new) for way in ways if (new := WAYS[way](text, rng, held=held)) and not same(new, text)]
    if rng.random() < 0.08:
        return _pair(source, text, VERBATIM, supported=True, held=held)
    if len(applied) < 2:  # every text takes a lead-in
        return _pair(source, applied[0][1], applied[0][0], supported=True, held=held) if rng.random() < 0.25 else None
    way, said = applied[0]
    if len(applied) > 1 and rng.random() < 0.33:
        said = WAYS[applied[1][0]](said, rng, held=held) or said
    return _pair(source, said, way, supported=True, held=held)


def _unsupported(source: Source, text: str, rng: random.Random, used: Counter[str], *, held: bool) -> Pair | None:
    """Changed in the way that was used least so far among those that apply."""
    near = source.passage.text
    kinds = sorted(KINDS, key=lambda kind: (used[kind], rng.random()))
    for kind in kinds:
        said = KINDS[kind](text, rng, near=near, held=held)
        if said and not same(said, text) and (kind == CUT or not same_inside(said, near)):
            if rng.random() < 0.5:
                way = WAYS[rng.choice(sorted(WAYS))]
                said = way(said, rng, held=held) or said
            return _pair(source, said, kind, supported=False, held=held)
    return None


def same_inside(said: str, passage: str) -> bool:
    """Does the passage say it somewhere after all?"""
    return " ".join(said.lower().split()).rstrip(".;,") in " ".join(passage.lower().split())


def _pair(source: Source, said: str, kind: str, *, supported: bool, held: bool) -> Pair:
    table = source.passage.context if " | " in source.passage.context else ""
    passage = f"{table}\n{source.passage.text}" if table and table not in source.passage.text else source.passage.text
    return Pair(sentence=said, passage=passage, supported=supported, kind=kind, document=source.document, held=held)


class _Neighbours:
    """The passage that looks most like a sentence's own and is another's."""

    def __init__(self, sentences: Sequence[tuple[Source, str]]) -> None:
        self._sentences = sentences
        self._index = Bm25Searcher.build([text for _, text in sentences]) if sentences else None

    def wrong(self, row: int, right: Pair) -> Pair | None:
        own, text = self._sentences[row]
        if self._index is None:
            return None
        everything = np.ones(len(self._sentences), dtype=np.bool_)
        (found,) = self._index.search([text], 8, everything)
        for one in found:
            source, _ = self._sentences[one.row]
            if source.passage.text != own.passage.text and not _says(text, source.passage.text):
                return _pair(source, right.sentence, WRONG, supported=False, held=right.held)
        return None


def _says(text: str, passage: str) -> bool:
    """Nearly every word of it stands there: it may well be said twice."""
    here, there = set(text.lower().split()), set(passage.lower().split())
    return len(here & there) >= 0.85 * len(here)
