"""Characters that show nothing and can carry a message all the same: found before `canonicalise` takes them away.

Tag characters (U+E0020–U+E007E) and long runs of variation selectors spell text that only a machine reads; direction
overrides (U+202D, U+202E) make a person read another text than a machine; long runs of zero-width characters can hold
bits. A flag's tags (behind U+1F3F4) and single marks, which word processors leave everywhere, are none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.protocols import Hidden

_ANY = re.compile("[\u200b-\u200f\u202d\u202e\u2060-\u2064\ufe00-\ufe0f\U000e0020-\U000e01ef]")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007f]+")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
_OVERRIDE = re.compile("[\u202d\u202e]([^\u202c\n]{1,400})")
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2060-\u2064]{16,}")


def invisible(raw: str) -> Iterator[Hidden]:
    """What ``raw``, text as it stands in a file, says in characters that show nothing."""
    if raw.isascii() or not _ANY.search(raw):
        return
    text = _FLAG.sub("", raw)
    for run in _TAGS.findall(text):
        yield Hidden(how="tag characters", text="".join(chr(ord(c) - 0xE0000) for c in run))
    for run in _SELECTORS.findall(text):
        spelt = bytes(ord(c) - 0xFE00 if ord(c) < 0xFE10 else ord(c) - 0xE0100 + 16 for c in run)
        yield Hidden(how="variation selectors", text=spelt.decode("utf-8", "replace"))
    for found in _OVERRIDE.finditer(text):
        yield Hidden(how="a direction override", text=found[1])
    for run in _ZERO_WIDTH.findall(text):
        yield Hidden(how="zero-width characters", text=f"({len(run)} characters in a row)")
