"""What a document's own front page declares: its owner, version, dates, and what it supersedes.

Only the front page is looked at: the text before the first section on the first page, or the section under one unnumbered
heading at the very beginning; and a section called "Document control" or the like among the first pages. There only what has
the form of a declaration counts, never running text: rows and lines "Label: value" or "Label | value", a table of labels
over one row of values, and lines that consist of nothing but such declarations ("Version 3.1, effective from 1 March 2026").

A date counts where it can be read in one way only: "03/04/2026" is two days, and nobody is asked to guess which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from itertools import pairwise

from assistant.types import Landmark
from ingest.days import day_of, span_of

IDENTITY = "front-page/1"
"""A change of what `front_page` would find changes it: documents take their dates from here, and so do snapshots."""

_MOST = 4_000  # characters of a front page
_MOST_UNDIVIDED = 1_500  # of a text without headings
_CONTROL_WITHIN = 8_000  # characters from the beginning
_BEGINNING = 300  # characters before a title that is a heading of its own
_LONGEST_VALUE = 200

_LABELS = {
    "owner": ("owner", "document owner", "policy owner", "owned by", "responsible owner"),
    "version": ("version", "version number", "version no", "version no.", "document version", "revision", "issue"),
    "effective_from": (
        "effective from", "effective date", "effective", "effective as of", "effective on", "effective since", "in force from",
        "in force since", "in effect from", "valid from", "applies from", "takes effect on", "comes into force on",
        "date effective", "date of effect", "commencement date",
    ),
    "effective_to": (
        "effective to", "effective until", "in force to", "in force until", "in effect until", "valid to", "valid until",
        "applies until",
    ),
    "review_date": (
        "review date", "next review", "next review date", "date of next review", "next review due", "review due",
        "due for review",
    ),
    "supersedes": ("supersedes", "replaces", "superseded document", "superseded version"),
    "": (
        "title", "document", "document title", "classification", "status", "author", "approved by", "approver", "approval date",
        "approved on", "date approved", "date", "issued", "issued by", "issue date", "last review", "last reviewed", "reference",
        "document reference", "document number", "department", "contact", "applies to", "scope", "audience", "distribution",
        "language", "keywords", "previous version", "last updated",
    ),
}  # fmt: skip
_FIELD = {label: name for name, labels in _LABELS.items() for label in labels}
_DATES = frozenset({"effective_from", "effective_to", "review_date"})
_ALTERNATIVES = "|".join(re.escape(label).replace(r"\ ", r"\s+") for label in sorted(_FIELD, key=len, reverse=True))
_LABEL = re.compile(
    rf"(?:^|(?<=[\s,;|·•]))(?:document\s+)?(?P<label>{_ALTERNATIVES})(?:\s*(?P<colon>:)\s*|\s+(?=[vV]?\d|[A-Z][a-z]+,?\s+\d))",
    re.IGNORECASE,
)
_KEY = re.compile(rf"(?P<label>{_ALTERNATIVES})\s*:?", re.IGNORECASE)
_CONTROL = re.compile(
    r"(?:\d+(?:\.\d+)*\.?\s+)?(?:document|version|policy)\s+(?:control|information|details|data|properties)|about this document",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\d")
_VERSION = re.compile(r"[vV]?\.?\s?(\d{1,4}(?:\.\d{1,4}){0,3}[a-z]?)")
_NOTHING = re.compile(r"none|nothing|n/?a|not applicable|(?:all )?(?:previous|earlier|prior) versions?", re.IGNORECASE)
_EDGES = " \t,;|·•–—-"


@dataclass(frozen=True, kw_only=True)
class FrontPage:
    """Empty where nothing was declared, or not clearly. ``supersedes``: in the document's own words. ``unclear``: the
    declarations that cannot be taken, a phrase each ("effective from: 03/04/2026")."""

    owner: str = ""
    version: str = ""
    effective_from: date | None = None
    effective_to: date | None = None
    review_date: date | None = None
    supersedes: str = ""
    unclear: tuple[str, ...] = ()


@dataclass
class _Found:
    values: dict[str, list[str | date]] = field(default_factory=dict)
    unclear: list[str] = field(default_factory=list)

    def add(self, name: str, value: str | date) -> None:
        said = self.values.setdefault(name, [])
        if value not in said:
            said.append(value)


def front_page(text: str, landmarks: Sequence[Landmark]) -> FrontPage:
    """Of a document's canonical text."""
    found = _Found()
    for part in _parts(text, landmarks):
        lines = [line for line in part.split("\n") if line]
        rows = [line.split(" | ") for line in lines]
        at = 0
        while at < len(lines):
            if _is_header(rows, at):
                for key, value in zip(rows[at], rows[at + 1], strict=True):
                    _take(found, key, value)
                at += 2
                continue
            if len(rows[at]) > 1:
                for key, value in zip(rows[at][0::2], rows[at][1::2], strict=False):
                    _take(found, key, value)
            else:
                _take_line(found, lines[at])
            at += 1
    return _settled(found)


def _settled(found: _Found) -> FrontPage:
    unclear = list(found.unclear)
    values: dict[str, str | date] = {}
    for name, said in found.values.items():
        if len(said) == 1:
            values[name] = said[0]
        else:
            unclear.append(f"{_words(name)}: {' and '.join(map(str, said))}")
    first, last = values.get("effective_from"), values.get("effective_to")
    if isinstance(first, date) and isinstance(last, date) and last < first:
        unclear.append(f"effective from {first} to {last}")
        del values["effective_from"], values["effective_to"]
    known = {each.name: values[each.name] for each in fields(FrontPage) if each.name in values}
    return FrontPage(unclear=tuple(dict.fromkeys(unclear)), **known)  # type: ignore[arg-type]  # by field name: a str or a date, as the field has it


def _words(name: str) -> str:
    return name.replace("_", " ")


# ------------------------------------------------------------------------------------------------ where


def _parts(text: str, landmarks: Sequence[Landmark]) -> Iterator[str]:
    """The stretches of text that may declare something."""
    headings = [mark for mark in landmarks if mark.kind == "heading"]
    pages = [mark for mark in landmarks if mark.kind == "page"]
    ends = [mark.start for mark in headings] + [len(text) if headings else _MOST_UNDIVIDED]
    end = ends[0]
    if headings and headings[0].start <= _BEGINNING and not _NUMBERED.match(headings[0].label):
        end = ends[1]
    end = min([end, _MOST, *(mark.end for mark in pages[:1])])
    yield text[:end]
    for heading, after in pairwise([*headings, None]):
        if heading is not None and _CONTROL.fullmatch(heading.label) and end <= heading.start <= _CONTROL_WITHIN:
            yield text[heading.end : min(after.start if after else len(text), heading.end + _MOST)]


# ------------------------------------------------------------------------------------------------- what


def _is_header(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Labels only, over exactly one row of as many values: a second one would be a history of versions."""
    row = rows[at]
    if len(row) < 2 or not all(_KEY.fullmatch(cell) for cell in row):
        return False
    below = [len(other) for other in rows[at + 1 : at + 3]]
    return below[:1] == [len(row)] and below[1:] != [len(row)]


def _take(found: _Found, key: str, value: str) -> None:
    label = _KEY.fullmatch(key.strip())
    if label and value.strip() and not _KEY.fullmatch(value.strip()):
        _add(found, label["label"], value.strip())


def _take_line(found: _Found, line: str) -> None:
    """A line of declarations and nothing else; any other is running text."""
    labels = list(_LABEL.finditer(line))
    if not labels or labels[0].start() or (len(line) > _LONGEST_VALUE and len(labels) == 1):
        return
    kept = [labels[0]]
    for label in labels[1:]:
        # What a document supersedes has versions and dates of its own.
        if label["colon"] or (_name(kept[-1]["label"]) not in ("supersedes", "") and _name(label["label"])):
            kept.append(label)
    stops = [label.start() for label in kept[1:]] + [len(line)]
    said = [(label, line[label.end() : stop].strip(_EDGES)) for label, stop in zip(kept, stops, strict=True)]
    for label, value in said:
        if not label["colon"] and not _could_stand_alone(_name(label["label"]), value):
            return
    for label, value in said:
        if value:
            _add(found, label["label"], value)


def _could_stand_alone(name: str, value: str) -> bool:
    """Without a colon behind its label."""
    value = value.rstrip(".")
    if name in _DATES:
        return day_of(value) is not None or span_of(value) is not None
    return name == "version" and _VERSION.fullmatch(value) is not None


def _name(label: str) -> str:
    return _FIELD[" ".join(label.lower().split())]


def _add(found: _Found, label: str, value: str) -> None:
    name = _name(label)
    if not name or len(value) > _LONGEST_VALUE:
        return
    value = value.rstrip(".")
    if name in ("owner", "supersedes"):
        if not _NOTHING.fullmatch(value):
            found.add(name, value)
        return
    if name == "version":
        number = _VERSION.fullmatch(value)
        found.add(name, number[1] if number else value)
    elif (day := day_of(value)) is not None:
        found.add(name, day)
    elif name == "effective_from" and (span := span_of(value)) is not None:
        found.add("effective_from", span[0])
        found.add("effective_to", span[1])
    else:
        found.unclear.append(f"{_words(name)}: {value[:60]}")
