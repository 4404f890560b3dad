"""The words of one PDF page as PDFium sees them: where each stands, and what draws it.

What costs most in reading a PDF is asking PDFium, so it is asked in bulk (`pdf_calls`), twice for each word, and once for
each object that draws text.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

import pypdfium2.raw as pdfium

from assistant.protocols import Hidden
from ingest.readers.pdf_calls import Boxes, TextCalls
from ingest.readers.pdf_hidden import Sight

_BOLD_NAMES = ("bold", "black", "heavy", "demi")
_FORCE_BOLD = 0x40000  # PDF 32000-1, table 123
_LINE = re.compile(r"[^\s](?:[^\r\n]*[^\s])?")  # from its first letter to its last
_WORD = re.compile("[^\\s\0\ufffe\uffff]+")
_UNSURE = re.compile("[\0\ufffe\uffff\ud800-\udfff]")
NO_LETTERS = re.compile("[\0\ufffe\uffff]+")

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Style:
    """Of one text object. ``angle`` in quarter turns clockwise, None where it is slanted; ``hidden``: how, "" where it is
    seen."""

    size: float
    bold: bool
    angle: int | None
    hidden: str


@dataclass(kw_only=True, slots=True)
class Run:
    """Words ``first`` to ``last - 1`` of a page, which one object draws from ``origin`` on; ``lead``: what stands before
    it, a line break, a space or nothing. ``style`` is None where no object is known."""

    first: int
    last: int
    style: Style | None
    origin: tuple[float, float]
    lead: str


@dataclass(kw_only=True)
class Words:
    """``spans`` in ``text`` of the page's words: of whole words where one object draws them, else of single characters.
    ``begins`` and ``ends``: the boxes of the first and of the last character of each."""

    text: str
    spans: list[Span]
    begins: Boxes = ((), (), (), ())
    ends: Boxes = ((), (), (), ())
    runs: list[Run] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)

    def turn(self) -> int:
        """The direction in which most words run, in quarter turns."""
        turns: Counter[int] = Counter()
        for run in self.runs:
            if run.style is not None and run.style.angle is not None:
                turns[run.style.angle] += run.last - run.first
        return turns.most_common(1)[0][0] if turns else 0


def words_of(text_page: Any, sight: Sight) -> Words:
    """``text_page`` is PDFium's own handle."""
    calls = TextCalls(text_page)
    words = Words(text=_text(text_page, calls), spans=[])
    drawn = list(_drawn(calls, words))
    words.begins = calls.boxes([span[0] for span in words.spans])
    words.ends = calls.boxes([span[1] - 1 for span in words.spans])
    _see(words, drawn, calls, _Styles(text_page, calls, sight))
    return words


def _text(text_page: Any, calls: TextCalls) -> str:
    """The page's characters by PDFium's own index; NUL where it knows none."""
    count = pdfium.FPDFText_CountChars(text_page)
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: 2 * count].decode("utf-16-le", "surrogatepass")
    if written != count + 1 or len(text) != count or _UNSURE.search(text):
        text = calls.letters(count)
    return text


def _drawn(calls: TextCalls, words: Words) -> Iterator[tuple[int, int, int, int]]:
    """Fills ``words.spans``; yields stretches of them on one baseline: the first and the one behind the last, the address
    of the object that draws them and the character where they begin. Lines are whole where one object draws them, else
    neighbouring words, else character by character."""
    spans, lines = words.spans, list(map(re.Match.span, _LINE.finditer(words.text)))
    firsts = calls.objects([start for start, _ in lines])
    lasts = calls.objects([end - 1 for _, end in lines])
    for (start, end), first, last in zip(lines, firsts, lasts, strict=True):
        within = list(map(re.Match.span, _WORD.finditer(words.text, start, end)))
        if first and first == last:
            if within:
                spans += within
                yield len(spans) - len(within), len(spans), first, start
            continue
        begins = calls.objects([word[0] for word in within])
        ends = calls.objects([word[1] - 1 for word in within])
        for (begin, behind), together in groupby(zip(begins, ends, within, strict=True), key=itemgetter(0, 1)):
            if begin and begin == behind:
                same = [word for _, _, word in together]
                spans += same
                yield len(spans) - len(same), len(spans), begin, same[0][0]
                continue
            for _, _, word in together:
                for at, address in enumerate(calls.objects(range(*word)), word[0]):
                    spans.append((at, at + 1))
                    yield len(spans) - 1, len(spans), address, at


def _see(words: Words, drawn: Sequence[tuple[int, int, int, int]], calls: TextCalls, styles: _Styles) -> None:
    """Fills ``words.runs`` and ``words.hidden``. Spaces and line ends behind hidden words go with them."""
    text, spans = words.text, words.spans
    hidden: dict[str, list[str]] = {}
    concealed = ""
    behind = 0
    for first, last, address, start in drawn:
        style = styles.of(address, start, words, first)
        if style is not None:
            concealed = style.hidden
        begin = spans[first][0]
        if concealed:
            end = spans[last][0] if last < len(spans) else len(text)
            hidden.setdefault(concealed, []).append(NO_LETTERS.sub("", text[begin:end]))
            continue
        lead = _lead(text[behind:begin])
        words.runs.append(Run(first=first, last=last, style=style, origin=calls.origin(start), lead=lead))
        behind = spans[last - 1][1]
    words.hidden = [Hidden(how=how, text="".join(parts)) for how, parts in hidden.items()]


def _lead(between: str) -> str:
    if between in ("", " "):
        return between
    if "\n" in between or "\r" in between:
        return "\n"
    return " " if " " in between or any(map(str.isspace, between)) else ""


class _Styles:
    """The styles of one page's text objects, each asked once; what depends on the font only, once a font. Most objects of a
    page share one of a few styles."""

    def __init__(self, text_page: Any, calls: TextCalls, sight: Sight) -> None:
        self._text_page = text_page
        self._calls = calls
        self._sight = sight
        self._known: dict[int, Style | None] = {0: None}
        self._made: dict[tuple[float, int, float, str], Style] = {}
        self._bold: dict[int, bool] = {}

    def of(self, address: int, index: int, words: Words, word: int) -> Style | None:
        """Of character ``index``, which stands in ``word`` or before it; None where no object draws it."""
        if address in self._known:
            return self._known[address]
        if words.spans[word][0] == index:
            lefts, tops, rights, bottoms = words.begins
            left, top, right, bottom = lefts[word], tops[word], rights[word], bottoms[word]
        else:
            left, top, right, bottom = (column[0] for column in self._calls.boxes((index,)))
        handle = ctypes.c_void_p(address)
        size, angle, font = self._calls.style(handle, index)
        hidden = self._sight.hidden(handle, (left, bottom, right, top))
        style = self._made.get((size, font, angle, hidden))
        if style is None:
            degrees = math.degrees(angle) % 360
            quarter = round(degrees / 90)
            style = Style(
                size=round(size, 2),
                bold=self._is_bold(font, index),
                angle=quarter % 4 if abs(degrees - 90 * quarter) < 5 else None,
                hidden=hidden,
            )
            self._made[size, font, angle, hidden] = style
        self._known[address] = style
        return style

    def _is_bold(self, font: int, index: int) -> bool:
        if font not in self._bold:
            name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
            pdfium.FPDFText_GetFontInfo(self._text_page, index, name, 128, flags)
            called = name.value.decode("utf-8", "replace").lower()
            heavy = pdfium.FPDFText_GetFontWeight(self._text_page, index) >= 600
            self._bold[font] = heavy or any(part in called for part in _BOLD_NAMES) or bool(flags.value & _FORCE_BOLD)
        return self._bold[font]
