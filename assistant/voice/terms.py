"""The vocabulary of documents: codes, short forms, defined terms, names, headings, and how words follow one another. Made of what
one person may read only: a name out of a restricted document must not be suggested to anybody else.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from assistant.types import Document
from assistant.voice.language_model import LanguageModel
from assistant.voice.mend import numbered_phrases
from assistant.voice.vocabulary import Vocabulary

_CODE = re.compile(r"\b(?:[A-Z]{2,6}-?\d{1,3}|[A-Z]{2,6})\b")
_DEFINED = re.compile(
    r"^\W{0,3}([A-Z][\w’'-]*(?: [\w’'-]+){0,3})(?: \(([^)]{3,60})\))? (?:means|stands for|is defined)\b", re.M
)
_NAME = re.compile(
    r"(?<=[a-z,] )([A-Z][a-z]+[A-Z]\w+|[A-Z][a-z][\w-]*(?: (?:(?:of|and|for) )?[A-Z][a-z][\w-]*){0,4})(?![\w-])"
)
_CALENDAR = frozenset(
    "January February March April May June July August September October November December Monday Tuesday Wednesday Thursday "
    "Friday Saturday Sunday English England".split()
)
_SENTENCES = re.compile(r"(?<=[.!?:;])\s+|\n+")
_WORD = re.compile(r"[a-z0-9][a-z0-9’'-]*")


def vocabulary_of(
    documents: Iterable[Document],
    questions: Sequence[str] = (),
    *,
    most: int = 400,
    unsure: float = Vocabulary.unsure,
) -> Vocabulary:
    """A word that the documents also write in lower case is an everyday word and no term; each document counts once a term.

    ``questions`` are known ones that people ask: with the documents they say how words follow one another here.
    """
    count: Counter[str] = Counter()
    known: set[str] = set()
    plain: set[str] = set()
    documents = tuple(documents)
    for document in documents:
        text = document.text
        found = set(_CODE.findall(text)) | set(_NAME.findall(text)) | {document.title}
        for term, long in _DEFINED.findall(text):
            found |= {term, long} if long else {term}
        count.update(term for term in found if 2 <= len(term) <= 60)
        known.update(_WORD.findall(text.lower()))
        plain.update(_WORD.findall(text))
    terms = [t for t in count if t not in _CALENDAR and (" " in t or t.isupper() or t.lower() not in plain)]
    ordered = sorted(terms, key=lambda term: (-_weight(term) * math.log1p(count[term]), term))
    lower = "\n".join(document.text for document in documents).lower()
    return Vocabulary(
        terms=tuple(ordered[:most]),
        known=frozenset(known),
        numbered=frozenset(numbered_phrases(lower)),
        unsure=unsure,
        language=LanguageModel(
            (*questions, *(one for document in documents for one in _SENTENCES.split(document.text)))
        ),
    )


def _weight(term: str) -> float:
    """What a transcriber gets wrong: codes and coined names before plain words."""
    if re.fullmatch(r"[A-Z]{2,6}(?:-?\d{1,3})?", term):
        return 3.0 if "-" not in term and not term[-1].isdigit() else 1.5
    if re.search(r"[a-z][A-Z]", term) or (" " not in term and "-" not in term):
        return 2.5
    return 0.5
