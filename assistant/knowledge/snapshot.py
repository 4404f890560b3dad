"""A snapshot: one immutable generation of the knowledge, a folder written once and served whole.

    data/snapshots/<id>/contents.sqlite   documents with their canonical text, passages by row
                        dense.faiss       vectors by row
                        lexical/          BM25 by row
                        references.json   which row refers to which
                        manifest.json     written last: inputs, identities, SHA-256 of every file
    data/current                          the pointer: one small file, replaced atomically

The id is a hash of inputs and identities (documents, dates, reader and splitter configuration, embedder, index
parameters), never of vectors and never of who or when. Opening never writes; an altered file is refused by name.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from assistant.errors import Corrupt, Unavailable
from assistant.files import sha256_of, sync, sync_tree
from assistant.knowledge import checked
from assistant.types import Document, Landmark, Passage

FORMAT = 1
CONTENTS, DENSE, LEXICAL, MANIFEST = "contents.sqlite", "dense.faiss", "lexical", "manifest.json"
REFERENCES = "references.json"
POINTER = "current"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """``inputs`` are what the id is a hash of; ``files`` maps each artefact's relative path to its SHA-256; ``purged`` are ids
    of documents that were erased from it since: the one reason for which a snapshot is ever written again."""

    id: str
    inputs: Mapping[str, Any]
    documents: int
    passages: int
    files: Mapping[str, str]
    purged: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def embedder(self) -> str:
        return str(self.inputs["embedder"])


def snapshot_id(inputs: Mapping[str, Any]) -> str:
    return "s-" + hashlib.sha256(json.dumps(inputs, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:24]


def folder_of(data: Path, snapshot: str) -> Path:
    return data / "snapshots" / snapshot


# ------------------------------------------------------------------------------------------------ writing


def write_contents(file: Path, documents: Sequence[Document], passages: Sequence[Passage]) -> None:
    """``passages`` in row order: row n of every index is the n-th passage."""
    try:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("CREATE TABLE documents (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
            connection.execute(
                "CREATE TABLE passages (row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, body TEXT NOT NULL)"
            )
            connection.executemany("INSERT INTO documents VALUES (?, ?)", [(d.id, _dump(d)) for d in documents])
            connection.executemany(
                "INSERT INTO passages VALUES (?, ?, ?)", [(row, p.id, _dump(p)) for row, p in enumerate(passages)]
            )
    except sqlite3.OperationalError as error:
        raise Unavailable(
            f"{file} can't be written ({error}); check space and permissions of the data folder."
        ) from error


def seal(
    folder: Path,
    *,
    snapshot: str,
    inputs: Mapping[str, Any],
    documents: int,
    passages: int,
    purged: Sequence[str] = (),
) -> Manifest:
    """Syncs ``folder`` and all below it and hashes every file, then writes the manifest: from here on nothing changes."""
    files = {str(f.relative_to(folder)): f for f in sorted(folder.rglob("*")) if f.is_file() and f.name != MANIFEST}
    sync_tree(folder)
    manifest = Manifest(
        id=snapshot,
        inputs=inputs,
        documents=documents,
        passages=passages,
        files={name: sha256_of(file) for name, file in files.items()},
        purged=tuple(sorted(purged)),
    )
    write_atomically(folder / MANIFEST, json.dumps(asdict(manifest), indent=1, sort_keys=True))
    return manifest


def point_to(data: Path, snapshot: str) -> None:
    """The publication itself: readers see the old snapshot or the new one, whole."""
    write_atomically(data / POINTER, json.dumps({"snapshot": snapshot}))


def write_atomically(file: Path, text: str) -> None:
    """Written beside, synced, renamed over, folder synced: after a crash the old bytes or the new ones."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}.new")
    temporary.write_text(text, encoding="utf-8")
    sync(temporary)
    temporary.replace(file)
    sync(file.parent)


# ------------------------------------------------------------------------------------------------ reading


def current_id(data: Path) -> str | None:
    """The served snapshot's id, or None before the first publication."""
    try:
        text = (data / POINTER).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return str(json.loads(text)["snapshot"])
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{data / POINTER} does not name a snapshot; publish one again.") from error


def read_manifest(folder: Path) -> Manifest:
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return Manifest(**{**told, "purged": tuple(told.get("purged", ()))})
    except FileNotFoundError as error:
        raise Unavailable(f"There is no snapshot {folder.name}; run `muniment ingest`.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise Corrupt(f"{folder / MANIFEST} is damaged; roll back or run `muniment ingest`.") from error


def verify(folder: Path) -> Manifest:
    """Re-hashes every file against the manifest, and the manifest's own id and counts against what they are of."""
    manifest = _told_by(folder)
    for name, expected in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise Corrupt(f"{file} is missing from the snapshot; roll back or run `muniment ingest`.")
        if sha256_of(file) != expected:
            raise Corrupt(f"{file} was altered after it was written; roll back or run `muniment ingest`.")
    if _counts(folder / CONTENTS) != (manifest.documents, manifest.passages):
        raise Corrupt(f"{folder / MANIFEST} was altered: its counts are not those of {CONTENTS}.")
    return manifest


def verify_unless_untouched(folder: Path) -> Manifest:
    """As `verify`, but what has not been touched since it was last hashed is not hashed again: fit for choosing what is served,
    which takes no longer the larger it is. Whoever then opens it uses `verify`. Writes down what it has hashed."""
    manifest = _told_by(folder)
    names = (MANIFEST, *manifest.files)
    if not checked.untouched(folder, names):
        found = checked.marks(folder, names)
        verify(folder)
        checked.remember(folder, found)
    return manifest


def _told_by(folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    if manifest.format != FORMAT:
        raise Unavailable(
            f"Snapshot {folder.name} has format {manifest.format}; this program reads {FORMAT}. Run `muniment ingest`."
        )
    if manifest.id != folder.name or snapshot_id(manifest.inputs) != manifest.id:
        raise Corrupt(f"{folder / MANIFEST} was altered: its inputs do not give its id.")
    return manifest


def read_contents(file: Path) -> tuple[tuple[Document, ...], tuple[Passage, ...]]:
    """Documents, and passages in row order. Read-only; SQLite is told that the file can't change."""
    with _reading(file) as connection:
        documents = tuple(_document(body) for (body,) in connection.execute("SELECT body FROM documents ORDER BY id"))
        passages = tuple(_passage(body) for (body,) in connection.execute("SELECT body FROM passages ORDER BY row"))
    return documents, passages


def _counts(file: Path) -> tuple[int, int]:
    with _reading(file) as connection:
        query = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
        documents, passages = connection.execute(query).fetchone()
    return documents, passages


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        yield connection
    except sqlite3.DatabaseError as error:
        raise Corrupt(f"{file} can't be read ({error}); roll back or run `muniment ingest`.") from error
    finally:
        connection.close()


def _dump(value: Document | Passage) -> str:
    def plain(item: object) -> str:
        if isinstance(item, date):
            return item.isoformat()
        raise TypeError(f"{type(item).__name__} has no place in a snapshot")

    return json.dumps(asdict(value), ensure_ascii=False, default=plain)


def _passage(body: str) -> Passage:
    values = json.loads(body)
    return Passage(**{**values, "questions": tuple(values.get("questions", ()))})


def _document(body: str) -> Document:
    values = json.loads(body)
    for name in ("effective_from", "effective_to"):
        values[name] = date.fromisoformat(values[name]) if values[name] else None
    return Document(**{**values, "landmarks": tuple(Landmark(**mark) for mark in values["landmarks"])})
