"""A document's way: discover → read → split → embed what is new → a new snapshot beside the old → gate → publish.

Killed anywhere, the served snapshot stays as it was and the next run takes up what was cached. Unchanged input computes
nothing: the snapshot's id is a hash of inputs, and a snapshot that stands complete on disk is not built again. Neither the
snapshot nor the access that its collection files ask for holds before the publication.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from assistant.config import Config
from assistant.errors import InputError, MunimentError, Unavailable
from assistant.knowledge import dense, lexical, references
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.candidates import known_collections
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.publish import Publisher
from assistant.knowledge.quarantine import keep_reports
from assistant.protocols import Embedder, Reading
from assistant.types import Document, Progress
from ingest.assemble import passages_of, texts_of, vectors_of, write_snapshot
from ingest.barred import Barred
from ingest.before import Before, read_before
from ingest.changes import bytes_as_found, changes_of, document_id, reads_alike, row_of, vanishing
from ingest.declared import Read, documents_of
from ingest.discover import SourceFile, discover
from ingest.door import Quality
from ingest.front_page import IDENTITY as FRONT_PAGE
from ingest.gate import Judge, too_many_gone
from ingest.known import Known, changed, digests, with_questions
from ingest.lineage import gone_collections
from ingest.lock import ingestion_lock
from ingest.parallel import read_all
from ingest.prepare import Preparation
from ingest.report import Report, report_json, report_of
from ingest.split import IDENTITY as SPLITTER

__all__ = ["Pipeline", "Report", "Request", "report_json"]

Tell = Callable[[Progress], None]
NOTED_SECONDS = 0.25
"""How often the job's progress is written down: each time is a synchronised transaction."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """``paths`` empty: every collection under the corpora folder. ``collection``: the TOML for paths that have none.
    ``force``: publish in spite of the gate and of how much would vanish; ``why`` is kept with the publication."""

    paths: tuple[Path, ...] = ()
    collection: Path | None = None
    dry_run: bool = False
    publish: bool = True
    force: bool = False
    who: str = "cli"
    why: str = "ingest"


@dataclass
class _Work:
    """Counts and refusals of one run."""

    embedded: int = 0
    quarantined: list[dict[str, str]] = field(default_factory=list)
    unplaced: list[dict[str, str]] = field(default_factory=list)


class Pipeline:
    """``judges`` are the gate's checks beyond those that are never left out."""

    def __init__(
        self,
        *,
        config: Config,
        catalogue: Catalogue,
        embedder: Embedder,
        tell: Tell,
        new_id: Callable[[], str],
        clock: Callable[[], datetime],
        judges: Sequence[Judge] = (),
    ) -> None:
        self._config = config
        self._catalogue = catalogue
        self._embedder = embedder
        self._tell = tell
        self._new_id = new_id
        self._clock = clock
        self._preparation = Preparation(
            config=config, catalogue=catalogue, embedder=embedder, tell=tell, clock=clock, judges=judges
        )
        self._blobs = Blobs(config.data)
        self._noted = 0.0
        self._publisher = Publisher(config.data, catalogue, four_eyes=config.publish.four_eyes)

    def run(self, request: Request) -> Report:
        """One ingestion under the lock, as a job in the catalogue. Raises `MunimentError`; the served snapshot stays."""
        with ingestion_lock(self._config.data, self._config.ingest.lock_seconds, who=request.who, clock=self._clock):
            job = self._new_id()
            self._catalogue.start_job(job, "dry run" if request.dry_run else "ingest")
            try:
                report = self._run(request, job)
            except (MunimentError, KeyboardInterrupt) as error:
                self._catalogue.update_job(job, state="failed", note=str(error) or "interrupted")
                raise
            except OSError as error:
                place = error.filename or self._config.data
                said = f"{place} can't be used ({error.strerror}); check space and permissions of the data folder."
                self._catalogue.update_job(job, state="failed", note=said)
                raise Unavailable(said) from error
            self._catalogue.update_job(job, state="done", note=report.snapshot or "dry run")
            return report

    def _run(self, request: Request, job: str) -> Report:
        started = time.perf_counter()
        found = discover(self._config.corpora, request.paths, request.collection, self._config.ingest)
        self._tell(Progress(stage="discover", done=len(found.files), total=len(found.files)))
        work = _Work(quarantined=[{"uri": r.uri, "reason": r.reason} for r in found.refused])
        roots = request.paths or (self._config.corpora,)
        gone = gone_collections(known_collections(self._catalogue), found.collections, roots, self._config.root)
        looked_at = {c.id for c in found.collections} | gone
        before = read_before(self._config.data, self._catalogue, looked_at)
        barred = Barred.now(self._catalogue)
        carried = [d for d in before.documents.values() if d.collection not in looked_at and not barred.of_document(d)]
        replaced = [d for d in before.documents.values() if d.collection in looked_at]
        quality = Quality.now(self._catalogue)
        planned = {document_id(f): f for f in found.files}
        for identity, file in list(planned.items()):
            reason = barred.of_file(file) or quality.reason(identity)
            if reason:
                work.quarantined.append({"uri": file.uri, "reason": reason, "document": identity})
                del planned[identity]

        changes = changes_of(planned, replaced, before.rows)
        limit, served = self._config.ingest.max_removed_share, len(before.documents)
        refusal = too_many_gone(served, vanishing(planned, replaced, barred), limit)
        known = {c.id: c.known for c in found.collections}
        questions = changed(known, before.questions)
        if request.dry_run:
            spent = time.perf_counter() - started
            total = len(planned) + len(carried)
            return report_of(changes, work.quarantined, questions, documents=total, seconds=spent, refusal=refusal)
        if refusal and request.publish and not request.force:
            raise InputError(f"{refusal} Check the folders, or give --force and --reason.")
        inputs = self._inputs(planned, carried, before, known)
        snapshot = snapshots.snapshot_id(inputs)
        folder = snapshots.folder_of(self._config.data, snapshot)
        if not _complete(folder):
            documents = [*carried, *self._read(planned, before, quality, work, job)]
            refused = {q["uri"] for q in work.quarantined}
            planned = {i: f for i, f in planned.items() if f.uri not in refused}
            changes = changes_of(planned, replaced, before.rows)
            inputs = self._inputs(planned, carried, before, known)
            snapshot = snapshots.snapshot_id(inputs)
            folder = snapshots.folder_of(self._config.data, snapshot)
            if not documents:
                raise InputError("No document could be read, so nothing was published; see the reasons above.")
            if not _complete(folder):
                self._build(folder, snapshot, inputs, documents, before, known, work, job)
        manifest = snapshots.read_manifest(folder)
        verdict = self._preparation.candidate(
            snapshot,
            found,
            vanishing(planned, replaced, barred),
            before,
            served=self._publisher.served(),
            who=request.who,
            why=request.why,
        )
        at_once = request.publish and not self._config.publish.four_eyes
        published = at_once and self._publisher.publish(snapshot, who=request.who, why=request.why, force=request.force)
        return report_of(
            changes,
            work.quarantined,
            questions,
            snapshot=snapshot,
            published=published,
            documents=manifest.documents,
            passages=manifest.passages,
            embedded=work.embedded,
            seconds=time.perf_counter() - started,
            verdict=verdict,
            waits=verdict is not None and not at_once,
            unplaced=work.unplaced,
        )

    # --------------------------------------------------------------------------------------------- steps

    def _inputs(
        self, planned: Mapping[str, SourceFile], carried: Sequence[Document], before: Before, known: Known
    ) -> dict[str, Any]:
        """Everything that decides what the snapshot holds, and nothing that does not. A carried document keeps its row: what
        was declared of it is not known from the document itself; so does its collection the digest of its known questions."""
        held = {d.collection for d in carried}
        kept = {name: digest for name, digest in before.questions.items() if name in held}
        return {
            "known questions": {**kept, **digests(known)},
            "documents": sorted([*(row_of(i, f) for i, f in planned.items()), *(before.rows[d.id] for d in carried)]),
            "front page": FRONT_PAGE,
            "splitter": [SPLITTER, self._config.split.max_tokens, self._config.split.min_tokens],
            "embedder": self._embedder.identity,
            "dense": dense.IDENTITY,
            "lexical": lexical.IDENTITY,
            "references": references.IDENTITY,
        }

    def _read(
        self, planned: Mapping[str, SourceFile], before: Before, quality: Quality, work: _Work, job: str
    ) -> list[Document]:
        """Canonical text of every planned document that nothing speaks against; what the served snapshot holds already and the
        present rules have looked at is not read again."""
        readings: list[Read] = []
        fresh: list[tuple[str, SourceFile]] = []
        for identity, file in planned.items():
            known = before.documents.get(identity)
            if known and reads_alike(file, known, before.rows[identity]) and quality.knows(identity):
                same = Reading(text=known.text, landmarks=known.landmarks, title=known.title)
                readings.append(Read(identity=identity, file=file, reading=same))
                self._progress(job, "read", len(readings), len(planned), file.uri)
            else:
                fresh.append((identity, file))
        loads = [(partial(bytes_as_found, file), Path(file.uri).suffix) for _, file in fresh]
        seen, done = [], len(readings)
        with closing(read_all(loads, self._config.ingest, self._config.ingest.readers)) as results:
            for (identity, file), result in zip(fresh, results, strict=True):
                done += 1
                if isinstance(result, InputError):
                    work.quarantined.append({"uri": file.uri, "reason": str(result)})
                else:
                    content, reading = result
                    self._blobs.put(content)
                    seen.append(quality.look(identity, file.uri, reading))
                    reason = quality.reason(identity)
                    if reason:
                        work.quarantined.append({"uri": file.uri, "reason": reason, "document": identity})
                    else:
                        readings.append(Read(identity=identity, file=file, reading=reading))
                self._progress(job, "read", done, len(planned), file.uri)
        keep_reports(self._catalogue, seen)
        documents, clashing = documents_of(readings)
        work.quarantined += [{"uri": each.uri, "reason": each.reason} for each in clashing]
        return documents

    def _build(
        self,
        folder: Path,
        snapshot: str,
        inputs: Mapping[str, Any],
        documents: Sequence[Document],
        before: Before,
        known: Known,
        work: _Work,
        job: str,
    ) -> None:
        def counted(stage: str, done: int, total: int) -> None:
            self._progress(job, stage, done, total)

        ordered = sorted(documents, key=lambda d: d.id)
        alike = before.cut_alike(ordered, inputs)
        passages = passages_of(ordered, self._embedder, self._config.split, counted, alike)
        passages, work.unplaced = with_questions(passages, ordered, known)
        texts = texts_of(ordered, passages)
        vectors, work.embedded = vectors_of(texts, self._embedder, self._catalogue, counted)
        counted("index", 0, len(passages))
        write_snapshot(folder, snapshot=snapshot, inputs=inputs, documents=ordered, passages=passages, vectors=vectors)
        counted("index", len(passages), len(passages))

    def _progress(self, job: str, stage: str, done: int, total: int, detail: str = "") -> None:
        self._tell(Progress(stage=stage, done=done, total=total, detail=detail))
        now = time.monotonic()
        if done in (1, total) or now - self._noted >= NOTED_SECONDS:
            self._noted = now
            self._catalogue.update_job(job, stage=stage, done=done, total=total)


def _complete(folder: Path) -> bool:
    """Present and intact; a damaged copy of the wanted snapshot is built again."""
    if not (folder / snapshots.MANIFEST).is_file():
        return False
    try:
        snapshots.verify(folder)
    except MunimentError:
        return False
    return True
