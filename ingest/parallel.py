"""Several limited children at once: reading is pure work on bytes, and a machine has more than one core."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

from assistant.config import Ingest
from assistant.errors import InputError
from assistant.protocols import Reading
from ingest.worker import ReaderPool

Load = Callable[[], bytes]
"""Gives a file's bytes when its turn comes; raises `InputError` where it can't."""

_AHEAD = 3
"""Files read or waiting for each child: more would only hold more bytes in memory."""


def read_all(
    files: Iterable[tuple[Load, str]], limits: Ingest, workers: int
) -> Generator[tuple[bytes, Reading] | InputError, None, None]:
    """For each of ``files`` (its bytes, its suffix), in their order, its bytes with what its reader makes of them, or why it
    was refused. ``workers``: children at once, 0 for one a core. Other errors are raised in their file's turn; leaving the
    iterator ends the children."""
    count = workers or max(1, os.cpu_count() or 1)
    idle: SimpleQueue[ReaderPool] = SimpleQueue()

    def one(load: Load, suffix: str) -> tuple[bytes, Reading] | InputError:
        pool = idle.get()
        try:
            content = load()
            return content, pool.read(content, suffix)
        except InputError as refusal:
            return refusal
        finally:
            idle.put(pool)

    with ExitStack() as stack:
        for _ in range(count):
            idle.put(stack.enter_context(ReaderPool(limits)))
        threads = stack.enter_context(ThreadPoolExecutor(count, thread_name_prefix="reader"))
        pending: deque[Future[tuple[bytes, Reading] | InputError]] = deque()
        stack.callback(lambda: [future.cancel() for future in pending])
        for load, suffix in files:
            pending.append(threads.submit(one, load, suffix))
            if len(pending) >= _AHEAD * count:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
