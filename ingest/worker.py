"""Reads untrusted files in a limited child process: memory, processor time and wall time end, the ingestion goes on.

One child serves many files (an interpreter and its libraries cost 0.3-0.6 s to start, most files 0.01-0.3 s to read). A
child that broke a limit or died is replaced by a fresh one; every 200 files too, so that leaks of the C libraries stay
bounded. Between the two go only lengths, bytes and JSON: nothing a file could say is ever unpickled.

The child can allocate ``reader_memory_mb`` of address space above what it starts with (RLIMIT_AS), write no file
(RLIMIT_FSIZE 0) and leaves no core dump. It can't be kept from the network by these means: the readers simply have no
code that goes there.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, BinaryIO

from assistant.config import Ingest
from assistant.errors import InputError, Unavailable
from assistant.protocols import Hidden, Reading
from assistant.types import Landmark
from ingest.readers.archive import SUFFIX as ARCHIVE
from ingest.readers.archive import Entry

FILES_PER_CHILD = 200
WAITING = 5
"""How many times its processor time a file may take by the clock: what is read must not depend on how busy a machine is."""
_LENGTH = struct.Struct(">Q")
_BEAT = b"\xff" * _LENGTH.size
_START_SECONDS = 300
"""For the interpreter to come up, on however busy a machine; a file's own time counts from then on."""
MEMORY_CODE = 77


class ReaderPool:
    """Reads files one after the other, for one thread. A context manager: leaving it ends the child."""

    def __init__(self, limits: Ingest) -> None:
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, content: bytes, suffix: str) -> Reading:
        """What the reader of ``suffix`` makes of ``content``. Raises `InputError` where the file can't be read, takes
        too long, wants too much memory or brings its reader down."""
        answer = json.loads(next(self._ask(content, suffix)))
        return Reading(
            text=answer["text"],
            title=answer["title"],
            landmarks=tuple(
                Landmark(kind=kind, start=start, end=end, label=label, level=level)
                for kind, start, end, label, level in answer["landmarks"]
            ),
            hidden=tuple(Hidden(how=how, text=text) for how, text in answer["hidden"]),
            remarks=tuple(answer["remarks"]),
        )

    def expand(self, content: bytes) -> tuple[Entry, ...]:
        """The files of the ZIP archive ``content``, in its order. Raises `InputError` as `read` does, and where the archive
        as a whole is refused."""
        messages = self._ask(content, ARCHIVE)
        return tuple(
            Entry(name=head["name"], refused=head["refused"], content=b"" if head["empty"] else next(messages))
            for head in map(json.loads, messages)
        )

    def _ask(self, content: bytes, suffix: str) -> Iterator[bytes]:
        """The child's messages about ``content`` but the last, which says how it went."""
        if self._served >= FILES_PER_CHILD or (self._child is not None and self._child.poll() is not None):
            self.close()
        child = self._child or self._start()
        replies: list[bytes] | None
        try:
            with _Deadline(child, WAITING * self._limits.reader_seconds) as deadline:
                replies = _exchange(child, deadline, json.dumps({"suffix": suffix}).encode(), content)
        except KeyboardInterrupt:
            self.close()  # a reply that nobody took would be the next file's
            raise
        if replies is None:
            self.close()
            raise InputError(self._died(child.returncode, expired=deadline.expired))
        self._served += 1
        last = json.loads(replies.pop())
        if last.get("stop") or deadline.expired:
            self.close()
        if "error" in last:
            raise InputError(last["error"])
        return iter(replies)

    def close(self) -> None:
        """Ends the child, whatever it is doing."""
        child, self._child, self._served = self._child, None, 0
        if child is not None:
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()

    def _start(self) -> subprocess.Popen[bytes]:
        if os.name != "posix":
            raise Unavailable("Reading documents needs the process limits of Linux or macOS; run it there, or in WSL.")
        root = str(Path(__file__).resolve().parents[1])
        paths = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "ingest.worker_child", self._limits.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # One thread: NumPy's OpenBLAS reserves address space for each, on a large machine all there is.
            env={**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        with _Deadline(self._child, _START_SECONDS) as deadline:
            ready = _exchange(self._child, deadline)
        if ready is None:
            code = self._child.returncode
            self.close()
            raise Unavailable(f"The process that reads documents does not start (exit code {code}); try it again.")
        return self._child

    def _died(self, code: int | None, *, expired: bool) -> str:
        if expired or code in (-signal.SIGPROF, -signal.SIGALRM):
            return f"Reading took longer than {self._limits.reader_seconds} s (ingest.reader_seconds); split the file."
        if code == MEMORY_CODE:
            return too_large(self._limits.reader_memory_mb)
        if code in (-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL):
            # C and C++ libraries abort where an allocation fails (PDFium by SIGTRAP or SIGILL)
            return f"Its reader gave up, most likely at the limit of {self._limits.reader_memory_mb} MB; save it anew."
        name = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        return f"The file brings its reader down ({name}); it is damaged or hostile."


class _Deadline:
    """Kills ``child`` after ``seconds``, counted anew from each `restart`; ``expired`` tells that it came to that."""

    def __init__(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        self._child = child
        self._seconds = seconds
        self._timer = Timer(seconds, self._expire)
        self.expired = False

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def restart(self) -> None:
        self._timer.cancel()
        self._timer = Timer(self._seconds, self._expire)
        self._timer.start()

    def _expire(self) -> None:
        self.expired = True
        self._child.kill()


def _exchange(child: subprocess.Popen[bytes], deadline: _Deadline, *messages: bytes) -> list[bytes] | None:
    """Sends the messages; the replies up to the empty one, or None where the child died."""
    if child.stdin is None or child.stdout is None:
        return None
    replies: list[bytes] = []
    try:
        for message in messages:
            send(child.stdin, message)
        while reply := receive(child.stdout, deadline.restart):
            replies.append(reply)
    except BrokenPipeError:
        reply = None
    if reply is None:
        child.wait()
        return None
    return replies


def send(stream: BinaryIO | Any, message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def send_beat(stream: BinaryIO | Any) -> None:
    stream.write(_BEAT)
    stream.flush()


def receive(stream: BinaryIO | Any, beat: Callable[[], None] = lambda: None) -> bytes | None:
    """The next message, None where the stream ends before it is whole; ``beat`` is called for each beat before it."""
    while (head := stream.read(_LENGTH.size)) == _BEAT:
        beat()
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body: bytes = stream.read(length)
    return body if len(body) == length else None


def too_large(memory_mb: int) -> str:
    return f"Reading it takes more than the limit of {memory_mb} MB (ingest.reader_memory_mb); split the file."
