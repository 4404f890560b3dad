"""Cell values as Excel shows them, as far as that decides what a sentence says: "15%", "£1,500.00", "2026-07-01".

Covered of number formats (ECMA-376 part 1, 18.8.31): per cent, thousands, decimals, text before and behind, the section
for negative numbers where it only adds brackets. Not covered: fractions, scientific and conditional sections, and dates in
the workbook's own order: these are always written year-month-day, so that nobody can take a month for a day.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|([£€$¥%])')
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.([#0?]+))?")
_CONDITION = re.compile(r"\[(?!\$)[^\]]*\]")
_PADDING = re.compile(r"_.|\*.")


def shown(value: object, number_format: str) -> str:
    """``value`` is what openpyxl gives of a cell: None, bool, number, text, date, time or an error's name."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime():
            return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}" if not value.second else f"{value:%H:%M:%S}"
        case timedelta():
            minutes = round(value.total_seconds() / 60)
            return f"{minutes // 60}:{minutes % 60:02d}"
        case int() | float():
            return _number(value, number_format)
        case _:
            return str(value)


def _number(value: int | float, number_format: str) -> str:
    sections = _CONDITION.sub("", _PADDING.sub("", number_format)).split(";")
    form = sections[1] if value < 0 and len(sections) > 1 and _DIGITS.search(sections[1]) else sections[0]
    digits = _DIGITS.search(_LITERAL.sub(lambda found: " " * len(found[0]), form))
    if digits is None or "E+" in form.upper() or "/" in form or form.strip().lower() == "general":
        return _general(value)
    decimals = digits[1] or ""
    scaled = value * 100 if "%" in form else value
    wanted = len(decimals)
    text = f"{abs(scaled):,.{wanted}f}" if "," in digits[0] else f"{abs(scaled):.{wanted}f}"
    optional = wanted - len(decimals.rstrip("#?"))
    for _ in range(optional):
        text = text.removesuffix("0")
    before, behind = _literals(form[: digits.start()]), _literals(form[digits.end() :])
    minus = "-" if value < 0 and form == sections[0] and float(text.replace(",", "")) != 0 else ""
    return f"{minus}{before}{text.removesuffix('.')}{behind}".strip()


def _literals(form: str) -> str:
    """What a part of a format writes around the digits: quoted text, escaped characters, currency signs, brackets."""
    text = ""
    at = 0
    while at < len(form):
        found = _LITERAL.match(form, at)
        if found:
            text += next((group for group in found.groups() if group is not None), "")
            at = found.end()
        else:
            text += form[at] if form[at] in " ()-+" else ""
            at += 1
    return text


def _general(value: int | float) -> str:
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.10g}"
