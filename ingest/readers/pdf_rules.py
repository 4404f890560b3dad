"""Ruled lines of a PDF page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfiumError

from ingest.readers.pdf_calls import objects_of, segments_of

_PATHS = frozenset({pdfium.FPDF_PAGEOBJ_PATH})
_MOST_SEGMENTS = 400  # of one path


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A straight line; horizontal where ``y0 == y1``, vertical where ``x0 == x1``."""

    x0: float
    y0: float
    x1: float
    y1: float


def rules_of(page: Any) -> Iterator[Rule]:
    """Straight upright lines of all paths, rectangles by their edges, thin bars as lines."""
    m = pdfium.FS_MATRIX()
    for path, _, _ in objects_of(page, _PATHS):
        if not pdfium.FPDFPageObj_GetMatrix(path, m):
            raise PdfiumError("Failed to get the matrix of a path.")
        here = start = (0.0, 0.0)
        a, b, c, d, e, f = m.a, m.b, m.c, m.d, m.e, m.f
        for x, y, kind, closes in segments_of(path, _MOST_SEGMENTS):
            point = (a * x + c * y + e, b * x + d * y + f)
            if kind == pdfium.FPDF_SEGMENT_MOVETO:
                start = point
            elif kind == pdfium.FPDF_SEGMENT_LINETO:
                yield from _upright(here, point)
            if closes:
                yield from _upright(point, start)
            here = point


def _upright(a: tuple[float, float], b: tuple[float, float]) -> Iterator[Rule]:
    x0, x1 = (a[0], b[0]) if a[0] <= b[0] else (b[0], a[0])
    y0, y1 = (a[1], b[1]) if a[1] <= b[1] else (b[1], a[1])
    if x1 - x0 < 0.5 and y1 - y0 > 4:
        yield Rule(x0=x0, y0=y0, x1=x0, y1=y1)
    elif y1 - y0 < 0.5 and x1 - x0 > 4:
        yield Rule(x0=x0, y0=y0, x1=x1, y1=y0)


def turned(rule: Rule, turn: int) -> Rule:
    match turn:
        case 3:
            return Rule(x0=rule.y0, y0=-rule.x1, x1=rule.y1, y1=-rule.x0)
        case 2:
            return Rule(x0=-rule.x1, y0=-rule.y1, x1=-rule.x0, y1=-rule.y0)
        case 1:
            return Rule(x0=-rule.y1, y0=rule.x0, x1=-rule.y0, y1=rule.x1)
        case _:
            return rule
