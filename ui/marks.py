"""A document's canonical text as readable HTML, with a quote highlighted. Everything is escaped; offsets are code
points and are only ever applied here, in Python (JavaScript counts UTF-16 units)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Literal

from assistant.types import Document

_ITEM = re.compile(r"(?:[-•*]|\(?[0-9]{1,3}[.)]|\(?[a-z]{1,4}[.)])\s")
_SEPARATOR = " | "

Span = tuple[int, int]
"""``[start, end)`` in code points of the canonical text."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A stretch of the text shown as one piece. ``level``: of a heading; of a table, the length of its header."""

    kind: Literal["heading", "table", "item", "text"]
    start: int
    end: int
    level: int = 0


def blocks(document: Document) -> Iterator[Block]:
    """The text in reading order: every character that is not white space stands in exactly one block."""
    at = 0
    for mark in sorted(document.landmarks, key=lambda mark: (mark.start, -mark.end)):
        if mark.kind == "page" or mark.start < at:  # headings and tables do not overlap; stay readable if they do
            continue
        yield from _prose(document.text, at, mark.start)
        yield Block(kind=mark.kind, start=mark.start, end=mark.end, level=mark.level)
        at = mark.end
    yield from _prose(document.text, at, len(document.text))


def _prose(text: str, start: int, end: int) -> Iterator[Block]:
    """Paragraphs between blank lines; lines that begin like list items are items."""
    for paragraph in re.finditer(r"\S(?:.|\n(?!\s*\n))*", text[start:end]):
        first = start + paragraph.start()
        lines = paragraph.group().split("\n")
        if not any(_ITEM.match(line) for line in lines):
            yield Block(kind="text", start=first, end=first + len(paragraph.group().rstrip()))
            continue
        at = first
        for line in lines:
            if line.strip():
                yield Block(kind="item" if _ITEM.match(line) else "text", start=at, end=at + len(line.rstrip()))
            at += len(line) + 1


def document_html(document: Document, quote: Span | None = None) -> str:
    """The whole text; the first highlighted piece has the id ``quote``. A ``quote`` outside it highlights nothing."""
    pages = sorted((m.start, m.label) for m in document.landmarks if m.kind == "page")
    parts: list[str] = []
    for block in blocks(document):
        while pages and pages[0][0] <= block.start:
            parts.append(f'<div class="page-mark"><span>Page {escape(pages.pop(0)[1])}</span></div>')
        parts.append(_block_html(document.text, block, quote, document.title))
    html = "".join(parts)
    return html.replace("<mark>", '<mark id="quote" tabindex="-1">', 1)  # the text is escaped: a <mark> is ours


def marked(text: str, start: int, end: int, quote: Span | None) -> str:
    """``text[start:end]``, escaped, with what it shares with ``quote`` in ``<mark>``."""
    if quote is None:
        return escape(text[start:end])
    first, last = max(start, quote[0]), min(end, quote[1])
    if first >= last:
        return escape(text[start:end])
    return f"{escape(text[start:first])}<mark>{escape(text[first:last])}</mark>{escape(text[last:end])}"


def _block_html(text: str, block: Block, quote: Span | None, title: str) -> str:
    if block.kind == "table":
        return _table_html(text, block, quote)
    inner = marked(text, block.start, block.end, quote)
    if block.kind == "heading":
        level = min(max(block.level, 1), 4) + 1
        return f"<h{level}>{inner}</h{level}>"
    if block.kind == "item":
        return f'<p class="item">{inner}</p>'
    is_title = block.start == 0 and text[block.start : block.end] == title
    return f'<p class="title">{inner}</p>' if is_title else f"<p>{inner.replace(chr(10), '<br>')}</p>"


def _table_html(text: str, block: Block, quote: Span | None) -> str:
    rows: list[str] = []
    at = block.start
    for line in text[block.start : block.end].split("\n"):
        cell = "th" if at == block.start and block.level else "td"
        cells = []
        start = at
        for piece in line.split(_SEPARATOR):
            inner = marked(text, start, start + len(piece), quote)
            cells.append(f'<{cell} scope="col">{inner}</{cell}>' if cell == "th" else f"<{cell}>{inner}</{cell}>")
            start += len(piece) + len(_SEPARATOR)
        rows.append(f"<tr>{''.join(cells)}</tr>")
        at += len(line) + 1
    return f'<div class="table" role="region" aria-label="Table" tabindex="0"><table>{"".join(rows)}</table></div>'
