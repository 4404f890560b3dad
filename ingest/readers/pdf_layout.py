"""Pages to lines and tables in reading order, running headers, footers and page numbers left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.readers.pdf_page import Fragment, Page
from ingest.readers.pdf_tables import Table, aligned, ruled

_ZONE = 0.11  # of the page's height, at the top and at the bottom, where running lines stand
_PAGE_NUMBER = re.compile(
    r"[-–—]?\s*(?:page\s+)?(?:\d{1,4}|[ivxl]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?\s*[-–—]?", re.IGNORECASE
)
_MARKER = re.compile(r"[•◦▪‣·●○■□–—*§-]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5}|[A-Z])[.)]|\d{1,3}(?:\.\d{1,3})*\.?")
_BULLET = re.compile(r"[•◦▪‣·●○■□\-–—*]")
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]")
_FEWEST_DOTS = 5
_DOT_LEADERS = re.compile(r"(?:\.\s?){5,}\s*(?:\d{1,4}|[ivxl]+)?$")


@dataclass(kw_only=True, slots=True)
class Line:
    """One line of prose. ``marker``: the bullet or number before it, parted by a gap; ``right``: its column's edge."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    marker: str = ""
    right: float = 0.0


Block = Line | Table


def blocks_of(pages: Sequence[Page]) -> list[list[Block]]:
    """For each page its lines and tables. Lines of a table of contents (dot leaders) are left out too."""
    result: list[list[Block]] = []
    for page, running in zip(pages, _running(pages), strict=True):
        body = [f for f in page.fragments if id(f) not in running and f.text.strip()]
        grids, rest = ruled(body, page.rules)
        columns, rest = aligned(_marked(rest))
        lines = _lines(rest)
        right = max((line.x1 for _, line in lines), default=0.0)
        ordered: list[tuple[int, Block]] = [(table.order, table) for table in (*grids, *columns)]
        for order, line in lines:
            line.right = right
            if line.text.count(".") < _FEWEST_DOTS or not _DOT_LEADERS.search(line.text):
                ordered.append((order, line))
        result.append([block for _, block in sorted(ordered, key=lambda pair: pair[0])])
    return result


def _running(pages: Sequence[Page]) -> list[set[int]]:
    """For each page the identities of fragments that belong to its running header or footer.

    Such is what stands at the same height in a margin zone on at least a third of the pages (digits disregarded: they
    count pages; left and right pages may differ), at least two; and a page number by itself in these zones.
    """
    seen: Counter[tuple[str, int]] = Counter()
    marginal: list[list[tuple[Fragment, tuple[str, int]]]] = []
    for page in pages:
        keyed = [
            (f, (re.sub(r"\d+", "#", f.text.strip()), round(f.y / 3)))
            for f in page.fragments
            if not _ZONE * page.height < f.y < (1 - _ZONE) * page.height
        ]
        marginal.append(keyed)
        seen.update({key for _, key in keyed})
    often = max(2, len(pages) / 3)
    return [
        {id(f) for f, key in keyed if seen[key] >= often or _PAGE_NUMBER.fullmatch(f.text.strip())}
        for keyed in marginal
    ]


def _marked(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Bullets and numbers in a hanging indent joined to their line, with a tab between: they are no column."""
    joined: list[Fragment] = []
    for fragment in fragments:
        last = joined[-1] if joined else None
        if (
            last is not None
            and abs(last.y - fragment.y) < 0.4 * fragment.size
            and 0 < fragment.x0 - last.x1 < 4 * fragment.size
            and _MARKER.fullmatch(last.text)
        ):
            last.text = f"{last.text}\t{fragment.text}"
            last.x1, last.bold, last.size = fragment.x1, fragment.bold, fragment.size
        else:
            joined.append(fragment)
    return joined


def _lines(fragments: Sequence[Fragment]) -> list[tuple[int, Line]]:
    """Lines with their order; neighbours in content order on one baseline are one line."""
    lines: list[tuple[int, Line]] = []
    for fragment in fragments:
        marker, text = _parted(fragment.text)
        if lines:
            _, last = lines[-1]
            if abs(last.y - fragment.y) < 0.3 * fragment.size and fragment.x0 >= last.x1 - 1:
                last.text, last.x1, last.bold = f"{last.text} {text}", fragment.x1, last.bold and fragment.bold
                continue
        line = Line(
            text=text,
            x0=fragment.x0,
            x1=fragment.x1,
            y=fragment.y,
            size=fragment.size,
            bold=fragment.bold,
            marker=marker,
        )
        lines.append((fragment.order, line))
    return lines


def _parted(text: str) -> tuple[str, str]:
    """Marker and text: list items have a bullet or enumerator, section numbers ("4.2") stay in the text."""
    marker, tab, rest = text.partition("\t")
    if tab and (_BULLET.fullmatch(marker) or _ENUMERATOR.fullmatch(marker)):
        return ("-" if _BULLET.fullmatch(marker) else marker), rest
    text = text.replace("\t", " ")
    first, space, rest = text.partition(" ")
    if space and (first in "•◦▪‣●○■□" or re.fullmatch(r"\((?:\d{1,2}|[a-z]|[ivx]{1,5})\)", first)):
        return ("-" if first in "•◦▪‣●○■□" else first), rest
    return "", text
