"""PDFium's functions that are called for every word, called in bulk.

pypdfium2's own bindings check and convert every argument, which takes longer than what PDFium then does. Here the same
functions are called through prototypes without argument types, by `map`, on arguments made once; none calls back into
Python. Where PDFium knows nothing of a character it writes nothing: such places hold 0.
"""

from __future__ import annotations

import ctypes
import math
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfiumError

Boxes = tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float]]
"""Left, top, right, bottom, a column each."""
_BOX = 4  # floats of an FS_RECTF: left, top, right, bottom


def _plain(function: Any, result: Any) -> Any:
    """``function`` without argument types: what is passed must be a ctypes object or a small integer."""
    return ctypes.PYFUNCTYPE(result)(ctypes.cast(function, ctypes.c_void_p).value or 0)


_box = _plain(pdfium.FPDFText_GetLooseCharBox, None)
_text_object = _plain(pdfium.FPDFText_GetTextObject, ctypes.c_void_p)
_origin = _plain(pdfium.FPDFText_GetCharOrigin, None)
_object = _plain(pdfium.FPDFPage_GetObject, ctypes.c_void_p)
_form_object = _plain(pdfium.FPDFFormObj_GetObject, ctypes.c_void_p)
_kind = _plain(pdfium.FPDFPageObj_GetType, ctypes.c_int)
_matrix = _plain(pdfium.FPDFPageObj_GetMatrix, None)
_font = _plain(pdfium.FPDFTextObj_GetFont, ctypes.c_void_p)
render_mode = _plain(pdfium.FPDFTextObj_GetTextRenderMode, ctypes.c_int)
_fill = _plain(pdfium.FPDFPageObj_GetFillColor, ctypes.c_int)
_angle = _plain(pdfium.FPDFText_GetCharAngle, ctypes.c_float)
_unicode = _plain(pdfium.FPDFText_GetUnicode, ctypes.c_uint)
_segments = _plain(pdfium.FPDFPath_CountSegments, ctypes.c_int)
_segment = _plain(pdfium.FPDFPath_GetPathSegment, ctypes.c_void_p)
_point = _plain(pdfium.FPDFPathSegment_GetPoint, None)
_drawn_as = _plain(pdfium.FPDFPathSegment_GetType, ctypes.c_int)
_closes = _plain(pdfium.FPDFPathSegment_GetClose, ctypes.c_int)
_size = _plain(pdfium.FPDFText_GetFontSize, ctypes.c_double)


class _Places:
    """Room for boxes and pointers to each, kept between pages."""

    def __init__(self) -> None:
        self.room: Any = (ctypes.c_float * 0)()
        self.pointers: list[Any] = []

    def of(self, count: int) -> list[Any]:
        if count > len(self.pointers):
            self.room = (ctypes.c_float * (_BOX * count))()
            self.pointers = [ctypes.byref(self.room, 4 * _BOX * at) for at in range(count)]
        ctypes.memset(self.room, 0, 4 * _BOX * count)
        return self.pointers


_places = _Places()


class TextCalls:
    """Over one of pypdfium2's raw text pages. Indexes are PDFium's own, of characters."""

    def __init__(self, text_page: Any) -> None:
        self._page = ctypes.cast(text_page, ctypes.c_void_p)
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._at = ctypes.byref(self._x), ctypes.byref(self._y)
        self._transform = pdfium.FS_MATRIX()
        self._to_transform = ctypes.byref(self._transform)

    def letters(self, count: int) -> str:
        """The first ``count`` characters, each asked for by itself."""
        return "".join(map(chr, map(_unicode, repeat(self._page), range(count))))

    def boxes(self, indexes: Sequence[int]) -> Boxes:
        """The loose boxes of these characters."""
        deque(map(_box, repeat(self._page), indexes, _places.of(len(indexes))), maxlen=0)
        values = array("f", memoryview(_places.room).cast("B")[: 4 * _BOX * len(indexes)].tobytes())
        return values[0::4], values[1::4], values[2::4], values[3::4]

    def style(self, handle: Any, index: int) -> tuple[float, float, int]:
        """Of a text object, which draws character ``index``: its size in points, the angle of writing in radians and its
        font's address."""
        matrix = self._transform
        _matrix(handle, self._to_transform)
        scale = math.hypot(matrix.c, matrix.d) or 1.0
        return _size(self._page, index) * scale, _angle(self._page, index), _font(handle) or 0

    def objects(self, indexes: Sequence[int]) -> list[int]:
        """The addresses of the objects that draw these characters; 0 for characters of PDFium's own making."""
        return [address or 0 for address in map(_text_object, repeat(self._page), indexes)]

    def origin(self, index: int) -> tuple[float, float]:
        """Where the character's baseline begins; where PDFium does not know, what it knew last."""
        _origin(self._page, index, *self._at)
        return self._x.value, self._y.value


_colour = (ctypes.c_uint * 4)()
_parts = [ctypes.byref(_colour, 4 * at) for at in range(4)]


def fill_of(handle: Any) -> tuple[int, int, int, int]:
    """Red, green, blue, alpha of an object; opaque black where PDFium does not know."""
    if not _fill(handle, *_parts):
        return 0, 0, 0, 255
    red, green, blue, alpha = _colour
    return red, green, blue, alpha


def objects_of(page: Any, kinds: frozenset[int], depth: int = 4) -> Iterator[tuple[Any, int, int]]:
    """Handle, kind and level of the page's objects of ``kinds``, those inside forms down to ``depth`` levels too."""
    handle = ctypes.cast(page.raw, ctypes.c_void_p)
    yield from _walk(handle, pdfium.FPDFPage_CountObjects(page.raw), _object, kinds, 0, depth)


def segments_of(path: Any, most: int) -> Iterator[tuple[float, float, int, bool]]:
    """The first ``most`` segments of a path: the point each leads to, its type, and whether it closes the path."""
    handle = ctypes.cast(path, ctypes.c_void_p)
    x, y = ctypes.c_float(), ctypes.c_float()
    at = ctypes.byref(x), ctypes.byref(y)
    for index in range(min(_segments(handle), most)):
        segment = ctypes.c_void_p(_segment(handle, index))
        _point(segment, *at)
        yield x.value, y.value, _drawn_as(segment), bool(_closes(segment))


def _walk(
    parent: Any, count: int, get: Any, kinds: frozenset[int], level: int, depth: int
) -> Iterator[tuple[Any, int, int]]:
    handles = list(map(ctypes.c_void_p, map(get, repeat(parent), range(count))))
    for handle, kind in zip(handles, list(map(_kind, handles)), strict=True):
        if kind == pdfium.FPDF_PAGEOBJ_UNKNOWN:
            raise PdfiumError("Failed to get an object of the page.")
        if kind in kinds:
            yield ctypes.cast(handle, pdfium.FPDF_PAGEOBJECT), kind, level
        if kind == pdfium.FPDF_PAGEOBJ_FORM and level < depth - 1:
            form = ctypes.cast(handle, pdfium.FPDF_PAGEOBJECT)
            yield from _walk(handle, pdfium.FPDFFormObj_CountObjects(form), _form_object, kinds, level + 1, depth)
