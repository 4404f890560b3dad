"""From files found to documents: their identity, what of them goes into a snapshot's id, and what changed since the last."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from assistant.errors import InputError
from assistant.protocols import Reading
from assistant.types import Document
from ingest.barred import Barred
from ingest.canonical import sha256_text
from ingest.discover import SourceFile
from ingest.readers import reader_for

_TITLE = 2
_COLUMNS = ("", "", "its title", "its dates", "its dates", "what it supersedes", "its reader")
"""What the columns of `row_of` are, in words; the first two are compared by themselves."""


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
    if file.content is not None:
        return file.content
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise InputError(f"It can't be read ({error.strerror}).") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise InputError("It changed while it was being ingested; run the ingestion again.")
    return content


@dataclass(frozen=True, kw_only=True)
class Change:
    """What becomes of one uri; ``why`` says what differs where it is ``changed``, else ""."""

    uri: str
    state: Literal["added", "changed", "unchanged", "removed"]
    why: str = ""


def changes_of(
    planned: Mapping[str, SourceFile], before: Sequence[Document], rows: Mapping[str, Sequence[str]]
) -> tuple[Change, ...]:
    """By uri. ``before`` are the documents served now of the collections looked at, ``rows`` their rows in the inputs of the
    served snapshot's id. What was refused is not among the planned."""
    old = {d.uri: d for d in before}
    told = [_change(identity, file, old.get(file.uri), rows) for identity, file in planned.items()]
    told += [Change(uri=uri, state="removed") for uri in old.keys() - {f.uri for f in planned.values()}]
    return tuple(sorted(told, key=lambda change: change.uri))


def _change(identity: str, file: SourceFile, known: Document | None, rows: Mapping[str, Sequence[str]]) -> Change:
    if known is None:
        return Change(uri=file.uri, state="added")
    parts = []
    if known.version != file.sha256:
        parts.append("its bytes")
    if known.key != file.key:
        parts.append("its key")
    pairs = zip(_COLUMNS, rows[known.id], row_of(identity, file), strict=True)
    parts += list(dict.fromkeys(name for name, was, now in pairs if name and was != now))
    return Change(uri=file.uri, state="changed" if parts else "unchanged", why=", ".join(parts))


def vanishing(planned: Mapping[str, SourceFile], before: Sequence[Document], barred: Barred) -> tuple[str, ...]:
    """Uris of documents that would be gone for good and that nobody took out by name: neither their lineage nor their bytes
    are found again elsewhere."""
    keys, versions = {f.key for f in planned.values()}, {f.sha256 for f in planned.values()}
    gone = (d for d in before if d.key not in keys and d.version not in versions)
    return tuple(sorted(d.uri for d in gone if not barred.of_document(d)))


def in_state(changes: Sequence[Change], state: str) -> tuple[str, ...]:
    return tuple(change.uri for change in changes if change.state == state)


def _reader_identity(uri: str) -> str:
    return reader_for(Path(uri).suffix).identity


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
