"""By which names documents refer to each other: titles, shortened titles, acronyms of titles and file names; and acronyms that
no title explains, learnt from the numbers that are cited under them.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

from assistant.types import Document

_KINDS = frozenset(
    "policy policies procedure procedures manual code rules rulebook standard guidance notice handbook plan".split()
)
_SMALL = frozenset("a an and for in of on the to with".split())
_BEFORE = re.compile(r"\b([A-Z][A-Z&]{1,9})\s+$")
_AFTER = re.compile(
    r"^\s*(?:\([^)]{0,40}\)\s*)?(?:of|in|to|under)\s+(?:Schedule \d+ (?:of|to) )?(?:the\s+)?([A-Z][A-Z&]{1,9})\b"
)
_NEXT = re.compile(r"^\s+([A-Z][A-Z&]{1,9})\b")
_LEAST, _SHARE = 5, 0.6
"""An acronym is learnt from at least so many different numbers, of which so large a share must be numbers of the document."""


class Aliases:
    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        """``names``: in lower case, to the ids of the documents (versions of one document share theirs)."""
        self._names = dict(names)
        self._learnt: dict[str, str] = {}
        phrases = sorted(self._names, key=len, reverse=True)
        anyone = "|".join(re.escape(name) for name in phrases) or r"(?!)"
        self._before = re.compile(rf"(?:^|\W)({anyone})['’s]*[,:]?\s*\(?$", re.I)
        self._after = re.compile(rf"^\W{{0,3}}(?:of|in|to|under)\s+(?:the\s+|our\s+)?[\"“‘]?({anyone})\b", re.I)

    @classmethod
    def of(cls, documents: Sequence[Document]) -> Aliases:
        """A name that two lineages share names neither."""
        keys: dict[str, set[str]] = defaultdict(set)
        ids: dict[str, list[str]] = defaultdict(list)
        for document in documents:
            for name in names_of(document):
                keys[name].add(document.key)
                ids[name].append(document.id)
        return cls({name: ids[name] for name in ids if len(keys[name]) == 1})

    @staticmethod
    def acronym(before: str, after: str) -> str:
        """The capitals right before a reference ("MKT Rule 7.2") or behind it ("section 58 of FSMR"), "" where there are none."""
        found = _BEFORE.search(before) or _AFTER.search(after)
        return found[1] if found else ""

    def learn(self, uses: Counter[tuple[str, str]], rows: Mapping[str, Callable[[str], tuple[int, ...]]]) -> None:
        """``uses``: acronym and number, counted; ``rows``: by document, the passages of a number. The document that holds
        most of an acronym's numbers, rare numbers counting more, is the one it names."""
        holders = {number: [d for d, of in rows.items() if of(number)] for _, number in uses}
        cited: dict[str, set[str]] = defaultdict(set)
        for acronym, number in uses:
            if acronym.lower() not in self._names:
                cited[acronym].add(number)
        for acronym, numbers in cited.items():
            scores: dict[str, float] = defaultdict(float)
            for number in numbers:
                for document in holders[number]:
                    scores[document] += math.log(1 + len(rows) / len(holders[number]))
            for document in sorted(scores, key=lambda one: -scores[one])[:1]:
                held = sum(document in holders[number] for number in numbers)
                if len(numbers) >= _LEAST and held >= _SHARE * len(numbers):
                    self._learnt[acronym] = document

    def named(self, before: str, after: str, here: str) -> tuple[str, ...]:
        """Documents that a reference between ``before`` and ``after`` means; ``here`` where it names none; none where it
        names one that is not known."""
        found = self._after.search(after) or self._before.search(before)
        if found:
            same = self._names[found[1].lower()]
            return (here,) if here in same else tuple(same)
        acronym = self.acronym(before, after)
        if acronym:
            return (self._learnt[acronym],) if acronym in self._learnt else ()
        next_to = _NEXT.search(after)  # "section 58(2) FSMR"
        return (self._learnt[next_to[1]],) if next_to and next_to[1] in self._learnt else (here,)


def names_of(document: Document) -> set[str]:
    """In lower case: the title, without its kind in front ("Policy on …") and its year; its acronym; the file's name."""
    title = re.sub(r"\s*[(\[]?\b(?:19|20)\d\d\b[)\]]?", "", document.title).strip(" -–:,")
    stem = re.sub(r"[-_ ]*(?:ver|v)?[\d.]+$|[-_ ](?:19|20)\d\d$", "", PurePosixPath(document.uri).stem, flags=re.I)
    names = {title, title.replace(" & ", " and "), re.sub(r"[-_]+", " ", stem)}
    words = [word for word in re.findall(r"[A-Za-z]+", title) if word.lower() not in _SMALL]
    if len(words) >= 3:
        names.add("".join(word[0] for word in words))
    if len(words) >= 3 and words[-1].lower() in _KINDS:
        names.add(f"{words[0]} {words[-1]}")  # "Gifts and Hospitality Policy" is also called the Gifts Policy
    return {name.lower() for name in names if len(name) > 2 and not name.isdigit()}
