"""The limited child of `ingest.worker`: reads one file after the other until its standard input ends.

To each request, a JSON object and a file's bytes, it answers with messages and an empty one: of a document its reading, of
an archive for each entry a JSON object and its bytes; last of all how it went.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

from assistant.config import Ingest
from assistant.errors import InputError
from ingest.heartbeat import listen
from ingest.readers.archive import SUFFIX as ARCHIVE
from ingest.worker import MEMORY_CODE, WAITING, receive, send, send_beat, too_large

_GRACE_SECONDS = 2.0
"""How long the child may outlive its parent's deadline, should the parent be gone."""
_NEAR_LIMIT = 0.8
"""lxml has been seen to swallow a failed allocation and return an empty tree: near the limit no result is believed."""


def serve(limits: Ingest) -> None:
    """Limits this process, then answers requests."""
    import resource

    # Replies go where only we write; what a library prints goes to standard error.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    base_mb = _peak_mb()
    for limit, value in (
        (resource.RLIMIT_AS, int((base_mb + limits.reader_memory_mb) * 1024 * 1024)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    sys.dont_write_bytecode = True

    def beat() -> None:
        _allow(limits.reader_seconds)
        send_beat(replies)

    listen(beat)
    send(replies, b"")  # ready
    try:
        while (request := receive(sys.stdin.buffer)) is not None:
            content = receive(sys.stdin.buffer)
            if content is None:
                return
            _allow(limits.reader_seconds)
            error = ""
            try:
                for message in _messages(json.loads(request)["suffix"], content, limits):
                    send(replies, message)
            except InputError as refusal:
                error = str(refusal)
            except RecursionError:
                error = "It is nested too deeply to be read; it is damaged or hostile."
            near = _peak_mb() > base_mb + _NEAR_LIMIT * limits.reader_memory_mb
            last = {"error": too_large(limits.reader_memory_mb), "stop": True} if near else _went(error)
            send(replies, json.dumps(last).encode())
            send(replies, b"")
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
    except MemoryError:
        sys.exit(MEMORY_CODE)


def _allow(seconds: int) -> None:
    """From now on so much processor time, then the kernel ends this process; by the clock `WAITING` times as much."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAITING * seconds + _GRACE_SECONDS)


def _went(error: str) -> dict[str, Any]:
    return {"error": error} if error else {"done": True}


def _messages(suffix: str, content: bytes, limits: Ingest) -> Iterator[bytes]:
    """Not one is empty: that would end the answer."""
    if suffix == ARCHIVE:
        from ingest.readers.archive import entries

        for entry in entries(content, limits):
            yield json.dumps({"name": entry.name, "refused": entry.refused, "empty": not entry.content}).encode()
            if entry.content:
                yield entry.content
        return
    from ingest.readers import reader_for

    reading = reader_for(suffix).read(content)
    yield json.dumps(
        {
            "text": reading.text,
            "title": reading.title,
            "landmarks": [astuple(mark) for mark in reading.landmarks],
            "hidden": [astuple(each) for each in reading.hidden],
            "remarks": reading.remarks,
        }
    ).encode()


def _peak_mb() -> float:
    """The most address space this process ever had; 0 where the system doesn't tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmPeak:")), 0.0)


if __name__ == "__main__":
    serve(Ingest.model_validate_json(sys.argv[1]))
