"""One transcriber for many callers: a bounded queue, fair between callers, batched where callers speak at the same time.

Callers take turns: who has waited with fewer clips is served first, so that one long-winded caller can't hold up the others.
When the queue is full the clip is refused at once; a refusal is an answer, an endless wait is not.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from concurrent.futures import Future
from dataclasses import dataclass

from assistant.errors import Transient
from assistant.voice.values import Heard, Hints, Samples, Transcriber

FULL = "Too many people are speaking at once; say it again in a moment."


@dataclass(frozen=True)
class _Job:
    samples: Samples
    hints: Hints | None
    future: Future[Heard]


class TranscriptionQueue:
    """Starts its one thread at once. ``waiting``: clips that may wait, of all callers together."""

    def __init__(self, transcriber: Transcriber, *, waiting: int, batch: int = 8) -> None:
        self._transcriber = transcriber
        self._waiting = waiting
        self._batch = batch
        self._jobs: OrderedDict[str, deque[_Job]] = OrderedDict()
        self._count = 0
        self._busy = False
        self._closed = False
        self._change = threading.Condition()
        self.batches: list[int] = []
        """Sizes of the last batches, newest last, at most a hundred: what `eval voice` and operators look at."""
        self._thread = threading.Thread(target=self._work, name="transcribe", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        with self._change:
            return self._count

    def submit(self, caller: str, samples: Samples, hints: Hints | None = None) -> Future[Heard]:
        """Raises `Transient` where the queue is full or closed. The future fails with what the transcriber raised."""
        future: Future[Heard] = Future()
        with self._change:
            if self._closed or self._count >= self._waiting:
                raise Transient(FULL)
            self._jobs.setdefault(caller, deque()).append(_Job(samples, hints, future))
            self._count += 1
            self._change.notify()
        return future

    def offer(self, caller: str, samples: Samples, hints: Hints | None = None) -> Future[Heard] | None:
        """As `submit`, for a clip that may turn out not to be wanted: taken only where there is nothing else to do."""
        with self._change:
            return None if self._closed or self._busy or self._count else self.submit(caller, samples, hints)

    def forget(self, caller: str) -> None:
        """The caller is gone: what waits for them is cancelled."""
        with self._change:
            for job in self._jobs.pop(caller, ()):
                job.future.cancel()
                self._count -= 1

    def close(self) -> None:
        """Cancels what waits and ends the thread."""
        with self._change:
            for caller in list(self._jobs):
                for job in self._jobs.pop(caller):
                    job.future.cancel()
            self._count, self._closed = 0, True
            self._change.notify()
        self._thread.join(timeout=30)

    def _work(self) -> None:
        while True:
            with self._change:
                while not self._count and not self._closed:
                    self._change.wait()
                if self._closed:
                    return
                jobs = self._take()
                self._busy = True
            started = [job for job in jobs if job.future.set_running_or_notify_cancel()]
            if started:
                self._serve(started)
            with self._change:
                self._busy = False

    def _take(self) -> list[_Job]:
        """One clip of each caller in turn, while they have the same hints and there is room in the batch."""
        taken: list[_Job] = []
        while len(taken) < self._batch:
            found = next((c for c, jobs in self._jobs.items() if not taken or jobs[0].hints == taken[0].hints), None)
            if found is None:
                break
            jobs = self._jobs.pop(found)
            taken.append(jobs.popleft())
            if jobs:
                self._jobs[found] = jobs  # behind everybody else
        self._count -= len(taken)
        return taken

    def _serve(self, jobs: list[_Job]) -> None:
        self.batches = [*self.batches[-99:], len(jobs)]
        try:
            found = self._transcriber.transcribe([job.samples for job in jobs], jobs[0].hints)
        except Exception as error:  # noqa: BLE001 – handed to whoever waits, never lost on this thread
            for job in jobs:
                job.future.set_exception(error)
            return
        for job, heard in zip(jobs, found, strict=True):
            job.future.set_result(heard)
