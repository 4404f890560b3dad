"""One PDF page as PDFium sees it: fragments of text with place and style, and ruled lines.

Coordinates are points from the lower left corner, after the page's dominant direction of writing is turned upright.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import neg, sub
from typing import Any

from assistant.protocols import Hidden
from ingest.readers.pdf_calls import Boxes
from ingest.readers.pdf_hidden import Sight
from ingest.readers.pdf_rules import Rule, rules_of, turned
from ingest.readers.pdf_words import NO_LETTERS, Run, Style, Words, words_of

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\x02": "-"})
_COLUMN_GAP = 1.2  # of the font size: wider is another column, narrower a space in justified text
_RULE_GAP = 0.3  # of the font size: what is narrower holds no rule


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
class Page:
    number: int
    height: float
    fragments: list[Fragment]
    rules: list[Rule]
    hidden: list[Hidden]


def read_page(page: Any, number: int) -> Page:
    """``page`` is pypdfium2's `PdfPage`."""
    text_page = page.get_textpage()
    height = page.get_height()
    words = words_of(text_page.raw, Sight(page))
    turn = words.turn()
    rules = [turned(rule, turn) for rule in rules_of(page)]
    fragments = _Fragments(words, turn, rules).all()
    if turn:
        fragments, rules, height = _into_view(fragments, rules)
    return Page(number=number, height=height, fragments=fragments, rules=rules, hidden=words.hidden)


class _Fragments:
    """Words of the dominant direction ``turn`` only: what lies across is a watermark or a label of a drawing.

    A run goes into a fragment as a whole where all gaps between its words are plainly narrow, else word by word.
    """

    def __init__(self, words: Words, turn: int, rules: Sequence[Rule]) -> None:
        self._words = words
        self._turn = turn
        self._uprights = [rule for rule in rules if rule.x0 == rule.x1]
        self._x0, self._x1 = _along(words.begins, words.ends, turn)
        self._gaps = [0.0, *map(sub, self._x0[1:], self._x1)]  # before each word
        self._steps = [0.0, *map(sub, self._x1[1:], self._x1)]  # from end to end
        self._found: list[Fragment] = []
        self._now: Fragment | None = None

    def all(self) -> list[Fragment]:
        space = False
        for run in self._words.runs:
            if run.lead == "\n":
                self._now, space = None, False
            elif run.lead:
                space = True
            if run.style is not None and run.style.angle == self._turn:
                self._add(run, run.style, space)
                space = False
        return self._found

    def _add(self, run: Run, style: Style, space: bool) -> None:
        text, spans = self._words.text, self._words.spans
        y = (run.origin[1], run.origin[0], -run.origin[1], -run.origin[0])[self._turn]
        now, raised = self._add_word(run.first, style, y, space)
        if run.last - run.first == 1:
            return
        second = spans[run.first + 1][0]
        rest = text[second : spans[run.last - 1][1]]
        if not raised and self._is_even(run, now) and not NO_LETTERS.search(rest):
            now.text += (" " if second > spans[run.first][1] else "") + _letters(" ".join(rest.split()))
            now.x1 = self._x1[run.last - 1]
            return
        for at in range(run.first + 1, run.last):
            self._add_word(at, style, y, any(map(str.isspace, text[spans[at - 1][1] : spans[at][0]])))

    def _add_word(self, at: int, style: Style, y: float, space: bool) -> tuple[Fragment, bool]:
        """Adds the word; the fragment that it is in, and whether as a superscript."""
        begin, end = self._words.spans[at]
        text = _letters(self._words.text[begin:end])
        now, x0, x1 = self._now, self._x0[at], self._x1[at]
        if now is not None:
            raised = style.size < 0.8 * now.size and 0 < y - now.y < 0.6 * now.size
            if self._continues(now, x0, y, raised):
                now.text += (" " if space and not raised else "") + (text.translate(_SUPERSCRIPT) if raised else text)
                now.x1 = max(now.x1, x1)
                now.bold = now.bold and (style.bold or raised)
                return now, raised
        now = Fragment(text=text, x0=x0, x1=x1, y=y, size=style.size, bold=style.bold, order=len(self._found))
        self._found.append(now)
        self._now = now
        return now, False

    def _continues(self, now: Fragment, x0: float, y: float, raised: bool) -> bool:
        gap = x0 - now.x1
        if not raised and abs(y - now.y) > 0.3 * now.size:
            return False
        if gap > _COLUMN_GAP * now.size or gap < -now.size:
            return False
        return gap < _RULE_GAP * now.size or not self._is_ruled(now, now.x1, x0)

    def _is_even(self, run: Run, now: Fragment) -> bool:
        """All words behind the first, which is in ``now``, continue it: each ends behind the one before it, no gap is wide,
        none might hold a rule."""
        first, last = run.first, run.last
        gaps = self._gaps[first + 1 : last]
        widest = max(gaps)
        return (
            now.x1 == self._x1[first]
            and min(self._steps[first + 1 : last]) >= 0
            and min(gaps) >= -now.size
            and widest <= _COLUMN_GAP * now.size
            and (widest < _RULE_GAP * now.size or not self._is_ruled(now, now.x1, self._x1[last - 1]))
        )

    def _is_ruled(self, now: Fragment, x0: float, x1: float) -> bool:
        """A vertical rule stands between, at the height of ``now``."""
        return any(x0 - 1 < rule.x0 < x1 + 1 and rule.y0 <= now.middle <= rule.y1 for rule in self._uprights)


def _letters(text: str) -> str:
    return text if text.isascii() and "\x02" not in text else text.translate(_LIGATURES)


def _along(begins: Boxes, ends: Boxes, turn: int) -> tuple[list[float], list[float]]:
    """Where each word begins and ends in the direction of writing, by the boxes of its first and its last character."""
    low, high = (3, 1) if turn in (1, 3) else (0, 2)
    x0 = list(map(min, begins[low], ends[low]))
    x1 = list(map(max, begins[high], ends[high]))
    return (list(map(neg, x1)), list(map(neg, x0))) if turn in (1, 2) else (x0, x1)


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
