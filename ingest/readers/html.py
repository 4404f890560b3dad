"""HTML pages, as published or as saved from a browser, by BeautifulSoup on lxml. Nothing is ever fetched.

`html_chrome` takes the furniture out; this module walks what is left, in order. A footnote mark in ``<sup>`` becomes
superscript digits (so "levels¹", never "levels1" and never "[1]", which would look like a citation). A number that
stands in a column of its own, as rulebooks set it, is put before the text it belongs to.
"""

from __future__ import annotations

import re

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag

from assistant.errors import InputError
from assistant.protocols import Reading
from ingest.canonical import Canonical, one_line
from ingest.readers.bytes import require_text
from ingest.readers.html_chrome import main_part
from ingest.readers.html_tables import is_layout, rows_of

_BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "ul",
    }
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_ORPHAN = re.compile(
    r"(?:\d{1,3}[A-Z]?(?:\.\d{1,3}[A-Z]?)*|[A-Z]\d*(?:\.\d{1,3})+|\(?(?:\d{1,2}|[a-z]{1,4}|[A-Z])\))[.:]?"
)
_ENUMERATED = re.compile(r"(?:\(?(?:\d{1,3}|[a-z]{1,4}|[A-Z])[.)]|[-–—•])\s")
_LOOSE_MARK = re.compile(r"(?<![ \n⁰¹²³⁴-⁹])[ \n]+(?=[⁰¹²³⁴-⁹])|(?<=[⁰¹²³⁴-⁹])[ \n]+(?=[.,;:)])")
_SPACES = re.compile(r"[ \t\r\n\f]+")


class HtmlReader:
    identity = "html/2"
    suffixes = frozenset({".html", ".htm"})

    def read(self, data: bytes) -> Reading:
        """Raises `InputError` where the bytes are not text or the page has none."""
        require_text(data, "an HTML page")
        try:
            page = BeautifulSoup(data, "lxml")
        except ValueError as error:  # a declared encoding with control characters in its name
            raise InputError("The page can't be parsed; open it in a browser and save it again.") from error
        title = page.title.get_text() if page.title else ""
        made = Canonical()
        _Walk(made).document(main_part(page, made.hide))
        return made.build(re.split(r"\s[|»·]\s", one_line(title))[0])


def read_fragment(made: Canonical, source: str) -> None:
    """Adds an HTML fragment's blocks to ``made``."""
    _Walk(made).document(main_part(BeautifulSoup(source, "lxml"), made.hide))


class _Walk:
    """One pass over the tree: inline text gathers until a block begins or ends, then becomes a paragraph."""

    def __init__(self, made: Canonical) -> None:
        self._made = made
        self._inline: list[str] = []
        self._number = ""
        self._marker: str | None = None

    def document(self, root: Tag) -> None:
        self._children(root)
        self._flush()
        if self._number:
            self._made.paragraph(self._number)

    def _children(self, tag: Tag) -> None:
        for child in tag.children:
            self._node(child)

    def _node(self, node: PageElement) -> None:
        if isinstance(node, NavigableString):
            if type(node) is NavigableString:  # comments, doctypes and CDATA are subclasses
                self._inline.append(_SPACES.sub(" ", node))
            return
        if not isinstance(node, Tag):
            return
        name = node.name
        if name in _HEADINGS:
            self._heading(node)
        elif name == "table":
            self._table(node)
        elif name in ("ul", "ol"):
            self._list(node)
        elif name == "dl":
            self._definitions(node)
        elif name == "pre":
            self._flush()
            self._made.paragraph(node.get_text())
        elif name == "br":
            self._inline.append("\n")
        elif name == "sup":
            self._inline.append(superscript(node))
        elif name in _BLOCKS:
            self._flush()
            self._children(node)
            self._flush()
        else:
            self._children(node)

    def _flush(self) -> None:
        text = _LOOSE_MARK.sub("", "".join(self._inline)).strip()
        self._inline.clear()
        if not text:
            return
        if self._marker is not None:
            marker, self._marker = self._marker, None
            self._made.item(self._numbered(text), marker="" if _ENUMERATED.match(text) else marker)
        elif _ORPHAN.fullmatch(one_line(text)) and not self._number:
            self._number = one_line(text)
        else:
            self._made.paragraph(self._numbered(text))

    def _numbered(self, text: str) -> str:
        """``text`` behind the number that stood alone before it."""
        number, self._number = self._number, ""
        return f"{number} {text}" if number else text

    def _heading(self, tag: Tag) -> None:
        self._flush()
        text = one_line(inline_text(tag))
        if not text:
            return
        link = tag.find_parent("a")
        if link is not None and not str(link.get("href", "")).startswith("#"):
            self._made.paragraph(self._numbered(text))  # a banner that leads elsewhere, no section of this page
        else:
            self._made.heading(_HEADINGS[tag.name], self._numbered(text))

    def _table(self, tag: Tag) -> None:
        self._flush()
        if is_layout(tag):
            for cell in tag.find_all(["td", "th", "caption"]):
                if cell.find_parent("table") is tag:
                    self._children(cell)
                    self._flush()
            return
        if self._number:
            self._made.paragraph(self._numbered(""))
        caption = tag.find("caption")
        if caption is not None:
            self._made.paragraph(inline_text(caption))
        rows, header = rows_of(tag, inline_text)
        self._made.table(rows, header=header)

    def _list(self, tag: Tag) -> None:
        self._flush()
        number = _start(tag)
        for child in tag.children:
            if isinstance(child, Tag) and child.name == "li":
                self._marker = f"{number}." if tag.name == "ol" else "-"
                self._children(child)
                self._flush()
                self._marker = None
                number += 1
            else:
                self._node(child)  # nested lists stand outside <li> on careless pages
        self._flush()

    def _definitions(self, tag: Tag) -> None:
        """Each ``<dd>`` as a line "term: description"."""
        self._flush()
        term = ""
        for entry in tag.find_all(["dt", "dd"]):
            text = one_line(inline_text(entry))
            if entry.name == "dt":
                term = text.rstrip(":")
            else:
                self._made.item(f"{term}: {text}" if term else text, marker="")


def inline_text(tag: Tag) -> str:
    """All text below ``tag``, a space where a block or line breaks."""
    parts: list[str] = []
    for node in tag.descendants:
        if type(node) is NavigableString:
            if node.find_parent("sup") is None:
                parts.append(_SPACES.sub(" ", node))
        elif isinstance(node, Tag):
            if node.name == "sup":
                parts.append(superscript(node))
            elif node.name == "br" or node.name in _BLOCKS or node.name in ("td", "th", "tr"):
                parts.append(" ")
    return _LOOSE_MARK.sub("", "".join(parts))


def superscript(tag: Tag) -> str:
    text = tag.get_text().strip()
    digits = text.strip("[]()")
    # the space keeps neighbouring marks apart ("³⁸ ³⁹"); `_LOOSE_MARK` takes it away behind a word
    return " " + digits.translate(_SUPERSCRIPT) if digits.isdigit() and digits.isascii() else text


def _start(tag: Tag) -> int:
    value = str(tag.get("start", "1"))
    return int(value) if value.isdigit() else 1
