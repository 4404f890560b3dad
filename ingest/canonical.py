"""Canonical text: what every offset of Muniment counts in, and the builder that makes it.

A text is canonical when `canonicalise` returns it unchanged:

- line ends (CR, CRLF, VT, FF, NEL, U+2028, U+2029) are ``\\n``;
- tabs, no-break and other odd spaces (U+00A0, U+1680, U+2000–U+200A, U+202F, U+205F, U+2800, U+3000) and the separators
  U+001C–U+001F are plain spaces; runs of spaces are one; no line begins or ends with one; at most one blank line in a
  row; nothing blank at either end;
- gone without trace: NUL and the other control characters; soft hyphens, zero-width and bidirectional marks, joiners,
  variation selectors, tag characters and invisible fillers (what can hide text from a person and show it to a model);
  private-use characters (a symbol font's glyphs mean nothing without the font); noncharacters;
- lone surrogates are U+FFFD;
- what remains is in NFC (never NFKC: "²" stays "²").

The builder canonicalises piece by piece and counts, so its landmarks hold by construction.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

from assistant.errors import InputError
from assistant.protocols import Hidden, Reading
from assistant.types import Landmark
from ingest.invisible import invisible

_Kind = Literal["text", "item", "line", "heading", "table"]
_MOST_HIDDEN = 50_000
"""Characters of hidden text that are kept to be looked at: enough to judge them."""
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\t\x1c-\x1f\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]")
_REMOVED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ue000-\uf8ff\U000f0000-\U0010ffff"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 15))
    + "]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_CANONICAL_LINE = re.compile("(?:[!-~£€§©°·½‘’“”–—•…]+ )*[!-~£€§©°·½‘’“”–—•…]+")
"""Lines of these letters, none of which composes with another, are canonical as they stand: most are."""
_BLANKS = re.compile(" {2,}")
_LINE_EDGES = re.compile(" ?\n ?")
_BLANK_LINES = re.compile("\n{3,}")


def canonicalise(text: str) -> str:
    """``text`` in canonical form; line breaks are kept, at most one blank line in a row."""
    if _CANONICAL_LINE.fullmatch(text):
        return text
    text = _LINE_ENDS.sub("\n", text)
    text = _SPACES.sub(" ", text)
    text = _REMOVED.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _SURROGATES.sub("\ufffd", text))
    text = _BLANKS.sub(" ", text)
    text = _LINE_EDGES.sub("\n", text)
    return _BLANK_LINES.sub("\n\n", text).strip(" \n")


def one_line(text: str) -> str:
    """Canonical ``text`` with every line break a space: headings, list items, cells, titles."""
    canonical = canonicalise(text)
    return _BLANKS.sub(" ", canonical.replace("\n", " ")) if "\n" in canonical else canonical


def is_canonical(text: str) -> bool:
    return canonicalise(text) == text


def sha256_text(text: str) -> str:
    """Hex SHA-256 of the UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class Canonical:
    """Builds one `Reading`, block by block in reading order.

    Blocks are joined by a blank line, items of one list by a line break. Pieces that are blank after canonicalisation
    leave no trace. Levels of headings may be any integers while building (0 for a title that is known to be one);
    `build` ranks those used to 1, 2, 3 … without gaps.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._last: _Kind | None = None
        self._pages: list[tuple[str, int]] = []
        self._page: str | None = None
        self._headings: list[Landmark] = []
        self._tables: list[Landmark] = []
        self._hidden: dict[Hidden, None] = {}
        self._hidden_length = 0
        self._remarks: list[str] = []

    def remark(self, sentence: str) -> None:
        """Says something of the document to whoever answers for it."""
        self._remarks.append(sentence)

    def hide(self, hidden: Hidden) -> None:
        """Notes what the file holds and a person does not see; said twice it is noted once."""
        text = one_line(hidden.text)[: _MOST_HIDDEN - self._hidden_length]
        if text and (noted := Hidden(how=hidden.how, text=text)) not in self._hidden:
            self._hidden[noted] = None
            self._hidden_length += len(text)

    def page(self, label: str) -> None:
        """What follows stands on page ``label``; a page without text leaves no landmark."""
        self._page = one_line(label)

    def heading(self, level: int, text: str) -> None:
        line = self._line(text)
        if line:
            start = self._append(line, "\n\n", "heading")
            self._headings.append(Landmark(kind="heading", start=start, end=self._length, label=line, level=level))

    def paragraph(self, text: str, *, glue: Literal[" ", ""] | None = None) -> None:
        """A paragraph; its own line breaks are kept. ``glue`` joins it to the text before it (a paragraph that runs
        over a page break), with a space, or with nothing where a word was cut."""
        self._look(text)
        body = canonicalise(text)
        if not body:
            return
        if glue is not None and self._last in ("text", "item", "line"):
            composes = glue == "" and not unicodedata.is_normalized("NFC", self._parts[-1] + body)
            self._append(body, " " if composes else glue, self._last)
        else:
            self._append(body, "\n\n", "text")

    def item(self, text: str, *, marker: str = "-") -> None:
        """A list item: ``marker`` ("-", "2.", "(a)"), a space, the text. Items without marker are a list of lines of
        their own ("Owner: Compliance")."""
        body = self._line(text)
        if body:
            kind: _Kind = "item" if marker else "line"
            self._append(one_line(f"{marker} {body}"), "\n" if self._last == kind else "\n\n", kind)

    def table(self, rows: Iterable[Sequence[str]], *, header: bool = True) -> None:
        """One line ``cell | cell | cell`` a row; ``header``: the first row names the columns."""
        lines = [self._row(row) for row in rows]
        kept = [line for line in lines if line]
        if not kept:
            return
        level = len(kept[0]) if header and lines[0] else 0
        start = self._append("\n".join(kept), "\n\n", "table")
        self._tables.append(Landmark(kind="table", start=start, end=self._length, level=level))

    def more_rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Rows that continue the table just added (over a page break); without one, a table of their own."""
        kept = [line for row in rows if (line := self._row(row))]
        if self._last != "table":
            self.table([[line] for line in kept], header=False)
        elif kept:
            self._append("\n".join(kept), "\n", "table")
            table = self._tables[-1]
            self._tables[-1] = Landmark(kind="table", start=table.start, end=self._length, level=table.level)

    def build(self, title: str = "") -> Reading:
        """The reading. A first heading that stands alone above all others and has no number is the document's title:
        it wins over ``title``, stays in the text and is no landmark (paths begin with the sections).

        Raises `InputError` where there is no text at all.
        """
        if not self._parts:
            raise InputError("The file has no text in it.")
        headings, lone = _without_title(self._headings)
        ranks = {level: rank for rank, level in enumerate(sorted({mark.level for mark in headings}), 1)}
        ranked = [
            Landmark(kind="heading", start=mark.start, end=mark.end, label=mark.label, level=ranks[mark.level])
            for mark in headings
        ]
        ends = [start for _, start in self._pages[1:]] + [self._length]  # one too many where there are no pages
        pages = [
            Landmark(kind="page", start=start, end=end, label=label)
            for (label, start), end in zip(self._pages, ends, strict=False)
        ]
        order = {"page": 0, "heading": 1, "table": 2}
        marks = sorted([*pages, *ranked, *self._tables], key=lambda mark: (mark.start, order[mark.kind]))
        return Reading(
            text="".join(self._parts),
            landmarks=tuple(marks),
            title=lone or one_line(title),
            hidden=tuple(self._hidden),
            remarks=tuple(self._remarks),
        )

    def _look(self, raw: str) -> None:
        for hidden in invisible(raw):
            self.hide(hidden)

    def _line(self, raw: str) -> str:
        self._look(raw)
        return one_line(raw)

    def _row(self, cells: Sequence[str]) -> str:
        texts = [self._line(cell) for cell in cells]
        return one_line(" | ".join(texts)) if any(texts) else ""

    def _append(self, text: str, separator: str, kind: _Kind) -> int:
        """Adds a canonical piece; its start."""
        if self._parts and separator:
            self._parts.append(separator)
            self._length += len(separator)
        start = self._length
        if self._page is not None:
            self._pages.append((self._page, start))
            self._page = None
        self._parts.append(text)
        self._length += len(text)
        self._last = kind
        return start


def _without_title(headings: list[Landmark]) -> tuple[list[Landmark], str]:
    if not headings:
        return [], ""
    first, others = headings[0], headings[1:]
    if first.label[0].isdigit() or any(mark.level <= first.level for mark in others):
        return headings, ""
    return others, first.label
