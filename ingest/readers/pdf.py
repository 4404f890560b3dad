"""PDF, by PDFium. Pages without text are read by text recognition where it is installed (`ocr`), and that is remarked.

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
from ingest.heartbeat import beat
from ingest.readers import ocr
from ingest.readers.bytes import kind_of
from ingest.readers.pdf_layout import blocks_of
from ingest.readers.pdf_page import Page, read_page
from ingest.readers.pdf_structure import write

_HEADER_WITHIN = 1024  # bytes: PDF 32000-1, annex H, implementation note 13

_NO_TITLE = re.compile(r"^(?:untitled|\(anonymous\)|Microsoft \w+ - .*|\S+\.\w{2,4})$", re.IGNORECASE)


class PdfReader:
    identity = f"pdf+rapidocr-{ocr.version()}/2" if ocr.version() else "pdf/2"
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
            made = Canonical()
            pages = _with_scans(document, [_page(document, index) for index in range(len(document))], made)
            title = _title(document.get_metadata_value("Title") or "")
        finally:
            document.close()
        if not any(page.fragments for page in pages):
            raise InputError("No text was found on any page of the PDF; give one with text.")
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


def _with_scans(document: pypdfium2.PdfDocument, pages: list[Page], made: Canonical) -> list[Page]:
    """``pages``, those without text that show something read by text recognition. Raises `InputError` where no page has text
    and there is none."""
    scans = [at for at, page in enumerate(pages) if not page.fragments and _shows(document, at)]
    if not scans:
        return pages
    if not ocr.version():
        if len(scans) < len(pages) and any(page.fragments for page in pages):
            return pages
        raise InputError(f"The PDF is scanned or drawn: it has no text. {ocr.INSTALL}")
    if len(scans) > ocr.MOST_PAGES:
        raise InputError(f"The PDF has {len(scans)} scanned pages, the limit is {ocr.MOST_PAGES}; split it.")
    least = 1.0
    recognised: list[int] = []
    for at in scans:
        page = document[at]
        try:
            pages[at], confidence = ocr.read_scan(page, at + 1)
        finally:
            page.close()
        if pages[at].fragments:
            recognised.append(at + 1)
            least = min(least, confidence)
        beat()
    if recognised:
        some = ", ".join(map(str, recognised[:5])) + (" …" if len(recognised) > 5 else "")
        made.remark(
            f"{len(recognised)} of its {len(pages)} pages were read by text recognition (page {some}; least confidence of a "
            f"line {least:.2f}): compare what matters with the picture."
        )
    return pages


def _shows(document: pypdfium2.PdfDocument, index: int) -> bool:
    page = document[index]
    try:
        return next(iter(page.get_objects(max_depth=1)), None) is not None
    finally:
        page.close()


def _title(metadata: str) -> str:
    """The title in the file's properties, unless a program put its own words or a file name there."""
    title = one_line(metadata)
    return "" if _NO_TITLE.search(title) else title
