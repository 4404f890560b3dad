"""Text of a PDF page that a reader does not see: drawn white on white, invisibly, in no size, or beside the page.

Text drawn invisibly over a picture is how text recognition lays its words over a scan: that is read. White text on any
filled area, picture or shading is taken to be seen. Not covered: text under an opaque area, and clipped text.
"""

from __future__ import annotations

import ctypes
import math
from functools import cached_property
from typing import Any

import pypdfium2.raw as pdfium

from ingest.readers.pdf_calls import fill_of, objects_of, render_mode

_INVISIBLE = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
_PICTURES = frozenset({pdfium.FPDF_PAGEOBJ_IMAGE})
_AREAS = frozenset({pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING})
_WHITE = 250  # of 255, each of red, green and blue
_TINY = 1.5  # points
_BESIDE = 2.0  # points beyond the edge

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in the page's own coordinates."""
_ANYWHERE: Box = (-math.inf, -math.inf, math.inf, math.inf)


class Sight:
    """What can be seen on one page; ``page`` is pypdfium2's `PdfPage`."""

    def __init__(self, page: Any) -> None:
        self._page = page
        left, bottom, right, top = page.get_cropbox()
        self._edge: Box = (min(left, right), min(bottom, top), max(left, right), max(bottom, top))

    def hidden(self, text: Any, first: Box) -> str:
        """How the text object, a plain pointer, is hidden, "" where it can be seen. ``first``: the box of a character of it."""
        left, bottom, right, top = first
        if max(right - left, top - bottom) < _TINY:
            return "tiny text"
        edge = self._edge
        if (
            right < edge[0] - _BESIDE
            or left > edge[2] + _BESIDE
            or top < edge[1] - _BESIDE
            or bottom > edge[3] + _BESIDE
        ):
            return "text off the page"
        middle = ((left + right) / 2, (bottom + top) / 2)
        if render_mode(text) in _INVISIBLE:
            return "" if any(_holds(box, middle) for box in self._pictures) else "invisible text"
        red, green, blue, alpha = fill_of(text)
        if alpha == 0:
            return "invisible text"
        if min(red, green, blue) >= _WHITE and not any(_holds(box, middle) for box in self._backgrounds):
            return "white text"
        return ""

    @cached_property
    def _pictures(self) -> list[Box]:
        return self._boxes(_PICTURES)

    @cached_property
    def _backgrounds(self) -> list[Box]:
        return [*self._pictures, *self._boxes(_AREAS)]

    def _boxes(self, kinds: frozenset[int]) -> list[Box]:
        """Of the objects of these kinds, of paths only those filled with a colour."""
        return [
            box
            for item, kind, level in objects_of(self._page, kinds)
            if kind != pdfium.FPDF_PAGEOBJ_PATH or (_is_filled(item) and min(fill_of(item)[:3]) < _WHITE)
            if (box := _bounds(item, level))
        ]


def _is_filled(path: Any) -> bool:
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(pdfium.FPDFPath_GetDrawMode(path, mode, stroke)) and mode.value != pdfium.FPDF_FILLMODE_NONE


def _bounds(item: Any, level: int) -> Box | None:
    """Objects inside a form have the form's coordinates, which PDFium does not turn into the page's: they may be anywhere."""
    if level:
        return _ANYWHERE
    values = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(item, *values):
        return None
    left, bottom, right, top = (value.value for value in values)
    return left, bottom, right, top


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
