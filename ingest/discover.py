"""What there is to ingest: collections, their files with what is declared of them, and what was refused and why.

Nothing is read but `collection.toml` and, for its hash, each file. A bad file or entry is refused with a reason and
stops nothing else; a bad `collection.toml`, a missing folder or nothing at all is an `InputError`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from assistant.config import Ingest
from assistant.errors import InputError
from assistant.types import Access
from ingest.known import KnownQuestion, read_known
from ingest.lineage import conflicts, with_ends
from ingest.manifest import NAME, Entry, Manifest, load_manifest
from ingest.readers import SUFFIXES, why_not
from ingest.readers.archive import SUFFIX as ARCHIVE
from ingest.worker import ReaderPool

_NOT_DOCUMENTS = re.compile(rf"{re.escape(NAME)}|(?:questions|calibration|training|spoken)(?:\.\w+)*\.jsonl")
_NOTHING_SAID = Entry(path="-")


@dataclass(frozen=True, kw_only=True)
class Collection:
    """``folder`` is what its paths count from, ``manifest`` its `collection.toml`."""

    id: str
    folder: Path
    manifest: Path
    title: str
    owner: str
    licence: str
    review_date: date
    access: Access
    canaries: tuple[str, ...] = ()
    known: tuple[KnownQuestion, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file to ingest. ``sha256`` is of its bytes as discovered. ``title`` "" where none is declared; ``access``
    None where the collection's holds; ``supersedes`` is a uri."""

    uri: str
    path: Path
    sha256: str
    collection: str
    key: str
    title: str = ""
    effective_from: date | None = None
    effective_to: date | None = None
    supersedes: str | None = None
    access: Access | None = None
    content: bytes | None = None
    """Of a file in an archive: its bytes; ``path`` is then the archive's."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    uri: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Discovered:
    """``files`` and ``refused`` are sorted by uri, ``collections`` by id."""

    collections: tuple[Collection, ...]
    files: tuple[SourceFile, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A collection's manifest and its file, the folder its paths count from, and where in it to look."""

    manifest: Manifest
    file: Path
    folder: Path
    targets: tuple[Path, ...]


def discover(corpora: Path, paths: Sequence[Path], collection: Path | None, limits: Ingest) -> Discovered:
    """All documents of ``paths`` (folders or files), without any of every collection below ``corpora``.

    A path inside a folder with a `collection.toml` means that whole collection (a part of it would look like the
    removal of the rest); a folder without one is searched for collections below it. With ``collection``, the paths
    together are that collection.
    """
    sources = _with_manifest(collection, paths) if collection else _own_manifests(paths or [corpora])
    ids = [source.manifest.id for source in sources]
    for source in sources:
        if ids.count(source.manifest.id) > 1:
            raise InputError(f"Two collections have the id {source.manifest.id!r}; change it in one {NAME}.")
    files: list[SourceFile] = []
    refused: list[Refused] = []
    for source in sources:
        some, bad = _of(source, limits)
        files += some
        refused += bad
    if not files and not refused:
        looked = ", ".join(str(path) for path in paths or [corpora])
        raise InputError(f"There is no document in {looked}; put files of type {', '.join(sorted(SUFFIXES))} there.")
    return Discovered(
        collections=tuple(sorted((_collection(s) for s in sources), key=lambda c: c.id)),
        files=tuple(sorted(files, key=lambda file: file.uri)),
        refused=tuple(sorted(refused, key=lambda each: each.uri)),
    )


def _with_manifest(collection: Path, paths: Sequence[Path]) -> list[_Source]:
    manifest = load_manifest(collection)
    targets = tuple(_existing(path) for path in paths) or (collection.resolve().parent,)
    home = collection.resolve().parent
    folders = [path if path.is_dir() else path.parent for path in targets]
    # Entries, and the restrictions in them, are found by path: paths beside the file must count from its folder.
    inside = all(folder.is_relative_to(home) for folder in folders)
    folder = home if inside else Path(os.path.commonpath(folders))
    return [_Source(manifest=manifest, file=collection.resolve(), folder=folder, targets=targets)]


def _own_manifests(paths: Sequence[Path]) -> list[_Source]:
    homes: set[Path] = set()
    for given in paths:
        path = _existing(given)
        folder = path if path.is_dir() else path.parent
        home = next((each for each in (folder, *folder.parents) if (each / NAME).is_file()), None)
        below = {file.parent for file in path.rglob(NAME)} if path.is_dir() else set()
        if home is None and not below:
            raise InputError(f"{given} has no {NAME} (owner, licence, access, dates); give one with --collection.")
        homes |= below if home is None else {home}
    return [
        _Source(manifest=load_manifest(home / NAME), file=home / NAME, folder=home, targets=(home,))
        for home in sorted(homes)
    ]


def _existing(path: Path) -> Path:
    resolved = path.resolve()
    if not resolved.exists():
        raise InputError(f"{path} does not exist; give a folder or a file.")
    return resolved


def _of(source: _Source, limits: Ingest) -> tuple[list[SourceFile], list[Refused]]:
    entries = {entry.path: entry for entry in source.manifest.documents}
    collection = source.manifest.id
    files: list[SourceFile] = []
    refused: list[Refused] = []
    asked = {source.folder / name for name in source.manifest.known_questions}
    found = sorted({file for target in source.targets for file in _walk(target)} - asked)
    seen = {path.relative_to(source.folder).as_posix() for path in found}
    for path in found:
        relative = path.relative_to(source.folder).as_posix()
        uri = f"{collection}/{relative}".encode("utf-8", "replace").decode("utf-8")
        reason = _reason_against(path, source.folder, limits)
        if reason:
            refused.append(Refused(uri=uri, reason=reason))
        elif path.suffix.lower() == ARCHIVE:
            some, bad = _of_archive(path, uri, relative, source.manifest, entries, limits)
            files += some
            refused += bad
            inside = [file.uri for file in some] + [one.uri for one in bad]
            seen.update(f"{relative}/{each.removeprefix(uri)[1:]}" for each in inside)
        else:
            files.append(_source_file(path, uri, collection, entries.get(relative, _NOTHING_SAID)))
    whole = source.folder in source.targets
    refused += [
        Refused(uri=f"{collection}/{path}", reason=f"It is listed in {NAME}, but there is no such file.")
        for path in entries
        if whole and path not in seen
    ]
    files = with_ends(files)
    clashing = conflicts(files)
    refused += [Refused(uri=uri, reason=reason) for uri, reason in clashing.items()]
    return [file for file in files if file.uri not in clashing], refused


def _of_archive(
    path: Path, uri: str, relative: str, manifest: Manifest, entries: Mapping[str, Entry], limits: Ingest
) -> tuple[list[SourceFile], list[Refused]]:
    """An archive's files, each a document of its own below the archive's name; an entry names them "archive.zip/name.pdf"."""
    try:
        with ReaderPool(limits) as pool:
            found = pool.expand(path.read_bytes())
    except InputError as error:
        return [], [Refused(uri=uri, reason=str(error))]
    files = [
        replace(
            _source_file(
                path, f"{uri}/{each.name}", manifest.id, entries.get(f"{relative}/{each.name}", _NOTHING_SAID)
            ),
            sha256=hashlib.sha256(each.content).hexdigest(),
            content=each.content,
        )
        for each in found
        if not each.refused
    ]
    return files, [Refused(uri=f"{uri}/{each.name}", reason=each.refused) for each in found if each.refused]


def _walk(target: Path) -> Iterator[Path]:
    """Files at or below ``target``: no hidden ones, no other collection's, nothing through a linked folder."""
    if target.is_file():
        yield target
        return
    for entry in sorted(target.iterdir()):
        if entry.name.startswith((".", "~$")) or _NOT_DOCUMENTS.fullmatch(entry.name):
            continue
        if entry.is_dir():
            if not entry.is_symlink() and not (entry / NAME).is_file():
                yield from _walk(entry)
        else:
            yield entry


def _reason_against(path: Path, folder: Path, limits: Ingest) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in str(path)):  # bytes that Python could not decode
        return "Its name is not valid UTF-8; rename it."
    if path.suffix.lower() != ARCHIVE and (reason := why_not(path.suffix)):
        return reason
    if not path.resolve().is_relative_to(folder):
        return "It is a link to a file outside the folder; copy the file itself here."
    if not path.is_file():
        return "It is no regular file."
    size = path.stat().st_size
    if size == 0:
        return "The file is empty."
    if size > limits.max_file_mb * 1_000_000:
        return f"It has {size / 1e6:.1f} MB, the limit is {limits.max_file_mb} MB (ingest.max_file_mb)."
    if not os.access(path, os.R_OK):
        return "The file can't be opened; check its permissions."
    return ""


def _source_file(path: Path, uri: str, collection: str, entry: Entry) -> SourceFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return SourceFile(
        uri=uri,
        path=path,
        sha256=digest,
        collection=collection,
        key=f"{collection}/{entry.key}" if entry.key else uri,
        title=entry.title or "",
        effective_from=entry.effective_from,
        effective_to=entry.effective_to,
        supersedes=f"{collection}/{entry.supersedes}" if entry.supersedes else None,
        access=entry.access.access if entry.access else None,
    )


def _collection(source: _Source) -> Collection:
    manifest = source.manifest
    return Collection(
        id=manifest.id,
        folder=source.folder,
        manifest=source.file,
        title=manifest.title,
        owner=manifest.owner,
        licence=manifest.licence,
        review_date=manifest.review_date,
        access=manifest.access.access,
        canaries=manifest.canaries,
        known=read_known(source.folder, manifest.known_questions),
    )
