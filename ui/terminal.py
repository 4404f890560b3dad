"""Answers, reports and progress as lines of plain text for a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TextIO

from assistant.types import Answer, Progress
from ingest.pipeline import Report

SECONDS = 20.0
"""Between two lines of one stage in a log."""


def answer_lines(answer: Answer) -> Iterator[str]:
    if answer.abstention:
        yield f"Not in the documents. {answer.abstention.reason}"
        if answer.abstention.missing:
            yield f"Not found: {answer.abstention.missing}"
        for hit in answer.hits[:3]:
            yield f"  nearest: {hit.document.title} › {hit.passage.where}"
    else:
        yield answer.text
        for citation in answer.citations:
            page = f", page {citation.page}" if citation.page else ""
            place = f"{citation.uri} {citation.start}–{citation.end}"
            yield f"  [{citation.marker}] {citation.title} › {citation.where}{page} ({place})"
            yield f"      “{' '.join(citation.quote.split())}”"
        yield from (f"  note: {notice}" for notice in answer.notices)
    yield f"  receipt {answer.receipt.id} · in force on {answer.as_of} · {answer.timings.total / 1000:.1f} s"


def report_lines(report: Report) -> Iterator[str]:
    if report.snapshot is None:
        yield "dry run: nothing was computed"
    elif report.published:
        yield f"snapshot {report.snapshot}: published"
    elif report.waits:
        yield f"snapshot {report.snapshot}: prepared, not published; `muniment snapshots publish {report.snapshot}` does that"
    else:
        yield f"snapshot {report.snapshot}: already served"
    counts = {n: len(getattr(report, n)) for n in ("added", "changed", "unchanged", "removed", "quarantined")}
    yield ", ".join(f"{count} {name}" for name, count in counts.items())
    for change in report.changes:
        if change.state != "unchanged" or report.snapshot is None:
            yield f"  {change.state:9}  {change.uri}{f'  ({change.why})' if change.why else ''}"
    for refusal in report.quarantined:
        yield f"  refused {refusal['uri']}: {refusal['reason']}"
    for collection in report.questions:
        yield f"  changed    the known questions of {collection}"
    for known in report.unplaced:
        yield f"  there is no section {known['section']} in {known['uri']} for the known question “{known['question']}”"
    if report.refusal:
        yield f"  would not be published: {report.refusal}"
    for check in (report.verdict or {"checks": ()})["checks"]:
        yield f"  {'pass' if check['passed'] else 'FAIL'} {check['name']}: {check['said']}"
    yield f"{report.documents} documents, {report.passages} passages, {report.embedded} embedded, {report.seconds:.1f} s"


class ProgressLine:
    """One line that is rewritten on a terminal; in a log, one line a stage, at its end, and now and then between."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._told = 0.0
        self._live = stream.isatty()
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        counted = f" {progress.done:,}/{progress.total:,}" if progress.total else ""
        text = f"{progress.stage}{counted} {progress.detail}".rstrip()
        if self._live:
            self._stream.write(f"\r\x1b[K{text[:110]}")
        elif progress.stage != self._stage or progress.done == progress.total or self._clock() - self._told >= SECONDS:
            self._stream.write(f"{text}\n")
            self._told = self._clock()
        self._stage = progress.stage
        self._stream.flush()

    def close(self) -> None:
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
