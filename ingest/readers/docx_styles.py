"""What a Word paragraph's style says, and the numbers that Word computes and never stores as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docx.opc.constants import RELATIONSHIP_TYPE

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TINY = 4  # half-points
_DEEPEST = 9  # w:outlineLvl counts from 0, and its 9 (our 10) is Word's "body text"
_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


def w(name: str) -> str:
    """``name`` in the WordprocessingML namespace, as lxml writes it."""
    return _W + name


def is_on(toggle: Any) -> bool:
    """True for ``<w:b/>``, ``<w:b w:val="1"/>`` …; False where it is absent or off."""
    return toggle is not None and toggle.get(w("val"), "true") not in ("0", "false", "off", "none")


def hidden_by(run: Any) -> str:
    """How a run's own properties hide it from a reader, "" where they don't. White text counts outside tables (their styles
    shade headers) where neither run nor paragraph is shaded; styles of characters are not looked up."""
    properties = run.find(w("rPr"))
    if properties is None:
        return ""
    if is_on(properties.find(w("vanish"))):
        return "hidden text"
    if (size := _value(properties, "sz")).isdigit() and int(size) <= _TINY:
        return "tiny text"
    shaded = properties.find(w("shd")) is not None or properties.find(w("highlight")) is not None
    if _value(properties, "color").upper() == "FFFFFF" and not shaded:
        for ancestor in run.iterancestors():
            own = ancestor.find(w("pPr")) if ancestor.tag == w("p") else None
            if ancestor.tag in (w("tbl"), w("txbxContent")) or (own is not None and own.find(w("shd")) is not None):
                return ""
        return "white text"
    return ""


@dataclass(frozen=True, kw_only=True)
class ParagraphStyle:
    """``outline``: 0 for a title, 1 … 9 for headings, None for text. ``number``: the style's own (numId, level)."""

    outline: int | None
    is_list: bool
    number: tuple[str, int] | None


class Styles:
    """Paragraph styles with what they inherit."""

    def __init__(self, document: Any) -> None:
        elements = [style for style in document.styles.element.iter(w("style")) if style.get(w("type")) == "paragraph"]
        self._by_id = {style.get(w("styleId"), ""): style for style in elements}
        self._default = next((s.get(w("styleId"), "") for s in elements if s.get(w("default")) == "1"), "")
        self._known: dict[str, ParagraphStyle] = {}

    def of(self, paragraph: Any) -> ParagraphStyle:
        properties = paragraph.find(w("pPr"))
        named = properties.find(w("pStyle")) if properties is not None else None
        style = self._resolve(named.get(w("val"), "") if named is not None else self._default)
        own = _outline(properties)
        if own is None:
            return style
        outline = own if own <= _DEEPEST else None
        return ParagraphStyle(outline=outline, is_list=style.is_list, number=style.number)

    def _resolve(self, style_id: str) -> ParagraphStyle:
        if style_id not in self._known:
            chain = self._chain(style_id)
            names = [_value(style, "name") for style in chain]
            outlines = [_outline(style.find(w("pPr"))) for style in chain]
            numbers = [_number(style.find(w("pPr"))) for style in chain]
            outline = next((level for level in outlines if level is not None), None)
            if outline is None:
                outline = next((int(m[1]) for name in names if (m := _HEADING_NAME.match(name))), None)
            if outline is None and any(name.lower() == "title" for name in names):
                outline = 0
            if outline is not None and outline > _DEEPEST:
                outline = None
            self._known[style_id] = ParagraphStyle(
                outline=outline,
                is_list=any(name.lower().startswith("list ") and name.lower() != "list paragraph" for name in names),
                number=next((number for number in numbers if number is not None), None),
            )
        return self._known[style_id]

    def _chain(self, style_id: str) -> list[Any]:
        chain: list[Any] = []
        while style_id in self._by_id and len(chain) < 20:
            chain.append(self._by_id[style_id])
            style_id = _value(chain[-1], "basedOn")
        return chain


class Numbering:
    """Automatic numbers, counted as the paragraphs come (ECMA-376 part 1, 17.9). Not covered: levels that restart by a rule
    of their own (`w:lvlRestart`), pictures as bullets."""

    def __init__(self, document: Any) -> None:
        parts = [r.target_part for r in document.part.rels.values() if r.reltype == RELATIONSHIP_TYPE.NUMBERING]
        root = parts[0].element if parts else None
        self._levels: dict[str, dict[int, Any]] = {}  # numId -> level -> <w:lvl>
        self._abstract: dict[str, str] = {}
        self._counters: dict[str, dict[int, int]] = {}
        self._restarts: dict[str, dict[int, int]] = {}  # numId -> level -> where this list begins anew
        if root is None:
            return
        abstracts = {a.get(w("abstractNumId"), ""): a for a in root.iter(w("abstractNum"))}
        for num in root.iter(w("num")):
            num_id, abstract_id = num.get(w("numId"), ""), _value(num, "abstractNumId")
            self._abstract[num_id] = abstract_id
            if abstract_id in abstracts:
                self._levels[num_id] = {_level(lvl): lvl for lvl in _linked(abstracts, abstract_id).iter(w("lvl"))}
            for override in num.iter(w("lvlOverride")):
                self._override(num_id, override)

    def _override(self, num_id: str, override: Any) -> None:
        level = _level(override)
        for own in override.iter(w("lvl")):
            self._levels.setdefault(num_id, {})[level] = own
        start = _value(override, "startOverride")
        if start.isdigit():
            self._restarts.setdefault(num_id, {})[level] = int(start)

    def next_label(self, paragraph: Any, style: ParagraphStyle) -> str | None:
        """The paragraph's number, counted on; a bullet is "-"; None where it has none."""
        found = _number(paragraph.find(w("pPr"))) or style.number
        if found is None or found[0] == "0" or found[0] not in self._levels:
            return None
        num_id, level = found
        levels = self._levels[num_id]
        if level not in levels:
            return None
        counters = self._counters.setdefault(self._abstract[num_id], {})
        again = self._restarts.get(num_id, {}).pop(level, None)
        counters[level] = again if again is not None else counters.get(level, _start(levels[level]) - 1) + 1
        for deeper in [key for key in counters if key > level]:
            del counters[deeper]
        form = _value(levels[level], "numFmt") or "decimal"
        if form in ("bullet", "none"):
            return "-" if form == "bullet" and style.outline is None else None

        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            if at not in levels:
                return ""
            # a "legal" level shows the numbers above it in figures, whatever their own form is
            legal = is_on(levels[level].find(w("isLgl")))
            form = "decimal" if legal else _value(levels[at], "numFmt")
            return format_number(counters.get(at, _start(levels[at])), form)

        text = re.sub(r"%(\d)", shown, _value(levels[level], "lvlText")).strip()
        return text or None


def _linked(abstracts: Mapping[str, Any], identity: str) -> Any:
    """The list definition, or the one whose style it borrows."""
    borrowed = _value(abstracts[identity], "numStyleLink")
    return next((a for a in abstracts.values() if borrowed and _value(a, "styleLink") == borrowed), abstracts[identity])


def _value(element: Any, name: str) -> str:
    child = element.find(w(name))
    return str(child.get(w("val"), "")) if child is not None else ""


def _level(element: Any) -> int:
    value = element.get(w("ilvl"), "0")
    return int(value) if value.isdigit() else 0


def _start(level: Any) -> int:
    value = _value(level, "start")
    return int(value) if value.isdigit() else 1


def _outline(properties: Any) -> int | None:
    if properties is None:
        return None
    value = _value(properties, "outlineLvl")
    return int(value) + 1 if value.isdigit() else None


def _number(properties: Any) -> tuple[str, int] | None:
    numbering = properties.find(w("numPr")) if properties is not None else None
    if numbering is None:
        return None
    level = _value(numbering, "ilvl")
    return _value(numbering, "numId"), int(level) if level.isdigit() else 0


def format_number(number: int, form: str) -> str:
    """``number`` as a list's form ("decimal", "lowerLetter", "upperRoman" …) shows it."""
    match form:
        case "lowerLetter" | "upperLetter":
            letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
            return letters.upper() if form == "upperLetter" else letters
        case "lowerRoman" | "upperRoman":
            text = ""
            for value, letters in _ROMAN:
                text += letters * (number // value)
                number %= value
            return text.upper() if form == "upperRoman" else text
        case "decimalZero":
            return f"{number:02d}"
        case _:
            return str(number)
