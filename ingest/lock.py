"""One ingestion at a time: an operating-system lock that dies with its holder, and a note of who holds it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.errors import Transient


@contextmanager
def ingestion_lock(data: Path, seconds: float, *, who: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """Waits ``seconds``, then raises `Transient` naming the holder."""
    data.mkdir(parents=True, exist_ok=True)
    note = data / "ingest.holder.json"
    lock = FileLock(data / "ingest.lock")
    try:
        lock.acquire(timeout=seconds)
    except Timeout as error:
        raise Transient(
            f"Another ingestion is running ({_holder(note)}); wait for it to end and run this again."
        ) from error
    try:
        note.write_text(json.dumps({"who": who, "pid": os.getpid(), "since": clock().isoformat(timespec="seconds")}))
        yield
        note.unlink(missing_ok=True)
    finally:
        lock.release()


def _holder(note: Path) -> str:
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        return f"{told['who']}, process {told['pid']}, since {told['since']}"
    except (OSError, ValueError, KeyError):
        return "holder unknown"
