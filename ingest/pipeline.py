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
from assistant.errors import InputError, MunimentError
from assistant.knowledge import dense, lexical
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.lexical import Bm25Searcher
from assistant.protocols import Embedder, Reading, Vectors
from assistant.retrieve import index_text
from assistant.types import Document, Passage, Progress
from ingest.canonical import sha256_text
from ingest.discover import Discovered, SourceFile, discover
from ingest.lock import ingestion_lock
from ingest.readers import reader_for
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
            self._catalogue.update_job(job, state="done", note=report.snapshot or "dry run")
            return report

    def _run(self, request: Request, job: str) -> Report:
        started = time.perf_counter()
        found = discover(self._config.corpora, request.paths, request.collection, self._config.ingest)
        self._tell(Progress(stage="discover", done=len(found.files), total=len(found.files)))
        work = _Work(quarantined=[{"uri": r.uri, "reason": r.reason} for r in found.refused])
        before = self._served()
        carried = [d for d in before.values() if d.collection not in {c.id for c in found.collections}]
        planned = {_document_id(f): f for f in found.files}
        changes = _changes(planned, {d.id: d for d in before.values() if d not in carried})

        if request.dry_run:
            return self._report(None, False, changes, work, len(planned) + len(carried), 0, started)
        inputs = self._inputs(planned, carried, work)
        snapshot = snapshots.snapshot_id(inputs)
        folder = snapshots.folder_of(self._config.data, snapshot)
        if not _complete(folder):
            documents = [*carried, *self._read(planned, before, work, job)]
            if work.quarantined:
                refused = {q["uri"] for q in work.quarantined}
                inputs = self._inputs({i: f for i, f in planned.items() if f.uri not in refused}, carried, work)
                snapshot = snapshots.snapshot_id(inputs)
                folder = snapshots.folder_of(self._config.data, snapshot)
            if not documents:
                raise InputError("No document could be read, so nothing was published; see the reasons above.")
            if not _complete(folder):
                self._build(folder, snapshot, inputs, documents, work, job)
        manifest = snapshots.read_manifest(folder)
        self._set_policy(found)
        published = request.publish and self._publish(snapshot, request)
        return self._report(snapshot, published, changes, work, manifest.documents, manifest.passages, started)

    # --------------------------------------------------------------------------------------------- steps

    def _served(self) -> dict[str, Document]:
        """Documents of the served snapshot by id; none before the first publication."""
        current = snapshots.current_id(self._config.data)
        if current is None:
            return {}
        folder = snapshots.folder_of(self._config.data, current)
        snapshots.verify(folder)
        documents, _ = snapshots.read_contents(folder / snapshots.CONTENTS)
        return {d.id: d for d in documents}

    def _inputs(self, planned: Mapping[str, SourceFile], carried: Sequence[Document], work: _Work) -> dict[str, Any]:
        """Everything that decides what the snapshot holds, and nothing that does not."""
        rows = [
            [
                i,
                f.uri,
                f.title,
                _iso(f.effective_from),
                _iso(f.effective_to),
                f.supersedes or "",
                _reader_identity(f.uri),
            ]
            for i, f in planned.items()
        ] + [
            [d.id, d.uri, d.title, _iso(d.effective_from), _iso(d.effective_to), d.supersedes or "", d.reader]
            for d in carried
        ]
        return {
            "documents": sorted(rows),
            "splitter": [SPLITTER, self._config.split.max_tokens, self._config.split.min_tokens],
            "embedder": self._embedder.identity,
            "dense": dense.IDENTITY,
            "lexical": lexical.IDENTITY,
        }

    def _read(
        self, planned: Mapping[str, SourceFile], before: Mapping[str, Document], work: _Work, job: str
    ) -> list[Document]:
        """Canonical text of every planned document; what the served snapshot holds already is not read again."""
        documents: list[Document] = []
        with ReaderPool(self._config.ingest) as pool:
            for count, (document_id, file) in enumerate(planned.items(), start=1):
                known = before.get(document_id)
                try:
                    if known is not None and known.reader == _reader_identity(file.uri):
                        reading = Reading(text=known.text, landmarks=known.landmarks, title=known.title)
                    else:
                        content = _bytes_as_found(file)
                        reading = pool.read(content, Path(file.uri).suffix)
                        self._blobs.put(content)
                    documents.append(_document(document_id, file, reading))
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
        present = {c.id for c in found.collections}
        old = self._catalogue.policy()
        kept = {u: a for u, a in old.documents.items() if u.split("/", 1)[0] not in present}
        self._catalogue.set_policy(
            Policy(
                collections={**old.collections, **{c.id: c.access for c in found.collections}},
                documents={**kept, **{f.uri: f.access for f in found.files if f.access is not None}},
            )
        )

    def _publish(self, snapshot: str, request: Request) -> bool:
        parent = snapshots.current_id(self._config.data)
        if parent == snapshot:
            return False
        snapshots.point_to(self._config.data, snapshot)
        self._catalogue.record_publication(snapshot, parent, request.who, request.why)
        return True

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


def _changes(planned: Mapping[str, SourceFile], before: Mapping[str, Document]) -> dict[str, tuple[str, ...]]:
    """By uri: an id that is new under a known uri is a change."""
    old_uris = {d.uri for d in before.values()}
    new_uris = {f.uri for f in planned.values()}
    fresh = {f.uri for i, f in planned.items() if i not in before}
    return {
        "added": tuple(sorted(fresh - old_uris)),
        "changed": tuple(sorted(fresh & old_uris)),
        "unchanged": tuple(sorted(new_uris - fresh)),
        "removed": tuple(sorted(old_uris - new_uris)),
    }


def _document_id(file: SourceFile) -> str:
    return "d-" + hashlib.sha256("\0".join((file.key, file.uri, file.sha256)).encode()).hexdigest()[:24]


def _document(document_id: str, file: SourceFile, reading: Reading) -> Document:
    return Document(
        id=document_id,
        key=file.key,
        version=file.sha256,
        uri=file.uri,
        title=file.title or reading.title or Path(file.uri).stem,
        text=reading.text,
        text_sha256=sha256_text(reading.text),
        landmarks=reading.landmarks,
        collection=file.collection,
        reader=_reader_identity(file.uri),
        effective_from=file.effective_from,
        effective_to=file.effective_to,
        supersedes=file.supersedes,
    )


def _bytes_as_found(file: SourceFile) -> bytes:
    """`InputError` where the file changed after it was discovered: its id would name other bytes."""
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise InputError(f"It can't be read ({error.strerror}).") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise InputError("It changed while it was being ingested; run the ingestion again.")
    return content


def _reader_identity(uri: str) -> str:
    return reader_for(Path(uri).suffix).identity


def _complete(folder: Path) -> bool:
    """Present and intact; a damaged copy of the wanted snapshot is built again."""
    if not (folder / snapshots.MANIFEST).is_file():
        return False
    try:
        snapshots.verify(folder)
    except MunimentError:
        return False
    return True


def _iso(day: Any) -> str:
    return day.isoformat() if day else ""
