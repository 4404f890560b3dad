"""PDF, by PDFium. The page's picture is not read: a scan without a text layer is refused, not guessed at.

Text comes in content order, which office programs and typesetters write as reading order. What is not covered: pages
whose content order is scrambled, right-to-left text, formulas, text drawn as curves.
"""

from __future__ import annotations

import re

import pypdfium2
from pypdfium2.raw import FPDF_ERR_PASSWORD

from assistant.errors import InputError
from assistant.protocols import Reading
from ingest.canonical import Canonical, one_line
from ingest.readers.bytes import kind_of
from ingest.readers.pdf_layout import blocks_of
from ingest.readers.pdf_page import Page, read_page
from ingest.readers.pdf_structure import write

_HEADER_WITHIN = 1024  # bytes: PDF 32000-1, annex H, implementation note 13

_NO_TITLE = re.compile(r"^(?:untitled|\(anonymous\)|Microsoft \w+ - .*|\S+\.\w{2,4})$", re.IGNORECASE)


class PdfReader:
    identity = "pdf/2"
    suffixes = frozenset({".pdf"})

    def read(self, data: bytes) -> Reading:
        """Raises `InputError` where the bytes are no PDF, are encrypted or damaged, or hold no text."""
        if not data:
            raise InputError("The file is empty.")
        if b"%PDF-" not in data[:_HEADER_WITHIN]:
            found = kind_of(data) or "no PDF"
            raise InputError(f"The file's name says a PDF, its bytes say {found}; rename it or convert it.")
        document = _open(data)
        try:
            pages = [_page(document, index) for index in range(len(document))]
            title = _title(document.get_metadata_value("Title") or "")
        finally:
            document.close()
        if not any(page.fragments for page in pages):
            raise InputError("The PDF is scanned or drawn: it has no text; run text recognition (OCR) on it first.")
        made = Canonical()
        for page in pages:
            for hidden in page.hidden:
                made.hide(hidden)
        write(made, blocks_of(pages))
        return made.build(title)


def _open(data: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == FPDF_ERR_PASSWORD:
            raise InputError("The PDF is password-protected; save it without a password.") from error
        raise InputError("The PDF is damaged; open it in a PDF program and save it again.") from error


def _page(document: pypdfium2.PdfDocument, index: int) -> Page:
    try:
        page = document[index]
        try:
            return read_page(page, index + 1)
        finally:
            page.close()
    except pypdfium2.PdfiumError as error:
        raise InputError(f"Page {index + 1} of the PDF is damaged; save it again in a PDF program.") from error


def _title(metadata: str) -> str:
    """The title in the file's properties, unless a program put its own words or a file name there."""
    title = one_line(metadata)
    return "" if _NO_TITLE.search(title) else title
