"""All documents of a corpus together: the same text twice, nearly the same text, and rules that contradict each other.

Two versions of one document (one key, or one superseding the other) that are never in force together are no finding.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from assistant.types import Document
from ingest.quality.findings import Finding
from ingest.quality.shingles import alike, shingles

_NEAR = 0.8
_SENTENCE = re.compile(r"(?:^|(?<=[.!?|] ))(?:[^.!?\n|]|\.(?=\w)){25,400}(?:[.!?](?!\w)|$)", re.MULTILINE)
_REFERENCE = re.compile(
    r"\b(?:section|rule|article|paragraph|para|chapter|part|annex|appendix|schedule|table|clause|step|item|page|version|"
    r"level|tier|stage|form|note|footnote|sup|ss|sop|ps|cp|regulations?|directive|act|no\.?|number)s?\s+[\dA-Z(][\w.()/]*"
    r"(?:\s*(?:-|–|to|and|or|,)\s*\d[\w.()/]*)*",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^\W*(?:\d+(?:\.\d+)*[.)]?|\(\w{1,4}\)|[a-z][.)])\s+")
_NUMBER = re.compile(
    r"[£€$]?\d[\d,]*(?:\.\d+)?\s?%?|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety)\b"
)
_RULE = re.compile(
    r"\b(?:must|shall|may not|should|is required|are required|within|at least|at most|no more than|limit|maximum|minimum)\b"
)
_OF_ITSELF = re.compile(
    r"\b(?:effective|in force|takes? effect|version|supersedes|reviewed|review date|approved on|published|issued|dated|updated|"
    r"january|february|march|april|may \d|june|july|august|september|october|november|december)\b"
)
_LEAST_WORDS = 8
_MOST_CONFLICTS = 20


def compare(documents: Sequence[Document]) -> dict[str, tuple[Finding, ...]]:
    """Findings by document id, for the documents that have any; both sides of a pair are told."""
    found: dict[str, list[Finding]] = defaultdict(list)
    by_id = {document.id: document for document in documents}
    _same(documents, found)
    for first, second, share in alike({d.id: shingles(d.text) for d in documents}, _NEAR):
        a, b = by_id[first], by_id[second]
        if a.text_sha256 == b.text_sha256 or not _meet(a, b):
            continue
        for one, other in ((a, b), (b, a)):
            found[one.id].append(
                Finding(
                    kind="near duplicate",
                    severity="warning",
                    message=f"{share:.0%} of it stands in {other.uri} too, and both are in force; keep one, or say which "
                    "supersedes which.",
                )
            )
    for a, b, places in _conflicts(documents):
        for one, other, at in ((a, b, 0), (b, a, 1)):
            start, end = places[0][at]
            theirs = places[0][1 - at]
            message = (
                f"It says “{_short(one.text[start:end])}”, {other.uri} says “{_short(other.text[slice(*theirs)])}”, and both "
                "are in force; correct one."
            )
            found[one.id].append(
                Finding(kind="conflict", severity="warning", message=message, start=start, end=end, count=len(places))
            )
    return {identity: tuple(each) for identity, each in found.items()}


def _same(documents: Sequence[Document], found: dict[str, list[Finding]]) -> None:
    groups: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        groups[document.text_sha256].append(document)
    for group in groups.values():
        for document in group:
            others = [other.uri for other in group if other.id != document.id]
            if others:
                message = f"{', '.join(others[:3])}{' …' if len(others) > 3 else ''} has the very same text; keep one."
                found[document.id].append(
                    Finding(kind="duplicate", severity="warning", message=message, count=len(others))
                )


_Span = tuple[int, int]


def _conflicts(documents: Sequence[Document]) -> Iterator[tuple[Document, Document, list[tuple[_Span, _Span]]]]:
    """Pairs in force together with sentences that differ in their numbers alone ("within five days", "within ten days")."""
    said: dict[str, dict[str, list[tuple[tuple[str, ...], _Span]]]] = defaultdict(dict)
    by_id = {document.id: document for document in documents}
    for document in documents:
        for form, numbers, span in _rules(document.text):
            said[form].setdefault(document.id, []).append((numbers, span))
    pairs: dict[tuple[str, str], list[tuple[_Span, _Span]]] = defaultdict(list)
    for by_document in said.values():
        if not 2 <= len(by_document) <= 10:  # said in many documents it is a form, not a rule
            continue
        names = sorted(by_document)
        for at, a in enumerate(names):
            for b in names[at + 1 :]:
                ours, theirs = by_document[a], by_document[b]
                if not {numbers for numbers, _ in ours} & {numbers for numbers, _ in theirs}:
                    pairs[a, b].append((ours[0][1], theirs[0][1]))
    for (a, b), places in sorted(pairs.items()):
        if len(places) <= _MOST_CONFLICTS and _meet(by_id[a], by_id[b]):
            yield by_id[a], by_id[b], sorted(places)


def _rules(text: str) -> Iterator[tuple[str, tuple[str, ...], _Span]]:
    """Sentences that set a number: their form without it, the numbers, the place."""
    for sentence in _SENTENCE.finditer(text):
        words = _REFERENCE.sub("§", _LEADING.sub("", sentence[0].lower()))
        numbers = tuple(number.strip() for number in _NUMBER.findall(words))
        if numbers and _RULE.search(words) and not _OF_ITSELF.search(words):
            form = " ".join(_NUMBER.sub("#", words).split())
            if sum(word.isalpha() for word in form.split()) >= _LEAST_WORDS:
                start, end = sentence.span()
                start += len(sentence[0]) - len(sentence[0].lstrip())
                yield form, numbers, (start, end)


def _meet(a: Document, b: Document) -> bool:
    """Is there a day on which both are in force?"""
    if a.supersedes == b.uri or b.supersedes == a.uri:
        return False
    return (a.effective_from or date.min) <= (b.effective_to or date.max) and (b.effective_from or date.min) <= (
        a.effective_to or date.max
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 140 else f"{line[:139]}…"
