"""One question at work on a thread of its own, so that a face can show a beat, stop at once and notice a lost client.

The assistant's iterator is made, advanced and closed on that one thread; a face only takes events from a queue.
Stopping takes effect for the face at once and for the model at its next event: an iterator can't be closed while it is at work.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from assistant.types import Event

BEAT = 0.5
"""Seconds after which a silent run gives a None: how long a closed connection or a stop can go unnoticed."""


class Run:
    """Starts at once. Errors of the assistant's own program surface in `events`, never get lost on the thread."""

    def __init__(self, ask: Callable[[], Iterator[Event]]) -> None:
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        worker = ThreadPoolExecutor(1, thread_name_prefix="ask")
        self._future = worker.submit(self._work, ask)
        worker.shutdown(wait=False)

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        """Asks the run to end; doing it twice, or after the end, is harmless."""
        self._stopped.set()
        self._events.put(None)  # wakes the face

    def events(self, beat: float = BEAT) -> Iterator[Event | None]:
        """Events as they come, None where ``beat`` seconds pass without one. Ends after the last event, or soon after
        `stop`. Closing this iterator stops the run."""
        try:
            while not self.stopped:
                try:
                    event = self._events.get(timeout=beat)
                except queue.Empty:
                    yield None
                    continue
                if event is None:
                    if not self.stopped:
                        self._future.result()
                    return
                yield event
        finally:
            self.stop()

    def _work(self, ask: Callable[[], Iterator[Event]]) -> None:
        try:
            with closing(ask()) as events:  # type: ignore[type-var]  # a generator, typed by its protocol as an iterator
                for event in events:
                    self._events.put(event)
                    if self.stopped:
                        return
        finally:
            self._events.put(None)


class Runs:
    """The runs at work, by the page they belong to, so that its stop button finds its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_page: dict[str, Run] = {}

    def start(self, page: str, ask: Callable[[], Iterator[Event]]) -> Run:
        """A page has one run; a former one is stopped."""
        self.stop(page)
        run = Run(ask)
        with self._lock:
            self._by_page[page] = run
        return run

    def stop(self, page: str) -> None:
        with self._lock:
            run = self._by_page.pop(page, None)
        if run is not None:
            run.stop()

    def finished(self, page: str, run: Run) -> None:
        with self._lock:
            if self._by_page.get(page) is run:
                del self._by_page[page]
