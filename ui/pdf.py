"""A page of a PDF as a picture, with a quote highlighted where it is found on that page."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from assistant.errors import InputError

SCALE = 2.0
"""Pixels a point: 144 dpi, sharp on a phone and about 100 kB a page of text."""
HIGHLIGHT = (255, 213, 61, 110)
LEAST = 12
"""Letters and digits that a line of the quote needs to be looked for by itself: less is found in too many places."""

_PDFIUM = threading.Lock()
"""PDFium is not safe to use from two threads at once."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """``count`` characters from ``index`` on, in the page's own count."""

    index: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A page before it is drawn: pixels of its picture, and how far down the quote begins (0 the top, 1 the foot; None
    where the quote is not found on it)."""

    page: int
    width: int
    height: int
    top: float | None


def sheet_of(source: bytes, page: int, quote: str = "") -> Sheet:
    """Page ``page`` (from 1). Raises `InputError` as `page_png` does."""
    with _page(source, page) as sheet:
        width, height = sheet.get_size()
        tops = [(height - box[3]) / height for box in _boxes(sheet, quote)]
    return Sheet(
        page=page,
        width=round(width * SCALE),
        height=round(height * SCALE),
        top=min(1.0, max(0.0, min(tops))) if tops else None,
    )


def page_png(source: bytes, page: int, quote: str = "") -> bytes:
    """Page ``page`` (from 1) as PNG. A quote that can't be found is not highlighted. Raises `InputError` for a page
    that is not there and for bytes that are no PDF."""
    from PIL import Image, ImageDraw

    with _page(source, page) as sheet:
        image = sheet.render(scale=SCALE).to_pil().convert("RGBA")
        height = sheet.get_height()
        boxes = _boxes(sheet, quote)
    veil = Image.new("RGBA", image.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(veil)
    for left, bottom, right, top in boxes:
        corners = (left - 1, height - top - 1.5, right + 1, height - bottom + 1.5)
        pen.rectangle([value * SCALE for value in corners], fill=HIGHLIGHT)
    out = io.BytesIO()
    Image.alpha_composite(image, veil).convert("RGB").save(out, "PNG", optimize=True)
    return out.getvalue()


@contextmanager
def _page(source: bytes, page: int) -> Iterator[Any]:
    import pypdfium2

    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(source)
        except pypdfium2.PdfiumError as error:
            raise InputError("This document has no pages to show.") from error
        try:
            if not 1 <= page <= len(document):
                raise InputError(f"There is no page {page}; the document has {len(document)}.")
            yield document[page - 1]
        finally:
            document.close()


def _boxes(sheet: Any, quote: str) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top of each line of the quote, in points from the foot of the page."""
    text = sheet.get_textpage()
    return [
        text.get_rect(number)
        for place in locate(text.get_text_range(), quote)
        for number in range(text.count_rects(place.index, place.count))
    ]


def locate(page_text: str, quote: str) -> list[Place]:
    """Where the quote stands in a page's text. Only letters and digits are compared: hyphenation, line ends, the bars
    between cells and ligature spacing differ between a page and its canonical text. The whole quote first; where it
    runs over the page's edge or was rearranged, its lines one by one."""
    plain, origin = _letters(page_text)
    whole, _ = _letters(quote)
    lines = quote.replace(" | ", "\n").split("\n")
    pieces = [whole] if whole and whole in plain else [_letters(line)[0] for line in lines]
    places = []
    for piece in pieces:
        at = plain.find(piece) if piece and (piece == whole or len(piece) >= LEAST) else -1
        if at >= 0:
            first, last = origin[at], origin[at + len(piece) - 1]
            places.append(Place(index=first, count=last - first + 1))
    return places


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and digits, case folded, and for each the index it comes from."""
    kept = [(char, index) for index, original in enumerate(text) if original.isalnum() for char in original.casefold()]
    return "".join(char for char, _ in kept), [index for _, index in kept]
