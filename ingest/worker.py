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
from dataclasses import astuple
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, BinaryIO

from assistant.config import Ingest
from assistant.errors import InputError, Unavailable
from assistant.protocols import Reading
from assistant.types import Landmark

FILES_PER_CHILD = 200
_LENGTH = struct.Struct(">Q")
_GRACE_SECONDS = 2
"""How long the child may outlive its parent's deadline, should the parent be gone."""
_MEMORY_CODE = 77
_NEAR_LIMIT = 0.8
"""lxml has been seen to swallow a failed allocation and return an empty tree: near the limit no result is believed."""


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
        if self._served >= FILES_PER_CHILD:
            self.close()
        child = self._child or self._start()
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            child.kill()

        timer = Timer(self._limits.reader_seconds, expire)
        timer.start()
        try:
            reply = _exchange(child, json.dumps({"suffix": suffix}).encode(), content)
        except KeyboardInterrupt:
            self.close()  # a reply that nobody took would be the next file's
            raise
        finally:
            timer.cancel()
        if reply is None:
            self.close()
            raise InputError(self._died(child.returncode, expired=expired))
        self._served += 1
        answer = json.loads(reply)
        if answer.get("stop"):
            self.close()
        if "error" in answer:
            raise InputError(answer["error"])
        return Reading(
            text=answer["text"],
            title=answer["title"],
            landmarks=tuple(
                Landmark(kind=kind, start=start, end=end, label=label, level=level)
                for kind, start, end, label, level in answer["landmarks"]
            ),
        )

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
        limits = [str(self._limits.reader_memory_mb), str(self._limits.reader_seconds)]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "ingest.worker", *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # One thread: NumPy's OpenBLAS reserves address space for each, on a large machine all there is.
            env={**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        return self._child

    def _died(self, code: int | None, *, expired: bool) -> str:
        if expired or code == -signal.SIGALRM:
            return f"Reading took longer than {self._limits.reader_seconds} s (ingest.reader_seconds); split the file."
        if code == _MEMORY_CODE:
            return _too_large(self._limits.reader_memory_mb)
        if code in (-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL):
            # C and C++ libraries abort where an allocation fails (PDFium by SIGTRAP or SIGILL)
            return f"Its reader gave up, most likely at the limit of {self._limits.reader_memory_mb} MB; save it anew."
        name = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        return f"The file brings its reader down ({name}); it is damaged or hostile."


def _exchange(child: subprocess.Popen[bytes], *messages: bytes) -> bytes | None:
    """Sends the messages; the reply, or None where the child died."""
    if child.stdin is None or child.stdout is None:
        return None
    try:
        for message in messages:
            _send(child.stdin, message)
    except BrokenPipeError:
        child.wait()
        return None
    reply = _receive(child.stdout)
    if reply is None:
        child.wait()
    return reply


def _send(stream: BinaryIO | Any, message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _receive(stream: BinaryIO | Any) -> bytes | None:
    """The next message, None where the stream ends before it is whole."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body: bytes = stream.read(length)
    return body if len(body) == length else None


def _too_large(memory_mb: int) -> str:
    return f"Reading it takes more than the limit of {memory_mb} MB (ingest.reader_memory_mb); split the file."


# ------------------------------------------------------------------------------------------- in the child


def serve(memory_mb: int, seconds: int) -> None:
    """Answers requests on standard input until it ends."""
    import resource

    # Replies go where only we write; what a library prints goes to standard error.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    base_mb = _peak_mb()
    for limit, value in (
        (resource.RLIMIT_AS, int((base_mb + memory_mb) * 1024 * 1024)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    sys.dont_write_bytecode = True
    while (request := _receive(sys.stdin.buffer)) is not None:
        try:
            content = _receive(sys.stdin.buffer)
        except MemoryError:
            sys.exit(_MEMORY_CODE)
        if content is None:
            return
        signal.alarm(seconds + _GRACE_SECONDS)
        try:
            answer = _answer(json.loads(request)["suffix"], content)
            near_limit = _peak_mb() > base_mb + _NEAR_LIMIT * memory_mb
            reply = json.dumps({"error": _too_large(memory_mb), "stop": True} if near_limit else answer).encode()
        except MemoryError:
            sys.exit(_MEMORY_CODE)
        _send(replies, reply)
        signal.alarm(0)


def _answer(suffix: str, content: bytes) -> dict[str, Any]:
    from ingest.readers import reader_for

    try:
        reading = reader_for(suffix).read(content)
    except InputError as error:
        return {"error": str(error)}
    except RecursionError:
        return {"error": "It is nested too deeply to be read; it is damaged or hostile."}
    return {"text": reading.text, "title": reading.title, "landmarks": [astuple(mark) for mark in reading.landmarks]}


def _peak_mb() -> float:
    """The most address space this process ever had; 0 where the system doesn't tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmPeak:")), 0.0)


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
