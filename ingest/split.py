"""Canonical text to passages: what is searched, judged and cited.

A passage is one section, the smallest that has a heading, *with* its heading line. Included, because the number and
the name then stand in the text that is embedded, judged and quoted; because a passage that joins two small sections
needs the heading between them anyway; and because a quote then reads as in the document. Headings above it are only in
``where``. A section over the limit is cut: tables between rows only, prose between paragraphs, else list items, else
sentences, else clauses, else words. The text before the first heading (title, owner, version, dates) is a passage of
its own.

Cutting prose is `RecursiveCharacterTextSplitter`'s; offsets are ours: nothing is stripped or repeated, so its pieces
joined are the text, and a piece's offset is the length of those before it. (With overlap and stripping, looking pieces
up in the text again loses 8-18 % of the offsets.)
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.config import Split
from assistant.types import Landmark, Passage
from ingest.outline import Section, join_small, sections, where_of
from ingest.prose import cut_prose

IDENTITY = "split/1"
"""Changes when the same text would be cut differently."""
Count = Callable[[str], int]


@dataclass(frozen=True, kw_only=True)
class _Part:
    """``[start, end)`` of the text; ``context`` as in `Passage`."""

    start: int
    end: int
    context: str = ""


def split(
    text: str, landmarks: Sequence[Landmark], *, document_id: str, title: str, count_tokens: Count, section: Split
) -> tuple[Passage, ...]:
    """Passages in order, not overlapping. Every character that is not blank or part of a heading is in exactly one.

    None is over ``section.max_tokens`` (with its ``context``), but one that is a single table row or a single word.
    """
    made: list[Passage] = []
    pages = [mark for mark in landmarks if mark.kind == "page"]
    starts = [mark.start for mark in pages]
    tables = [mark for mark in landmarks if mark.kind == "table"]
    for group in join_small(sections(text, landmarks), text, count_tokens, section):
        for part in _parts(text, group, tables, count_tokens, section.max_tokens):
            start, end = _trimmed(text, part.start, part.end)
            if start == end:
                continue
            at = bisect_right(starts, start) - 1
            made.append(
                Passage(
                    id=hashlib.sha256(f"{document_id}\n{start}\n{end}".encode()).hexdigest()[:16],
                    document_id=document_id,
                    start=start,
                    end=end,
                    text=text[start:end],
                    where=where_of(group) or title,
                    page=_page_number(pages[at].label, at) if at >= 0 else None,
                    context=part.context,
                )
            )
    return tuple(made)


def _parts(
    text: str, group: Sequence[Section], tables: Sequence[Landmark], count: Count, limit: int
) -> Iterator[_Part]:
    """A group of one or more sections as one part if it fits, else cut (`join_small` only joins what fits)."""
    first, end = group[0], group[-1].end
    if count(text[first.start : end]) <= limit:
        yield _Part(start=first.start, end=end)
        return
    heading = count(text[first.start : first.body])
    room = limit - heading if heading <= limit // 2 else limit
    units = list(_units(text, first, tables, count, limit=limit, first_limit=room))
    if heading <= limit // 2 and units:
        units[0] = replace(units[0], start=first.start)
    yield from _packed(text, units, count, limit)


def _units(
    text: str, section: Section, tables: Sequence[Landmark], count: Count, *, limit: int, first_limit: int
) -> Iterator[_Part]:
    """Pieces of prose and tables that fit; the first one of all into ``first_limit``."""
    position, room = section.body, first_limit
    for table in tables:
        if not section.body <= table.start < section.end:
            continue
        prose = [_Part(start=start, end=end) for start, end in cut_prose(text, position, table.start, count, room)]
        # A short last piece introduces the table ("The periods are:") and stays with its first rows.
        lead = prose.pop() if prose and count(text[prose[-1].start : prose[-1].end]) <= limit // 3 else None
        yield from prose
        if prose:
            room = limit
        yield from _table(text, table, count, limit=limit, first_limit=room, lead=lead)
        room = limit
        position = table.end
    for start, end in cut_prose(text, position, section.end, count, room):
        yield _Part(start=start, end=end)


def _table(
    text: str, table: Landmark, count: Count, *, limit: int, first_limit: int, lead: _Part | None
) -> Iterator[_Part]:
    """The whole table if it fits, else runs of rows; all but the first carry the header row as context."""
    header = text[table.start : table.start + table.level]
    position = table.start
    start = lead.start if lead is not None else position
    context = ""
    room = first_limit
    rows = 0  # of the run, the header row not counted
    for line in text[table.start : table.end].split("\n"):
        end = position + len(line)
        if lead is not None and not context and rows == 0 and count(text[start:end]) > room:
            yield lead
            start, room, lead = table.start, limit, None
        if rows and count(text[start:end]) > room:
            yield _Part(start=start, end=position, context=context)
            start, context, rows = position, header, 0
            room = limit - count(header)
        rows += 0 if position == table.start and header else 1
        position = end + 1
    yield _Part(start=start, end=table.end, context=context)


def _packed(text: str, units: Sequence[_Part], count: Count, limit: int) -> Iterator[_Part]:
    """Neighbours joined while they fit; rows that lean on a header elsewhere stay by themselves."""
    current: _Part | None = None
    for unit in units:
        if current is None:
            current = unit
        elif not current.context and not unit.context and count(text[current.start : unit.end]) <= limit:
            current = replace(current, end=unit.end)
        else:
            yield current
            current = unit
    if current is not None:
        yield current


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _page_number(label: str, index: int) -> int:
    return int(label) if label.isascii() and label.isdigit() else index + 1
