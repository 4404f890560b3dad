"""Days as documents write them, read only where one reading is possible."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_YEAR}[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})",
        rf"(?:[A-Za-z]{{3,9}},?\s+)?{_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}",
        rf"(?:[A-Za-z]{{3,9}},?\s+)?{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.{_YEAR}",  # with dots the day comes first
    )
)
_EITHER = re.compile(rf"(?P<first>\d{{1,2}})[-/](?P<second>\d{{1,2}})[-/]{_YEAR}")
_BETWEEN = re.compile(r"\s+(?:to|until|till)\s+|\s+[-–—]\s+|\s*[–—]\s*")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EARLIEST, _LATEST = 1900, 2199


def day_of(text: str) -> date | None:
    """The day that the whole of ``text`` says; None where it says none, or could mean two."""
    text = " ".join(text.split())
    either = _EITHER.fullmatch(text)
    if either:
        year, first, second = either["year"], either["first"], either["second"]
        readings = {_made(year, second, first), _made(year, first, second)} - {None}
        return readings.pop() if len(readings) == 1 else None
    for form in _FORMS:
        found = form.fullmatch(text)
        if found:
            day = _made(found["year"], found["month"], found["day"])
            if day is not None and _weekday_agrees(text, day):
                return day
    return None


def span_of(text: str) -> tuple[date, date] | None:
    """The first and the last day of "1 March 2026 to 30 June 2026"."""
    for between in _BETWEEN.finditer(text):
        first, last = day_of(text[: between.start()]), day_of(text[between.end() :])
        if first is not None and last is not None:
            return first, last
    return None


def _made(year: str, month: str, day: str) -> date | None:
    number = int(month) if month.isdigit() else _month(month)
    if not number or not _EARLIEST <= int(year) <= _LATEST:
        return None
    try:
        return date(int(year), number, int(day))
    except ValueError:
        return None


def _month(name: str) -> int:
    """1 to 12, 0 for what names no month. "Sept" is written too."""
    name = name.lower()
    found = [at for at, month in enumerate(_MONTHS, 1) if name in (month, month[:3], "sept" if at == 9 else month)]
    return found[0] if found else 0


def _weekday_agrees(text: str, day: date) -> bool:
    """Where a weekday is named, it must be that of the day."""
    first = re.match(r"[A-Za-z]+", text)
    if first is None or _month(first[0]):
        return True
    name = _WEEKDAYS[day.weekday()]
    return first[0].lower() in (name, name[:3], name[:4])
