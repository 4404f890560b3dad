"""Composing by quotation: the sentences of the found passages that could be the answer, nothing else to choose from.

A small untuned model cites badly and invents freely; choosing among sentences that stand in the passages it can do. So in
the ``quote`` composition the reranker says which passages are `needed`, the generator reads those and is given only their best
sentences as allowed output (a grammar over whole sentences, each closed by its marker), and decides which of them are said.
Nothing can be written that does not stand in a passage; the judge still judges every sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evidence.sentences import GOES_ON, hangs, spans, within
from assistant.protocols import Reranker
from assistant.types import Hit, Passage

_LEANS = re.compile(
    r"(?:It|Its|They|Their|He|She|This|These|That|Those|Such|If so|If not|If they|If it|Otherwise|The same|Then|Both|Neither"
    r"|Here|There|(?:Until|By|From) then|(?:After|Before) (?:that|this)|In (?:that|this|these|those|such) cases?"
    r"|Anything (?:more|else|less)|However|But|Instead|Also|Any other|The others?|An exception|The exception|Except"
    r"|So (?:is|are|does|do|must|may)|When (?:it|they|this|that)|Either)\b"
)
_LEANS_WITHIN = re.compile(
    r"\b(?:by then|the same (?:number|value|time|limit|period|rule|way)|either (?:figure|case)|(?:every|any)(?:thing|one) else"
    r"|the former|the latter|(?:one|no|any|two|three) such"
    r"|th(?:is|ese|ose) (?!(?:policy|standard|document|manual|section|chapter|part|rule|rulebook|guidance|schedule|annex)s?\b)"
    r"[a-z]+)\b"
    r"|^(?:[\w-]+ ){1,3}(?:it|they|them|its|their)\b"
)
_REFERS = re.compile(
    r"\b(?:(?:in|under|to|of|with|by|from|if)\s+[\u200e\u200f]?\(\d{1,2}\)"
    r"|(?:(?:sub-?)?(?:paragraph|section)s?|items?)\s+[\u200e\u200f]?\((?:\d{1,2}|[a-z])\))",
    re.I,
)
_NUMBERED = re.compile(r"\(?\d{1,2}[).]\s+")
_CELLS = " | "
_HEADING = 12
"""A line of at most so many words that ends without a mark is a heading."""


@dataclass(frozen=True)
class Choice:
    """A sentence that may be said and the marker of the passage where it stands; ``score`` is the reranker's logit."""

    text: str
    marker: int
    score: float

    @property
    def written(self) -> str:
        return written(self.text, self.marker)


def written(text: str, marker: int) -> str:
    """As the model writes it. The marker comes last: asked for the number first, the 0.5B never learnt to name the right one."""
    return f"{text.rstrip()} [{marker}]"


def choices(question: str, evidence: Sequence[Hit], reranker: Reranker, *, words: int) -> list[list[Choice]]:
    """Of each passage the sentences of its first ``words`` words, which is what the model reads of it, best first."""
    found = [
        (text, marker)
        for marker, hit in enumerate(evidence, start=1)
        for text in sayable(hit.passage, hit.document.title, words)
    ]
    logits = reranker.scores(question, [placed(text, evidence[marker - 1]) for text, marker in found])
    scored = [Choice(text, marker, float(score)) for (text, marker), score in zip(found, logits, strict=True)]
    best_first = sorted(scored, key=lambda choice: -choice.score)
    return [[choice for choice in best_first if choice.marker == marker] for marker in range(1, len(evidence) + 1)]


def placed(text: str, hit: Hit) -> str:
    """A sentence as the reranker reads it: where it stands, then what it says."""
    place = " › ".join(part for part in (hit.document.title, hit.passage.where) if part)
    return "\n".join(part for part in (place, text) if part)


def closest(found: Sequence[Choice], *, most: int, margin: float) -> tuple[Choice, ...]:
    """The ``most`` best of one passage, none further than ``margin`` below the best."""
    return tuple(choice for choice in found[:most] if choice.score >= found[0].score - margin)


def sayable(passage: Passage, title: str, words: int = 10**6) -> list[str]:
    """The passage's sentences as they can stand alone: one that leans on the one before takes it along, a lead-in takes its
    list, a table row says its column heads, and what is quoted of a longer sentence or list says that it goes on. The heading is
    left out: it is the citation's place."""
    titles = (passage.where.rsplit(" › ", 1)[-1], title)
    places = spans(passage.text)
    units = [passage.text[start:end] for start, end in places]
    read = spans(within(passage.text, words))
    said: list[str] = []
    header = _cells(passage.context) if _CELLS in passage.context else []
    before = -1  # the unit that the last of ``said`` ends with
    for n, (start, end) in enumerate(read):
        unit = passage.text[start:end]
        plain = " ".join(unit.split())
        if _CELLS in unit:
            row = _cells(unit)
            if not header or len(row) != len(header):
                header = row
            else:
                said.append(_row(header, row))
            continue
        hanging = hangs(units, n)
        if plain in titles or (not hanging and _heads(units, n)):
            continue
        if end < places[n][1] or (n + 1 == len(read) and _list_goes_on(units, n, hanging)):
            plain = f"{plain} {GOES_ON}"
        within_item = (
            before == n - 1 and n > 0 and hangs(units, n - 1) and "\n" not in passage.text[places[n - 1][1] : start]
        )
        if said and before == n - 1 and (hanging or within_item or _leans(plain)):
            said[-1] = f"{said[-1]} {plain}"
        else:
            said.append(plain)
        before = n
    return said


def _heads(units: Sequence[str], n: int) -> bool:
    """A heading, or a question that stands above what answers it: nothing that could be said."""
    unit = units[n]
    if n + 1 < len(units) and hangs(units, n + 1):
        return False
    few = len(unit.split())
    unmarked = ":" not in unit and not unit.endswith((".", ";", ",", "!", "”", '"', "—", "–"))
    return unit.endswith("?") or few < 2 or (few <= _HEADING and unmarked and n + 1 < len(units))


def _leans(plain: str) -> bool:
    """Does the sentence need the one before it to be understood?"""
    bare = _NUMBERED.sub("", plain, count=1) if _NUMBERED.match(plain) else plain
    return bool(_LEANS.match(bare) or _LEANS_WITHIN.search(bare) or _REFERS.search(bare))


def _list_goes_on(units: Sequence[str], n: int, hanging: bool) -> bool:
    return (hanging or units[n].endswith(":")) and any(hangs(units, m) for m in range(n + 1, len(units)))


def _cells(line: str) -> list[str]:
    return [" ".join(cell.split()) for cell in line.strip().split("|")]


def _row(header: Sequence[str], row: Sequence[str]) -> str:
    """ "Severity: 2 – Report within: 4 hours; To whom: the Head of Operations." """
    said = [f"{head}: {cell}" if head else cell for head, cell in zip(header, row, strict=True) if cell]
    return " – ".join(part for part in (said[0], "; ".join(said[1:])) if part) + "."
