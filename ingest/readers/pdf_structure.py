"""Lines to headings, paragraphs and list items, over a whole document: what style and numbers say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.canonical import Canonical
from ingest.readers.pdf_layout import Block, Line
from ingest.readers.pdf_spelling import CUT, Spelling
from ingest.readers.pdf_tables import Table, same_edges
from ingest.readers.text import number_depth

_LONGEST_HEADING = 180
_ENDS_SENTENCE = tuple(".:;!?”\"')")


@dataclass(kw_only=True)
class Paragraph:
    """Lines that belong together; style as of its ``first`` line, ``bold`` where all of it is."""

    lines: list[Line]
    first: Line
    bold: bool

    @classmethod
    def of(cls, line: Line) -> Paragraph:
        return cls(lines=[line], first=line, bold=line.bold)

    def add(self, line: Line) -> None:
        self.lines.append(line)
        self.bold = self.bold and line.bold

    @property
    def style(self) -> tuple[float, bool]:
        return round(self.first.size * 2) / 2, self.bold


@dataclass(frozen=True, kw_only=True)
class Body:
    """The document's usual text: size, line distance in sizes, and what is known of its words."""

    size: float
    leading: float
    spelling: Spelling


def write(made: Canonical, pages: Sequence[Sequence[Block]]) -> None:
    """Adds all pages' blocks to ``made``."""
    body = _body(pages)
    paged = [list(_paragraphs(page, body)) for page in pages]
    levels = _levels([each for page in paged for each in page if isinstance(each, Paragraph)], body)
    last: Paragraph | Table | None = None
    titled = False
    for number, page in enumerate(paged, start=1):
        made.page(str(number))
        for at, block in enumerate(page):
            if isinstance(block, Table):
                _add_table(made, block, last if at == 0 else None)
            elif (level := levels.get(block.style)) is not None and _is_heading(block, body):
                depth = number_depth(_text(block, body))
                is_title = not depth and not titled and number == 1 and level == 1
                titled = titled or is_title or bool(depth)
                made.heading(0 if is_title else depth or level, _text(block, body))
            else:
                previous = last if at == 0 and isinstance(last, Paragraph) else None
                _add_prose(made, block, previous, body)
            last = block


def _add_table(made: Canonical, table: Table, before: Paragraph | Table | None) -> None:
    """``before``: what ended the page above; a table with the same columns goes on, its repeated header left out."""
    if isinstance(before, Table) and same_edges(before, table):
        made.more_rows(table.rows[1:] if table.rows[0] == before.rows[0] else table.rows)
    else:
        made.table(table.rows, header=table.header)


def _add_prose(made: Canonical, block: Paragraph, before: Paragraph | None, body: Body) -> None:
    text = _text(block, body)
    if block.first.marker:
        made.item(text, marker=block.first.marker)
    elif before is not None and before.style == block.style and not before.lines[-1].text.endswith(_ENDS_SENTENCE):
        made.paragraph(text, glue="" if CUT.search(before.lines[-1].text) else " ")
    else:
        made.paragraph(text)


# ------------------------------------------------------------------------------------------- paragraphs


def _body(pages: Sequence[Sequence[Block]]) -> Body:
    lines = [block for page in pages for block in page if isinstance(block, Line)]
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    distances: Counter[float] = Counter()
    for page in pages:
        for above, below in pairwise(page):
            if isinstance(above, Line) and isinstance(below, Line) and abs(above.size - below.size) < 0.3:
                distance = (above.y - below.y) / below.size
                if 0.9 < distance < 2.5 and abs(below.size - size) < 0.3:
                    distances[round(distance, 1)] += 1
    leading = distances.most_common(1)[0][0] if distances else 1.3
    return Body(size=size, leading=leading, spelling=Spelling.of([line.text for line in lines]))


def _paragraphs(page: Sequence[Block], body: Body) -> Iterator[Paragraph | Table]:
    now: Paragraph | None = None
    for block in page:
        if isinstance(block, Line) and now is not None and _belongs(now, block, body):
            now.add(block)
            continue
        if now is not None:
            yield now
        now = Paragraph.of(block) if isinstance(block, Line) else None
        if isinstance(block, Table):
            yield block
    if now is not None:
        yield now


def _belongs(now: Paragraph, line: Line, body: Body) -> bool:
    last = now.lines[-1]
    distance = last.y - line.y
    if line.marker or abs(line.size - last.size) > 0.6 or not 0 < distance < line.size * (body.leading + 0.22):
        return False
    if now.bold != line.bold and (now.bold and len(now.lines) == 1 and number_depth(last.text)):
        return False  # a bold numbered line with plain text below it is a heading without space
    if now.bold and line.bold and number_depth(line.text) and line.x0 <= last.x0 + 1:
        return False  # two headings in a row
    if now.first.marker and line.x0 < now.first.x0 - 1:
        return False
    # A last line that ends a sentence well before the edge, and a new sentence below: paragraphs without space between.
    ended_early = last.x1 < line.right - 12 * line.size and last.text.endswith((".", ":", "!", "?"))
    return not (ended_early and not line.text[:1].islower() and distance > line.size * (body.leading + 0.05))


def _text(block: Paragraph, body: Body) -> str:
    """The lines joined; a word cut at a line's end is whole again where the document knows the whole word."""
    text = ""
    for line in block.lines:
        if body.spelling.is_cut(text, line.text):
            text = text[:-1]
        elif text and not (text.endswith("-") and CUT.search(text)):
            text += " "
        text += line.text
    return text


# --------------------------------------------------------------------------------------------- headings


def _is_heading(block: Paragraph, body: Body) -> bool:
    text, (size, bold) = block.first.text, block.style
    if block.first.marker or not (size >= body.size * 1.08 or (bold and size >= body.size * 0.95)):
        return False
    if sum(len(line.text) for line in block.lines) > _LONGEST_HEADING or not any(map(str.isalpha, text)):
        return False
    ends = block.lines[-1].text
    return number_depth(text) > 0 or not ends.endswith((".", ";", ":", ","))


def _levels(blocks: Sequence[Paragraph], body: Body) -> dict[tuple[float, bool], int]:
    """Levels by style: the usual depth of the numbers set in it, else one below the larger numbered styles."""
    depths: dict[tuple[float, bool], Counter[int]] = {}
    for block in blocks:
        if _is_heading(block, body):
            depths.setdefault(block.style, Counter())[number_depth(block.first.text)] += 1
    numbered = {
        style: max((d for d in counts if d), key=counts.__getitem__)
        for style, counts in depths.items()
        if any(counts[d] for d in counts if d)
    }
    if not numbered:
        return {style: rank for rank, style in enumerate(sorted(depths, reverse=True), start=1)}
    return {
        style: numbered.get(style) or 1 + max((d for other, d in numbered.items() if other > style), default=0)
        for style in depths
    }
