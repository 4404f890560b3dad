"""Which sentences of a passage can be said by themselves.

A sentence lifted out of its place can mislead though every word is right: one that leans takes along what it leans on, an item
its lead-in, a table's row its heads; headings and questions are not said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.evidence.lists import GOES_ON, hangs
from assistant.evidence.sentences import spans, within
from assistant.types import Passage

_LEANS = re.compile(
    r"(?:It|Its|They|Their|He|She|This|These|That|Those|Such|If so|If not|If they|If it|Otherwise|The same|Then|Both|Neither"
    r"|Here|There|(?:Until|By|From) then|(?:After|Before) (?:that|this)"
    r"|In (?:that|this|these|those|such) (?:cases?|circumstances|events?)"
    r"|Anything (?:more|else|less)|However|But|Instead|Also|Any other|The others?|An exception|The exception|Except"
    r"|So (?:is|are|does|do|must|may)|When (?:it|they|this|that)|Either)\b"
)
_LEANS_WITHIN = re.compile(
    r"\ball others?\b"
    r"|\b(?:by then|the same (?:number|value|time|limit|period|rule|way)|either (?:figure|case)|(?:every|any)(?:thing|one) else"
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
_ELLIPTIC = re.compile(r"For (?!the purposes?\b|example\b|instance\b)")
"""A short sentence that begins so says what differs from the one before: "For customers rated high the score is 78." """
_FEW = 14
_THE_THING = re.compile(
    r"\bthe (form|report|score|figure|rating|notice|notification|request|application|record|register|list|check|test|review"
    r"|fee|period|plan|copy|certificate|statement|entry)\b(?! of\b| in (?:section|rule|part|schedule)\b| [A-Z]{1,4}-?\d)",
    re.I,
)
"""Things that a sentence calls "the report" where the one before it told of one."""
_NUMBERED = re.compile(r"\(?\d{1,2}[).]\s+")
_CELLS = " | "
_HEADING = 12
"""A line of at most so many words that ends without a mark, or has only capitalised ones, is a heading."""
_TITLED = re.compile(r"(?:(?:[^a-z\s]\S*|a|an|and|at|by|for|from|in|of|on|or|the|to|under|with)(?:\s+|$))+")
"""Words as a heading writes them: "Exempt Exposures." """
_LETTER = re.compile(r"\(([a-z])\)\s")


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
        cut = end < places[n][1] or any(_next_letter(unit, other) for other in units[n + 2 :])
        if cut or (n + 1 == len(read) and _list_goes_on(units, n, hanging)):
            plain = f"{plain} {GOES_ON}"
        within_item = (
            before == n - 1 and n > 0 and hangs(units, n - 1) and "\n" not in passage.text[places[n - 1][1] : start]
        )
        if said and before == n - 1 and (hanging or within_item or _leans(plain, said[-1])):
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
    marked = ":" in unit or unit.endswith((".", ";", ",", "!", "”", '"', "—", "–"))
    unmarked = not marked or (unit.endswith(".") and _TITLED.fullmatch(unit) is not None)
    return unit.endswith("?") or few < 2 or (few <= _HEADING and unmarked and n + 1 < len(units))


def _leans(plain: str, previous: str) -> bool:
    """Does the sentence need the one before it to be understood?"""
    bare = _NUMBERED.sub("", plain, count=1) if _NUMBERED.match(plain) else plain
    if _ELLIPTIC.match(bare) and len(bare.split()) <= _FEW:
        return True
    named = any(re.search(rf"\b{thing}", previous, re.I) for thing in _THE_THING.findall(bare))
    return bool(
        named
        or _next_letter(previous, bare)
        or _LEANS.match(bare)
        or _LEANS_WITHIN.search(bare)
        or _REFERS.search(bare)
    )


def _next_letter(unit: str, later: str) -> bool:
    """Does a later sentence go on with the list that ``unit`` ends in: "… (a) …" and "…; or (b) …"?"""
    letters = _LETTER.findall(unit)
    return bool(letters) and bool(re.search(rf"[;,]\s*(?:or|and)?\s*\({chr(ord(letters[-1]) + 1)}\)\s", later))


def _list_goes_on(units: Sequence[str], n: int, hanging: bool) -> bool:
    """Is more of the list that ``units[n]`` begins or belongs to in what was not read? Its items may hold sentences."""
    following = [hangs(units, m) for m in range(n + 1, len(units))]
    return any(following) if hanging or units[n].endswith(":") else following[:1] == [True]


def _cells(line: str) -> list[str]:
    return [" ".join(cell.split()) for cell in line.strip().split("|")]


def _row(header: Sequence[str], row: Sequence[str]) -> str:
    """ "Severity: 2 – Report within: 4 hours; To whom: the Head of Operations." """
    said = [f"{head}: {cell}" if head else cell for head, cell in zip(header, row, strict=True) if cell]
    return " – ".join(part for part in (said[0], "; ".join(said[1:])) if part) + "."
