"""What a running process has used: processor seconds, and memory that is its own now. Read from Linux's /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import Unavailable


@dataclass(frozen=True, kw_only=True)
class Usage:
    """``work``: processor seconds since the start, of ended children too (a synthesiser is one); ``memory``: resident bytes."""

    work: float
    memory: int


def usage_of(pid: int) -> Usage:
    """Raises `Unavailable` where there is no /proc or no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]
    except OSError as error:
        raise Unavailable(f"What process {pid} uses can't be read from /proc ({error.strerror}).") from error
    ticks = stat.rpartition(")")[2].split()[11:15]  # utime, stime, cutime, cstime; the name before may hold blanks
    return Usage(work=sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), memory=int(pages) * os.sysconf("SC_PAGE_SIZE"))
