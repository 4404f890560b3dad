"""Plain text. Paragraphs are what blank lines part; a line is a heading only where that is clear.

Clear is: a line that stands alone, is short, doesn't end like a sentence, and either begins with a section number
("4.2 Thresholds") or is in capitals throughout ("RECORD KEEPING"). Everything else stays prose.
"""

from __future__ import annotations

import re

from assistant.protocols import Reading
from ingest.canonical import Canonical, canonicalise
from ingest.readers.bytes import decode, require_text

NUMBERED = re.compile(
    r"(?:(?:Section|Part|Chapter|Annex|Appendix)\s+)?(\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+)[.)]?\s+\S"
)
_ITEM = re.compile(r"(?P<marker>[-*•–]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,5})\))\s+(?P<text>\S.*)")
_LONGEST_HEADING = 100


class TextReader:
    identity = "text/1"
    suffixes = frozenset({".txt"})

    def read(self, data: bytes) -> Reading:
        """Raises `InputError` where the bytes are not text, have no known encoding or hold nothing."""
        require_text(data, "a text file")
        made = Canonical()
        blocks = [block.split("\n") for block in canonicalise(decode(data)).split("\n\n") if block]
        for index, lines in enumerate(blocks):
            if len(lines) == 1 and (level := _heading_level(lines[0])):
                made.heading(level, lines[0])
            elif index == 0 and len(lines) == 1 and len(blocks) > 1 and _could_be_heading(lines[0]):
                made.heading(0, lines[0])
            else:
                _prose(made, lines)
        return made.build()


def number_depth(line: str) -> int:
    """How deep a line's section number goes ("4.2 Thresholds" is 2), 0 without one."""
    found = NUMBERED.match(line)
    return found[1].count(".") + 1 if found else 0


def _could_be_heading(line: str) -> bool:
    return len(line) <= _LONGEST_HEADING and line[-1] not in ".;:,?!" and any(c.isalpha() for c in line)


def _heading_level(line: str) -> int:
    """1 for capitals throughout or a number without dots, 2 for "4.2" …; 0 for what is no heading."""
    if not _could_be_heading(line) or _ITEM.match(line):
        return 0
    depth = number_depth(line)
    letters = [c for c in line if c.isalpha()]
    if depth and len(line.split()) <= 12 and next((c for c in line[1:] if c.isalpha()), "").isupper():
        return depth
    return 1 if len(letters) >= 4 and line.isupper() and len(line.split()) <= 10 else 0


def _prose(made: Canonical, lines: list[str]) -> None:
    """Lists item by item, hard-wrapped lines joined, short lines (addresses, verse) kept as they stand."""
    pending: list[str] = []
    marker: str | None = None
    longest = max(map(len, lines))
    wrapped = 40 < longest <= 110 and sum(map(len, lines[:-1])) > 0.75 * longest * (len(lines) - 1)

    def flush() -> None:
        if marker is not None:
            made.item(" ".join(pending), marker=marker)
        else:
            made.paragraph((" " if wrapped else "\n").join(pending))
        pending.clear()

    for line in lines:
        found = _ITEM.match(line)
        if found:
            flush()
            marker = found["marker"]
            pending.append(found["text"])
        else:
            pending.append(line)
    flush()
