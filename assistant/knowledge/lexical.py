"""BM25 over a snapshot's passages, persisted beside the vectors (Robertson and Zaragoza 2009; `bm25s`, Lù 2024).

Tokens keep rule numbers whole ("8.1.1(a)", of which "8.1.1" is also indexed) and are otherwise lower-cased, stop words out,
stemmed (Snowball English). Two neighbouring terms are a feature too, of less weight: "market abuse" is more than market and
abuse. ``docs/log.md`` has what was measured for the constants.
The term statistics are those of the whole snapshot, visible or not: a score may shift by what the asker can't see, a
passage never appears. Short forms are learnt from every document too, so that a query may be widened by one from a hidden text.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import Corrupt
from assistant.knowledge.glossary import glossary
from assistant.knowledge.postings import Columns, Postings, weighed
from assistant.knowledge.spelling import SHORTEST, meant, slips
from assistant.protocols import Found, Mask

K1, B = 0.6, 0.75
PAIR_WEIGHT = 0.4
GLOSSARY_WEIGHT, SPELLING_WEIGHT = 0.2, 0.8
IDENTITY = f"bm25s/k1={K1},b={B}/snowball/pairs/glossary/4"
GLOSSARY = "glossary.json"
_LONGEST = 6  # words of a long form, small ones aside
_WORD = re.compile(r"[A-Za-z&]+")
_TOKEN = re.compile(r"\d+(?:\.\d+)+(?:\.?(?:\([a-z0-9]{1,4}\))+)?|\d+(?:,\d{3})*(?:\.\d+)?|[a-z]+(?:['’][a-z]+)?")
STOP_WORDS = frozenset(
    """a an and any are as at be been but by can could did do does each for from had has have he her his how i if in into is
    it its may me must my no not of on or our shall she should so some such than that the their them then there these they
    this those to under up upon us was we were what when where which who whom whose why will with would you your""".split()
)


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")


def words(text: str) -> list[str]:
    """Lower-cased tokens in order, stop words included, unstemmed."""
    return [token.replace(",", "").replace("’", "'").replace(".(", "(") for token in _TOKEN.findall(text.lower())]


def stem(tokens: Sequence[str]) -> list[str]:
    stems: list[str] = _stemmer().stemWords([token.removesuffix("'s") for token in tokens])
    return stems


def terms(text: str) -> list[str]:
    """What is indexed and asked for: stemmed tokens without stop words."""
    return stem([word for word in words(text) if word not in STOP_WORDS])


def features(text: str) -> list[str]:
    """`terms`, the rule that each cited part of a rule belongs to, and each two neighbours as one feature with a blank."""
    single = terms(text)
    above = [prefix for term in single if "(" in term for prefix in rules_above(term)]
    return [*single, *above, *(f"{one} {two}" for one, two in pairwise(single))]


def rules_above(number: str) -> list[str]:
    """The rules in which it lies: 8.1.1 and 8.1.1(2) for 8.1.1(2)(a)."""
    cuts = [at for at, character in enumerate(number) if character == "("]
    return [number[:at] for at in cuts]


class Bm25Searcher:
    name = "lexical"

    def __init__(self, index: Any, glossary: Mapping[str, str] | None = None, postings: Postings | None = None) -> None:
        """``glossary``: what short forms stand for (`assistant.knowledge.glossary`). ``postings``: None: those of ``index``."""
        self._index = index
        # bm25s adds an empty token, which has no column where no text was empty.
        self._vocabulary: dict[str, int] = {token: column for token, column in index.vocab_dict.items() if token}
        kept, self._passages = index.scores, int(index.scores["num_docs"])
        columns = Columns(starts=kept["indptr"], rows=kept["indices"], weights=kept["data"])
        self._postings = postings or Postings(columns)
        self._last: tuple[str, list[tuple[int, float]]] | None = None
        self._glossary = dict(glossary or {})
        self._short = {tuple(terms(long)): terms(short) for short, long in self._glossary.items()}

    @classmethod
    def build(cls, texts: Sequence[str]) -> Bm25Searcher:
        return cls.of_features([features(text) for text in texts], glossary(texts))

    @classmethod
    def of_features(cls, tokens: Sequence[Sequence[str]], explained: Mapping[str, str] | None = None) -> Bm25Searcher:
        """``tokens``: the `features` of each text."""
        import bm25s

        # Where no text has a term (another script, only stop words), one that nobody asks for stands in.
        columns, vocabulary = weighed(tokens if any(tokens) else [[""] for _ in tokens], K1, B)
        vocabulary.setdefault("", len(vocabulary))
        index = bm25s.BM25(k1=K1, b=B)
        index.scores = {
            "data": columns.weights,
            "indices": columns.rows,
            "indptr": columns.starts,
            "num_docs": len(tokens),
        }
        index.vocab_dict, index.unique_token_ids_set = vocabulary, set(vocabulary.values())
        index.nonoccurrence_array = None
        return cls(index, explained)

    @property
    def index(self) -> Any:
        """The `bm25s.BM25` itself."""
        return self._index

    def save(self, folder: Path) -> None:
        self._index.save(folder, show_progress=False)
        (folder / GLOSSARY).write_text(json.dumps(self._glossary, indent=0, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Bm25Searcher:
        """Memory-mapped. The caller has verified the files' hashes."""
        import bm25s

        try:
            index = bm25s.BM25.load(folder, mmap=True, load_vocab=True, show_progress=False)
            file = folder / GLOSSARY
            return cls(index, json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None)
        except (OSError, EOFError, ValueError, KeyError) as error:
            raise Corrupt(f"The lexical index {folder} can't be read ({error}); run `muniment ingest`.") from error

    def search(self, queries: Sequence[str], k: int, allowed: Mask) -> list[list[Found]]:
        return [self._postings.best(self._columns(query), k, allowed) for query in queries]

    def scores(self, query: str, rows: Sequence[int]) -> NDArray[np.float32]:
        """Shape (rows,); 0 where nothing is shared."""
        return self._postings.scores(self._columns(query), rows)

    def _columns(self, query: str) -> list[tuple[int, float]]:
        """`asked`, as columns; the last question's are kept, since its rows are soon looked up."""
        last = self._last
        if last is None or last[0] != query:
            asked = self.asked(query).items()
            known = [(self._vocabulary[feature], times) for feature, times in asked if feature in self._vocabulary]
            self._last = last = (query, known)
        return last[1]

    def asked(self, query: str) -> dict[str, float]:
        """Features with their weights: the query's own; what its short forms stand for and the short forms of what it spells
        out; for an unknown word the known one that was probably meant."""
        weights = {
            feature: times * (PAIR_WEIGHT if " " in feature else 1.0)
            for feature, times in Counter(features(query)).items()
        }
        single = terms(query)
        for feature in self._explained(query, single):
            weights.setdefault(feature, GLOSSARY_WEIGHT * (PAIR_WEIGHT if " " in feature else 1.0))
        for term in single:
            probable = "" if term in self._vocabulary else self._meant(term)
            if probable:
                weights.setdefault(probable, SPELLING_WEIGHT)
        return weights

    def _explained(self, query: str, single: Sequence[str]) -> Iterator[str]:
        for word in dict.fromkeys(_WORD.findall(query)):
            long = self._glossary.get(word.upper() if len(word) > 2 else word)
            if long:
                yield from features(long)
        for start in range(len(single)):
            for end in range(start + 2, min(start + _LONGEST, len(single)) + 1):
                yield from self._short.get(tuple(single[start:end]), ())

    def _meant(self, term: str) -> str:
        if len(term) < SHORTEST:
            return ""
        known = [near for near in slips(term) if near in self._vocabulary]
        return meant(term, {near: self._postings.count(self._vocabulary[near]) for near in known})

    def idf(self, term: str) -> float:
        """Inverse document frequency of a stemmed term, ``ln(1 + (N - n + ½) / (n + ½))``; unknown terms have n = 0."""
        column = self._vocabulary.get(term)
        count = 0 if column is None else self._postings.count(column)
        return math.log(1 + (self._passages - count + 0.5) / (count + 0.5))
