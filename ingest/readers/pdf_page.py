"""One PDF page as PDFium sees it: fragments of text with place and style, and ruled lines.

Coordinates are points from the lower left corner, after the page's dominant direction of writing is turned upright.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium

from assistant.protocols import Hidden
from ingest.readers.pdf_hidden import Box, Sight

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\x02": "-"})
_BOLD_NAMES = ("bold", "black", "heavy", "demi")
_FORCE_BOLD = 0x40000  # PDF 32000-1, table 123
_LINE = re.compile("[\r\n]|[^\r\n]+")
_WORD = re.compile("\\s|[^\\s\0\ufffe\uffff]+")
_UNSURE = re.compile("[\0\ufffe\uffff\ud800-\udfff]")
_NOWHERE = (0.0, 0.0, 0.0)
_COLUMN_GAP = 1.2  # of the font size: wider is another column, narrower a space in justified text


@dataclass(kw_only=True)
class Fragment:
    """Text on one baseline ``y`` from ``x0`` to ``x1``; ``order`` is its place in the page's content stream."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    order: int

    @property
    def middle(self) -> float:
        return self.y + 0.3 * self.size


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A straight line; horizontal where ``y0 == y1``, vertical where ``x0 == x1``."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, kw_only=True)
class Page:
    number: int
    height: float
    fragments: list[Fragment]
    rules: list[Rule]
    hidden: list[Hidden]


@dataclass(frozen=True, kw_only=True)
class _Style:
    """Of one text object. ``angle`` in quarter turns clockwise, None where it is slanted; ``hidden``: how, "" where it is
    seen."""

    size: float
    bold: bool
    angle: int | None
    hidden: str


@dataclass
class _Glyphs:
    """Parallel columns, one entry a word of one text object, a character of a word of several, or a space."""

    texts: list[str] = field(default_factory=list)
    boxes: list[tuple[float, float, float]] = field(default_factory=list)  # x0, x1, baseline
    styles: list[_Style | None] = field(default_factory=list)
    hidden: dict[str, list[str]] = field(default_factory=dict)  # by the way of hiding

    def add(self, text: str, box: tuple[float, float, float], style: _Style | None) -> None:
        self.texts.append(text)
        self.boxes.append(box)
        self.styles.append(style)


def read_page(page: Any, number: int) -> Page:
    """``page`` is pypdfium2's `PdfPage`."""
    text_page = page.get_textpage()
    height = page.get_height()
    glyphs = _glyphs(text_page.raw, Sight(page))
    turns = Counter(style.angle for style in glyphs.styles if style is not None and style.angle is not None)
    turn = turns.most_common(1)[0][0] if turns else 0
    rules = [_turned(rule, turn) for rule in _rules(page)]
    fragments = _fragments(glyphs, turn, rules)
    if turn:
        fragments, rules, height = _into_view(fragments, rules)
    hidden = [Hidden(how=how, text="".join(letters)) for how, letters in glyphs.hidden.items()]
    return Page(number=number, height=height, fragments=fragments, rules=rules, hidden=hidden)


def _glyphs(text_page: Any, sight: Sight) -> _Glyphs:
    """Word by word: two calls into PDFium for most words instead of six a character, which is what reading costs most."""
    glyphs = _Glyphs()
    styles: dict[int | None, _Style | None] = {None: None}
    concealed = ""
    x, y = ctypes.c_double(), ctypes.c_double()
    text = _text(text_page)
    for start, end, handle, address in _runs(text_page, text):
        if address not in styles:
            styles[address] = _style(text_page, start, handle, sight.hidden(handle, _box(text_page, start, start + 1)))
        style = styles[address]
        pdfium.FPDFText_GetCharOrigin(text_page, start, x, y)
        upright = style is None or style.angle not in (1, 3)
        for word in _WORD.finditer(text, start, end):
            if word[0].isspace():
                if concealed:  # the spaces and line ends behind hidden words go with them
                    glyphs.hidden[concealed].append(word[0])
                glyphs.add(word[0], _NOWHERE, None)
                continue
            if style is not None:
                concealed = style.hidden
            if concealed:
                glyphs.hidden.setdefault(concealed, []).append(word[0])
                continue
            left, bottom, right, top = _box(text_page, *word.span())
            glyphs.add(word[0], (left, right, y.value) if upright else (bottom, top, x.value), style)
    return glyphs


def _text(text_page: Any) -> str:
    """The page's characters by PDFium's own index; NUL where it knows none."""
    count = pdfium.FPDFText_CountChars(text_page)
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: 2 * count].decode("utf-16-le", "surrogatepass")
    if written != count + 1 or len(text) != count or _UNSURE.search(text):
        text = "".join(chr(pdfium.FPDFText_GetUnicode(text_page, index)) for index in range(count))
    return text


def _runs(text_page: Any, text: str) -> Iterator[tuple[int, int, Any, int | None]]:
    """Stretches on one baseline with the object that draws them and its address: lines whole where one object draws them,
    else word by word, else character by character. Spaces of PDFium's own making belong to no object."""

    def drawn_by(start: int, end: int) -> tuple[Any, int | None, bool]:
        first = pdfium.FPDFText_GetTextObject(text_page, start)
        address = ctypes.cast(first, ctypes.c_void_p).value
        last = pdfium.FPDFText_GetTextObject(text_page, end - 1)
        return first, address, address is not None and address == ctypes.cast(last, ctypes.c_void_p).value

    for line in _LINE.finditer(text):
        start, end = line.span()
        seen = line[0].rstrip()
        if not seen:
            yield start, end, None, None
            continue
        start += len(seen) - len(seen.lstrip())
        handle, address, whole = drawn_by(start, line.start() + len(seen))
        if whole:
            yield start, end, handle, address
            continue
        for word in _WORD.finditer(text, start, end):
            handle, address, whole = (None, None, True) if word[0].isspace() else drawn_by(*word.span())
            if whole:
                yield *word.span(), handle, address
                continue
            for index in range(*word.span()):
                handle = pdfium.FPDFText_GetTextObject(text_page, index)
                yield index, index + 1, handle, ctypes.cast(handle, ctypes.c_void_p).value


def _box(text_page: Any, start: int, end: int) -> Box:
    """Around the first and the last character of a run."""
    rect = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text_page, start, rect)
    left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
    if end - start > 1:
        pdfium.FPDFText_GetLooseCharBox(text_page, end - 1, rect)
        left, right = min(left, rect.left), max(right, rect.right)
        bottom, top = min(bottom, rect.bottom), max(top, rect.top)
    return left, bottom, right, top


def _style(text_page: Any, index: int, handle: Any, hidden: str) -> _Style:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(handle, matrix)
    scale = math.hypot(matrix.c, matrix.d) or 1.0
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text_page, index, name, 128, flags)
    called = name.value.decode("utf-8", "replace").lower()
    weight = pdfium.FPDFText_GetFontWeight(text_page, index)
    degrees = math.degrees(pdfium.FPDFText_GetCharAngle(text_page, index)) % 360
    quarter = round(degrees / 90)
    return _Style(
        size=round(pdfium.FPDFText_GetFontSize(text_page, index) * scale, 2),
        bold=any(part in called for part in _BOLD_NAMES) or weight >= 600 or bool(flags.value & _FORCE_BOLD),
        angle=quarter % 4 if abs(degrees - 90 * quarter) < 5 else None,
        hidden=hidden,
    )


def _fragments(glyphs: _Glyphs, turn: int, rules: list[Rule]) -> list[Fragment]:
    """Words of the dominant direction only: what lies across is a watermark or a label of a drawing."""
    uprights = [rule for rule in rules if rule.x0 == rule.x1]
    found: list[Fragment] = []
    now: Fragment | None = None
    space = False
    for raw, (x0, x1, y), style in zip(glyphs.texts, glyphs.boxes, glyphs.styles, strict=True):
        text = raw.translate(_LIGATURES)
        if text in "\r\n":
            now, space = None, False
            continue
        if text.isspace():
            space = True
            continue
        if style is None or style.angle != turn:
            continue
        if turn == 3:
            y = -y
        elif turn:
            x0, x1, y = -x1, -x0, -y if turn == 2 else y
        raised = now is not None and style.size < 0.8 * now.size and 0 < y - now.y < 0.6 * now.size
        if now is not None and _continues(now, x0, y, raised, uprights):
            now.text += (" " if space and not raised else "") + (text.translate(_SUPERSCRIPT) if raised else text)
            now.x1 = max(now.x1, x1)
            now.bold = now.bold and (style.bold or raised)
        else:
            now = Fragment(text=text, x0=x0, x1=x1, y=y, size=style.size, bold=style.bold, order=len(found))
            found.append(now)
        space = False
    return found


def _continues(now: Fragment, x0: float, y: float, raised: bool, uprights: list[Rule]) -> bool:
    gap = x0 - now.x1
    if not raised and abs(y - now.y) > 0.3 * now.size:
        return False
    if gap > _COLUMN_GAP * now.size or gap < -now.size:
        return False
    if gap < 0.3 * now.size:
        return True
    return not any(now.x1 - 1 < rule.x0 < x0 + 1 and rule.y0 <= now.middle <= rule.y1 for rule in uprights)


def _rules(page: Any) -> Iterator[Rule]:
    """Straight upright lines of all paths, rectangles by their edges, thin bars as lines."""
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=4):
        matrix = item.get_matrix()
        here = start = (0.0, 0.0)
        x, y = ctypes.c_float(), ctypes.c_float()
        for index in range(min(pdfium.FPDFPath_CountSegments(item.raw), 400)):
            segment = pdfium.FPDFPath_GetPathSegment(item.raw, index)
            pdfium.FPDFPathSegment_GetPoint(segment, x, y)
            point = matrix.on_point(x.value, y.value)
            kind = pdfium.FPDFPathSegment_GetType(segment)
            if kind == pdfium.FPDF_SEGMENT_MOVETO:
                start = point
            elif kind == pdfium.FPDF_SEGMENT_LINETO:
                yield from _upright(here, point)
            if pdfium.FPDFPathSegment_GetClose(segment):
                yield from _upright(point, start)
            here = point


def _upright(a: tuple[float, float], b: tuple[float, float]) -> Iterator[Rule]:
    (x0, x1), (y0, y1) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    if x1 - x0 < 0.5 and y1 - y0 > 4:
        yield Rule(x0=x0, y0=y0, x1=x0, y1=y1)
    elif y1 - y0 < 0.5 and x1 - x0 > 4:
        yield Rule(x0=x0, y0=y0, x1=x1, y1=y0)


def _turned(rule: Rule, turn: int) -> Rule:
    match turn:
        case 3:
            return Rule(x0=rule.y0, y0=-rule.x1, x1=rule.y1, y1=-rule.x0)
        case 2:
            return Rule(x0=-rule.x1, y0=-rule.y1, x1=-rule.x0, y1=-rule.y0)
        case 1:
            return Rule(x0=-rule.y1, y0=rule.x0, x1=-rule.y0, y1=rule.x1)
        case _:
            return rule


def _into_view(fragments: list[Fragment], rules: list[Rule]) -> tuple[list[Fragment], list[Rule], float]:
    """Turned coordinates moved so that the lowest baseline is a margin above 0; the height they then take.

    PDFium gives the lines of such pages in no reliable order, so they are put in order from the top.
    """
    low = min(fragment.y for fragment in fragments) - 36
    high = max(fragment.y + fragment.size for fragment in fragments) + 36
    fragments = sorted(fragments, key=lambda fragment: (-round(fragment.y), fragment.x0))
    for order, fragment in enumerate(fragments):
        fragment.y, fragment.order = fragment.y - low, order
    moved = [Rule(x0=r.x0, y0=r.y0 - low, x1=r.x1, y1=r.y1 - low) for r in rules]
    return fragments, moved, high - low
