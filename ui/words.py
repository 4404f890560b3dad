"""Values in words for people: dates, stages, places. British English, pure functions, no HTML."""

from __future__ import annotations

from datetime import date

from assistant.types import Document, Status

STAGES = {
    "triage": "Reading the question",
    "rewrite": "Reading the question",
    "search": "Searching the documents",
    "retrieve": "Searching the documents",
    "rerank": "Choosing the passages",
    "gate": "Weighing the passages",
    "prompt": "Reading the passages",
    "read": "Reading the passages",
    "generate": "Reading the passages",
    "write": "Writing, sentence by sentence",
    "judge": "Checking each sentence against its passage",
}

HEADLINES: dict[Status, str] = {
    "answered": "",
    "abstained": "Not in the documents",
    "clarify": "One more detail, please",
    "escalated": "This one is for a person",
    "refused": "Not answered",
}


def day(value: date) -> str:
    """ "1 July 2026"."""
    return f"{value.day} {value:%B %Y}"


def in_force(start: date | None, end: date | None) -> str:
    """When a document holds; ``end`` is its last day."""
    if start and end:
        return f"In force {day(start)} to {day(end)}"
    if start:
        return f"In force from {day(start)}"
    return f"In force until {day(end)}" if end else "No dates stated"


def section(title: str, where: str) -> str:
    """The heading path; "" for what stands before the first heading, whose path is the document's title."""
    return "" if where == title else where


def place(title: str, where: str) -> str:
    """ "Gifts Policy, 4.2 Limits"."""
    return ", ".join(part for part in (title, section(title, where)) if part)


def standing(document: Document, today: date) -> str:
    """ "current", "superseded" (its last day has passed) or "upcoming"."""
    if document.effective_from and document.effective_from > today:
        return "upcoming"
    return "superseded" if document.effective_to and document.effective_to < today else "current"


def stage(name: str) -> str:
    """A stage of the work in words; a name we have no words for is shown as it stands."""
    return STAGES.get(name) or (name[:1].upper() + name[1:].replace("_", " ") if name else "Starting")


def seconds(milliseconds: float | None) -> str:
    """ "3.4 s"; "–" where it did not come to that."""
    return "–" if milliseconds is None else f"{milliseconds / 1000:.1f} s"


def count(number: int, one: str, many: str = "") -> str:
    """ "1 source", "3 sources"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def excerpt_span(length: int, start: int, end: int, room: int) -> tuple[int, int]:
    """A window of at most ``room`` code points (more only where the span itself is longer) of a text of ``length``,
    holding ``[start, end)`` with the slack mostly after it."""
    slack = max(0, room - (end - start))
    first = max(0, min(start - slack // 4, length - room))
    return first, min(length, max(end, first + room))


def whole_words(text: str, first: int, last: int, kept: tuple[int, int]) -> tuple[int, int]:
    """``[first, last)`` drawn in to where words begin and end, without touching ``[kept)``; as it was where a word is longer
    than what could be given up."""
    begin, end = first, last
    if first > 0 and not text[first - 1].isspace():
        begin = next((at + 1 for at in range(first, kept[0]) if text[at].isspace()), first)
    if last < len(text) and not text[last].isspace():
        end = next((at for at in range(last - 1, max(kept[1], begin), -1) if text[at].isspace()), last)
    return begin, end
