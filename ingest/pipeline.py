"""A document's way: discover → read → split → embed what is new → a new snapshot beside the old → publish.

Killed anywhere, the served snapshot stays as it was and the next run takes up what was cached. Unchanged input computes
nothing: the snapshot's id is a hash of inputs, and a snapshot that stands complete on disk is not built again.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from assistant.access import Policy
from assistant.config import Config
from assistant.errors import Corrupt, InputError, MunimentError, Unavailable
from assistant.knowledge import dense, lexical
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.lexical import Bm25Searcher
from assistant.protocols import Embedder, Reading, Vectors
from assistant.retrieve import index_text
from assistant.types import Document, Passage, Progress
from ingest.changes import bytes_as_found, changed, document_id, document_of, reads_alike, row_of
from ingest.discover import Discovered, SourceFile, discover
from ingest.lock import ingestion_lock
from ingest.split import IDENTITY as SPLITTER
from ingest.split import split
from ingest.worker import ReaderPool

EMBED_BATCH = 64
Tell = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """``paths`` empty: every collection under the corpora folder. ``collection``: the TOML for paths that have none."""

    paths: tuple[Path, ...] = ()
    collection: Path | None = None
    dry_run: bool = False
    publish: bool = True
    who: str = "cli"
    why: str = "ingest"


@dataclass(frozen=True, kw_only=True)
class Report:
    """The contract of ``muniment ingest --json``. Lists hold uris, sorted."""

    snapshot: str | None
    published: bool
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    quarantined: tuple[Mapping[str, str], ...]
    documents: int
    passages: int
    embedded: int
    seconds: float


@dataclass(frozen=True)
class _Before:
    """What is served: its documents by id, and the row that each has in the inputs of the snapshot's id."""

    documents: Mapping[str, Document]
    rows: Mapping[str, list[str]]


@dataclass
class _Work:
    """Counts and refusals of one run."""

    embedded: int = 0
    quarantined: list[dict[str, str]] = field(default_factory=list)


class Pipeline:
    def __init__(
        self,
        *,
        config: Config,
        catalogue: Catalogue,
        embedder: Embedder,
        tell: Tell,
        new_id: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._catalogue = catalogue
        self._embedder = embedder
        self._tell = tell
        self._new_id = new_id
        self._clock = clock
        self._blobs = Blobs(config.data)

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
        before = self._served(found)
        looked_at = {c.id for c in found.collections}
        carried = [d for d in before.documents.values() if d.collection not in looked_at]
        replaced = [d for d in before.documents.values() if d.collection in looked_at]
        planned = {document_id(f): f for f in found.files}

        if request.dry_run:
            changes = changed(planned, replaced)
            return self._report(None, False, changes, work, len(planned) + len(carried), 0, started)
        inputs = self._inputs(planned, carried, before)
        snapshot = snapshots.snapshot_id(inputs)
        folder = snapshots.folder_of(self._config.data, snapshot)
        if not _complete(folder):
            documents = [*carried, *self._read(planned, before, work, job)]
            refused = {q["uri"] for q in work.quarantined}
            planned = {i: f for i, f in planned.items() if f.uri not in refused}
            inputs = self._inputs(planned, carried, before)
            snapshot = snapshots.snapshot_id(inputs)
            folder = snapshots.folder_of(self._config.data, snapshot)
            if not documents:
                raise InputError("No document could be read, so nothing was published; see the reasons above.")
            if not _complete(folder):
                self._build(folder, snapshot, inputs, documents, work, job)
        manifest = snapshots.read_manifest(folder)
        self._set_policy(found)
        published = request.publish and self._publish(snapshot, request)
        changes = changed(planned, replaced)
        return self._report(snapshot, published, changes, work, manifest.documents, manifest.passages, started)

    # --------------------------------------------------------------------------------------------- steps

    def _served(self, found: Discovered) -> _Before:
        """What is served; nothing before the first publication. A damaged snapshot counts as nothing where every collection
        is found anew, so that a run mends it; where one would have to be carried over from it, the damage is told."""
        try:
            current = snapshots.current_id(self._config.data)
            if current is None:
                return _Before({}, {})
            folder = snapshots.folder_of(self._config.data, current)
            manifest = snapshots.verify(folder)
        except (Corrupt, Unavailable) as error:
            elsewhere = set(self._catalogue.policy().collections) - {c.id for c in found.collections}
            if elsewhere:
                missing = ", ".join(sorted(elsewhere))
                raise Corrupt(f"{error} Ingest {missing} in the same run: nothing can be carried over.") from error
            return _Before({}, {})
        documents, _ = snapshots.read_contents(folder / snapshots.CONTENTS)
        return _Before({d.id: d for d in documents}, {row[0]: row for row in manifest.inputs["documents"]})

    def _inputs(
        self, planned: Mapping[str, SourceFile], carried: Sequence[Document], before: _Before
    ) -> dict[str, Any]:
        """Everything that decides what the snapshot holds, and nothing that does not. A carried document keeps its row: what
        was declared of it is not known from the document itself."""
        return {
            "documents": sorted([*(row_of(i, f) for i, f in planned.items()), *(before.rows[d.id] for d in carried)]),
            "splitter": [SPLITTER, self._config.split.max_tokens, self._config.split.min_tokens],
            "embedder": self._embedder.identity,
            "dense": dense.IDENTITY,
            "lexical": lexical.IDENTITY,
        }

    def _read(self, planned: Mapping[str, SourceFile], before: _Before, work: _Work, job: str) -> list[Document]:
        """Canonical text of every planned document; what the served snapshot holds already is not read again."""
        documents: list[Document] = []
        with ReaderPool(self._config.ingest) as pool:
            for count, (identity, file) in enumerate(planned.items(), start=1):
                try:
                    known = before.documents.get(identity)
                    if known is not None and reads_alike(file, known, before.rows[identity]):
                        reading = Reading(text=known.text, landmarks=known.landmarks, title=known.title)
                    else:
                        content = bytes_as_found(file)
                        reading = pool.read(content, Path(file.uri).suffix)
                        self._blobs.put(content)
                    documents.append(document_of(identity, file, reading))
                except InputError as error:
                    work.quarantined.append({"uri": file.uri, "reason": str(error)})
                self._progress(job, "read", count, len(planned), file.uri)
        return documents

    def _build(
        self,
        folder: Path,
        snapshot: str,
        inputs: Mapping[str, Any],
        documents: Sequence[Document],
        work: _Work,
        job: str,
    ) -> None:
        """A complete folder, renamed into place as the last act; an unfinished one from an earlier crash is thrown away."""
        ordered = sorted(documents, key=lambda d: d.id)
        passages: list[Passage] = []
        for count, document in enumerate(ordered, start=1):
            passages += split(
                document.text,
                document.landmarks,
                document_id=document.id,
                title=document.title,
                count_tokens=self._embedder.count_tokens,
                section=self._config.split,
            )
            self._progress(job, "split", count, len(ordered))
        if not passages:
            raise InputError("The documents hold no text to answer from; nothing was published.")
        titles = {d.id: d.title for d in ordered}
        texts = [index_text(titles[p.document_id], p) for p in passages]
        building = folder.with_name(f".building-{snapshot}")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        dense.write_index(self._vectors(texts, work, job), building / snapshots.DENSE)
        self._progress(job, "index", 0, len(passages))
        Bm25Searcher.build(texts).save(building / snapshots.LEXICAL)
        snapshots.write_contents(building / snapshots.CONTENTS, ordered, passages)
        snapshots.seal(building, snapshot=snapshot, inputs=inputs, documents=len(ordered), passages=len(passages))
        shutil.rmtree(folder, ignore_errors=True)
        building.replace(folder)
        snapshots.sync(folder.parent)
        self._progress(job, "index", len(passages), len(passages))

    def _vectors(self, texts: Sequence[str], work: _Work, job: str) -> Vectors:
        """Shape (passages, dim). Each batch is cached before the next begins, so a kill costs one batch."""
        hashes = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        cached = self._catalogue.cached_vectors(self._embedder.identity, hashes)
        new = list({h: t for h, t in zip(hashes, texts, strict=True) if h not in cached}.items())
        new.sort(key=lambda pair: len(pair[1]))
        for start in range(0, len(new), EMBED_BATCH):
            part = new[start : start + EMBED_BATCH]
            vectors = self._embedder.embed([text for _, text in part])
            self._catalogue.cache_vectors(self._embedder.identity, [h for h, _ in part], vectors)
            cached.update((h, v.astype(np.float16).astype(np.float32)) for (h, _), v in zip(part, vectors, strict=True))
            work.embedded += len(part)
            self._progress(job, "embed", work.embedded, len(new))
        return np.stack([cached[h] for h in hashes])

    def _set_policy(self, found: Discovered) -> None:
        """Collections found now say who may read them; those not looked at keep what they said."""
        old = self._catalogue.policy()
        # A document that is gone from its folder keeps its own restriction: until the publication, and after a rollback, it
        # is still served, and would fall back to what its whole collection allows.
        found_uris = {f.uri for f in found.files}
        kept = {uri: access for uri, access in old.documents.items() if uri not in found_uris}
        self._catalogue.set_policy(
            Policy(
                collections={**old.collections, **{c.id: c.access for c in found.collections}},
                documents={**kept, **{f.uri: f.access for f in found.files if f.access is not None}},
            )
        )

    def _publish(self, snapshot: str, request: Request) -> bool:
        """Points to it and records that. A publication whose record a crash prevented is recorded by the next run."""
        recorded = self._catalogue.publications()
        parent = recorded[-1]["snapshot"] if recorded else None
        if parent == snapshot == self._pointed():
            return False
        snapshots.point_to(self._config.data, snapshot)
        self._catalogue.record_publication(snapshot, parent, request.who, request.why)
        return True

    def _pointed(self) -> str | None:
        """The served snapshot; None also where the pointer is damaged."""
        try:
            return snapshots.current_id(self._config.data)
        except Corrupt:
            return None

    def _progress(self, job: str, stage: str, done: int, total: int, detail: str = "") -> None:
        self._tell(Progress(stage=stage, done=done, total=total, detail=detail))
        self._catalogue.update_job(job, stage=stage, done=done, total=total)

    def _report(
        self,
        snapshot: str | None,
        published: bool,
        changes: Mapping[str, tuple[str, ...]],
        work: _Work,
        documents: int,
        passages: int,
        started: float,
    ) -> Report:
        return Report(
            snapshot=snapshot,
            published=published,
            quarantined=tuple(work.quarantined),
            documents=documents,
            passages=passages,
            embedded=work.embedded,
            seconds=round(time.perf_counter() - started, 3),
            **changes,
        )


def report_json(report: Report) -> dict[str, Any]:
    return {"schema_version": 1, **asdict(report)}


def _complete(folder: Path) -> bool:
    """Present and intact; a damaged copy of the wanted snapshot is built again."""
    if not (folder / snapshots.MANIFEST).is_file():
        return False
    try:
        snapshots.verify(folder)
    except MunimentError:
        return False
    return True
