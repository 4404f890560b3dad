"""A page of a PDF as a picture, with a quote highlighted where it is found on that page."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass

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


def page_png(source: bytes, page: int, quote: str = "") -> bytes:
    """Page ``page`` (from 1) as PNG. A quote that can't be found is not highlighted. Raises `InputError` for a page
    that is not there and for bytes that are no PDF."""
    import pypdfium2
    from PIL import Image, ImageDraw

    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(source)
        except pypdfium2.PdfiumError as error:
            raise InputError("This document has no pages to show.") from error
        try:
            if not 1 <= page <= len(document):
                raise InputError(f"There is no page {page}; the document has {len(document)}.")
            sheet = document[page - 1]
            image = sheet.render(scale=SCALE).to_pil().convert("RGBA")
            text = sheet.get_textpage()
            boxes = []
            for place in locate(text.get_text_range(), quote):
                for number in range(text.count_rects(place.index, place.count)):
                    left, bottom, right, top = text.get_rect(number)
                    boxes.append((sheet.get_height(), left, bottom, right, top))
        finally:
            document.close()
    veil = Image.new("RGBA", image.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(veil)
    for height, left, bottom, right, top in boxes:
        corners = (left - 1, height - top - 1.5, right + 1, height - bottom + 1.5)
        pen.rectangle([value * SCALE for value in corners], fill=HIGHLIGHT)
    out = io.BytesIO()
    Image.alpha_composite(image, veil).convert("RGB").save(out, "PNG", optimize=True)
    return out.getvalue()


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
