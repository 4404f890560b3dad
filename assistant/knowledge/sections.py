"""Whether a passage stands in a section, by the headings above it."""

from __future__ import annotations

import re


def in_section(where: str, section: str) -> bool:
    """Is ``where`` the section or inside it? "4.2" holds "4.2 Limits" and "4 Gifts › 4.2 Limits › 4.2.1 Staff", but not
    "4.21 Forms"; "" holds nothing."""
    return bool(section) and re.search(rf"(?:^|› ){re.escape(section)}(?:[. ]|$)", where) is not None
