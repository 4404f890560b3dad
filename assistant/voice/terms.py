"""The vocabulary of documents: codes, short forms, defined terms, names, headings. Made of what one person may read only:
a name out of a restricted document must not be suggested to anybody else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from assistant.types import Document
from assistant.voice.vocabulary import Vocabulary

_CODE = re.compile(r"\b(?:[A-Z]{2,6}-?\d{1,3}|[A-Z]{2,6})\b")
_DEFINED = re.compile(
    r"^\W{0,3}([A-Z][\w’'-]*(?: [\w’'-]+){0,3})(?: \(([^)]{3,60})\))? (?:means|stands for|is defined)\b", re.M
)
_NAME = re.compile(r"(?<=[a-z,] )([A-Z][a-z]+[A-Z]\w+|[A-Z][a-z]+(?: [A-Z][a-z]+){0,3})\b")
_WORD = re.compile(r"[a-z0-9][a-z0-9’'-]*")


def vocabulary_of(documents: Iterable[Document], *, most: int = 400) -> Vocabulary:
    """Rarely misheard everyday words are left out by asking for capitals; each document counts once a term."""
    count: Counter[str] = Counter()
    known: set[str] = set()
    for document in documents:
        text = document.text
        found = set(_CODE.findall(text)) | set(_NAME.findall(text)) | {document.title}
        for term, long in _DEFINED.findall(text):
            found |= {term, long} if long else {term}
        count.update(term for term in found if 2 <= len(term) <= 60)
        known.update(_WORD.findall(text.lower()))
    ordered = sorted(count, key=lambda term: (-_weight(term) * count[term], term))
    return Vocabulary(terms=tuple(ordered[:most]), known=frozenset(known))


def _weight(term: str) -> float:
    """What a transcriber gets wrong: codes and coined names before plain words."""
    if re.fullmatch(r"[A-Z]{2,6}(?:-?\d{1,3})?", term):
        return 3.0
    return 2.0 if re.search(r"[a-z][A-Z]", term) else 1.0
