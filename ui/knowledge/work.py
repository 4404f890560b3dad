"""One ingestion at a time for the page, on a thread of its own: started, asked after, never waited for.

The lock of `ingest.lock` keeps out others (the command line, another server). A page that is closed stops nothing; a server
that is stopped stops it, and then the served snapshot is as it was.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.config import Config
from assistant.errors import InputError, MunimentError, Transient
from assistant.types import Progress
from ingest.discover import discover
from ingest.fingerprint import fingerprint
from ingest.pipeline import Pipeline, Report, Request

log = logging.getLogger("muniment")
Tell = Callable[[Progress], None]
Pipelines = Callable[[Tell], Pipeline]


@dataclass(frozen=True, kw_only=True)
class Job:
    """``look`` is a dry run. ``stages`` are in the order they came, each with its last count; ``found`` is the fingerprint of
    what was looked at. It runs until there is a ``report`` or an ``error``."""

    kind: Literal["look", "prepare"]
    who: str
    paths: tuple[Path, ...]
    stages: tuple[Progress, ...] = ()
    report: Report | None = None
    error: str = ""
    found: str = ""

    @property
    def running(self) -> bool:
        return self.report is None and not self.error

    def told(self, progress: Progress) -> Job:
        known = [one for one in self.stages if one.stage != progress.stage]
        place = next((n for n, one in enumerate(self.stages) if one.stage == progress.stage), len(known))
        return replace(self, stages=(*known[:place], progress, *known[place:]))


class Work:
    """Safe to share between threads."""

    def __init__(self, config: Config, pipelines: Pipelines) -> None:
        self._config = config
        self._pipelines = pipelines
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._thread: threading.Thread | None = None

    def job(self) -> Job | None:
        """The present one, else the last one; None before the first."""
        return self._job

    def look(self, who: str, paths: tuple[Path, ...]) -> None:
        """Raises `Transient` while another one runs."""
        request = Request(paths=paths, dry_run=True, who=who, why="look")
        self._start(Job(kind="look", who=who, paths=paths), lambda: self._run(request, None))

    def prepare(self, who: str, why: str) -> None:
        """Prepares what ``who`` looked at last, and has it judged; publishes nothing. `InputError` where they have not looked,
        and, told by the job, where the files are no longer those they were shown."""
        shown = self._job
        if shown is None or shown.kind != "look" or shown.report is None or shown.who != who:
            raise InputError("Look at what would change first; then prepare it.")
        request = Request(paths=shown.paths, publish=False, who=who, why=why)
        self._start(Job(kind="prepare", who=who, paths=shown.paths), lambda: self._run(request, shown.found))

    def wait(self, seconds: float) -> None:
        """Until the present job has ended, or so many seconds."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _start(self, job: Job, run: Callable[[], None]) -> None:
        with self._lock:
            if self._job is not None and self._job.running:
                raise Transient(f"{self._job.who} has started an ingestion that still runs; wait for it to end.")
            self._job = job
            self._thread = threading.Thread(target=run, name="ingest", daemon=True)
            self._thread.start()

    def _run(self, request: Request, expected: str | None) -> None:
        """The thread's border: every error ends the job with a sentence."""
        try:
            config = self._config
            found = fingerprint(discover(config.corpora, request.paths, request.collection, config.ingest))
            if expected is not None and found != expected:
                raise InputError("The files have changed since you looked; look again.")
            report = self._pipelines(self._tell).run(request)
            self._change(lambda job: replace(job, report=report, found=found))
        except MunimentError as error:
            said = str(error)
            self._change(lambda job: replace(job, error=said))
        except Exception:
            log.exception("an ingestion from the page failed")
            self._change(lambda job: replace(job, error="A fault of this program; the operator finds it in the log."))

    def _tell(self, progress: Progress) -> None:
        self._change(lambda job: job.told(progress))

    def _change(self, change: Callable[[Job], Job]) -> None:
        with self._lock:
            if self._job is not None:
                self._job = change(self._job)
