"""Which passage refers to which: "subject to Rule 8.1.1(2)", "section 4.2 of the Gifts Policy", "MKT Rules 7.2.1 to 7.2.3".

Read from the text when a snapshot is built. A reference is a number, or a list or range of numbers, with or without the name
of a document; without one it means the document in which it stands. Numbers are those that the passages themselves carry in
their headings. What can't be resolved to at most `MOST` passages (another collection, a whole chapter) is left out.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import Corrupt
from assistant.knowledge.aliases import Aliases
from assistant.types import Document, Passage

IDENTITY = "references/1"
MOST = 8
"""Passages that one reference may stand for: a rule with its parts, not a chapter."""
_WIDEST_RANGE = 12

_NUMBER = r"[A-Z]{0,2}\d+[A-Z]?(?:\.\d+[A-Z]?)*(?:\.?\s?\((?:\d{1,3}[A-Z]?|[a-z]{1,4}|[A-Z]{1,2})\))*"
_KEYWORD = r"(?:[Rr]ules?|RULES?|[Ss]ections?|[Pp]aragraphs?|[Cc]lauses?|[Aa]rticles?|[Rr]egulations?|§{1,2})"
_JOIN = rf"(?:\s*,\s*(?:and |or )?|\s+(?:and|or|to)\s+|\s*[–-]\s*)(?:{_KEYWORD}\s*)?"
_CITED = re.compile(rf"(?<![\w.]){_KEYWORD}\s*[\u200e\u200f]?({_NUMBER}(?:{_JOIN}[\u200e\u200f]?{_NUMBER})*)")
_BARE = re.compile(r"(?<![\w.,/£$€])([A-Z]{0,2}\d+[A-Z]?(?:\.\d+[A-Z]?){2,}(?:\([0-9a-zA-Z]{1,4}\))*)(?![\w/])")
_ONE = re.compile(_NUMBER)
_ABOVE = re.compile(
    r"^(?:(?:part|chapter|schedule|app(?:endix)?|annex|section)\s*[0-9]*[A-Z]{0,5}\s*\.\s*)+(?=[A-Z]{0,2}\d)", re.I
)
_OWN = re.compile(rf"^({_NUMBER})(?=[\s.)]|$)")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """``numbers`` in canonical form; ``name`` as the text has it before or after them, "" where there is none."""

    numbers: tuple[str, ...]
    before: str
    after: str


class References:
    """The graph by rows. ``targets[row]`` are the rows that row refers to."""

    def __init__(self, targets: Sequence[Sequence[int]]) -> None:
        self.targets = tuple(tuple(rows) for rows in targets)
        sources: dict[int, list[int]] = {}
        for row, referred in enumerate(self.targets):
            for target in referred:
                sources.setdefault(target, []).append(row)
        self._sources = {row: tuple(rows) for row, rows in sources.items()}

    @classmethod
    def none(cls, passages: int) -> References:
        return cls(((),) * passages)

    def neighbours(self, row: int) -> tuple[int, ...]:
        """Rows that ``row`` refers to or that refer to it, ascending."""
        return tuple(sorted({*self.targets[row], *self._sources.get(row, ())}))

    def save(self, file: Path) -> None:
        body = {"format": 1, "targets": {row: rows for row, rows in enumerate(self.targets) if rows}}
        file.write_text(json.dumps(body, separators=(",", ":")), encoding="utf-8")

    @classmethod
    def load(cls, file: Path, passages: int) -> References:
        """The caller has verified the file's hash. A snapshot of before there were references has none."""
        if not file.is_file():
            return cls.none(passages)
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))["targets"]
            return cls([tuple(kept.get(str(row), ())) for row in range(passages)])
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise Corrupt(f"The references {file} can't be read ({error}); run `muniment ingest`.") from error


def canonical(number: str) -> str:
    """8.3.3.(3) and 8.3.3 (3) are 8.3.3(3)."""
    return re.sub(r"\.?\s*\(", "(", number).rstrip(".")


def own_number(label: str) -> str:
    """The number with which a heading or a displayed place begins, "" where it has none: "4.2 Limits", "8.3.3.(3)",
    "Part 6.Chapter 1.58.(2)" (which is 58(2)), "12.2.2.Guidance" (12.2.2)."""
    found = _OWN.match(_ABOVE.sub("", label.strip()))
    return canonical(found[1]) if found else ""


def references(text: str) -> Iterator[Reference]:
    """In order; a number that stands behind a keyword is not told again."""
    taken: list[tuple[int, int]] = []
    for found in _CITED.finditer(text):
        taken.append(found.span())
        yield _reference(text, found, tuple(_listed(found[1])))
    for found in _BARE.finditer(text):
        if not any(start <= found.start() < end for start, end in taken):
            yield _reference(text, found, (canonical(found[1]),))


def _reference(text: str, found: re.Match[str], numbers: tuple[str, ...]) -> Reference:
    return Reference(
        numbers=numbers,
        before=text[max(0, found.start() - 80) : found.start()],
        after=text[found.end() : found.end() + 120],
    )


def _listed(text: str) -> Iterator[str]:
    """The numbers of "4.12.7 to 4.12.9 and 4.13", ranges filled up where only the last figure differs."""
    last, end = "", 0
    for found in _ONE.finditer(text):
        number = canonical(found[0])
        if last and re.fullmatch(r"\s*(?:to|[–-])\s*", re.sub(_KEYWORD, "", text[end : found.start()])):
            yield from _between(last, number)
        yield number
        last, end = number, found.end()


def _between(first: str, last: str) -> Iterator[str]:
    one, two = re.fullmatch(r"(.*?)(\d+)(\)?)", first), re.fullmatch(r"(.*?)(\d+)(\)?)", last)
    if one and two and one[1] == two[1] and one[3] == two[3] and 0 < int(two[2]) - int(one[2]) <= _WIDEST_RANGE:
        yield from (f"{one[1]}{n}{one[3]}" for n in range(int(one[2]) + 1, int(two[2])))


class Numbers:
    """The passages of one document by the numbers they carry."""

    def __init__(self, carried: Sequence[tuple[str, int]]) -> None:
        """``carried``: number and row; a passage that joins sections carries several."""
        self._sorted = sorted(carried)

    def rows(self, number: str) -> tuple[int, ...]:
        """Of the number itself with its parts; else of the smallest rule above that there is. Empty where there are more
        than `MOST`."""
        while number:
            found = {*self._exact(number), *self._below(number)}
            if found:
                return tuple(sorted(found)) if len(found) <= MOST else self._exact(number)[:MOST]
            cut = number.rfind("(")
            number = number[:cut] if cut > 0 else ""
        return ()

    def _exact(self, number: str) -> tuple[int, ...]:
        return tuple(row for _, row in self._range(number, number + "\0"))

    def _below(self, number: str) -> tuple[int, ...]:
        return tuple(row for stop in "(." for _, row in self._range(number + stop, number + chr(ord(stop) + 1)))

    def _range(self, first: str, end: str) -> list[tuple[str, int]]:
        return self._sorted[bisect_left(self._sorted, (first, -1)) : bisect_left(self._sorted, (end, -1))]


def carried_numbers(document: Document, passages: Sequence[tuple[int, Passage]]) -> list[tuple[str, int]]:
    """Numbers of the headings inside each passage (row, passage); where there are none, that of its place."""
    headings = [(mark.start, own_number(mark.label)) for mark in document.landmarks if mark.kind == "heading"]
    carried = []
    for row, passage in passages:
        inside = {number for start, number in headings if passage.start <= start < passage.end and number}
        place = own_number(passage.where.split(" › ")[-1])
        carried += [(number, row) for number in sorted(inside or ({place} if place else set()))]
    return carried


def link(documents: Sequence[Document], passages: Sequence[Passage]) -> References:
    """For each row the rows it refers to, ascending, never itself."""
    by_id = {document.id: document for document in documents}
    rows: dict[str, list[tuple[int, Passage]]] = {}
    for row, passage in enumerate(passages):
        rows.setdefault(passage.document_id, []).append((row, passage))
    numbers = {name: Numbers(carried_numbers(by_id[name], members)) for name, members in rows.items()}
    cited = [list(references(passage.text)) for passage in passages]
    aliases = Aliases.of(documents)
    aliases.learn(_uses(cited), {name: known.rows for name, known in numbers.items()})
    named = [
        [aliases.named(r.before, r.after, passage.document_id) for r in some]
        for passage, some in zip(passages, cited, strict=True)
    ]
    usual = _usually_named(passages, named)
    linked = []
    for row, passage in enumerate(passages):
        targets: set[int] = set()
        for reference, documents_named in zip(cited[row], named[row], strict=True):
            for number in reference.numbers:
                found = {target for name in documents_named if name in numbers for target in numbers[name].rows(number)}
                if not found and documents_named == (passage.document_id,) and passage.document_id in usual:
                    found = set(numbers[usual[passage.document_id]].rows(number))
                targets |= found
        linked.append(tuple(sorted(targets - {row})))
    return References(linked)


def _usually_named(passages: Sequence[Passage], named: Sequence[Sequence[tuple[str, ...]]]) -> dict[str, str]:
    """The one other document that a document mostly refers to. A guidance on one law says "section 92(3)" and means that
    law, whose number its own paragraphs don't have."""
    counts: dict[str, Counter[str]] = {}
    for passage, some in zip(passages, named, strict=True):
        others = [name for names in some for name in names if name != passage.document_id]
        counts.setdefault(passage.document_id, Counter()).update(others)
    return {document: count.most_common(1)[0][0] for document, count in counts.items() if count}


def _uses(cited: Sequence[Sequence[Reference]]) -> Counter[tuple[str, str]]:
    """How often each acronym stands with each number."""
    uses: Counter[tuple[str, str]] = Counter()
    for some in cited:
        for reference in some:
            acronym = Aliases.acronym(reference.before, reference.after)
            uses.update((acronym, number) for number in reference.numbers if acronym)
    return uses
