"""From files found to documents: their identity, what of them goes into a snapshot's id, and what changed since the last."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from assistant.errors import InputError
from assistant.protocols import Reading
from assistant.types import Document
from ingest.canonical import sha256_text
from ingest.discover import SourceFile
from ingest.readers import reader_for

_TITLE = 2


def document_id(file: SourceFile) -> str:
    return "d-" + hashlib.sha256("\0".join((file.key, file.uri, file.sha256)).encode()).hexdigest()[:24]


def row_of(identity: str, file: SourceFile) -> list[str]:
    """What is declared of a document and who reads it: its place in the snapshot's id. A title that is not declared follows
    from the bytes and the reader."""
    dates = [_iso(file.effective_from), _iso(file.effective_to)]
    return [identity, file.uri, file.title, *dates, file.supersedes or "", _reader_identity(file.uri)]


def reads_alike(file: SourceFile, known: Document, row: Sequence[str]) -> bool:
    """Would reading ``file`` again give what ``known``, its row in hand, says? Not where a title that was declared then is
    taken back: the document's own stands in the file alone."""
    return known.reader == _reader_identity(file.uri) and bool(file.title or not row[_TITLE])


def document_of(identity: str, file: SourceFile, reading: Reading) -> Document:
    return Document(
        id=identity,
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


def bytes_as_found(file: SourceFile) -> bytes:
    """`InputError` where the file changed after it was discovered: its id would name other bytes."""
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise InputError(f"It can't be read ({error.strerror}).") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise InputError("It changed while it was being ingested; run the ingestion again.")
    return content


def changed(planned: Mapping[str, SourceFile], before: Sequence[Document]) -> dict[str, tuple[str, ...]]:
    """By uri: an id that is new under a known uri is a change; what was refused is not among the planned."""
    old_uris, old_ids = {d.uri for d in before}, {d.id for d in before}
    new_uris = {f.uri for f in planned.values()}
    fresh = {f.uri for identity, f in planned.items() if identity not in old_ids}
    return {
        "added": tuple(sorted(fresh - old_uris)),
        "changed": tuple(sorted(fresh & old_uris)),
        "unchanged": tuple(sorted(new_uris - fresh)),
        "removed": tuple(sorted(old_uris - new_uris)),
    }


def _reader_identity(uri: str) -> str:
    return reader_for(Path(uri).suffix).identity


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
