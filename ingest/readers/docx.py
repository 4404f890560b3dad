"""Word documents, by python-docx and the document's own XML, in document order.

Headings are paragraphs with an outline level (their own or their style's); automatic numbers ("4.2", "(a)") are worked
out and stand in the text as Word shows them. Tracked changes are read as accepted. Footnotes and endnotes follow their
paragraph, numbered in the order of their marks (Word's own restarts by page or section are not covered).
Headers, footers, comments and hidden text stay out; text boxes come after the paragraph they hang on.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml import parse_xml
from lxml.etree import XMLSyntaxError

from assistant.errors import InputError
from assistant.protocols import Hidden, Reading
from ingest.canonical import Canonical
from ingest.readers import package
from ingest.readers.docx_styles import Numbering, Styles, format_number, hidden_by, is_on, w

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MC_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_GONE = frozenset({w("del"), w("moveFrom"), w("instrText"), w("txbxContent"), w("rt"), w("pPr"), _MC_FALLBACK})
_CONTAINERS = frozenset({w("sdt"), w("sdtContent"), w("ins"), w("moveTo"), w("customXml"), w("smartTag")})

# What zipfile, python-docx and lxml raised on randomly damaged files: some parts are only found missing while walking.
_DAMAGED = (*package.DAMAGED, PackageNotFoundError, XMLSyntaxError, AttributeError, TypeError, IndexError)


class DocxReader:
    identity = "docx/2"
    suffixes = frozenset({".docx"})

    def read(self, data: bytes) -> Reading:
        """Raises `InputError` where the bytes are no Word document, are encrypted or damaged, or hold no text."""
        package.check(data, "a Word document")
        made = Canonical()
        try:
            document = Document(io.BytesIO(data))
            _Walk(made, document).blocks(document.element.body)
            title = document.core_properties.title or ""
        except _DAMAGED as error:
            raise InputError(
                "The file is no Word document or is damaged; open it in Word and save it again."
            ) from error
        return made.build(title)


class _Walk:
    """One pass over the body. ``element`` values are lxml elements of the document's XML."""

    def __init__(self, made: Canonical, document: Any) -> None:
        self._made = made
        self._styles = Styles(document)
        self._numbering = Numbering(document)
        self._notes = {
            w("footnoteReference"): _notes(document, RELATIONSHIP_TYPE.FOOTNOTES, w("footnote")),
            w("endnoteReference"): _notes(document, RELATIONSHIP_TYPE.ENDNOTES, w("endnote")),
        }
        self._marked: dict[str, int] = {}  # how many notes of either kind were met
        self._pending: list[tuple[str, str]] = []

    def blocks(self, parent: Any) -> None:
        for element in parent:
            if element.tag == w("p"):
                self._paragraph(element)
            elif element.tag == w("tbl"):
                self._table(element)
            elif element.tag in _CONTAINERS:
                self.blocks(element)

    def _paragraph(self, element: Any) -> None:
        text = self._text(element)
        style = self._styles.of(element)
        number = self._numbering.next_label(element, style) if text.strip() else None
        if style.outline is not None and text.strip():
            self._made.heading(style.outline, f"{number or ''} {text}")
        elif number is not None:
            self._made.item(text, marker=number)
        elif style.is_list:
            self._made.item(text)
        else:
            self._made.paragraph(text)
        for box in element.iter(w("txbxContent")):
            if not any(ancestor.tag == _MC_FALLBACK for ancestor in box.iterancestors()):
                self.blocks(box)
        self._add_notes()

    def _add_notes(self) -> None:
        pending, self._pending = self._pending, []
        for mark, text in pending:
            self._made.item(text, marker=f"{mark}.")

    def _table(self, element: Any) -> None:
        rows = list(_rows(element))
        texts = self._cells(rows)
        if all(len(row) <= 1 for row in texts):
            for row in rows:  # a frame drawn with a table
                for cell in row.iter(w("tc")):
                    self.blocks(cell)
            return
        self._made.table(texts, header=_has_header(rows))
        self._add_notes()

    def _cells(self, rows: list[Any]) -> list[list[str]]:
        """Texts by row. A cell merged over rows is repeated in each; one over columns stands once."""
        above: dict[int, str] = {}
        result: list[list[str]] = []
        for row in rows:
            column, texts = 0, list[str]()
            for cell in row.iterchildren(w("tc"), w("sdt")):
                properties = cell.find(w("tcPr"))
                merge = properties.find(w("vMerge")) if properties is not None else None
                span = properties.find(w("gridSpan")) if properties is not None else None
                if merge is not None and merge.get(w("val"), "continue") == "continue":
                    text = above.get(column, "")
                else:
                    text = " ".join(self._text(paragraph) for paragraph in cell.iter(w("p")))
                above[column] = text
                texts.append(text)
                column += int(span.get(w("val"), "1")) if span is not None else 1
            result.append(texts)
        return result

    def _text(self, paragraph: Any) -> str:
        return "".join(self._pieces(paragraph))

    def _pieces(self, element: Any) -> Iterator[str]:
        for child in element:
            tag = child.tag
            if tag in _GONE:
                continue
            if tag == w("r"):
                if how := hidden_by(child):
                    self._made.hide(Hidden(how=how, text="".join(t.text or "" for t in child.iter(w("t")))))
                    continue
                yield from self._pieces(child)
            elif tag == w("t"):
                yield child.text or ""
            elif tag in (w("tab"), w("ptab")):
                yield " "
            elif tag in (w("br"), w("cr")):
                yield "\n"
            elif tag == w("noBreakHyphen"):
                yield "-"
            elif tag in self._notes:
                text = self._notes[tag].get(child.get(w("id"), ""))
                if text:
                    self._marked[tag] = self._marked.get(tag, 0) + 1
                    endnote = tag == w("endnoteReference")
                    mark = format_number(self._marked[tag], "lowerRoman" if endnote else "decimal")
                    self._pending.append((mark, text))
                    yield f"({mark})" if endnote else mark.translate(_SUPERSCRIPT)
            elif len(child):
                yield from self._pieces(child)


def _rows(table: Any) -> Iterator[Any]:
    for child in table:
        if child.tag == w("tr"):
            properties = child.find(w("trPr"))
            if properties is None or properties.find(w("del")) is None:
                yield child
        elif child.tag in _CONTAINERS:
            yield from _rows(child)


def _has_header(rows: list[Any]) -> bool:
    """The first row is marked to repeat on each page, or it alone is bold throughout."""
    properties = rows[0].find(w("trPr")) if rows else None
    if properties is not None and is_on(properties.find(w("tblHeader"))):
        return True
    return len(rows) > 1 and _is_bold(rows[0]) and not _is_bold(rows[1])


def _is_bold(row: Any) -> bool:
    runs = [run for run in row.iter(w("r")) if any((text.text or "").strip() for text in run.iter(w("t")))]
    return bool(runs) and all(
        (properties := run.find(w("rPr"))) is not None and is_on(properties.find(w("b"))) for run in runs
    )


def _notes(document: Any, relation_type: str, tag: str) -> dict[str, str]:
    """Texts by id, those that a reader sees: separators have a type."""
    for relation in document.part.rels.values():
        if relation.reltype == relation_type and not relation.is_external:
            return {
                note.get(w("id"), ""): " ".join(" ".join(map(_note_text, note.iter(w("p")))).split())
                for note in parse_xml(relation.target_part.blob).iter(tag)
                if note.get(w("type")) is None
            }
    return {}


def _note_text(paragraph: Any) -> str:
    gone = (w("del"), w("moveFrom"))
    runs = [
        run
        for run in paragraph.iter(w("r"))
        if not hidden_by(run) and not any(each.tag in gone for each in run.iterancestors())
    ]
    return "".join(text.text or "" for run in runs for text in run.iter(w("t")))
